"""Findings as an Excel workbook: a display copy, right to left, with sheets of the threads and of the run."""

import glob
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detector.errors import OutputError
from detector.records import Finding, Run, ThreadFinding, Unread, Verdict
from detector.report.partial import partial_path, writing_to
from detector.report.rows import COLUMN_NAMES, COLUMNS, SCORES, THREAD_COLUMNS, Cell, cells, fit, thread_cells

ROWS_PER_SHEET = 1_048_575
"""What an Excel sheet holds below its header row."""

VERDICT_COLOURS = {
    Verdict.EXTORTION: {"bg_color": "#F6D0CB", "font_color": "#7A1712"},
    Verdict.VICTIM: {"bg_color": "#CFE3F1", "font_color": "#123F5F"},
    Verdict.THREAT: {"bg_color": "#FBE5D6", "font_color": "#7A3B0C"},
    Verdict.DEMAND: {"bg_color": "#FFF3CD", "font_color": "#6B4E00"},
}

ABOUT = (
    "Display copy: text that a spreadsheet would execute, cannot hold or would reorder is shown harmlessly. "
    "The verbatim record is findings.jsonl (written where --out is a folder). "
    "Scores are of the message alone, but for extortion_in_context; decision support, not proof."
)

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class XlsxFile:
    """Writes rows as they come; a sheet that is full goes on on the next.

    XlsxWriter keeps rows in files until the workbook is put together. They hold message text, so they lie in
    a folder beside the workbook, not in the system's, and go when it is finished or abandoned; those of a
    scan that was killed go when the next one writes the same workbook.
    """

    def __init__(self, path: Path, rows_per_sheet: int = ROWS_PER_SHEET) -> None:
        import xlsxwriter  # noqa: PLC0415 - a run without a workbook does not pay for the import

        self.path = path
        self._partial = partial_path(path)
        with writing_to(path):
            self._partial.touch()
            for stale in path.parent.glob(f".{glob.escape(path.name)}.*/"):
                shutil.rmtree(stale)
            self._parts = TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
        self._book = xlsxwriter.Workbook(self._partial, {**OPTIONS, "tmpdir": self._parts.name})
        self._formats = {name: self._book.add_format(style) for name, style in _STYLES.items()}
        self._verdict_formats = {
            verdict: self._book.add_format(colours) for verdict, colours in VERDICT_COLOURS.items()
        }
        self._rows_per_sheet = rows_per_sheet
        self._sheets = 0
        self._threads_left_out = 0
        with writing_to(path):
            self._start_sheet()
            self._thread_sheet = self._start_thread_sheet()
            self._run_sheet = self._book.add_worksheet("Run")

    def add(self, finding: Finding) -> None:
        """Write one row."""
        with writing_to(self.path):
            if self._row == self._rows_per_sheet:
                self._end_sheet()
                self._start_sheet()
            self._row += 1
            for index, cell in enumerate(cells(finding)):
                write_cell(self._sheet, (self._row, index), cell, self._formats[_style(COLUMN_NAMES[index])])

    def add_unread(self, unread: Unread) -> None:
        """Nothing: what could not be read goes to `unread.jsonl`."""

    def add_thread(self, finding: ThreadFinding) -> None:
        """Write one row of the sheet of threads; how many it has no room for the sheet of the run tells."""
        if self._thread_row == self._rows_per_sheet:
            self._threads_left_out += 1
            return
        self._thread_row += 1
        with writing_to(self.path):
            for index, cell in enumerate(thread_cells(finding)):
                write_cell(self._thread_sheet, (self._thread_row, index), cell, self._formats["plain"])

    def finish(self, run: Run) -> None:
        """Write the run record, put the workbook together and give it its name."""
        self._end_sheet()
        created = datetime.fromisoformat(run.started_at)
        self._book.set_properties({"title": "Findings", "comments": ABOUT, "created": created})
        with writing_to(self.path):
            self._write_run(run)
            self._put_together()
            self._parts.cleanup()
            self._partial.replace(self.path)

    def abandon(self) -> None:
        """Drop the rows; putting them together takes time and room that there may not be."""
        with suppress(OSError):
            for sheet in self._book.worksheets():
                sheet._opt_close()
            self._parts.cleanup()

    def _put_together(self) -> None:
        """Make the workbook of its rows.

        Where that fails, XlsxWriter leaves an archive that is closed once more when it is forgotten: the room
        of what was written is freed for it.
        """
        from xlsxwriter.exceptions import FileCreateError, FileSizeError  # noqa: PLC0415 - see above

        try:
            self._book.close()
        except FileCreateError as error:
            with suppress(OSError):
                os.truncate(self._partial, 0)
            raise error.args[0] from None
        except FileSizeError as error:
            raise OutputError(
                f"{self.path}: the workbook cannot be put together ({type(error).__name__}).\n"
                "Expected a file below 4 GB.\n"
                "Write .jsonl or .parquet, which have no such limit, or add --only-flagged."
            ) from error

    def _start_sheet(self) -> None:
        self._sheets += 1
        self._row = 0
        self._sheet = self._book.add_worksheet(
            "Findings" if self._sheets == 1 else f"Findings {self._sheets}"
        )
        self._sheet.right_to_left()
        self._sheet.freeze_panes(1, 1)
        self._sheet.set_row(0, 34)
        for index, column in enumerate(COLUMNS):
            self._sheet.set_column(index, index, column.width)
            self._sheet.write_string(0, index, f"{column.arabic}\n{column.name}", self._formats["header"])

    def _start_thread_sheet(self) -> Any:
        sheet = self._book.add_worksheet("Threads")
        self._thread_row = 0
        sheet.right_to_left()
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 34)
        for index, column in enumerate(THREAD_COLUMNS):
            sheet.set_column(index, index, column.width)
            sheet.write_string(0, index, f"{column.arabic}\n{column.name}", self._formats["header"])
        return sheet

    def _end_sheet(self) -> None:
        last = max(self._row, 1)
        verdicts = COLUMN_NAMES.index("verdict")
        first_score, last_score = COLUMN_NAMES.index(SCORES[0]), COLUMN_NAMES.index(SCORES[-1])
        self._sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
        for verdict, look in self._verdict_formats.items():
            rule = {"type": "cell", "criteria": "==", "value": f'"{verdict}"', "format": look}
            self._sheet.conditional_format(1, verdicts, last, verdicts, rule)
        self._sheet.conditional_format(1, first_score, last, last_score, _SCORE_BAR)

    def _write_run(self, run: Run) -> None:
        self._run_sheet.set_column(0, 0, 30)
        self._run_sheet.set_column(1, 1, 110)
        facts = list(run_facts(run))
        if self._threads_left_out:
            facts.append(("threads left out", f"{self._threads_left_out:,}, all of them in threads.jsonl"))
        for index, fact in enumerate(facts):
            write_cell(self._run_sheet, (index, 0), fit(fact[0]), self._formats["name"])
            write_cell(self._run_sheet, (index, 1), fit(fact[1]), self._formats["text"])


