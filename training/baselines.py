"""What the model is compared with whenever it is measured: n-grams, and a list of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.records import Label
from training import config, corpus
from training.counts import ObviousWords
from training.judged import Judged, best_threshold, judged, known, truth_of
from training.ngrams import NgramModel


class Ngrams:
    """The character n-gram model, trained on the same messages, its threshold chosen on development."""

    def __init__(self, settings: config.Config) -> None:
        paths = settings.paths
        self._model = NgramModel(Label.EXTORTION).fit(corpus.read_training(paths))
        held = known(corpus.read_part(Path(paths.corpus), Path(paths.split), "development"))
        scores = self._model.score([one.text for one in held])
        self._threshold = best_threshold(scores, truth_of(held))

    def judge(self, examples: Sequence[corpus.Example]) -> Judged:
        """What the n-grams say of the examples."""
        scores = self._model.score([one.text for one in examples])
        return judged(scores, scores >= self._threshold, examples)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Everything that the model is compared with."""

    ngrams: Ngrams
    words: ObviousWords

    @classmethod
    def of(cls, settings: config.Config) -> "Baselines":
        """The n-grams trained, and the words read."""
        return cls(Ngrams(settings), ObviousWords())
