"""The command line as people call it: in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT

import pytest

from detector import Detector, Finding
from detector.output import Output

DEMO = Path(__file__).parent / "exports" / "demo"
MORE = [
    '{"id": "a", "text": "صباح الخير شلونكم"}',
    "{broken",
    '{"id": "a", "text": "حولي ٥٠٠ دولار والا صورك توصل لاهلك"}',
]
COMMAND = [sys.executable, "-m", "detector.cli"]
HEARS_CTRL_C = """
from signal import SIGINT, default_int_handler, signal
signal(SIGINT, default_int_handler)  # it is deaf to it where the tests run in the background
from detector.cli import main
main()
"""
STILL_READING = """
from threading import Event, Thread
from detector.cli import BROKEN_SCAN, _errors_told
with _errors_told(BROKEN_SCAN, wait=False):
    Thread(target=Event().wait).start()
    raise KeyboardInterrupt
"""
LITTLE_ROOM = """
from resource import RLIMIT_FSIZE, setrlimit
setrlimit(RLIMIT_FSIZE, (200_000, 200_000))  # as on a full disk, a file can grow no further
from detector.cli import main
main()
"""
FULL = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")


def _run(
    *arguments: str, stdin: str | None = None, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | (environment or {}),
    )


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A file whose findings are far more than a pipe holds."""
    path = tmp_path / "long.jsonl"
    path.write_text('{"text": "هلا"}\n' * 2000, encoding="utf-8")
    return path


def _started(command: list[str], path: Path) -> "subprocess.Popen[str]":
    """A scan to a pipe that nobody empties, once it has begun to write: it cannot finish."""
    begun = subprocess.Popen(
        [*command, "scan", str(path), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert begun.stdout is not None
    begun.stdout.readline()
    return begun


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


def test_a_scan_that_ctrl_c_breaks_off_says_so_and_exits_with_130(long: Path) -> None:
    begun = _started([sys.executable, "-c", HEARS_CTRL_C], long)

    begun.send_signal(SIGINT)
    _, told = begun.communicate()

    assert told == "Broken off; nothing unfinished was left under a final name.\n"
    assert begun.returncode == 130


def test_a_reader_that_has_enough_ends_the_scan_quietly_with_141(long: Path) -> None:
    begun = _started(COMMAND, long)
    assert begun.stdout is not None
    assert begun.stderr is not None

    begun.stdout.close()
    with begun.stderr:
        told = begun.stderr.read()

    assert told == ""
    assert begun.wait() == 141


def test_ctrl_c_does_not_wait_for_a_thread_that_is_still_reading() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STILL_READING], capture_output=True, check=False, encoding="utf-8", timeout=60
    )

    assert done.stderr == "Broken off; nothing unfinished was left under a final name.\n"
    assert done.returncode == 130


@pytest.mark.parametrize("out", ["queue.jsonl", "case"])
def test_what_is_read_is_never_written_over(tmp_path: Path, out: str) -> None:
    queue = tmp_path / "queue.jsonl"
    queue.write_text('{"text": "هلا"}\n', encoding="utf-8")
    earlier = tmp_path / "case" / "findings.csv.partial"
    earlier.parent.mkdir()
    earlier.write_text("text\nهلا\n", encoding="utf-8")
    named = {"queue.jsonl": queue, "case": earlier}[out]

    done = _run("scan", str(tmp_path), "--out", str(tmp_path / out))

    assert done.stderr == (
        f"{named}: this file is among the inputs and would be written over.\n"
        "Expected a report that replaces nothing that is read.\n"
        "Choose another place with --out, or move an earlier report out of the inputs.\n"
    )
    assert done.returncode == 2
    assert queue.read_text(encoding="utf-8") == '{"text": "هلا"}\n'


def test_a_slash_at_its_end_says_that_an_output_is_a_folder(tmp_path: Path) -> None:
    done = _run("scan", "-", "--out", f"{tmp_path}/case.2024/", stdin='{"text": "هلا"}\n')

    assert done.returncode == 0
    assert (tmp_path / "case.2024" / "report.html").exists()