_STYLES = {
    "header": {
        "bold": True,
        "text_wrap": True,
        "valign": "vcenter",
        "align": "center",
        "bg_color": "#E9E4DA",
        "bottom": 1,
    },
    "name": {"bold": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "score": {"num_format": "0.000", "valign": "top"},
    "plain": {"valign": "top"},
}

_SCORE_BAR = {
    "type": "data_bar",
    "bar_solid": True,
    "bar_color": "#D9D2C5",
    "min_type": "num",
    "min_value": 0,
    "max_type": "num",
    "max_value": 1,
}


def _style(column: str) -> str:
    if column in SCORES:
        return "score"
    return "text" if column == "text" or column.endswith("_phrases") else "plain"


def write_cell(sheet: Any, place: tuple[int, int], cell: Cell, look: Any) -> None:
    """Write a number as a number and everything else as a string, never as a formula or a link.

    XlsxWriter takes a string that begins with `<r>` and ends with `</r>` for markup of its own and writes it
    unescaped into the sheet's XML; an apostrophe before it keeps it a text.
    """
    if cell is None:
        return
    if not isinstance(cell, str):
        sheet.write_number(*place, cell, look)
        return
    sheet.write_string(*place, "'" + cell if cell.startswith("<r>") else cell, look)


def run_facts(run: Run) -> Iterator[tuple[str, str]]:
    """The run record as names and values, one a row."""
    yield "about this file", ABOUT
    yield "tool", f"{run.tool} {run.version}"
    yield "command", shlex.join(run.command)
    yield "started (UTC)", run.started_at
    yield "ended (UTC)", run.ended_at
    yield "model", run.model
    yield from ((f"sha256 of {name}", digest) for name, digest in run.model_files.items())
    yield "operating point", run.operating_point
    yield from ((f"threshold for {label}", f"{value:g}") for label, value in run.thresholds.items())
    yield "threshold for extortion in context", f"{run.context_threshold:g}"
    yield "threshold for threads", f"{run.thread_threshold:g}"
    yield from ((f"setting {name}", "" if value is None else value) for name, value in run.settings.items())
    yield "messages", f"{run.messages:,}"
    yield "flagged (extortion or victim)", f"{run.flagged:,}"
    yield "threads flagged", f"{run.threads_flagged:,}"
    yield from ((f"verdict {verdict}", f"{count:,}") for verdict, count in run.verdicts.items())
    yield "could not be read", f"{run.unread:,}"
    yield from (("note", note) for note in run.notes)
    for count in run.files:
        adds_up = "counts add up" if count.adds_up else "COUNTS DO NOT ADD UP"
        held = f"{count.units:,} {count.unit}, {count.size:,} bytes, {count.format}, {adds_up}"
        yield "input file", f"{count.file}\nsha256 {count.sha256}\n{held}"
