"""A columnar batch → the same batch with scores: what bulk engines call, many times, in many processes."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detect import Detector
from detector.errors import InputError, ModelError
from detector.judge import TRUNCATED
from detector.records import Finding, Label, Message, OperatingPoint

SCORES = tuple(label.value for label in Label)
NULL = "the text is null"

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class BatchScorer:
    """Scores batches of columns; made in one process, pickled, and used in others.

    A batch is a pyarrow Table or RecordBatch, a pandas DataFrame, or a mapping of names to numpy arrays or
    lists. The same kind comes back with all its columns and rows as they were, and these added:

    - `extortion`, `threat`, `demand`, `leverage`, `victim`: float32, what a local scan says, to 1e-6;
    - `verdict`: text; `flags`: list of texts, both of the message alone; `spans`: list of structs `start`,
      `end` (code points of the text), `label`;
    - `truncated`: whether only the text's first 20,000 characters were scored;
    - `error`: null, or why the row was not scored. Its scores and verdict are null then, its lists empty.

    The model is loaded with the first batch and never pickled: the model directory must exist, or the package
    be installed, wherever batches are scored.

    Attributes:
        model: A model directory; without it the default model of the installed package.
        operating_point: "balanced", "high-precision" or "high-recall".
        text: The column of the message texts.
        prefix: Put before the names of the added columns.
        jobs: Threads to score with. Bulk engines run one process a processor, hence one.
        version: The model's version that every process must find, so that no two models mix.

    Raises:
        ValueError: There is no such operating point.
    """

    model: str | None = None
    operating_point: str = OperatingPoint.BALANCED.value
    text: str = "text"
    prefix: str = ""
    jobs: int = 1
    version: str | None = None

    def __post_init__(self) -> None:
        OperatingPoint(self.operating_point)  # here, not in the first batch on another machine

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)

    @cached_property
    def detector(self) -> Detector:
        """The loaded model.

        Raises:
            ModelError: The directory is incomplete, altered, or not of the `version` asked for.
        """
        detector = Detector.load(self.model, operating_point=self.operating_point, jobs=self.jobs)
        if self.version not in (None, detector.manifest.version):
            raise ModelError(
                f"{self.model or 'the default model'}: version {detector.manifest.version} on this machine.\n"
                f"Expected version {self.version}, as where the run was started.\n"
                "Install the same package and model on every machine."
            )
        return detector

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the columns that are added, in their order."""
        names = (*SCORES, "verdict", "flags", "spans", "truncated", "error")
        return tuple(self.prefix + name for name in names)

    @property
    def spark_columns(self) -> str:
        """The added columns as Spark's DDL, to go behind those of the table that is scored."""
        span = "array<struct<start: bigint, end: bigint, label: string>>"
        types = ["float"] * len(SCORES) + ["string", "array<string>", span, "boolean", "string"]
        return ", ".join(f"`{name}` {kind}" for name, kind in zip(self.added, types, strict=True))

    def __call__(self, batch: Any) -> Any:
        """The batch with the added columns.

        Raises:
            InputError: The batch has no column of texts, has one that would be added, or is of no known kind.
            ModelError: The model cannot be loaded.
        """
        if not isinstance(batch, dict):
            batch = getattr(
                batch, "pa_table", batch
            )  # Hugging Face's: columns of Arrow have a type from the start
        if isinstance(batch, Mapping):
            self._check(batch)
            return {**batch, **self._for_mapping(batch[self.text])}
        if _is_arrow(batch):
            self._check(batch.schema.names)
            return self._with_arrow_columns(batch)
        if (pandas := sys.modules.get("pandas")) and isinstance(batch, pandas.DataFrame):
            self._check(batch.columns)
            columns = self._score(batch[self.text].tolist())
            return batch.assign(**self._as_arrays(columns))
        raise InputError(
            f"BatchScorer: a batch of the type {type(batch).__name__}.\n"
            "Expected a pyarrow Table or RecordBatch, a pandas DataFrame, or a mapping of names to columns.\n"
            "Ask the engine for one of them, for example batch_format='pyarrow'."
        )

    def each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Batch after batch with the added columns: the form of Spark's `mapInPandas` and `mapInArrow`."""
        return map(self, batches)

    def _check(self, names: Iterable[str]) -> None:
        """Nothing, if the batch has the text and none of the columns that are added."""
        there = list(names)
        if self.text not in there:
            raise InputError(
                f"BatchScorer: there is no column {self.text!r}.\n"
                f"Expected it among {', '.join(map(str, there)) or 'the columns, of which there are none'}.\n"
                "Say which column holds the texts: BatchScorer(text=…)."
            )
        if taken := [name for name in self.added if name in there]:
            raise InputError(
                f"BatchScorer: the batch already has {', '.join(taken)}.\n"
                "Expected none of the columns that are added, since nothing is overwritten.\n"
                "Drop or rename them, or give the new ones other names: BatchScorer(prefix=…)."
            )

    def _for_mapping(self, texts: Any) -> Mapping[str, Any]:
        """The added columns as arrays beside arrays, as lists beside lists."""
        if isinstance(texts, str):
            raise InputError(
                f"BatchScorer: {self.text!r} is one text, not a column.\n"
                "Expected a batch: a list or an array of texts under each name.\n"
                "Map in batches (batched=True in Dataset.map), or put the text in a list."
            )
        columns = self._score(list(texts))
        return self._as_arrays(columns) if isinstance(texts, np.ndarray) else columns

    def _with_arrow_columns(self, batch: Any) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - takes a while to import; other kinds of batches do not pay

        columns = self._score(_cells(batch.column(self.text)))
        for field in self._arrow_fields():
            batch = batch.append_column(field, pa.array(columns[field.name], field.type))
        return batch

    def _arrow_fields(self) -> list[Any]:
        import pyarrow as pa  # noqa: PLC0415 - see above

        span = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
        lists = [pa.list_(pa.string()), pa.list_(span)]
        types = [pa.float32()] * len(SCORES) + [pa.string(), *lists, pa.bool_(), pa.string()]
        return [pa.field(name, kind) for name, kind in zip(self.added, types, strict=True)]

    def _as_arrays(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Columns as numpy arrays: scores as float32 with NaN for null, `truncated` as bool, else objects."""
        types = [np.float32] * len(SCORES) + [object, object, object, bool, object]
        return {name: _array(columns[name], kind) for name, kind in zip(self.added, types, strict=True)}

    def _score(self, texts: list[object]) -> Columns:
        """The added columns of texts, as lists."""
        errors = [_error(text) for text in texts]
        readable = [Message(text) for text in texts if isinstance(text, str)]
        findings = iter(self.detector.scan_messages(readable))
        rows = [_unscored(error) if error else _row(next(findings)) for error in errors]
        return {name: [row[place] for row in rows] for place, name in enumerate(self.added)}


def _row(finding: Finding) -> tuple[Any, ...]:
    """The added cells of a scored text, in the order of `BatchScorer.added`."""
    assert finding.scores is not None
    spans = [
        {"start": int(span.start), "end": int(span.end), "label": span.label.value} for span in finding.spans
    ]
    return (
        *(float(np.float32(score)) for score in finding.scores.as_dict().values()),
        finding.verdict.value,
        [flag.value for flag in finding.flags],
        spans,
        finding.message.source is not None and TRUNCATED in finding.message.source.warnings,
        None,
    )


def _unscored(error: str) -> tuple[Any, ...]:
    """The added cells of a row without a readable text."""
    return (*[None] * len(SCORES), None, [], [], False, error)


def _error(text: object) -> str | None:
    """Why a cell cannot be scored; None for text. Never what the cell holds."""
    if isinstance(text, str):
        return None
    if text is None or (isinstance(text, float) and isnan(text)) or type(text).__name__ == "NAType":
        return NULL
    return f"the text is of the type {type(text).__name__}, not str"


def _cells(column: Any) -> list[object]:
    """The cells of an Arrow column; bytes in place of a string that is no UTF-8."""
    try:
        cells: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        return [_cell(cell) for cell in column]
    return cells


def _cell(cell: Any) -> object:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return b""


def _array(values: list[Any], kind: type) -> NDArray[Any]:
    """A column as an array of one dimension, also where its cells are lists."""
    if kind is not object:
        return np.array([np.nan if value is None else value for value in values], kind)
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _is_arrow(batch: object) -> bool:
    """Whether a batch is an Arrow table or record batch; pyarrow is not imported to find out."""
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(batch, pyarrow.Table | pyarrow.RecordBatch)
