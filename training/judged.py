"""What a system says of messages whose label is known, and the figures that follow from it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detector.records import Label
from training import corpus
from training.figures import calibration_error, clustered, f1, proportion


@dataclass(frozen=True, slots=True)
class Judged:
    """What a system says of the test messages whose label is known, and what is true of them.

    `hard` are the messages whose negatives count as hard ones; `cluster` names what each belongs to: a
    contrast pair, a thread, or itself. All have the shape (messages,).
    """

    scores: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    cluster: NDArray[np.str_]

    def at(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Judged":
        """The same of some of the messages."""
        return Judged(
            self.scores[places],
            self.decisions[places],
            self.truth[places],
            self.hard[places],
            self.cluster[places],
        )


def judged(
    scores: NDArray[np.float64], decisions: NDArray[np.bool_], examples: Sequence[corpus.Example]
) -> Judged:
    """What a system says of examples, and what is true of them."""
    return Judged(
        scores,
        decisions,
        truth_of(examples),
        np.array([one.source == "corpus" for one in examples], bool),
        np.array([one.pair or one.thread or one.id for one in examples], str),
    )


def truth_of(examples: Sequence[corpus.Example]) -> NDArray[np.bool_]:
    """Which examples are extortion, shape (examples,)."""
    return np.array([bool(one.labels[Label.EXTORTION]) for one in examples], bool)


def best_threshold(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The threshold with the best F1."""
    return float(max(np.unique(scores), key=lambda at: f1(scores >= at, truth)))


def recall_at(judged: Judged, share: float) -> float:
    """Recall at the threshold that flags at most `share` of the hard negatives; nought without any."""
    negatives = np.sort(judged.scores[judged.hard & ~judged.truth])[::-1]
    found = judged.scores[judged.truth]
    if not len(negatives) or not len(found):
        return 0.0
    return float((found > negatives[int(share * len(negatives))]).mean())


def resampled(judged: Judged, figure: Callable[[Judged], float], rounds: int) -> dict[str, object]:
    """A figure of the judged messages with the interval of resampled pairs and threads.

    Without extortion among them there is nothing to find, and no figure.
    """
    if not judged.truth.any():
        return asdict(proportion(0, 0))
    return asdict(clustered(lambda places: figure(judged.at(places)), judged.cluster.tolist(), rounds))


def f1_of(judged: Judged) -> float:
    """F1 of the decisions."""
    return f1(judged.decisions, judged.truth)


def overall(judged: Judged, rounds: int) -> dict[str, object]:
    """The headline figures of one system."""
    truth, decisions = judged.truth, judged.decisions
    return {
        "f1": resampled(judged, f1_of, rounds),
        "precision": asdict(proportion(int((decisions & truth).sum()), int(decisions.sum()))),
        "recall": asdict(proportion(int((decisions & truth).sum()), int(truth.sum()))),
        "auc": auc(truth, judged.scores.tolist()),
        "recall_at_1_percent": resampled(judged, lambda one: recall_at(one, 0.01), rounds),
        "recall_at_5_percent": resampled(judged, lambda one: recall_at(one, 0.05), rounds),
        "calibration_error": calibration_error(judged.scores, truth),
    }


def auc(truth: NDArray[np.bool_], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve; None where all cases are of one kind."""
    return round(float(roc_auc_score(truth, scores)), 4) if 0 < truth.sum() < len(truth) else None


def known(examples: Sequence[corpus.Example]) -> list[corpus.Example]:
    """The examples of which it is known whether they are extortion."""
    return [one for one in examples if Label.EXTORTION in one.labels]
