"""From scores to findings: of a message by thresholds, of a thread by what a sender's messages add up to."""

from detector.decide.message import flags_of, spans_of, verdict_of
from detector.decide.thread import FEATURES, ThreadWatch, features_of, signal_of

__all__ = ["FEATURES", "ThreadWatch", "features_of", "flags_of", "signal_of", "spans_of", "verdict_of"]
