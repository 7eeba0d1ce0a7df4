"""From scores to findings: of a message by thresholds, of a thread by what a sender's messages add up to."""

from detector.decide.bounds import LIMIT
from detector.decide.context import (
    CONTEXT_FEATURES,
    Context,
    Recent,
    context_features,
    in_context,
    joined,
    latest,
)
from detector.decide.message import flags_of, spans_of, verdict_of
from detector.decide.thread import FEATURES, ThreadWatch, Window, features_of, signal_of

__all__ = [
    "CONTEXT_FEATURES",
    "FEATURES",
    "LIMIT",
    "Context",
    "Recent",
    "ThreadWatch",
    "Window",
    "context_features",
    "features_of",
    "flags_of",
    "in_context",
    "joined",
    "latest",
    "signal_of",
    "spans_of",
    "verdict_of",
]
