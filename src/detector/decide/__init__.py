"""From scores to findings: of a message by thresholds, of a thread by what a sender's messages add up to."""

from detector.decide.context import Recent, joined, latest
from detector.decide.message import flags_of, spans_of, verdict_of
from detector.decide.thread import FEATURES, ThreadWatch, Window, features_of, signal_of, thread_score

__all__ = [
    "FEATURES",
    "Recent",
    "ThreadWatch",
    "Window",
    "features_of",
    "flags_of",
    "joined",
    "latest",
    "signal_of",
    "spans_of",
    "thread_score",
    "verdict_of",
]
