"""Figures with their number of cases and 95 % interval."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, the number of cases behind it, and the bounds of its 95 % interval; None without cases."""

    value: float | None
    cases: int
    low: float
    high: float

    def __str__(self) -> str:
        if self.value is None:
            return "– n=0"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.cases}"


def proportion(hits: int, cases: int, independent: int | None = None) -> Measure:
    """A proportion with Wilson's score interval (Wilson 1927).

    Args:
        hits: How many of the cases.
        cases: All cases.
        independent: How many of them stand for themselves, where several were made from one; the interval
            is as wide as so many cases make it.

    >>> proportion(0, 10)
    Measure(value=0.0, cases=10, low=0.0, high=0.2775)
    """
    if not cases:
        return Measure(None, 0, 0.0, 1.0)
    share, n = hits / cases, independent or cases
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Measure(round(share, 4), cases, round(float(low), 4), round(float(high), 4))


def f1(decisions: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall."""
    hits = float((decisions & truth).sum())
    return 2 * hits / max(1.0, float(decisions.sum() + truth.sum()))


def clustered(
    figure: Callable[[NDArray[np.int64]], float], clusters: Sequence[Hashable], rounds: int
) -> Measure:
    """A figure with the percentile interval of resampled clusters.

    Cases that belong together (a pair's messages, a thread's) are drawn together, for they are not
    independent. `figure` takes positions of cases, shape (cases,).
    """
    members: dict[Hashable, list[int]] = {}
    for at, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(at)
    groups = [np.array(found) for found in members.values()]
    dice = np.random.default_rng(0)
    values = [
        figure(np.concatenate([groups[at] for at in dice.integers(0, len(groups), len(groups))]))
        for _ in range(rounds if groups else 0)
    ]
    if not values:
        return Measure(None, 0, 0.0, 1.0)
    low, high = np.percentile(values, [2.5, 97.5])
    value = figure(np.arange(len(clusters)))
    return Measure(round(value, 4), len(clusters), round(float(low), 4), round(float(high), 4))


def calibration_error(scores: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017)."""
    bin_of = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [
        abs(scores[bin_of == one].mean() - truth[bin_of == one].mean()) * (bin_of == one).mean()
        for one in np.unique(bin_of)
    ]
    return round(float(sum(gaps)), 4)
