"""CSV and XLSX as display copies for people, Parquet as typed columns."""

import csv
import json
from errno import ENOSPC
from os import strerror
from pathlib import Path

import pytest
from hypothesis import given
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from detector.errors import OutputError
from detector.records import Finding, ThreadFinding
from detector.report import finding_as_json, open_report
from detector.report.parquet import PARTS_PER_GROUP, ParquetFile, row
from detector.report.rows import COLUMN_NAMES, COLUMNS, MAX_CELL_CHARACTERS, cells, disarm
from detector.report.xlsx import XlsxFile
from tests.report_examples import RUN, TEXT, findings, flagged, in_context, media, quiet

FULL = Path("/dev/full")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def read_sheet(path: Path, name: str = "Findings") -> list[list[object]]:
    return [list(cells) for cells in CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()]


def write(path: Path, *added: Finding) -> Path:
    report = open_report(path)
    for finding in added:
        report.add(finding)
    report.finish(RUN)
    return path


def test_every_row_has_a_cell_for_every_column() -> None:
    assert len(cells(flagged())) == len(cells(media())) == len(COLUMNS)


def test_csv_begins_with_the_mark_by_which_excel_knows_utf_8(tmp_path: Path) -> None:
    path = write(tmp_path / "out.csv", flagged())

    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,thread,")


def test_a_row_tells_the_details_by_their_plain_values() -> None:
    row = dict(zip(COLUMN_NAMES, cells(flagged()), strict=True))

    assert row["details"] == "amount: 500 ⏐ deadline: friday"


def test_extortion_in_context_stands_beside_the_scores_of_the_message_alone(tmp_path: Path) -> None:
    alone, together = read_csv(write(tmp_path / "out.csv", flagged(), in_context()))
    read = read_sheet(write(tmp_path / "out.xlsx", in_context()))[1]

    assert (alone["extortion_in_context"], together["extortion_in_context"]) == ("", "0.8765")
    assert together["extortion"] == "0.02"
    assert read[COLUMN_NAMES.index("extortion_in_context")] == 0.8765


def test_csv_shows_text_scores_and_phrases(tmp_path: Path) -> None:
    (read,) = read_csv(write(tmp_path / "out.csv", flagged()))

    assert read["text"] == TEXT
    assert read["extortion"] == "0.975"
    assert read["demand_phrases"] == "حوّل 500 قبل الجمعة"
    assert read["locator"] == "line 7"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\n", "＝"])
def test_a_csv_cell_that_begins_like_a_formula_gets_an_apostrophe(tmp_path: Path, start: str) -> None:
    text = f"{start}cmd|' /C calc'!A0"

    (read,) = read_csv(write(tmp_path / "out.csv", quiet(text, sender=text)))

    assert read["text"] == "'" + text
    assert read["sender"] == "'" + text


def test_a_carriage_return_is_shown_so_that_nothing_begins_with_it(tmp_path: Path) -> None:
    (read,) = read_csv(write(tmp_path / "out.csv", quiet("\r=1+1")))

    assert read["text"] == "‹U+000D›=1+1"


def test_a_number_below_zero_is_no_formula() -> None:
    assert disarm(-0.5) == -0.5


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_characters_that_a_cell_cannot_hold_or_that_reorder_are_shown(tmp_path: Path, suffix: str) -> None:
    text = "a\x00b\N{RIGHT-TO-LEFT OVERRIDE}c\ud83dd\uffff"

    path = write(tmp_path / f"out{suffix}", quiet(text))

    column = COLUMN_NAMES.index("text")
    shown = read_csv(path)[0]["text"] if suffix == ".csv" else read_sheet(path)[1][column]
    assert shown == "a‹U+0000›b‹U+202E›c‹U+D83D›d‹U+FFFF›"


