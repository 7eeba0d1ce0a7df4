"""Thresholds of scores, one for each operating point, from what they do on messages that are known."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from detector.records import OperatingPoint
from training import config

SEED = 5


def thresholds(
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    least: float,
    wanted: config.Calibrate,
    beta: float = 1.0,
) -> dict[OperatingPoint, float]:
    """A threshold for each operating point.

    Balanced: around the threshold with the best F-measure, in which recall counts `beta` times as much as
    precision, lie others as good but for the margin of the settings; the middle of that stretch, and the
    median of it over resamples, since the curve is flat and one message more or less moves its ends far. Yet
    not under `least`, where too many real messages would be flagged. High precision: the lowest threshold
    that reaches the wanted precision, and not under balanced. High recall: the highest that keeps the wanted
    recall, and not over balanced.
    """
    precision, recall, at = precision_recall_curve(truth, scores)
    exact = np.flatnonzero(precision[:-1] >= wanted.precision)
    complete = np.flatnonzero(recall[:-1] >= wanted.recall)
    balanced = max(_balanced(scores, truth, wanted, beta), least)
    return {
        OperatingPoint.BALANCED: balanced,
        OperatingPoint.HIGH_PRECISION: max(balanced, float(at[exact[0]])) if len(exact) else 1.0,
        OperatingPoint.HIGH_RECALL: min(balanced, float(at[complete[-1]])),
    }


def _balanced(
    scores: NDArray[np.float64], truth: NDArray[np.int64], wanted: config.Calibrate, beta: float
) -> float:
    """The median, over resamples, of the middle of the stretch as good as the best but for the margin.

    Resamples in which nothing is true say nothing. Source: Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993; Breiman, Bagging Predictors, 1996 (what is averaged over resamples is more stable).
    """
    order = scores.argsort(kind="stable")[::-1]
    ranked, true = scores[order], truth[order].astype(np.float64)
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # equal scores pass together
    dice = np.random.default_rng(SEED)
    found = []
    for _ in range(wanted.resamples):
        drawn = np.bincount(dice.integers(len(ranked), size=len(ranked)), minlength=len(ranked))
        hits, told = (drawn * true).cumsum(), drawn.cumsum()
        if not hits[-1]:
            continue
        # F = (1 + b²) hits / (told + b² all true ones)
        measure = (1 + beta**2) * hits[ends] / (told[ends] + beta**2 * hits[-1])
        best = int(measure.argmax())
        worse = np.flatnonzero(measure < measure[best] - wanted.margin)
        first = int(max(worse[worse < best], default=-1)) + 1
        final = int(min(worse[worse > best], default=len(ends))) - 1
        found.append(float(ranked[ends[first]] + ranked[ends[final]]) / 2)
    return float(np.median(found))


def exceeded_by(share: float, scores: Sequence[float]) -> float:
    """The lowest threshold that at most a share of the scores reaches; nought without scores."""
    allowed = int(share * len(scores))
    return float(np.nextafter(sorted(scores, reverse=True)[allowed], 2.0)) if len(scores) else 0.0


def rounded(value: float) -> float:
    """A threshold with six digits, none the lower for it.

    >>> rounded(0.1234561)
    0.123457
    """
    return math.ceil(value * 1e6) / 1e6
