"""`detector scan --engine ray` on a cluster of two processors: the same scores, and nothing lost or told."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import fs, parquet

from detector import BatchScorer, Detector, Finding, InputError, OutputError
from detector.bulk.command import scan_tables
from detector.bulk.table_rows import message_rows
from detector.read import Format, ReadOptions

DEMO = Path(__file__).parent / "exports" / "demo"
UNSAID = "سر_لا_يطبع"
CLUSTER = """
import ray, sys
ray.init(num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A finished scan: its input, its output folder, its rows by place, all that it said."""

    table: Path
    out: Path
    rows: dict[str, dict[str, Any]]
    said: str
    status: int


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The environment of a command that joins a small cluster, which runs in a process of its own."""
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    quiet |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    quiet.pop("RAY_ADDRESS", None)
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=quiet,
    ) as cluster:
        assert cluster.stdout is not None
        yield quiet | {"RAY_ADDRESS": cluster.stdout.readline().strip()}
        cluster.communicate("")


def _command(table: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "detector.cli",
        "scan",
        str(table),
        "--engine",
        "ray",
        "--out",
        str(out),
        *more,
    ]


def _run(command: list[str], environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, check=False, encoding="utf-8", env=environment
    )


def _written(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(out / "findings").to_pylist()
    return rows


@pytest.fixture(scope="module")
def scanned(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """A scan of the demo queue as JSON Lines, some lines unreadable, in a folder with an Arabic name."""
    folder = tmp_path_factory.mktemp("jsonl") / "رسائل هنا"
    folder.mkdir()
    table = folder / "queue.jsonl"
    texts = [one.message.text for one in Detector.load(jobs=1).scan(DEMO / "moderation_queue.csv")]
    lines = [json.dumps({"text": text, "sender": "x"}, ensure_ascii=False) for text in texts]
    bad = ["{" + UNSAID, '{"text": null}', "", '{"text": ["' + UNSAID + '"]}']
    other = [
        '{"text": 12}',
        '{"text": "2024-03-12"}',
        '{"text": "", "kind": "media"}',
        '{"text": "\\ud83d هلا"}',
    ]
    table.write_text("\n".join([*lines, *bad, *other]) + "\n", encoding="utf-8")
    done = _run(_command(folder, folder.parent / "out"), environment)
    rows = {row["source"]: row for row in _written(folder.parent / "out")}
    return Scanned(table, folder.parent / "out", rows, done.stdout + done.stderr, done.returncode)


@pytest.fixture(scope="module")
def local(scanned: Scanned, detector: Detector) -> dict[str, Finding]:
    """The findings of a local scan of the same file, by place."""
    findings = detector.scan(scanned.table)
    return {f"{scanned.table}:{one.message.source.locator}": one for one in findings if one.message.source}


def test_every_message_has_the_scores_of_a_local_scan(scanned: Scanned, local: dict[str, Finding]) -> None:
    assert len(local) > 30
    for place, finding in local.items():
        row = scanned.rows[place]
        if finding.scores:
            scores = finding.scores.as_dict()
            assert {name: row[name] for name in scores} == pytest.approx(scores, abs=1e-6)
            assert row["verdict"] == finding.verdict.value
        assert row["flags"] == [flag.value for flag in finding.flags]
        spans = [{"start": one.start, "end": one.end, "label": one.label.value} for one in finding.spans]
        assert row["spans"] == spans


def test_what_a_local_scan_cannot_read_is_a_row_that_says_why(
    scanned: Scanned, local: dict[str, Finding]
) -> None:
    unread = {place: row for place, row in scanned.rows.items() if place not in local}

    assert scanned.status == 1
    assert len(unread) == 4
    assert all(row["error"] and row["extortion"] is None and row["text"] is None for row in unread.values())
    assert all(row["error"] is None for place, row in scanned.rows.items() if place in local)


def test_no_text_is_printed_or_logged_for_a_bad_row(scanned: Scanned) -> None:
    assert UNSAID not in scanned.said
    assert "Traceback" not in scanned.said
    assert not [row for row in scanned.rows.values() if UNSAID in str(row)]


def test_the_run_record_counts_what_was_written(scanned: Scanned, detector: Detector) -> None:
    run = json.loads((scanned.out / "run.json").read_text(encoding="utf-8"))

    assert sorted(path.name for path in scanned.out.iterdir()) == ["findings", "run.json"]
    assert run["rows"] == len(scanned.rows)
    assert run["errors"] == 4
    assert run["flagged"] == sum(row["verdict"] in {"extortion", "victim"} for row in scanned.rows.values())
    assert run["model_files"] == dict(detector.manifest.files)
    assert run["settings"]["engine"] == "ray"
    assert run["files"] == [{"path": str(scanned.table), "size": scanned.table.stat().st_size}]
    assert run["started_at"] <= run["ended_at"]


def test_a_finished_run_is_not_written_over(scanned: Scanned) -> None:
    with pytest.raises(OutputError) as told:
        scan_tables([str(scanned.table)], str(scanned.out), ReadOptions(), BatchScorer(), quiet=True)

    assert str(told.value) == (
        f"{scanned.out}: it holds a finished run.\n"
        "Expected a folder for --out that is new, or holds the beginning of this very run.\n"
        "Choose another folder, or remove what lies in this one."
    )


def test_a_run_that_was_killed_goes_on_where_it_was(environment: dict[str, str], tmp_path: Path) -> None:
    table, out = tmp_path / "table", tmp_path / "out"
    table.mkdir()
    for part in range(8):
        texts = [f"رسالة {number} من الجزء {part} الى الاهل" for number in range(100)]
        parquet.write_table(pa.table({"الرسالة": texts, "unread": range(100)}), table / f"{part}.parquet")
    command = _command(table, out, "--quiet")

    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as first:
        while first.poll() is None and not _committed(out):
            with suppress(subprocess.TimeoutExpired):
                first.wait(0.05)
        first.send_signal(signal.SIGKILL)
    kept = {path: path.stat().st_mtime_ns for path in _committed(out)}
    unfinished = not (out / "run.json").exists()
    done = _run(command, environment)

    rows = _written(out)
    assert unfinished
    assert kept
    assert done.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(rows) == len({row["source"] for row in rows}) == 800
    assert all(f"رسالة {row['unread']} من" in row["الرسالة"] and row["extortion"] is not None for row in rows)
    assert sorted(path.name for path in out.iterdir()) == ["findings", "run.json"]


def _committed(out: Path) -> list[Path]:
    """Files of findings whose rows are recorded as written."""
    recorded = [path.stem for path in (out / "checkpoint").glob("*.parquet") if ".pending" not in path.name]
    return [path for stem in recorded for path in (out / "findings").glob(f"{stem}*")]


@pytest.mark.parametrize(
    ("name", "declared", "said"),
    [
        ("-", None, "-: standard input cannot be shared out among machines."),
        ("WhatsApp.zip", None, "WhatsApp.zip: with the suffix .zip, this is no table."),
        ("a.parquet", Format.TELEGRAM, "--format telegram: this is no table but telegram."),
    ],
)
def test_what_one_machine_must_read_is_refused(
    name: str, declared: Format | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("WhatsApp.zip").write_bytes(b"PK\x03\x04")

    with pytest.raises(InputError) as told:
        scan_tables([name], "out", ReadOptions(declared), BatchScorer(), quiet=True)

    assert str(told.value).removeprefix(f"{tmp_path}/") == (
        f"{said}\n"
        "Expected .parquet, .jsonl, .ndjson, .csv, .tsv, .tab for --engine ray.\n"
        "Scan chat exports, workbooks, zips and standard input on one machine: --engine local."
    )


def test_rows_of_a_table_as_text_are_the_messages_of_a_local_scan(detector: Detector) -> None:
    table = DEMO / "moderation_queue.csv"
    messages = [one.message for one in detector.scan(table)]

    with fs.LocalFileSystem().open_input_file(str(table)) as stream:
        rows = [
            row
            for part in message_rows(stream, str(table), Format.CSV, ReadOptions())
            for row in part.to_pylist()
        ]

    for name in ("id", "thread", "sender", "sent_at", "text"):
        assert [row[name] for row in rows] == [getattr(message, name) for message in messages]


def test_half_of_a_broken_emoji_is_replaced_since_arrow_cannot_carry_it() -> None:
    line = b'{"text": "\\ud83d \\ud83d\\ude02"}\n'

    (rows,) = message_rows(pa.BufferReader(line), "a.jsonl", Format.JSON_LINES, ReadOptions())

    assert rows["text"].to_pylist() == ["\N{REPLACEMENT CHARACTER} 😂"]


def test_options_that_parquet_has_no_use_for_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["هلا"]}), table)
    options = ReadOptions(tz="Asia/Baghdad", columns={"n": "id"})

    with pytest.raises(InputError) as told:
        scan_tables([str(table)], str(tmp_path / "out"), options, BatchScorer(), quiet=True)

    assert str(told.value) == (
        "--tz, --map n=id: not used for Parquet, whose columns stay as they are with --engine ray.\n"
        "Expected no more than the column of the texts: --map COLUMN=text.\n"
        "Leave it out, or scan on one machine: --engine local."
    )


