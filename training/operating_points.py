"""Thresholds of scores, one for each operating point, from what they do on messages that are known."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from detector.records import OperatingPoint
from training import config


def thresholds(
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    least: float,
    wanted: config.Calibrate,
    beta: float = 1.0,
) -> dict[OperatingPoint, float]:
    """A threshold for each operating point.

    Balanced: the highest threshold whose F-measure, in which recall counts `beta` times as much as precision,
    is as good as the best but for the margin of the settings; yet not under `least`, where too many real
    messages would be flagged. High precision: the lowest threshold that reaches the wanted precision, and not
    under balanced. High recall: the highest that keeps the wanted recall, and not over balanced.
    """
    precision, recall, at = precision_recall_curve(truth, scores)
    precision, recall = precision[:-1], recall[:-1]
    both = (1 + beta**2) * precision * recall
    measure = both / np.maximum(beta**2 * precision + recall, 1e-9)
    exact = np.flatnonzero(precision >= wanted.precision)
    complete = np.flatnonzero(recall >= wanted.recall)
    good = np.flatnonzero(measure >= measure.max() - wanted.margin)
    balanced = max(float(at[good[-1]]), least)
    return {
        OperatingPoint.BALANCED: balanced,
        OperatingPoint.HIGH_PRECISION: max(balanced, float(at[exact[0]])) if len(exact) else 1.0,
        OperatingPoint.HIGH_RECALL: min(balanced, float(at[complete[-1]])),
    }


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
