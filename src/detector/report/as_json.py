"""Records as the JSON objects of INTERFACE.md: the verbatim form, from which every other report departs."""

import json
from dataclasses import asdict, fields, is_dataclass

from detector.records import (
    FileCount,
    Finding,
    Message,
    Run,
    Scores,
    Source,
    ThreadFinding,
    Unread,
)


def finding_as_json(finding: Finding) -> dict[str, object]:
    """The Finding object of INTERFACE.md, keys in its order, text verbatim."""
    message = finding.message
    return {
        "id": message.id,
        "thread": message.thread,
        "sender": message.sender,
        "sent_at": message.sent_at,
        "kind": message.kind.value,
        "text": message.text,
        "scores": scores_as_json(finding.scores),
        "context_scores": scores_as_json(finding.context_scores),
        "flags": [label.value for label in finding.flags],
        "verdict": finding.verdict.value,
        "spans": spans_as_json(finding),
        "details": details_as_json(finding),
        **_present_only(message),
        **({"read_with": [one.id for one in finding.read_with]} if finding.read_with else {}),
        **({"screened": True} if finding.screened else {}),
        "source": None if message.source is None else source_as_json(message.source),
    }


def scores_as_json(scores: Scores | None) -> dict[str, float] | None:
    """Label to probability as Python floats, whatever number type the model's output had."""
    return None if scores is None else {label: float(score) for label, score in scores.as_dict().items()}


def thread_as_json(finding: ThreadFinding) -> dict[str, object]:
    """The ThreadFinding object of INTERFACE.md, without message text: moments name ids and plain values."""
    return {
        "thread": finding.thread,
        "extortion": finding.extortion,
        "flagged": finding.flagged,
        "extorter": finding.extorter,
        "target": finding.target,
        "knowable_at": finding.knowable_at,
        "labels_over_time": [
            {
                "id": moment.id,
                "sent_at": moment.sent_at,
                "sender": moment.sender,
                "flags": [label.value for label in moment.flags],
                "details": [{"label": one.kind.value, "value": one.value} for one in moment.details],
            }
            for moment in finding.labels_over_time
        ],
        "moments_left_out": finding.moments_left_out,
        "messages": finding.messages,
    }


def spans_as_json(finding: Finding) -> list[dict[str, object]]:
    """The spans with the text they cover."""
    text = finding.message.text
    return [
        {
            "start": int(span.start),
            "end": int(span.end),
            "label": span.label.value,
            "text": text[span.start : span.end],
        }
        for span in finding.spans
    ]


def details_as_json(finding: Finding) -> list[dict[str, object]]:
    """What rules found in the text, with the text it covers."""
    text = finding.message.text
    return [
        {
            "start": detail.start,
            "end": detail.end,
            "label": detail.kind.value,
            "text": text[detail.start : detail.end],
            "value": detail.value,
        }
        for detail in finding.details
    ]


def _present_only(message: Message) -> dict[str, object]:
    """What only some sources have: given where it is there, left out where not."""
    optional: dict[str, object] = {
        "attachment": message.attachment,
        "edited": message.edited or None,
        "reply_to": message.reply_to,
        "direction": message.direction,
    }
    return {name: value for name, value in optional.items() if value is not None}


def source_as_json(source: Source) -> dict[str, object]:
    """Where the message stands in the evidence."""
    return {
        "file": source.file,
        "sha256": source.sha256,
        "locator": source.locator,
        "warnings": list(source.warnings),
    }


def unread_as_json(unread: Unread) -> dict[str, object]:
    """One line of `unread.jsonl`."""
    return {"file": unread.file, "locator": unread.locator, "reason": unread.reason}


def run_as_json(run: Run) -> dict[str, object]:
    """The object of `run.json`: every field of the record, and for each file whether its counts add up."""
    record = {name.name: _plain(getattr(run, name.name)) for name in fields(run)}
    record["files"] = [file_count_as_json(count) for count in run.files]
    return record


def file_count_as_json(count: FileCount) -> dict[str, object]:
    """One input file of the run record."""
    record = {name.name: _plain(getattr(count, name.name)) for name in fields(count)}
    return {**record, "adds_up": count.adds_up}


def _plain(value: object) -> object:
    """A record's value as what `json` knows: mappings become dicts, tuples lists."""
    if isinstance(value, tuple):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return dict(value)  # type: ignore[call-overload]


def as_line(record: dict[str, object]) -> str:
    r"""One line of JSON, line end included, readable where UTF-8 can carry it.

    A lone surrogate (half of a broken emoji in an export) has no UTF-8 form. A line that holds one is
    written with escapes throughout, so that it survives.

    >>> as_line({"text": "مرحبا"})
    '{"text": "مرحبا"}\n'
    >>> as_line({"text": "\ud83d"})
    '{"text": "\\ud83d"}\n'
    """
    return _dumps(record, indent=None) + "\n"


def as_document(record: dict[str, object]) -> str:
    """The same, indented, for a file that holds one object."""
    return _dumps(record, indent=2) + "\n"


def _dumps(record: dict[str, object], indent: int | None) -> str:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent)
    if text.isascii() or not has_surrogate(text):
        return text
    return json.dumps(record, ensure_ascii=True, allow_nan=False, indent=indent)


def has_surrogate(text: str) -> bool:
    """Whether UTF-8 cannot carry the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
