"""JSON Lines, the run record and the list of what could not be read."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from detector.errors import OutputError
from detector.records import Finding, Unread
from detector.report import (
    JsonLinesReport,
    OnlyFlagged,
    UnreadLog,
    finding_as_json,
    open_case,
    open_report,
    write_run,
)
from tests.report_examples import FILE, RUN, TEXT, findings, flagged, in_context, media, quiet

FULL = Path("/dev/full")


def test_a_finding_has_the_keys_of_the_interface_in_their_order() -> None:
    record = finding_as_json(flagged())

    expected = "id thread sender sent_at kind text scores context_scores flags verdict spans details source"
    assert " ".join(record) == expected


def test_a_score_in_context_names_the_messages_it_rests_on() -> None:
    assert finding_as_json(in_context())["read_with"] == ["a:line 3", "a:line 5"]


def test_a_span_is_told_with_the_text_it_covers_counted_in_code_points() -> None:
    record = finding_as_json(flagged())

    assert record["spans"] == [
        {"start": 2, "end": 21, "label": "demand", "text": "حوّل 500 قبل الجمعة"},
        {"start": 28, "end": 50, "label": "threat", "text": "أنشر ملفات الشركة كلها"},
    ]


def test_what_only_some_sources_have_is_told_only_where_they_have_it() -> None:
    record = finding_as_json(media())

    assert (record["attachment"], record["edited"]) == ("IMG-1.jpg", True)
    assert (record["reply_to"], record["direction"]) == ("m-1", "sent")
    assert record["scores"] is None
    assert "edited" not in finding_as_json(quiet())


def test_a_message_that_came_from_no_file_has_no_source() -> None:
    assert finding_as_json(quiet(source=None))["source"] is None


def test_a_stream_gets_one_readable_line_for_each_finding_and_stays_open() -> None:
    stream = io.StringIO()

    report = JsonLinesReport(stream)
    report.add(flagged())
    report.add(quiet("سطر\nثانٍ"))
    report.finish(RUN)

    assert stream.getvalue().count("\n") == 2
    assert TEXT in stream.getvalue()


def test_only_flagged_findings_pass_where_asked_for() -> None:
    stream = io.StringIO()

    report = OnlyFlagged(JsonLinesReport(stream))
    report.add(quiet())
    report.add(flagged())

    assert [json.loads(line)["verdict"] for line in stream.getvalue().splitlines()] == ["extortion"]


def test_half_of_a_broken_emoji_survives_in_a_file(tmp_path: Path) -> None:
    report = open_report(tmp_path / "out.jsonl")
    report.add(quiet("مكسور \ud83d"))
    report.finish(RUN)

    line = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert json.loads(line)["text"] == "مكسور \ud83d"


@given(findings())
def test_a_finding_read_back_from_its_line_is_what_was_written(finding: Finding) -> None:
    stream = io.StringIO()

    JsonLinesReport(stream).add(finding)

    assert json.loads(stream.getvalue()) == finding_as_json(finding)
    assert stream.getvalue().encode().count(b"\n") == 1


def test_a_file_has_its_name_only_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    report = open_report(path)
    report.add(flagged())
    before = path.exists()
    report.finish(RUN)

    assert not before
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_an_abandoned_report_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("earlier", encoding="utf-8")

    report = open_report(path)
    report.add(flagged())
    report.abandon()

    assert path.read_text(encoding="utf-8") == "earlier"


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_report_is_abandoned_quietly_where_its_disk_is_full(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.partial").symlink_to(FULL)

    report = open_report(tmp_path / "out.jsonl")
    report.add(flagged())
    report.abandon()

    assert not (tmp_path / "out.jsonl").exists()


def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        open_report(tmp_path / "out.pdf")

    assert str(caught.value) == (
        f"{tmp_path}/out.pdf: no report format has the suffix .pdf.\n"
        "Expected one of .jsonl, .csv, .xlsx, .parquet, .html, or a folder for all of them.\n"
        "Name the file after the format, for example --out out.xlsx."
    )


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    open_report(tmp_path / "missing" / "out.jsonl").abandon()

    assert (tmp_path / "missing").is_dir()


def test_a_folder_that_cannot_be_made_is_told_in_three_parts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(OutputError) as caught:
        open_report(tmp_path / "file" / "out.jsonl")

    assert str(caught.value) == (
        f"{tmp_path}/file/out.jsonl: the report cannot be written (File exists).\n"
        "Expected a folder that exists, with room and the right to write.\n"
        "Choose another place with --out, or free some space and run it again."
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".xlsx", ".parquet", ".html"])
def test_a_folder_under_the_name_of_a_report_is_refused_before_anything_is_read(
    tmp_path: Path, suffix: str
) -> None:
    (tmp_path / f"out{suffix}").mkdir()

    with pytest.raises(OutputError, match="this is a folder"):
        open_report(tmp_path / f"out{suffix}")


def test_a_case_holds_every_format(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    case.add(flagged())
    case.add_unread(Unread("chats/export.txt", "line 9", "no message starts here"))
    case.finish(RUN)

    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == [
        "findings.csv",
        "findings.jsonl",
        "findings.parquet",
        "findings.xlsx",
        "report.html",
    ]


def test_an_abandoned_case_holds_nothing_under_a_final_name(tmp_path: Path) -> None:
    case = open_case(tmp_path)
    case.add(flagged())
    case.abandon()

    assert {path.suffix for path in tmp_path.iterdir()} == {".partial"}


def test_the_run_record_says_of_each_file_whether_its_counts_add_up(tmp_path: Path) -> None:
    short = replace(FILE, units=13)

    write_run(replace(RUN, files=(FILE, short)), tmp_path / "run.json")

    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert [file["adds_up"] for file in record["files"]] == [True, False]
    assert record["command"] == ["detector", "scan", "chats/", "--out", "case 1"]
    assert record["operating_point"] == "balanced"


def test_the_unread_log_tells_where_and_why_to_a_file_or_a_stream(tmp_path: Path) -> None:
    unread = Unread("chats/export.txt", "line 9", "no message starts here")
    stream = io.StringIO()

    for log in (UnreadLog(tmp_path / "unread.jsonl"), UnreadLog(stream)):
        log.add(unread)
        log.finish()

    assert (tmp_path / "unread.jsonl").read_text(encoding="utf-8") == stream.getvalue()
    assert json.loads(stream.getvalue()) == {
        "file": "chats/export.txt",
        "locator": "line 9",
        "reason": "no message starts here",
    }
