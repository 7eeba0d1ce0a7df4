"""The command line as people call it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parent / "exports" / "demo"
MORE = [
    '{"id": "a", "text": "صباح الخير شلونكم"}',
    "{broken",
    '{"id": "a", "text": "حولي ٥٠٠ دولار والا صورك توصل لاهلك"}',
]


def _run(*arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "detector.cli", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, encoding="utf-8")


def test_findings_go_to_standard_output_one_a_line() -> None:
    done = _run("scan", "-", stdin='{"text": "هلا"}\n{"text": "شلونك"}\n')

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [finding["text"] for finding in findings] == ["هلا", "شلونك"]
    assert set(findings[0]["scores"]) == {"extortion", "threat", "demand", "leverage", "victim"}


def test_a_bad_line_is_told_and_the_rest_is_scored() -> None:
    done = _run("scan", "-", "--quiet", stdin="\n".join(MORE))

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    (unread,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert [finding["id"] for finding in findings] == ["a", "a#2"]
    assert unread["locator"] == "line 2"
    assert "broken" not in done.stderr


def test_a_directory_gets_every_report_with_the_run_and_the_unread(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text("\n".join(MORE), encoding="utf-8")
    case = tmp_path / "case"

    done = _run("scan", str(tmp_path / "chat.jsonl"), "--out", str(case))

    assert done.returncode == 1
    assert sorted(path.name for path in case.iterdir()) == [
        "findings.csv",
        "findings.jsonl",
        "findings.parquet",
        "findings.xlsx",
        "report.html",
        "run.json",
        "threads.jsonl",
        "unread.jsonl",
    ]
    assert f"Report: {case / 'report.html'}" in done.stderr


def test_the_run_record_says_what_was_read_and_with_what(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text("\n".join(MORE), encoding="utf-8")

    _run("scan", str(tmp_path / "chat.jsonl"), "--out", str(tmp_path / "out" / "x.csv"))

    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    (count,) = run["files"]
    assert count["adds_up"] is True
    assert (count["unit"], count["units"], count["unread"]) == ("lines", 3, 1)
    assert count["messages"]["text"] == 2
    assert len(run["model_files"]["model.onnx"]) == 64
    assert run["operating_point"] == "balanced"
    assert any("#2" in note for note in run["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "no-such-file"], "no-such-file"),
        (["scan", "-", "--tz", "Asia/Nowhere"], "Asia/Nowhere"),
        (["scan", "-", "--out", "x.docx"], "x.docx"),
        (["scan", "-", "--map", "a=b"], "FIELD one of"),
        (["explain", "هلا", "--model", "no-such-model"], "there is no manifest.json"),
        (["scan", "-", "--operating-point", "loose"], "high-recall"),
    ],
)
def test_what_cannot_start_says_why_and_exits_with_2(arguments: list[str], said: str) -> None:
    done = _run(*arguments, stdin='{"text": "هلا"}\n')

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_only_flagged_leaves_the_others_out() -> None:
    done = _run("scan", str(DEMO / "moderation_queue.csv"), "--only-flagged")

    verdicts = {json.loads(line)["verdict"] for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert verdicts <= {"extortion", "victim"}
    assert "extortion" in verdicts


def test_explain_shows_verdict_scores_and_phrases() -> None:
    done = _run("explain", "حولي ٥٠٠ دولار والا صورك توصل لاهلك")

    assert done.returncode == 0
    assert done.stdout.startswith("verdict    extortion")
    assert done.stdout.count("threshold") == 5
    assert any(line.startswith(("threat ", "demand ")) and "(" in line for line in done.stdout.splitlines())


@pytest.mark.parametrize("arguments", [("explain", " "), ("explain", "-")])
def test_explain_asks_for_a_text(arguments: tuple[str, str]) -> None:
    done = _run(*arguments, stdin="\n")

    assert done.returncode == 2
    assert done.stderr == (
        "detector explain: there is no text.\n"
        "Expected a message.\n"
        "Give it between quotation marks, or on standard input with -.\n"
    )


def test_explain_as_json_is_a_finding() -> None:
    done = _run("explain", "--json", "-", stdin="هلا\n")

    assert json.loads(done.stdout)["text"] == "هلا"


def test_the_models_are_listed_and_verified() -> None:
    listed = _run("models")
    folder = listed.stdout.splitlines()[0].split("  ")[-1]

    verified = _run("models", "verify", folder)

    assert "f1" in listed.stdout
    assert verified.returncode == 0
    assert "every file is as the manifest says" in verified.stdout


@pytest.mark.parametrize("command", [[], ["scan"], ["explain"], ["serve"], ["models"]])
def test_every_command_has_help_that_begins_with_a_verb(command: list[str]) -> None:
    done = _run(*command, "--help")

    sentence = done.stdout.split("\n\n")[1].strip()
    assert done.returncode == 0
    assert sentence.split()[0] in {"Find", "Scan", "Explain", "Serve", "List"}


def test_the_field_needs_no_training_library() -> None:
    code = (
        "import sys, detector.cli;"
        "print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
