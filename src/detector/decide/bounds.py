"""What is weighed at all: how far back, how faint, and within which logits."""

import math

WINDOW = 60
"""Messages of a thread back that count: extortion is pressed within a sitting or a few days."""
LEAST = 0.05
"""A score under this says nothing."""
LIMIT = 6.0
"""Logits beyond this say no more."""


def logit(probability: float) -> float:
    """The logit of a probability, between -6 and 6.

    >>> logit(0.5), logit(1.0)
    (0.0, 6.0)
    """
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(inside / (1 - inside)), -LIMIT), LIMIT)


def scaled(value: float) -> float:
    """A logit as a feature, between 0 and 2."""
    return 1 + value / LIMIT
