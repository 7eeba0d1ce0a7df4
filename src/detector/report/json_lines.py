"""Findings as JSON Lines: verbatim, one message a line, in the order they came."""

from contextlib import suppress
from pathlib import Path
from typing import TextIO

from detector.records import Finding, Run, ThreadFinding, Unread
from detector.report.as_json import as_line, finding_as_json
from detector.report.partial import PartialFile, writing_out


class JsonLinesReport:
    """Writes to standard output, or a stream in its place, that somebody else opened and closes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, finding: Finding) -> None:
        """Write one line."""
        with writing_out():
            self._stream.write(as_line(finding_as_json(finding)))

    def add_unread(self, unread: Unread) -> None:
        """Nothing: what could not be read goes to `unread.jsonl`."""

    def add_thread(self, finding: ThreadFinding) -> None:
        """Nothing: what a thread adds up to goes to `threads.jsonl`."""

    def finish(self, run: Run) -> None:
        """Pass on what is buffered."""
        with writing_out():
            self._stream.flush()

    def abandon(self) -> None:
        """Pass on what is buffered, where it is still taken."""
        with suppress(OSError):
            self._stream.flush()


class JsonLinesFile:
    """Writes to a file."""

    def __init__(self, path: Path) -> None:
        self._file = PartialFile(path)

    def add(self, finding: Finding) -> None:
        """Write one line."""
        self._file.write(as_line(finding_as_json(finding)))

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
