"""Findings as Parquet: typed columns for analysis in bulk, the same names as in JSON Lines."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from detector.records import Finding, Label, Run, ThreadFinding, Unread
from detector.report.as_json import finding_as_json, has_surrogate
from detector.report.partial import partial_path, writing_to

ROWS_AT_ONCE = 1_024
"""Rows that are kept as Python's objects, which need far more room than Arrow's."""
PARTS_PER_GROUP = 8
"""Times so many rows that make a group; of each the writer remembers 33 kB until the file is closed."""
CHARACTERS_PER_GROUP = 8_000_000

LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
SURROGATE_WARNING = "lone surrogates shown as U+FFFD; findings.jsonl has them verbatim"


class ParquetFile:
    """Writes row groups as they fill. Text is verbatim but for lone surrogates, told in `warnings`.

    Needs memory for one row group, and for what the writer remembers of those before.
    """

    def __init__(self, path: Path, rows_at_once: int = ROWS_AT_ONCE) -> None:
        from pyarrow import parquet  # noqa: PLC0415 - takes a while to import; a run without Parquet does not pay

        self.path = path
        self._partial = partial_path(path)
        self._schema = schema()
        self._rows: list[dict[str, object]] = []
        self._characters = 0
        self._rows_at_once = rows_at_once
        self._parts: list[Any] = []
        with writing_to(path):
            self._writer = parquet.ParquetWriter(self._partial, self._schema, compression="zstd")

    def add(self, finding: Finding) -> None:
        """Keep one row; write the group when it is full."""
        self._rows.append(row(finding))
        self._characters += len(finding.message.text)
        if len(self._rows) >= self._rows_at_once:
            self._pack()
        if len(self._parts) >= PARTS_PER_GROUP or self._characters >= CHARACTERS_PER_GROUP:
            self._write_group()

    def add_unread(self, unread: Unread) -> None:
        """Nothing: what could not be read goes to `unread.jsonl`."""

    def add_thread(self, finding: ThreadFinding) -> None:
        """Nothing: what a thread adds up to goes to `threads.jsonl`."""

    def finish(self, run: Run) -> None:
        """Write the last group, close the file and give it its name."""
        self._write_group()
        with writing_to(self.path):
            self._writer.close()
            self._partial.replace(self.path)

    def abandon(self) -> None:
        """Close the file, unfinished."""
        with suppress(OSError):
            self._writer.close()

    def _pack(self) -> None:
        """Turn the rows into a part of the next group."""
        import pyarrow as pa  # noqa: PLC0415 - see above

        if self._rows:
            self._parts.append(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def _write_group(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - see above

        self._pack()
        if self._parts:
            with writing_to(self.path):
                group = pa.concat_tables(self._parts)
                self._writer.write_table(group, row_group_size=len(group))
        self._parts = []
        self._characters = 0


def row(finding: Finding) -> dict[str, object]:
    """The JSON form with every column there is, and no text that UTF-8 cannot carry."""
    record = finding_as_json(finding)
    full = {
        "attachment": None,
        "edited": False,
        "reply_to": None,
        "direction": None,
        "read_with": [],
        "screened": False,
        **record,
        "warnings": [],
    }
    if not _broken(full):
        return full
    sound = _replace_surrogates(full)
    assert isinstance(sound, dict)
    sound["warnings"] = [SURROGATE_WARNING]
    return sound


def _broken(record: dict[str, object]) -> bool:
    """Whether a text of a row has lone surrogates; phrases and details are parts of these texts."""
    source, read_with = record["source"], record["read_with"]
    values = (*record.values(), *(source.values() if isinstance(source, dict) else ()))
    ids = read_with if isinstance(read_with, list) else ()
    return has_surrogate("".join(value for value in (*values, *ids) if isinstance(value, str)))


def _replace_surrogates(value: object) -> object:
    """The same value with U+FFFD for each lone surrogate in any of its texts."""
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {name: _replace_surrogates(item) for name, item in value.items()}
    return value


def schema() -> Any:
    """The columns: texts as strings (`sent_at` as in JSON), scores as float64, spans as a list of structs."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    scores = pa.struct([(label.value, pa.float64()) for label in Label])
    span = [("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())]
    source = [(name, pa.string()) for name in ("file", "sha256", "locator")]
    return pa.schema(
        [
            *((name, pa.string()) for name in ("id", "thread", "sender", "sent_at", "kind", "text")),
            ("scores", scores),
            ("context_scores", scores),
            ("flags", pa.list_(pa.string())),
            ("verdict", pa.string()),
            ("spans", pa.list_(pa.struct(span))),
            ("details", pa.list_(pa.struct([*span, ("value", pa.string())]))),
            ("attachment", pa.string()),
            ("edited", pa.bool_()),
            ("reply_to", pa.string()),
            ("direction", pa.string()),
            ("read_with", pa.list_(pa.string())),
            ("screened", pa.bool_()),
            ("source", pa.struct([*source, ("warnings", pa.list_(pa.string()))])),
            ("warnings", pa.list_(pa.string())),
        ]
    )
