"""`detector scan --engine ray`: what can be shared out among machines, checked before a cluster is asked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from detector.bulk.scorer import BatchScorer
from detector.bulk.table_files import find_tables, no_place, place_of
from detector.detect import Detector
from detector.errors import InputError
from detector.read import Format, ReadOptions
from detector.scan import DISTRIBUTION

if TYPE_CHECKING:
    from detector.bulk.ray_run import Counts


def scan_tables(
    paths: Sequence[str],
    out: str | None,
    options: ReadOptions,
    scorer: BatchScorer,
    *,
    quiet: bool,
) -> "Counts":
    """Scan tables on a Ray cluster into a folder, and count what was written.

    Raises:
        InputError: Ray is not installed, or an input or option is for one machine only.
        OutputError: The folder cannot be used.
        ModelError: The model cannot be loaded.
    """
    try:
        from detector.bulk import ray_run, table_rows  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as error:
        raise InputError(
            f"detector scan --engine ray: the package {error.name} is not installed.\n"
            "Expected the extra that scans on a cluster.\n"
            f"Install it on every machine: pip install '{DISTRIBUTION}[ray]'"
        ) from None
    if out is None:
        raise no_place("standard output", "the findings of a cluster go to a folder")
    tables = find_tables(paths, options.format)
    if tables.format is Format.PARQUET:
        _check_unused(options)
    text = table_rows.text_column(tables, options)
    manifest = Detector.load(scorer.model, operating_point=scorer.operating_point, jobs=1).manifest
    scorer = replace(scorer, text=text, version=manifest.version)
    return ray_run.scan_on_ray(ray_run.Task(tables, options, scorer, manifest), place_of(out), quiet=quiet)


def _check_unused(options: ReadOptions) -> None:
    """Nothing, if no option is given that columns which stay as they are have no use for.

    Raises:
        InputError: One is.
    """
    given = [
        name for name, value in {"--tz": options.tz, "--date-order": options.date_order}.items() if value
    ]
    given += [f"--map {name}={field}" for name, field in options.columns.items() if field != "text"]
    if given:
        raise InputError(
            f"{', '.join(given)}: not used for Parquet, whose columns stay as they are with --engine ray.\n"
            "Expected no more than the column of the texts: --map COLUMN=text.\n"
            "Leave it out, or scan on one machine: --engine local."
        )
