"""Where a scan's findings go: standard output, a file, or a folder of reports with its run record."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import click

from detector.errors import OutputError
from detector.records import Finding, Run, ThreadFinding, Unread
from detector.report import (
    CASE_FILES,
    JsonLinesReport,
    OnlyFlagged,
    Report,
    ThreadLog,
    UnreadLog,
    open_case,
    open_report,
    run_as_json,
    write_run,
)
from detector.report.as_json import as_document
from detector.report.partial import PartialFile, partial_path, writing_to
from detector.resume import Earlier, made_with
from detector.scan import Scan

RUN, THREADS, UNREAD = "run.json", "threads.jsonl", "unread.jsonl"
"""What lies beside every report."""
FINDINGS = "findings.jsonl"
EARLIER = ".earlier"
"""Suffix of what an earlier scan wrote, while another goes on from it."""


class Output:
    """Where findings, unread parts and the run record go."""

    def __init__(self, out: Path | None, *, only_flagged: bool) -> None:
        self._folder = None if out is None else out if is_directory(out) else out.parent
        self._report = _report(out, only_flagged=only_flagged)
        self._log = UnreadLog(self._folder / UNREAD if self._folder else sys.stderr)
        self._threads = ThreadLog(self._folder / THREADS) if self._folder else None

    def begin(self, run: Run) -> None:
        """Say what this scan is, in `run.json.partial`, so that another may go on from it."""
        if self._folder:
            record = PartialFile(self._folder / RUN)
            record.write(as_document(run_as_json(run)))
            record.abandon()

    def add_unread(self, unread: Unread) -> None:
        """Tell of a part of the input that could not be read."""
        self._report.add_unread(unread)
        self._log.add(unread)

    def add_thread(self, finding: ThreadFinding) -> None:
        """Tell what a thread adds up to; on standard output there are findings alone."""
        self._report.add_thread(finding)
        if self._threads:
            self._threads.add(finding)

    def write(self, findings: Iterator[Finding], work: Scan, command: Sequence[str]) -> Run:
        """Write everything; on any interruption no half-written report takes a finished name."""
        with ExitStack() as unfinished:
            unfinished.callback(self._abandon)
            for finding in findings:
                self._report.add(finding)
            run = work.run(command)
            self._log.finish()
            if self._threads:
                self._threads.finish()
            self._report.finish(run)
            if self._folder:
                write_run(run, self._folder / RUN)
            unfinished.pop_all()
        return run

    def _abandon(self) -> None:
        """Close everything, unfinished. Trouble in closing is not told: it would hide what came before it."""
        for part in (self._report, self._log, self._threads):
            if part:
                with suppress(OutputError):
                    part.abandon()


@contextmanager
def earlier_scan(out: Path, run: Run) -> Iterator[Earlier]:
    """What a scan with this output wrote before it was broken off; nothing where none was.

    What it wrote is set aside until this scan is finished.

    Raises:
        OutputError: That scan was made with another model or other settings than `run`, or nothing can tell.
    """
    findings = _findings_of(out)
    aside = findings.with_name(findings.name + EARLIER)
    unfinished = partial_path(findings)
    told = partial_path(findings.with_name(RUN))
    if not unfinished.exists() and not aside.exists():
        yield Earlier(())
        return
    _check_made_with(told, run)
    with writing_to(findings):
        if unfinished.exists() and (not aside.exists() or unfinished.stat().st_size > aside.stat().st_size):
            unfinished.replace(aside)
    with aside.open(encoding="utf-8", newline="\n") as lines:
        yield Earlier(lines)
    with writing_to(findings):
        aside.unlink()


def forget_earlier(out: Path) -> None:
    """Remove what a scan that was broken off, and is not gone on with, had set aside."""
    for path in _written(out):
        if path.name.endswith(EARLIER):
            with writing_to(path):
                path.unlink(missing_ok=True)


def _findings_of(out: Path) -> Path:
    """The JSON Lines of an output.

    Raises:
        OutputError: It has none.
    """
    if is_directory(out):
        return out / FINDINGS
    if out.suffix.lower() == Path(FINDINGS).suffix:
        return out
    raise OutputError(
        f"{out}: a scan into this format cannot be gone on with.\n"
        "Expected a folder of reports, or a file in JSON Lines.\n"
        f"Name another with --out, for example --out {out.stem}{Path(FINDINGS).suffix}."
    )


def _check_made_with(told: Path, run: Run) -> None:
    try:
        before = made_with(json.loads(told.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        before = {}
    now = made_with(run_as_json(run))
    differing = [name for name, value in now.items() if name not in before or before[name] != value]
    if differing:
        raise OutputError(
            f"{told}: the scan that was broken off differs in {', '.join(differing)}.\n"
            "Expected the same model and settings; findings of two kinds in one report mean nothing.\n"
            "Repeat the command as it was, or leave --resume out and begin anew."
        )


def place(out: str, inputs: Sequence[str]) -> Path:
    """The path of an output. A slash at its end says that it is a folder, whatever dots its name has.

    Raises:
        OutputError: The folder cannot be made, or a file that the scan would write lies among its inputs.
    """
    path = Path(out)
    if out.endswith(("/", os.sep)):
        with writing_to(path):
            path.mkdir(parents=True, exist_ok=True)
    _spare_inputs(path, inputs)
    return path


def _spare_inputs(out: Path, inputs: Sequence[str]) -> None:
    """See to it that nothing that is read gets written over, an earlier report among it neither."""
    places = [Path(one).resolve() for one in inputs]
    for path in _written(out):
        if path.exists() and any(path.resolve().is_relative_to(place) for place in places):
            raise OutputError(
                f"{path}: this file is among the inputs and would be written over.\n"
                "Expected a report that replaces nothing that is read.\n"
                "Choose another place with --out, or move an earlier report out of the inputs."
            )


def _written(out: Path) -> Iterator[Path]:
    """The files of an output, finished and unfinished."""
    folder, names = (out, CASE_FILES) if is_directory(out) else (out.parent, (out.name,))
    for name in (*names, RUN, THREADS, UNREAD):
        yield folder / name
        yield partial_path(folder / name)
        yield (folder / name).with_name(name + EARLIER)


def is_directory(out: Path) -> bool:
    """Whether an output named so is a folder of reports, not one file."""
    return out.is_dir() or not out.suffix


def _write_utf8() -> None:
    """Make both streams UTF-8, whatever the terminal's locale: others cannot carry Arabic and emoji."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


class Utf8Group(click.Group):
    """A group of commands whose help and errors, too, are written in UTF-8."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Take the arguments, by which click may print its help or an error and end."""
        _write_utf8()
        return super().make_context(info_name, args, parent, **extra)


def _stdout() -> TextIO:
    """Standard output.

    Raises:
        OutputError: It was closed before the start (`>&-`).
    """
    if sys.stdout is None:
        raise OutputError(
            "standard output: it is closed.\n"
            "Expected a place for the findings.\n"
            "Name a file or folder with --out, or leave standard output open."
        )
    return sys.stdout


def _report(out: Path | None, *, only_flagged: bool) -> Report:
    if out is None:
        report: Report = JsonLinesReport(_stdout())
        return OnlyFlagged(report) if only_flagged else report
    if is_directory(out):
        return open_case(out, only_flagged=only_flagged)
    return open_report(out, only_flagged=only_flagged)
