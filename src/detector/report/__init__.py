"""Findings and the run record → files. `open_report` chooses the format by the suffix.

Findings stream through: each report writes as it goes and holds only what its format needs.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from detector.errors import OutputError
from detector.records import Finding, Run, ThreadFinding, Unread
from detector.report.as_json import finding_as_json, run_as_json, thread_as_json
from detector.report.csv_table import CsvFile
from detector.report.html_page import HtmlFile
from detector.report.json_lines import JsonLinesFile, JsonLinesReport
from detector.report.parquet import ParquetFile
from detector.report.partial import writing_to
from detector.report.run_files import ThreadLog, UnreadLog, write_run
from detector.report.xlsx import XlsxFile

__all__ = [
    "CASE_FILES",
    "SUFFIXES",
    "JsonLinesReport",
    "OnlyFlagged",
    "Report",
    "ThreadLog",
    "UnreadLog",
    "finding_as_json",
    "open_case",
    "open_report",
    "run_as_json",
    "thread_as_json",
    "write_run",
]


class Report(Protocol):
    """What every format offers. Files have a `.partial` name until they are finished."""

    def add(self, finding: Finding) -> None:
        """Take the next finding; findings of a thread come in order."""

    def add_unread(self, unread: Unread) -> None:
        """Take what could not be read; a report may show it or leave it to `unread.jsonl`."""

    def add_thread(self, finding: ThreadFinding) -> None:
        """Take what a thread adds up to; a report may show it or leave it to `threads.jsonl`."""

    def finish(self, run: Run) -> None:
        """Write what depends on the run record, close, and give the file its name."""

    def abandon(self) -> None:
        """Close, unfinished; a file that existed under the name stays as it was."""


class OnlyFlagged:
    """Passes on the findings with verdict extortion or victim, and drops the others."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def add(self, finding: Finding) -> None:
        """Pass a flagged finding on."""
        if finding.flagged:
            self._report.add(finding)

    def add_unread(self, unread: Unread) -> None:
        """Pass it on."""
        self._report.add_unread(unread)

    def add_thread(self, finding: ThreadFinding) -> None:
        """Pass it on."""
        self._report.add_thread(finding)

    def finish(self, run: Run) -> None:
        """Finish the report."""
        self._report.finish(run)

    def abandon(self) -> None:
        """Abandon the report."""
        self._report.abandon()


class _Together:
    """Several reports filled in one pass."""

    def __init__(self, reports: list[Report]) -> None:
        self._reports = reports

    def add(self, finding: Finding) -> None:
        for report in self._reports:
            report.add(finding)

    def add_unread(self, unread: Unread) -> None:
        for report in self._reports:
            report.add_unread(unread)

    def add_thread(self, finding: ThreadFinding) -> None:
        for report in self._reports:
            report.add_thread(finding)

    def finish(self, run: Run) -> None:
        for report in reversed(self._reports):  # JSON Lines last: a scan goes on from them until all is done
            report.finish(run)

    def abandon(self) -> None:
        for report in self._reports:
            report.abandon()


_OPENERS: dict[str, Callable[[Path], Report]] = {
    ".jsonl": JsonLinesFile,
    ".csv": CsvFile,
    ".xlsx": XlsxFile,
    ".parquet": ParquetFile,
    ".html": HtmlFile,
}

SUFFIXES = tuple(_OPENERS)

CASE_FILES = ("findings.jsonl", "findings.csv", "findings.xlsx", "findings.parquet", "report.html")


def open_report(path: Path, only_flagged: bool = False) -> Report:
    """A report in the format that the suffix names.

    It wants all findings, also with `only_flagged`: a page shows flagged messages with what was said around
    them.

    Raises:
        OutputError: no format has the suffix, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in _OPENERS:
        raise OutputError(
            f"{path}: no report format has {f'the suffix {suffix}' if suffix else 'a name without suffix'}.\n"
            f"Expected one of {', '.join(SUFFIXES)}, or a folder for all of them.\n"
            f"Name the file after the format, for example --out {path.stem or 'findings'}.xlsx."
        )
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    report = _OPENERS[suffix](path)
    return OnlyFlagged(report) if only_flagged and suffix != ".html" else report


def open_case(directory: Path, only_flagged: bool = False) -> Report:
    """All formats at once, in a folder that is made where it is missing.

    `run.json`, `unread.jsonl` and `threads.jsonl` are the caller's to write beside them.

    Raises:
        OutputError: the folder or a file in it cannot be written.
    """
    with writing_to(directory):
        directory.mkdir(parents=True, exist_ok=True)
    reports: list[Report] = []
    try:
        for name in CASE_FILES:
            reports.append(open_report(directory / name, only_flagged))  # noqa: PERF401 - what was opened gets closed
    except OutputError:
        _Together(reports).abandon()
        raise
    return _Together(reports)
