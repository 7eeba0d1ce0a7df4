"""Finds extortion in Arabic chats.

>>> from detector import Detector
>>> detector = Detector.load()
>>> findings = detector.scan_texts(["صباح الخير، كيف الحال؟"])
>>> findings[0].verdict
<Verdict.NONE: 'none'>
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # set before ONNX Runtime starts: from 1.29 on it reports its use

from detector.bulk import BatchScorer
from detector.detect import Detector
from detector.errors import DetectorError, InputError, ModelError, OutputError
from detector.records import (
    Detail,
    DetailKind,
    Finding,
    Kind,
    Label,
    Message,
    OperatingPoint,
    Run,
    Scores,
    Source,
    Span,
    ThreadFinding,
    Unread,
    Verdict,
)
from detector.scan import Scan

__all__ = [
    "BatchScorer",
    "Detail",
    "DetailKind",
    "Detector",
    "DetectorError",
    "Finding",
    "InputError",
    "Kind",
    "Label",
    "Message",
    "ModelError",
    "OperatingPoint",
    "OutputError",
    "Run",
    "Scan",
    "Scores",
    "Source",
    "Span",
    "ThreadFinding",
    "Unread",
    "Verdict",
]
