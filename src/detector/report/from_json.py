"""A finding out of its JSON object, for a scan that goes on where an earlier one was broken off."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from detector.records import Detail, DetailKind, Finding, Label, Message, Scores, Span, Verdict


def finding_from_json(record: Mapping[str, Any], message: Message) -> Finding | None:
    """The finding of a message that an earlier scan wrote; None where it wrote of another message.

    It is the same message if it has the same id, text, kind and place in the same evidence. What the JSON
    tells of earlier messages by their ids (`read_with`) is left out.

    Raises:
        KeyError, TypeError, ValueError: The object is no finding.
    """
    told, source = record["source"], message.source
    place = None if source is None else (source.file, source.sha256, source.locator)
    if place != (None if told is None else (told["file"], told["sha256"], told["locator"])):
        return None
    if (record["id"], record["text"], record["kind"]) != (message.id, message.text, message.kind.value):
        return None
    if source is not None:
        message = replace(message, source=replace(source, warnings=tuple(told["warnings"])))
    return Finding(
        message,
        scores=_scores(record["scores"]),
        flags=tuple(map(Label, record["flags"])),
        verdict=Verdict(record["verdict"]),
        spans=tuple(Span(one["start"], one["end"], Label(one["label"])) for one in record["spans"]),
        details=tuple(
            Detail(one["start"], one["end"], DetailKind(one["label"]), one["value"])
            for one in record["details"]
        ),
        context_scores=_scores(record["context_scores"]),
        screened=bool(record.get("screened", False)),
    )


def _scores(record: Mapping[str, float] | None) -> Scores | None:
    return None if record is None else Scores(**{label.value: float(record[label.value]) for label in Label})