@needs_full_disk
@pytest.mark.parametrize("arguments", [("scan", "-"), ("explain", "هلا"), ("explain", "--json", "هلا")])
def test_a_full_disk_behind_standard_output_is_told_in_three_parts(arguments: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input='{"text": "هلا"}\n',
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            encoding="utf-8",
        )

    assert done.stderr == (
        "standard output: it cannot be written (No space left on device).\n"
        "Expected room for what is printed.\n"
        "Free some space or print to another place, and run it again.\n"
    )
    assert done.returncode == 2


@needs_full_disk
def test_a_full_disk_behind_standard_error_is_no_unreadable_input() -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, "scan", "-", "--quiet"],
            input="{broken",
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            encoding="utf-8",
        )

    assert done.returncode == 2


def test_a_scan_without_a_place_for_its_findings_does_not_start() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "scan", "-"],
        input='{"text": "هلا"}\n',
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert done.stderr == (
        "standard output: it is closed.\n"
        "Expected a place for the findings.\n"
        "Name a file or folder with --out, or leave standard output open.\n"
    )
    assert done.returncode == 2


def test_a_case_without_room_tells_what_came_first_and_has_no_final_names(long: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"

    done = subprocess.run(
        [sys.executable, "-c", LITTLE_ROOM, "scan", str(long), "--out", str(case), "--quiet"],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert done.stderr == (
        f"{case / 'findings.xlsx'}: the report cannot be written (File too large).\n"
        "Expected a folder that exists, with room and the right to write.\n"
        "Choose another place with --out, or free some space and run it again.\n"
    )
    assert done.returncode == 2
    assert {path.suffix for path in case.iterdir()} == {".partial"}


def test_a_case_that_ctrl_c_breaks_off_has_no_final_names(tmp_path: Path, detector: Detector) -> None:
    output = Output(tmp_path, only_flagged=False)

    def broken_off() -> Iterator[Finding]:
        yield from detector.scan_texts(["هلا"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        output.write(broken_off(), detector.scan([]), [])

    assert {path.suffix for path in tmp_path.iterdir()} == {".partial"}


def test_the_help_of_a_scan_tells_every_exit_status() -> None:
    told = " ".join(_run("scan", "--help").stdout.split())

    assert "Exit status: 0 finished, 1 finished with some input unreadable (listed), 2 could not" in told
    assert "130 broken off with Ctrl-C, 141 standard output was closed by its reader" in told


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


@pytest.mark.parametrize("arguments", [("explain", "حولي ٥٠٠ دولار والا انشر صورك"), ("explain", "--help")])
def test_explain_writes_utf_8_whatever_the_locale(arguments: tuple[str, str]) -> None:
    done = _run(*arguments, environment={"PYTHONIOENCODING": "cp1252"})

    assert done.stderr == ""
    assert "حولي ٥٠٠ دولار" in done.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("scan", "لا-شيء")])
def test_help_and_errors_are_utf_8_whatever_the_locale(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments, environment={"PYTHONIOENCODING": "cp1252"})

    assert "Traceback" not in done.stderr
    assert {"--help": "ادفع والا انشر صورك", "scan": "لا-شيء"}[arguments[0]] in done.stdout + done.stderr


def test_a_text_that_begins_with_a_dash_is_explained_as_the_help_shows() -> None:
    shown = 'detector explain -- "--5000 دولار"'

    done = _run("explain", "--", "--5000 دولار")

    assert shown in _run("explain", "--help").stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("كلام " * 5000, "only the first 20000 characters were scored"),
        ("请把钱给我", "mostly in a script that the model has not learnt: its scores mean nothing"),
    ],
)
def test_explain_warns_of_scores_that_say_little(text: str, warning: str) -> None:
    done = _run("explain", "-", stdin=text)

    assert f"\nwarning    {warning}\n" in done.stdout


@pytest.mark.parametrize(("text", "place"), [("-", "standard input"), ("حولي".encode("cp1256"), "the text")])
def test_explain_refuses_bytes_that_are_no_utf_8(text: str | bytes, place: str) -> None:
    done = subprocess.run(
        [*COMMAND, "explain", text],
        input="حولي".encode("cp1256"),
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"},
    )

    assert done.stderr.decode() == (
        f"detector explain: {place} is not in UTF-8.\n"
        "Expected a message in UTF-8.\n"
        "Convert it first, for example: iconv -f WINDOWS-1256 -t UTF-8 message.txt | detector explain -\n"
    )
    assert done.returncode == 2


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
