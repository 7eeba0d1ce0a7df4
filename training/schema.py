"""What a line of a corpus file must be: the fields, values and spans that the annotation guide allows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.records import SPAN_LABELS, Label
from training.guide import ALLOWED, DIALECTS, SCRIPTS
from training.rows import Problem, Row, lines

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "pair": ((str, type(None)), "a string or null"),
    "extorter": ((str, type(None)), "a string or null"),
    "spans": ((list, type(None)), "a list or null"),
    "messages": ((list,), "a list"),
    "labels": ((dict,), "an object"),
    "extortion": ((int,), "0 or 1"),
}
"""The kind of each field's value; all others are strings."""
_MESSAGE_KEYS = {"id", "text", "dialect", "script", "category", "pair", "labels", "spans"}
_THREAD_KEYS = {"id", "dialect", "script", "category", "messages", "extortion", "extorter"}
_SENT_KEYS = {"sender", "text", "labels"}


def schema(value: dict[str, Any], required: set[str]) -> Iterator[str]:
    """Missing keys, values of another kind, and text that is empty or cannot be written."""
    if missing := sorted(required - value.keys()):
        yield f"has no {', '.join(missing)}"
        return
    for key in sorted(required):
        kinds, name = _KINDS.get(key, ((str,), "a string"))
        if not isinstance(value[key], kinds):
            yield f"{key} must be {name}"
    text = value.get("text")
    if isinstance(text, str) and not text.strip():
        yield "the text is empty"
    if isinstance(text, str) and _HALF_PAIR.search(text):
        yield "the text holds half of a surrogate pair"


def closed(value: dict[str, Any]) -> Iterator[str]:
    """Values outside the closed sets of the guide."""
    for key, known in (("dialect", DIALECTS), ("script", SCRIPTS), ("category", ALLOWED)):
        if value[key] not in known:
            yield f"{key} {value[key]!r} is not in the guide"


def labels(value: dict[str, Any], *, in_thread: bool) -> Iterator[str]:
    """Label names and values, and the logic between them."""
    given = value.get("labels")
    if (
        not isinstance(given, dict)
        or set(given) != set(Label)
        or any(one not in (0, 1) for one in given.values())
    ):
        yield "labels must give 0 or 1 to each of " + ", ".join(Label)
        return
    held = {Label(name) for name, one in given.items() if one}
    if Label.VICTIM in held and len(held) > 1:
        yield "victim excludes every other label"
    if not in_thread and Label.EXTORTION in held and not held >= {Label.THREAT, Label.DEMAND}:
        yield "extortion of a message alone needs threat and demand"
    if not in_thread and held not in ALLOWED.get(value["category"], [held]):
        yield f"category {value['category']} does not allow {', '.join(sorted(held)) or 'no label'}"


def spans(value: dict[str, Any]) -> Iterator[str]:
    """Spans inside the text, in a known label that the message holds, not overlapping."""
    reached = 0
    given = value.get("spans") or []
    if not all(isinstance(span, dict) and {"start", "end", "label"} <= span.keys() for span in given):
        yield "a span has no start, end or label"
        return
    if not all(isinstance(span[key], int) for span in given for key in ("start", "end")):
        yield "the start and end of a span must be whole numbers"
        return
    for span in sorted(given, key=lambda span: span["start"]):
        start, end, label = span["start"], span["end"], span["label"]
        if not 0 <= start < end <= len(value["text"]):
            yield f"span {start}:{end} is not inside the text of {len(value['text'])} characters"
        elif label not in SPAN_LABELS or not value["labels"].get(label):
            yield f"span {start}:{end} has label {label}, which the message does not hold"
        elif start < reached:
            yield f"span {start}:{end} overlaps the one before"
        elif value["text"][start:end].strip() != value["text"][start:end]:
            yield f"span {start}:{end} begins or ends with a space"
        reached = max(reached, end)


def message(value: dict[str, Any]) -> Iterator[str]:
    """Everything that can be wrong with a line that holds one message."""
    broken = list(schema(value, _MESSAGE_KEYS)) or [*closed(value), *labels(value, in_thread=False)]
    yield from broken or spans(value)


def thread(value: dict[str, Any]) -> Iterator[str]:
    """Everything that can be wrong with a line that holds a thread."""
    broken = list(schema(value, _THREAD_KEYS)) or list(closed(value))
    if not broken and not value["messages"]:
        broken = ["holds no message"]
    for number, one in enumerate([] if broken else value["messages"], 1):
        broken += [f"message {number}: {what}" for what in sent(one)]
    yield from broken
    if broken:
        return
    extorting = {one["sender"] for one in value["messages"] if one["labels"][Label.EXTORTION]}
    if bool(value["extortion"]) != bool(extorting):
        yield "extortion of the thread and of its messages disagree"
    if value["extortion"] and value["extorter"] not in extorting:
        yield "the extorter sends no message labelled extortion"


def sent(value: object) -> Iterator[str]:
    """Everything that can be wrong with one message of a thread."""
    if not isinstance(value, dict):
        yield "is no object"
        return
    broken = list(schema(value, _SENT_KEYS)) or list(labels(value, in_thread=True))
    yield from broken or spans(value)


@dataclass(slots=True)
class _Seen:
    """Ids and texts met so far."""

    ids: dict[str, Row] = field(default_factory=dict)
    texts: dict[str, Row] = field(default_factory=dict)

    def problems(self, row: Row) -> Iterator[str]:
        """Ids and texts that stood on an earlier line."""
        keys = [(self.ids, row.value.get("id"), "id")]
        if not row.is_thread:
            keys.append((self.texts, row.value.get("text"), "text"))
        for known, value, name in keys:
            earlier = known.setdefault(str(value), row)
            if earlier is not row:
                yield f"the same {name} as {earlier.file}, line {earlier.line}"


def check(rows: list[Row]) -> Iterator[Problem]:
    """Every problem of every row."""
    seen = _Seen()
    for row in rows:
        check_one = thread if row.is_thread else message
        for what in (*check_one(row.value), *seen.problems(row)):
            yield Problem(row.file, row.line, what)


def read(folder: Path) -> tuple[list[Row], list[Problem]]:
    """The rows of a folder and the lines that are no JSON object."""
    found = list(lines(folder))
    return [one for one in found if isinstance(one, Row)], [one for one in found if isinstance(one, Problem)]


def malformed(folder: Path) -> tuple[list[Row], list[str]]:
    """The rows of a folder, and the lines of it that are not as the guide says."""
    rows, broken = read(folder)
    return rows, [str(problem) for problem in (*broken, *check(rows))]