def test_a_text_too_long_for_a_cell_ends_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "out.xlsx", quiet("😀" * 20_000))

    text = str(read_sheet(path)[1][COLUMN_NAMES.index("text")])
    assert text.endswith("[…cut: 20,000 characters, all of them in findings.jsonl]")
    assert len(text.encode("utf-16-le")) // 2 <= MAX_CELL_CHARACTERS


def test_a_workbook_shows_scores_as_numbers_under_headings_in_two_languages(tmp_path: Path) -> None:
    header, read = read_sheet(write(tmp_path / "out.xlsx", flagged()))

    assert header[COLUMN_NAMES.index("text")] == "النص\ntext"
    assert read[COLUMN_NAMES.index("extortion")] == 0.975
    assert read[COLUMN_NAMES.index("text")] == TEXT


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "@SUM(A1)", "http://example.test/", "0012", "{=1}", "_x0041_"]
)
def test_a_workbook_keeps_what_looks_like_a_formula_link_or_number_as_text(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "out.xlsx", quiet(text))

    assert read_sheet(path)[1][COLUMN_NAMES.index("text")] == text


def test_markup_in_a_message_does_not_become_markup_of_the_workbook(tmp_path: Path) -> None:
    text = "<r><t>shown</t></r></is></c></row></sheetData><evil/><r></r>"

    path = write(tmp_path / "out.xlsx", quiet(text))

    assert read_sheet(path)[1][COLUMN_NAMES.index("text")] == "'" + text


def test_a_full_sheet_goes_on_on_the_next(tmp_path: Path) -> None:
    report = XlsxFile(tmp_path / "out.xlsx", rows_per_sheet=2)
    for index in range(5):
        report.add(quiet(id=f"m-{index}"))
    report.finish(RUN)

    names = CalamineWorkbook.from_path(tmp_path / "out.xlsx").sheet_names
    sheets = [name for name in names if name.startswith("Findings")]
    ids = [read[0] for name in sheets for read in read_sheet(tmp_path / "out.xlsx", name)[1:]]
    assert names == ["Findings", "Threads", "Run", "Findings 2", "Findings 3"]
    assert ids == [f"m-{index}" for index in range(5)]


def test_a_sheet_tells_what_each_thread_adds_up_to(tmp_path: Path) -> None:
    report = XlsxFile(tmp_path / "out.xlsx")
    report.add_thread(ThreadFinding("ورشة", 0.91, True, "مستخدم أ", None, "m-1", (), 0, 12))
    report.finish(RUN)

    _, row = read_sheet(tmp_path / "out.xlsx", "Threads")
    assert row == ["ورشة", 12.0, 0.91, "yes", "مستخدم أ", "", "m-1"]


def test_threads_that_a_sheet_has_no_room_for_are_told(tmp_path: Path) -> None:
    report = XlsxFile(tmp_path / "out.xlsx", rows_per_sheet=2)
    for name in "abcde":
        report.add_thread(ThreadFinding(name, 0.1, False, None, None, None, (), 0, 1))
    report.finish(RUN)

    facts = {str(name): value for name, value in read_sheet(tmp_path / "out.xlsx", "Run")}
    assert facts["threads left out"] == "3, all of them in threads.jsonl"


def test_rows_that_a_killed_scan_left_beside_a_workbook_go(tmp_path: Path) -> None:
    left = tmp_path / ".out.xlsx.abc"
    left.mkdir()
    (left / "rows").write_text("هلا", encoding="utf-8")

    write(tmp_path / "out.xlsx", flagged())

    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]


class _FullWorksheet:
    """A sheet whose rows find no room."""

    def write_string(self, *_: object) -> None:
        """Fail as on a full disk."""
        raise OSError(ENOSPC, strerror(ENOSPC))


