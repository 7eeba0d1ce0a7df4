"""Probabilities for normalised texts: word pieces and ONNX Runtime, no training library.

A text's scores are the same whatever is scored beside it, in whatever order and with however many
threads: texts of one length share a batch, so nothing is padded; every batch runs on one thread; and
the network's scales of activations were measured beforehand and are the same for every text.
"""

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.manifest import NETWORK, TOKENIZER, Calibration, Manifest
from detector.records import Label, Scores
from detector.runtime import of_one_length, open_session

BATCH_TOKENS = 256
"""Word pieces of a batch: their states fit a core's cache. More is no faster, and needs more memory."""
OVERLAP = 32
"""Word pieces that two windows of a long text share."""
REMEMBERED, SHORT = 8192, 32
"""Readings that are kept, and the most characters of their texts: greetings come again and again."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Word pieces of a text: character offsets, shape (pieces, 2), and tag probabilities, (pieces, 4).

    The tags are: nothing, threat, demand, leverage.
    """

    offsets: NDArray[np.int64]
    tags: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of one text: its tokens, and logits of both branches, shape (5,) each."""

    encoder: NDArray[np.float32]
    characters: NDArray[np.float32]
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class _Window:
    text: int
    ids: list[int]
    offsets: NDArray[np.int64]
    part: str


class Scorer:
    """A network and its word pieces, loaded."""

    def __init__(
        self, folder: Path, manifest: Manifest, threads: int | None = None, remembered: int = REMEMBERED
    ) -> None:
        self._manifest = manifest
        self._threads = threads or os.cpu_count() or 1
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(manifest.max_tokens, stride=OVERLAP)
        self._tokenizer.no_padding()
        slower = ("SkipLayerNormFusion", "BiasGeluFusion")  # on CPUs, than their parts
        self._session = open_session(folder / NETWORK, without=slower)
        self._most = remembered
        self._remembered: dict[str, Reading] = {}
        self._remembering = Lock()

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Logits and token tags of normalised texts, in their order.

        A text that comes twice is read once; of short ones also where they came in an earlier call.
        """
        different = list(dict.fromkeys(texts))
        known = self._recall(different)
        new = [text for text in different if text not in known]
        known |= zip(new, self._read_each(new), strict=True)
        self._remember((text, known[text]) for text in new if len(text) <= SHORT)
        return [known[text] for text in texts]

    def _recall(self, texts: Sequence[str]) -> dict[str, Reading]:
        """What is known of texts, which is thereby the last to be forgotten."""
        found: dict[str, Reading] = {}
        with self._remembering:
            for text in texts:
                reading = self._remembered.pop(text, None)
                if reading is not None:
                    self._remembered[text] = found[text] = reading
        return found

    def _remember(self, readings: Iterable[tuple[str, Reading]]) -> None:
        """Keep readings, and forget those that were not asked for longest."""
        with self._remembering:
            self._remembered |= {text: _alone(reading) for text, reading in readings}
            while len(self._remembered) > self._most:
                del self._remembered[next(iter(self._remembered))]

    def _read_each(self, texts: Sequence[str]) -> list[Reading]:
        windows = list(self._windows(texts))
        batches = list(of_one_length([len(window.ids) for window in windows], BATCH_TOKENS))
        with ThreadPoolExecutor(self._threads) as pool:
            results = list(pool.map(lambda batch: self._run([windows[at] for at in batch]), batches))
        parts: dict[int, list[Reading]] = defaultdict(list)
        found: dict[int, Reading] = {}
        for batch, outputs in zip(batches, results, strict=True):
            for at, encoder, characters, tags in zip(batch, *outputs, strict=True):
                found[at] = Reading(encoder, characters, Tokens(windows[at].offsets, tags))
        for at in range(len(windows)):
            parts[windows[at].text].append(found[at])
        return [_join(parts[at]) for at in range(len(texts))]

    def score(self, reading: Reading) -> Scores:
        """Calibrated probabilities of a reading."""
        return scored(reading, self._manifest.calibration)

    def _windows(self, texts: Sequence[str]) -> Iterator[_Window]:
        for at, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            for part in (encoding, *encoding.overflowing):
                offsets = np.array(part.offsets, np.int64).reshape(-1, 2)
                real = offsets[offsets[:, 1] > 0]
                inside = texts[at][real[0, 0] : real[-1, 1]] if len(real) else ""
                yield _Window(at, part.ids, offsets, inside)

    def _run(self, windows: list[_Window]) -> tuple[NDArray[np.float32], ...]:
        """Logits of both branches, (batch, 5) each, and tag probabilities, (batch, pieces, 4)."""
        ids = np.array([window.ids for window in windows], np.int64)
        code_points = _code_points([window.part for window in windows])
        encoder, characters, tags = self._session.run(
            ["message", "characters", "token"], {"input_ids": ids, "code_points": code_points}
        )
        shifted = np.exp(tags - tags.max(-1, keepdims=True))
        return encoder, characters, shifted / shifted.sum(-1, keepdims=True)


def scored(reading: Reading, calibration: Mapping[Label, Calibration]) -> Scores:
    """Probabilities of a reading by a calibration."""
    steps = [calibration[label] for label in Label]
    combined = (
        step.encoder * float(encoder) + step.characters * float(characters) + step.bias
        for step, encoder, characters in zip(steps, reading.encoder, reading.characters, strict=True)
    )
    return Scores(*(1 / (1 + math.exp(-value)) for value in combined))


def _code_points(texts: Sequence[str]) -> NDArray[np.int64]:
    """Code points with a space at both ends, filled up with zeros, which no n-gram holds."""
    filled = np.zeros((len(texts), max(map(len, texts)) + 2), np.int64)
    for row, text in enumerate(texts):
        filled[row, : len(text) + 2] = np.frombuffer(f" {text} ".encode("utf-32-le"), np.uint32)
    return filled


def _alone(reading: Reading) -> Reading:
    """A copy: a row of a batch would keep the whole batch in memory."""
    tokens = Tokens(reading.tokens.offsets.copy(), reading.tokens.tags.copy())
    return Reading(reading.encoder.copy(), reading.characters.copy(), tokens)


def _join(windows: list[Reading]) -> Reading:
    """One reading of a text from those of its windows: the highest logits, each word piece once."""
    if len(windows) == 1:
        return windows[0]
    offsets, tags, reached = [], [], 0
    for window in windows:
        new = window.tokens.offsets[:, 0] >= reached
        offsets.append(window.tokens.offsets[new])
        tags.append(window.tokens.tags[new])
        reached = max(reached, int(window.tokens.offsets[:, 1].max()))
    encoder = np.max([window.encoder for window in windows], axis=0)
    characters = np.max([window.characters for window in windows], axis=0)
    return Reading(encoder, characters, Tokens(np.concatenate(offsets), np.concatenate(tags)))
