"""The files beside a report: `run.json`, `unread.jsonl` and `threads.jsonl`."""

from pathlib import Path
from typing import TextIO

from detector.records import Run, ThreadFinding, Unread
from detector.report.as_json import as_document, as_line, run_as_json, thread_as_json, unread_as_json
from detector.report.partial import PartialFile


def write_run(run: Run, path: Path) -> None:
    """Write the run record, all at once."""
    file = PartialFile(path)
    file.write(as_document(run_as_json(run)))
    file.finish()


class UnreadLog:
    """What could not be read, a line each: `{"file", "locator", "reason"}`, never the text.

    To a path (`unread.jsonl` beside the report) or to a stream (standard error) that stays open.
    """

    def __init__(self, target: Path | TextIO) -> None:
        self._target = PartialFile(target) if isinstance(target, Path) else target

    def add(self, unread: Unread) -> None:
        """Write one line."""
        self._target.write(as_line(unread_as_json(unread)))

    def finish(self) -> None:
        """Give the file its name; a stream is left open."""
        if isinstance(self._target, PartialFile):
            self._target.finish()

    def abandon(self) -> None:
        """Close the file, unfinished; a stream is left open."""
        if isinstance(self._target, PartialFile):
            self._target.abandon()


class ThreadLog:
    """What each thread adds up to, a line each: the ThreadFinding object of INTERFACE.md."""

    def __init__(self, path: Path) -> None:
        self._file = PartialFile(path)

    def add(self, finding: ThreadFinding) -> None:
        """Write one line."""
        self._file.write(as_line(thread_as_json(finding)))

    def finish(self) -> None:
        """Give the file its name."""
        self._file.finish()

    def abandon(self) -> None:
        """Close the file, unfinished."""
        self._file.abandon()
