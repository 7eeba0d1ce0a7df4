"""A scan that was broken off goes on, and its reports are those of one that was not."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given

from detector.cli import BROKEN_OFF, FAILED, main
from detector.errors import OutputError
from detector.records import Finding, Run
from detector.report import finding_as_json
from detector.report.as_json import as_line
from detector.report.from_json import finding_from_json
from detector.report.json_lines import JsonLinesFile
from detector.report.xlsx import XlsxFile
from detector.resume import Earlier
from detector.scan import WINDOW_MESSAGES
from tests.report_examples import findings, flagged, in_context, quiet

TALK = (
    "صباح الخير",
    "شلونك اليوم",
    "صورك كلها عندي",
    "الله يخليك لا تنشر شي",
    "دزلي ٥٠٠ الف قبل المغرب",
    "والا اخوك يشوفها",
    "اوكي نلتقي باچر",
)
SIZE = WINDOW_MESSAGES + 200


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """More than a window of messages of one thread."""
    path = tmp_path / "chat.jsonl"
    said = (TALK[at] if at < len(TALK) else "اوكي" for at in (number % 200 for number in range(SIZE)))
    rows = ({"text": text, "thread": "t", "sender": "ab"["الله" in text]} for text in said)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `detector scan` in a folder; `end` breaks it off after so many messages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os._exit", lambda status: (_ for _ in ()).throw(SystemExit(status)))
    add = JsonLinesFile.add

    def run(*options: str, end: int | None = None) -> Result:
        added = 0

        def counted(report: JsonLinesFile, finding: Finding) -> None:
            nonlocal added
            added += 1
            if end is not None and added > end:
                raise KeyboardInterrupt
            add(report, finding)

        monkeypatch.setattr(JsonLinesFile, "add", counted)
        return CliRunner().invoke(main, ["scan", "chat.jsonl", "--jobs", "1", *options])

    return run


def _report(folder: Path) -> dict[str, str]:
    names = ("findings.jsonl", "threads.jsonl", "unread.jsonl", "findings.csv")
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


def test_a_scan_that_goes_on_ends_as_one_that_was_not_broken_off(
    chat: Path, scan: Callable[..., Result]
) -> None:
    assert scan("--out", "whole/").exit_code == 0
    broken = scan("--out", "case/", end=SIZE - 10)
    assert broken.exit_code == BROKEN_OFF
    assert "--resume" in broken.output

    again = scan("--out", "case/", "--resume", end=20)  # broken off sooner: what was reached is not lost
    assert again.exit_code == BROKEN_OFF
    assert scan("--out", "case/", "--resume").exit_code == 0

    case = chat.parent / "case"
    assert _report(case) == _report(chat.parent / "whole")
    run, whole = (json.loads((chat.parent / one / "run.json").read_text()) for one in ("case", "whole"))
    assert run["verdicts"] == whole["verdicts"]
    assert run["files"] == whole["files"]
    assert any(f"first {WINDOW_MESSAGES} messages" in note for note in run["notes"])
    assert not [path.name for path in case.iterdir() if path.suffix in {".partial", ".earlier"}]


def test_an_input_that_changed_is_scored_anew(chat: Path, scan: Callable[..., Result]) -> None:
    scan("--out", "case/", end=SIZE - 10)
    rows = chat.read_text(encoding="utf-8").splitlines(keepends=True)
    chat.write_text("".join(rows[1:]), encoding="utf-8")

    assert scan("--out", "case/", "--resume").exit_code == 0
    assert scan("--out", "whole/").exit_code == 0

    assert _report(chat.parent / "case") == _report(chat.parent / "whole")
    assert "earlier scan" not in (chat.parent / "case" / "run.json").read_text(encoding="utf-8")


def test_other_settings_are_refused_and_nothing_is_lost(chat: Path, scan: Callable[..., Result]) -> None:
    scan("--out", "case/", end=SIZE - 10)
    before = (chat.parent / "case" / "findings.jsonl.partial").read_bytes()

    refused = scan("--out", "case/", "--resume", "--operating-point", "high-recall")

    assert refused.exit_code == FAILED
    assert "differs in operating_point, thresholds" in refused.output
    assert (chat.parent / "case" / "findings.jsonl.partial").read_bytes() == before


def test_what_was_set_aside_is_forgotten_by_a_scan_that_begins_anew(
    chat: Path, scan: Callable[..., Result]
) -> None:
    scan("--out", "case/", end=SIZE - 10)
    scan("--out", "case/", "--resume", end=20)  # leaves what the first one found set aside
    scan("--out", "case/", "--operating-point", "high-recall", end=20)

    assert scan("--out", "case/", "--resume", "--operating-point", "high-recall").exit_code == 0
    assert scan("--out", "whole/", "--operating-point", "high-recall").exit_code == 0
    assert _report(chat.parent / "case") == _report(chat.parent / "whole")


def test_a_scan_whose_workbook_cannot_be_finished_goes_on(
    chat: Path, scan: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(XlsxFile, "finish", _disk_full)
        assert scan("--out", "case/").exit_code == FAILED

    assert scan("--out", "case/", "--resume").exit_code == 0
    run = json.loads((chat.parent / "case" / "run.json").read_text(encoding="utf-8"))
    assert any(f"first {SIZE} messages" in note for note in run["notes"])


def _disk_full(report: XlsxFile, run: Run) -> None:
    raise OutputError("findings.xlsx: no space left.\nExpected room.\nMake some.")


@pytest.mark.usefixtures("chat")
@pytest.mark.parametrize("options", [(), ("--out", "a.csv"), ("--out", "a/", "--only-flagged")])
def test_where_nothing_whole_is_kept_resume_is_refused(
    scan: Callable[..., Result], options: tuple[str, ...]
) -> None:
    refused = scan(*options, "--resume")

    assert refused.exit_code == FAILED
    assert ".jsonl" in refused.output


def test_without_an_earlier_scan_resume_begins(chat: Path, scan: Callable[..., Result]) -> None:
    chat.write_text(json.dumps({"text": "هلا"}) + "\n", encoding="utf-8")

    assert scan("--out", "case.jsonl", "--resume").exit_code == 0
    assert (chat.parent / "case.jsonl").exists()


@given(findings())
def test_a_finding_comes_back_from_its_json(finding: Finding) -> None:
    line = as_line(finding_as_json(finding))

    assert finding_from_json(json.loads(line), finding.message) == finding


def test_a_finding_of_another_message_does_not_come_back() -> None:
    record = finding_as_json(flagged())

    assert finding_from_json(record, replace(flagged().message, text="غيره")) is None
    assert finding_from_json(record, replace(flagged().message, source=None)) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"id": 1}', "\ud800"])
def test_a_window_that_is_not_whole_is_not_taken(broken: str) -> None:
    window = [quiet().message, in_context().message]
    lines = [as_line(finding_as_json(quiet())), broken]

    earlier = Earlier(lines)

    assert earlier.of(window) is None
    assert earlier.of(window[:1]) is None
    assert earlier.reused == 0
