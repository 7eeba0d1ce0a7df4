"""A scan on a Ray cluster: tables in, Parquet out, going on where an earlier attempt ended.

The output folder holds `findings/` (Parquet, one row for each row read) and `run.json`; while the run is
unfinished, `run.json.partial` (what it is) and `checkpoint/` (Ray Data's record of the rows written).
"""

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
from pyarrow import compute, dataset, fs
from ray.data import ActorPoolStrategy, DataContext
from ray.data.checkpoint import CheckpointConfig
from ray.exceptions import RayError, RayTaskError

from detector.bulk.scorer import BatchScorer
from detector.bulk.table_files import Place, Tables, no_place
from detector.bulk.table_rows import PLACE, UNREAD, TableRows
from detector.errors import DetectorError, InputError
from detector.manifest import Manifest
from detector.read import Format, ReadOptions
from detector.records import Kind, OperatingPoint, Verdict
from detector.report.partial import writing_to
from detector.scan import DISTRIBUTION, now

RECORD = "run.json"
UNFINISHED = "run.json.partial"
NOTES = (
    "Rows are in no order; `source` says where each stands.",
    "Messages were scored and flagged alone: a local scan alone judges them in context and tells of threads.",
)

BLOCK_BYTES = 4 << 20
"""Some 30,000 messages: what one process takes at a time, writes as one file, and can lose."""
READING_CPUS = 0.25
"""Reading and writing wait for disks and networks; they must not keep processors from scoring."""
OTHER_CPUS = 1 + 2 * READING_CPUS
"""What reading, writing and passing over rows already written take; without it a run stands still."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be scanned with what. Two attempts with equal tasks are one run."""

    tables: Tables
    options: ReadOptions
    scorer: BatchScorer
    manifest: Manifest

    def as_json(self) -> dict[str, object]:
        """The part of the run record that is known before it starts."""
        point, options = OperatingPoint(self.scorer.operating_point), self.options
        settings = {
            "engine": "ray",
            "ray": ray.__version__,
            "format": self.tables.format.value,
            "text": self.scorer.text,
            "tz": options.tz,
            "date_order": options.date_order,
            "columns": ", ".join(f"{name}={value}" for name, value in options.columns.items()) or None,
        }
        return {
            "tool": DISTRIBUTION,
            "version": version(DISTRIBUTION),
            "settings": settings,
            "model": f"{self.manifest.name} {self.manifest.version}",
            "model_files": dict(self.manifest.files),
            "operating_point": point.value,
            "thresholds": {label.value: value for label, value in self.manifest.thresholds[point].items()},
            "files": [asdict(file) for file in self.tables.files],
        }


@dataclass(frozen=True, slots=True)
class Counts:
    """What was written: rows in all, rows with an `error`, rows by verdict."""

    rows: int
    errors: int
    verdicts: Mapping[str, int]

    @property
    def flagged(self) -> int:
        """Rows with the verdict extortion or victim."""
        return self.verdicts[Verdict.EXTORTION.value] + self.verdicts[Verdict.VICTIM.value]

    @property
    def told(self) -> str:
        """The counts in a line."""
        found = ", ".join(f"{number} {verdict}" for verdict, number in self.verdicts.items())
        return f"{self.rows} rows by verdict: {found}; {self.errors} unread"


def scan_on_ray(task: Task, out: Place, *, quiet: bool = False) -> Counts:
    """Score every row, write the run, and count what was written.

    Args:
        task: What is to be scanned with what.
        out: The output folder, where every machine can write.
        quiet: Show no progress.

    Raises:
        OutputError: The folder holds a finished run, or the beginning of another.
        DetectorError: A machine has another model, or a table lacks its column.
    """
    begun = _begin(task, out)
    _connect()
    context = DataContext.get_current()
    context.enable_progress_bars = not quiet and sys.stderr.isatty()
    context.print_on_execution_start = False
    context.target_max_block_size = BLOCK_BYTES
    context.checkpoint_config = CheckpointConfig(
        PLACE,
        f"{out.path}/checkpoint",
        override_filesystem=out.filesystem,
        delete_checkpoint_on_success=False,  # the run is finished only when what it wrote was counted
    )
    try:
        _score(task, out)
    except RayTaskError as error:
        if ours := _ours(error):
            raise ours from None
        raise
    finally:
        context.checkpoint_config = None
    counts = _count(out)
    _finish(begun, counts, out)
    return counts


def _ours(error: BaseException | None) -> DetectorError | None:
    """The error of this package that Ray tells of, if it is one, without the advice that Ray adds."""
    while error is not None and (isinstance(error, RayError) or not isinstance(error, DetectorError)):
        error = getattr(error, "cause", None) or error.__cause__
    return type(error)("\n".join(str(error).splitlines()[:3])) if error else None


