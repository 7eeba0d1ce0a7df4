"""Which messages the network must read: in bulk, a very small network over the same word pieces says so.

Seized phones hold millions of greetings. The screen was taught what the network flags, and passes what the
network might flag; what it holds back is reported as not read. Its threshold and what is lost by it were
measured and stand in the model's manifest. No list of words is in it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.manifest import SCREEN, TOKENIZER
from detector.runtime import of_one_length, open_session

BATCH_TOKENS = 8192
"""Word pieces that are looked at together at most."""
LONGEST = 128
"""Word pieces of the longest text that the screen looks at: whatever is longer must be read."""


class Screen:
    """The screen of a model directory, loaded."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._session = open_session(folder / SCREEN)

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How near each normalised text is to what the network flags, shape (texts,).

        Texts of one length are looked at together, so that nothing is padded and no text's score depends
        on the others.
        """
        places = {text: at for at, text in enumerate(dict.fromkeys(texts))}
        pieces = [one.ids for one in self._tokenizer.encode_batch_fast(list(places))]
        scores = np.full(len(pieces), np.inf, np.float32)
        short = [at for at, ids in enumerate(pieces) if len(ids) <= LONGEST]
        for batch in of_one_length([len(pieces[at]) for at in short], BATCH_TOKENS):
            part = [short[at] for at in batch]
            ids = np.array([pieces[at] for at in part], np.int64)
            scores[part] = self._session.run(None, {"input_ids": ids})[0]
        return scores[[places[text] for text in texts]]
