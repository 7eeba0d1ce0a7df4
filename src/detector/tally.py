"""Count what one input held, so that every line, row or item of it is accounted for."""

from collections import Counter
from dataclasses import dataclass, field

from detector.read import InputFile
from detector.records import FileCount, Kind, Message, Passed, PassedKind, Record, Unread


@dataclass(slots=True)
class Tally:
    """Counts of one input while it is read."""

    source: InputFile
    format: str = "unread"
    unit: str = "files"
    messages: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    continuations: int = 0
    unread: int = 0
    flagged: int = 0
    units: int = 0
    warnings: set[str] = field(default_factory=set)
    columns: dict[str, str | None] = field(default_factory=dict)
    position: int = 0
    done: int = 0

    def reach(self, position: int) -> None:
        """The reader is at this byte."""
        self.position = position

    def advance(self, position: int) -> int:
        """How many more bytes are done, now that what was read up to here is scored.

        Readers may look over a file before they read it; bytes count when their messages are scored.
        """
        more = max(0, min(position, self.source.size) - self.done)
        self.done += more
        return more

    def add(self, record: Record) -> None:
        """Count a record as the reader gave it."""
        match record:
            case Message():
                source = record.source
                self.messages[record.kind.value] += 1
                self.units += source.units if source else 1
                self.continuations += source.units - 1 if source else 0
                self.warnings.update(source.warnings if source else ())
            case Passed():
                self.passed[record.kind.value] += record.units
                self.columns.update(record.columns)
                self.units += record.units
            case Unread():
                self.unread += record.units
                self.units += record.units

    def frozen(self) -> FileCount:
        """The counts as a record. For formats of lines, `units` is the independent count of the lines."""
        return FileCount(
            file=self.source.name,
            sha256=self.source.sha256,
            size=self.source.size,
            format=self.format,
            unit=self.unit,
            units=self.source.lines if self.unit == "lines" else self.units,
            messages={kind.value: self.messages[kind.value] for kind in Kind},
            continuations=self.continuations,
            system=self.passed[PassedKind.SYSTEM],
            headers=self.passed[PassedKind.HEADER],
            blank=self.passed[PassedKind.BLANK],
            unread=self.unread,
            flagged=self.flagged,
            warnings=tuple(sorted(self.warnings)),
            columns=dict(self.columns),
        )