def test_findings_are_not_scored_over(tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["هلا"], "verdict": ["none"]}), table)

    with pytest.raises(InputError) as told:
        scan_tables([str(table)], str(tmp_path / "out"), ReadOptions(), BatchScorer(), quiet=True)

    assert str(told.value) == (
        f"{table}: there already is verdict.\n"
        "Expected none of the columns that the findings add, since nothing is overwritten.\n"
        "Drop or rename them."
    )


def test_tables_of_several_formats_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text("{}\n", encoding="utf-8")
    (tmp_path / "_SUCCESS").touch()

    with pytest.raises(InputError) as told:
        scan_tables([str(tmp_path)], str(tmp_path / "out"), ReadOptions(), BatchScorer(), quiet=True)

    assert str(told.value) == (
        f"{tmp_path}: files of several kinds or places.\n"
        "Expected tables of one format (Parquet, JSON Lines or CSV) on one file system.\n"
        "Scan each kind by itself, with an --out of its own."
    )


def test_without_ray_it_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['ray'] = None; from detector.cli import main; main()"
    arguments = [
        "scan",
        str(DEMO / "moderation_queue.csv"),
        "--engine",
        "ray",
        "--out",
        str(tmp_path / "out"),
    ]

    done = _run([sys.executable, "-c", code, *arguments])

    assert done.returncode == 2
    assert done.stderr == (
        "detector scan --engine ray: the package ray is not installed.\n"
        "Expected the extra that scans on a cluster.\n"
        "Install it on every machine: pip install 'extortion-detector[ray]'\n"
    )
