"""Findings as CSV that Excel opens rightly: a display copy, for people."""

import csv
from pathlib import Path

from detector.records import Finding, Run, ThreadFinding, Unread
from detector.report.partial import PartialFile
from detector.report.rows import COLUMN_NAMES, cells, disarm


class CsvFile:
    """Comma-separated values in UTF-8 with a byte order mark, by which Excel knows the encoding."""

    def __init__(self, path: Path) -> None:
        self._file = PartialFile(path, encoding="utf-8-sig")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMN_NAMES)

    def add(self, finding: Finding) -> None:
        """Write one row."""
        self._writer.writerow([disarm(cell) for cell in cells(finding)])

    def add_unread(self, unread: Unread) -> None:
        """Nothing: what could not be read goes to `unread.jsonl`."""

    def add_thread(self, finding: ThreadFinding) -> None:
        """Nothing: what a thread adds up to goes to `threads.jsonl`."""

    def finish(self, run: Run) -> None:
        """Close the file and give it its name."""
        self._file.finish()

    def abandon(self) -> None:
        """Close the file, unfinished."""
        self._file.abandon()
