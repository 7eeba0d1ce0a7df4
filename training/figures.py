"""Figures with their number of cases and 95 % interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, the number of cases behind it, and the bounds of its 95 % interval."""

    value: float
    cases: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.cases}"


def proportion(hits: int, cases: int) -> Measure:
    """A proportion with Wilson's score interval (Wilson 1927).

    >>> proportion(0, 10)
    Measure(value=0.0, cases=10, low=0.0, high=0.2775)
    """
    if not cases:
        return Measure(float("nan"), 0, 0.0, 1.0)
    share = hits / cases
    middle = (share + Z * Z / (2 * cases)) / (1 + Z * Z / cases)
    half = Z * np.sqrt(share * (1 - share) / cases + Z * Z / (4 * cases * cases)) / (1 + Z * Z / cases)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Measure(round(share, 4), cases, round(float(low), 4), round(float(high), 4))


def f1(decisions: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall."""
    hits = float((decisions & truth).sum())
    return 2 * hits / max(1.0, float(decisions.sum() + truth.sum()))


def bootstrapped(figure: Callable[[NDArray[np.int64]], float], cases: int, rounds: int) -> Measure:
    """A figure of resampled cases with its percentile interval."""
    dice = np.random.default_rng(0)
    values = [figure(dice.integers(0, cases, cases)) for _ in range(rounds)] if cases else [float("nan")]
    low, high = np.percentile(values, [2.5, 97.5])
    return Measure(round(figure(np.arange(cases)), 4), cases, round(float(low), 4), round(float(high), 4))