def _connect() -> None:
    """Join the cluster of `RAY_ADDRESS`, or start one on this machine; one that was joined before stays.

    Raises:
        InputError: The cluster cannot be joined.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS")
    own = {} if address else {"num_cpus": (os.cpu_count() or 1) + ceil(OTHER_CPUS)}
    try:
        ray.init(**own, include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING)
    except ConnectionError:
        raise InputError(
            f"the Ray cluster at {address}: it cannot be joined.\n"
            "Expected a running cluster of this version of Ray at RAY_ADDRESS.\n"
            "Check the address, and set RAY_AUTH_MODE=token if the cluster asks for a token."
        ) from None


def _score(task: Task, out: Place) -> None:
    free = ray.cluster_resources().get("CPU", 0) - OTHER_CPUS
    each = min(free, task.scorer.jobs)
    if each <= 0:
        raise InputError(
            f"the Ray cluster: {free + OTHER_CPUS:g} CPUs.\n"
            f"Expected more than {OTHER_CPUS:g}, since reading and writing need some too.\n"
            "Start it with more, or scan on one machine: --engine local."
        )
    rows = ray.data.read_datasource(
        TableRows(task.tables, task.options, task.scorer.text), num_cpus=READING_CPUS
    )
    scored = rows.map_batches(
        RowScorer,
        fn_constructor_args=[task.scorer, task.tables.format],
        batch_format="pyarrow",
        batch_size=None,
        compute=ActorPoolStrategy(min_size=1, max_size=int(free // each)),
        num_cpus=each,
    )
    scored.write_parquet(
        f"{out.path}/findings",
        filesystem=out.filesystem,
        compression="zstd",
        ray_remote_args={"num_cpus": READING_CPUS},
    )


class RowScorer:
    """Scores the rows of `TableRows`; an unread message's reason is its error, and media have none."""

    def __init__(self, scorer: BatchScorer, found: Format) -> None:
        self._scorer = scorer
        self._format = found

    def __call__(self, rows: Any) -> Any:
        """The rows with what the scorer adds."""
        if self._format is Format.PARQUET:
            return self._scorer(rows)
        is_text = compute.equal(rows.column("kind"), Kind.TEXT.value)
        texts = compute.if_else(is_text, rows.column("text"), pa.scalar(None, pa.string()))
        at = rows.schema.get_field_index("text")
        scored = self._scorer(rows.set_column(at, "text", texts).drop_columns([UNREAD]))
        scored = scored.set_column(at, "text", rows.column("text"))
        return scored.set_column(scored.schema.get_field_index("error"), "error", rows.column(UNREAD))


def _begin(task: Task, out: Place) -> dict[str, object]:
    """The beginning of the run record: written now, or found as an earlier attempt wrote it."""
    wanted: dict[str, object] = json.loads(json.dumps(task.as_json()))
    names = _names_in(out)
    if RECORD in names:
        raise no_place(out.path, "it holds a finished run")
    if UNFINISHED in names:
        with out.filesystem.open_input_file(f"{out.path}/{UNFINISHED}") as stream:
            begun: dict[str, object] = json.loads(stream.read())
        if {name: begun.get(name) for name in wanted} != wanted:
            raise no_place(out.path, "it holds the beginning of another run")
        return begun
    if names:
        raise no_place(out.path, "it is not empty")
    begun = {**wanted, "command": ["detector", *sys.argv[1:]], "started_at": now()}
    with writing_to(Path(out.path)):
        out.filesystem.create_dir(f"{out.path}/findings", recursive=True)
        _write(begun, f"{out.path}/{UNFINISHED}", out)
    return begun


def _names_in(out: Place) -> set[str]:
    """What lies in the output folder; nothing where there is none."""
    found = out.filesystem.get_file_info(fs.FileSelector(out.path, allow_not_found=True))
    return {info.base_name for info in found}


def _count(out: Place) -> Counts:
    """The rows of all files written, in this attempt and in those before."""
    written = dataset.dataset(f"{out.path}/findings", filesystem=out.filesystem, format="parquet")
    rows, errors, verdicts = 0, 0, Counter({verdict.value: 0 for verdict in Verdict})
    for file in written.get_fragments():
        for batch in file.to_batches(columns=["verdict", "error"]):
            rows += len(batch)
            errors += len(batch) - batch.column("error").null_count
            verdicts.update(batch.column("verdict").drop_null().to_pylist())
    return Counts(rows, errors, dict(verdicts))


def _finish(begun: Mapping[str, object], counts: Counts, out: Place) -> None:
    """Complete the run record, give it its name, then remove what only an unfinished run needs."""
    counted = {**asdict(counts), "flagged": counts.flagged}
    with writing_to(Path(out.path)):
        _write({**begun, "ended_at": now(), **counted, "notes": NOTES}, f"{out.path}/{UNFINISHED}", out)
        out.filesystem.move(f"{out.path}/{UNFINISHED}", f"{out.path}/{RECORD}")
        if "checkpoint" in _names_in(out):
            out.filesystem.delete_dir(f"{out.path}/checkpoint")


def _write(record: Mapping[str, object], path: str, out: Place) -> None:
    with out.filesystem.open_output_stream(path) as stream:
        stream.write((json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode())