def test_a_thread_that_finds_no_room_is_told_in_three_parts(tmp_path: Path) -> None:
    report = XlsxFile(tmp_path / "out.xlsx")
    report._thread_sheet = _FullWorksheet()

    with pytest.raises(OutputError) as caught:
        report.add_thread(ThreadFinding("ورشة", 0.91, True, "مستخدم أ", None, "m-1", (), 0, 12))
    report.abandon()

    assert str(caught.value) == (
        f"{tmp_path}/out.xlsx: the report cannot be written (No space left on device).\n"
        "Expected a folder that exists, with room and the right to write.\n"
        "Choose another place with --out, or free some space and run it again."
    )


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_workbook_is_abandoned_without_room_for_it_and_leaves_no_rows(tmp_path: Path) -> None:
    (tmp_path / "out.xlsx.partial").symlink_to(FULL)
    report = XlsxFile(tmp_path / "out.xlsx")
    report.add(flagged())

    report.abandon()

    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx.partial"]


def test_the_last_sheet_holds_the_run_record(tmp_path: Path) -> None:
    path = write(tmp_path / "out.xlsx", flagged())

    facts = {str(name): value for name, value in read_sheet(path, "Run")}
    assert facts["command"] == "detector scan chats/ --out 'case 1'"
    assert facts["sha256 of model.onnx"] == "b" * 64
    assert "counts add up" in str(facts["input file"])


def test_no_file_with_message_text_is_left_beside_a_workbook(tmp_path: Path) -> None:
    write(tmp_path / "out.xlsx", flagged())

    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]


def test_the_same_findings_make_the_same_workbook(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, flagged()).read_bytes() for name in ("a.xlsx", "b.xlsx"))

    assert first == second


def test_parquet_read_back_equals_the_json_lines(tmp_path: Path) -> None:
    added = (flagged(), quiet(source=None, thread=None), media())

    lines = write(tmp_path / "out.jsonl", *added).read_text(encoding="utf-8").splitlines()
    rows = parquet.read_table(write(tmp_path / "out.parquet", *added)).to_pylist()

    assert [_told(read) for read in rows] == [_told(json.loads(line)) for line in lines]


def _told(record: dict[str, object]) -> dict[str, object]:
    """Without the columns that say nothing, which JSON leaves out."""
    return {name: value for name, value in record.items() if value not in (None, False, [])}


def test_parquet_is_written_in_groups_of_rows(tmp_path: Path) -> None:
    report = ParquetFile(tmp_path / "out.parquet", rows_at_once=2)
    ids = [f"m-{index}" for index in range(4 * PARTS_PER_GROUP + 1)]
    for one in ids:
        report.add(quiet(id=one))
    report.finish(RUN)

    written = parquet.ParquetFile(tmp_path / "out.parquet")
    assert written.metadata.num_row_groups == 3
    assert written.read(["id"])["id"].to_pylist() == ids


def test_parquet_without_findings_has_its_columns(tmp_path: Path) -> None:
    table = parquet.read_table(write(tmp_path / "out.parquet"))

    assert table.num_rows == 0
    assert str(table.schema.field("scores").type.field("extortion").type) == "double"


def test_parquet_says_where_it_could_not_hold_half_of_an_emoji(tmp_path: Path) -> None:
    path = write(tmp_path / "out.parquet", quiet("مكسور \ud83d"))

    (read,) = parquet.read_table(path).to_pylist()
    assert read["text"] == "مكسور \N{REPLACEMENT CHARACTER}"
    assert read["warnings"] == ["lone surrogates shown as U+FFFD; findings.jsonl has them verbatim"]


@given(findings())
def test_a_row_for_parquet_has_the_same_scores_and_offsets_as_the_json(finding: Finding) -> None:
    read, record = row(finding), finding_as_json(finding)

    assert read["scores"] == record["scores"]
    assert len(str(read["text"])) == len(str(record["text"]))
    str(read).encode()


@given(findings())
def test_no_cell_of_a_display_copy_begins_like_a_formula(finding: Finding) -> None:
    for cell in map(disarm, cells(finding)):
        assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
        str(cell).encode()
