"""Go on with a scan that was broken off: what it wrote of a message is not scored again.

The input is read anew, which is a small part of the work, and every report is written anew from its
beginning; only the findings come from the earlier `findings.jsonl.partial`, as long as they are of the same
messages. So the reports are those of a scan that was never broken off.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from detector.records import Finding, Message
from detector.report.from_json import finding_from_json

_OF_MACHINE = ("python", "platform")
_OF_FINDINGS = ("version", "model", "operating_point", "thresholds", "context_threshold", "thread_threshold")


class Earlier:
    """Findings that an earlier scan wrote, window by window."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.reused = 0

    def of(self, window: Sequence[Message]) -> list[Finding] | None:
        """The findings of a window of messages, or None, and from then on always None.

        None where the earlier scan had not finished the window, for what is beside a message may decide
        whether it is read; and where it wrote of something else, or a line is no finding.
        """
        try:
            pairs = zip(list(islice(self._lines, len(window))), window, strict=True)
            found = [finding_from_json(json.loads(line), message) for line, message in pairs]
        except (KeyError, TypeError, ValueError):
            found = [None]
        whole = [one for one in found if one is not None]
        if len(whole) < len(window):
            self._lines = iter(())
            return None
        self.reused += len(whole)
        return whole


def made_with(record: Mapping[str, Any]) -> dict[str, object]:
    """Of a run record, as JSON, what must be the same for findings to be the same."""
    settings = {name: value for name, value in record["settings"].items() if name not in _OF_MACHINE}
    screening = record["screen"] and record["screen"]["screening"]
    return {"screening": screening, **settings, **{name: record[name] for name in _OF_FINDINGS}}
