"""Findings, the model and the limits as the JSON objects that the routes answer."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from itertools import count

from detector.detect import Detector
from detector.judge import MAX_CHARACTERS
from detector.manifest import Manifest
from detector.read.timestamps import DateStyle, written_time
from detector.records import SPAN_LABELS, Finding, Label, Message, Source, ThreadFinding, Verdict
from detector.report import finding_as_json, thread_as_json
from detector.scan import DISTRIBUTION
from detector.serve.limits import Check, Limits
from detector.serve.shapes import MessageIn

CATEGORIES = {
    label: label.value if label is Label.EXTORTION else f"{Label.EXTORTION.value}/{label.value}"
    for label in Label
}
"""Label to category of OpenAI's moderation shape."""
REPEATED = "the id was used before in this request"
NUMBER_TAKEN = "its number is the id of another message of this request"
PIECE_MESSAGES, PIECE_CHARACTERS = 256, 50_000
"""Of a request that are scored before it is asked again whether its client is still there."""


def identified(messages: Sequence[MessageIn]) -> list[Message]:
    """The messages with ids that are unique in the request: a repeated one gets `#2`.

    Clients find their messages again by the ids they gave, so these stay where they are unique, and the
    number of a message that has none gives way.
    """
    taken = {one.id for one in messages if one.id}
    seen: set[str] = set()
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(2))
    found = []
    for number, one in enumerate(messages, 1):
        message = _timed(Message(one.text, one.id or str(number), one.thread, one.sender), one.sent_at)
        if message.id in (seen if one.id else taken):
            message = _renamed(message, taken, numbers[message.id], REPEATED if one.id else NUMBER_TAKEN)
        seen.add(message.id)
        taken.add(message.id)
        found.append(message)
    return found


def _renamed(message: Message, taken: set[str], numbers: Iterator[int], warning: str) -> Message:
    free = next(name for number in numbers if (name := f"{message.id}#{number}") not in taken)
    return _warned(replace(message, id=free), (warning,))


def _timed(message: Message, written: str | None) -> Message:
    """The message with the time at which it was sent, in ISO 8601 as readers of files write it."""
    if not written or not written.strip():
        return message
    sent_at, warnings = written_time(written, DateStyle())
    return _warned(replace(message, sent_at=sent_at), warnings)


def _warned(message: Message, warnings: tuple[str, ...]) -> Message:
    if not warnings:
        return message
    source = message.source or Source("", "", "")
    return replace(message, source=replace(source, warnings=(*source.warnings, *warnings)))


def score_answer(detector: Detector, messages: Sequence[Message], check: Check) -> dict[str, object]:
    """The answer of `/v1/score`; the check is called between pieces of the messages."""
    manifest, point = detector.manifest, detector.operating_point
    threads: list[ThreadFinding] = []
    followed = detector.follow(threads.append)
    pieces = detector.judge(_pieces(messages, check))
    findings = [finding for piece in pieces for finding in followed.add(piece)]
    followed.end()
    return {
        "findings": [finding_as_json(finding) for finding in findings],
        "threads": [thread_as_json(thread) for thread in threads],
        "model": {
            "name": manifest.name,
            "version": manifest.version,
            "operating_point": point.value,
            "thresholds": _thresholds(manifest)[point.value],
            "context_threshold": manifest.context.thresholds[point],
        },
    }


def moderation_answer(detector: Detector, texts: Sequence[str], check: Check) -> dict[str, object]:
    """The answer of `/v1/moderations`, one result for each text; the check is called between pieces.

    OpenAI's own categories are left out, since the model says nothing of them; its clients read them as None.
    """
    messages = (Message(text, id=str(number)) for number, text in enumerate(texts, 1))
    pieces = detector.judge(_pieces(messages, check))
    return {
        "id": f"modr-{uuid.uuid4().hex}",
        "model": f"{detector.manifest.name} {detector.manifest.version}",
        "results": [_result(finding) for piece in pieces for finding in piece],
    }


def _pieces(messages: Iterable[Message], check: Check) -> Iterator[list[Message]]:
    """The messages in pieces that are scored within seconds; the check is called before each."""
    piece: list[Message] = []
    characters = 0
    for message in messages:
        piece.append(message)
        characters += min(len(message.text), MAX_CHARACTERS)
        if len(piece) >= PIECE_MESSAGES or characters >= PIECE_CHARACTERS:
            check()
            yield piece
            piece, characters = [], 0
    if piece:
        check()
        yield piece


def _result(finding: Finding) -> dict[str, object]:
    """One result. `verdict` and `warnings` are ours; clients pass them through."""
    assert finding.scores is not None
    scores = finding.scores.as_dict()
    source = finding.message.source
    return {
        "flagged": finding.verdict is Verdict.EXTORTION,
        "categories": {name: label in finding.flags for label, name in CATEGORIES.items()},
        "category_scores": {name: float(scores[label]) for label, name in CATEGORIES.items()},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES.values()},
        "verdict": finding.verdict.value,
        "warnings": list(source.warnings) if source else [],
    }


def info_answer(detector: Detector, limits: Limits) -> dict[str, object]:
    """The answer of `/info`: which model answers, how it is calibrated, how much it takes."""
    manifest = detector.manifest
    return {
        "model": {"name": manifest.name, "version": manifest.version, "sha256": dict(manifest.files)},
        "package": {"name": DISTRIBUTION, "version": version(DISTRIBUTION)},
        "normaliser": manifest.normaliser,
        "max_tokens": manifest.max_tokens,
        "labels": [label.value for label in Label],
        "span_labels": [label.value for label in SPAN_LABELS],
        "operating_point": detector.operating_point.value,
        "thresholds": _thresholds(manifest),
        "context_thresholds": {point.value: value for point, value in manifest.context.thresholds.items()},
        "prior": manifest.prior,
        "calibration": (
            f"Scores of messages alone are probabilities where {manifest.prior:.0%} are extortion. Where it "
            "is rarer, as in ordinary traffic, a flagged message is less likely to be extortion than that."
        ),
        "limits": {**asdict(limits), "message_characters": MAX_CHARACTERS},
    }


def _thresholds(manifest: Manifest) -> dict[str, dict[str, float]]:
    """Operating point to label to threshold."""
    return {
        point.value: {label.value: value for label, value in thresholds.items()}
        for point, thresholds in manifest.thresholds.items()
    }
