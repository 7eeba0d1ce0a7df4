"""The lines of corpus files, parsed, with the place each stands at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class CorpusError(Exception):
    """A line of a corpus file is no JSON object."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is not as the guide says."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a corpus file, parsed."""

    file: str
    line: int
    value: dict[str, Any]

    @property
    def is_thread(self) -> bool:
        """Whether the line holds a thread rather than a message."""
        return "messages" in self.value


def lines(folder: Path) -> Iterator[Row | Problem]:
    """Every line of every corpus file, in the order of file names; blank ones are passed over.

    Lines end where a line feed stands: other separators may stand in a text.
    """
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if line.strip():
                yield _parsed(path.name, number, line)


def _parsed(file: str, number: int, line: bytes) -> Row | Problem:
    try:
        value = json.loads(line.decode().removeprefix(BYTE_ORDER_MARK if number == 1 else ""))
    except UnicodeDecodeError:
        return Problem(file, number, "is not UTF-8")
    except json.JSONDecodeError as error:
        return Problem(file, number, f"is not JSON ({error.msg}, column {error.colno})")
    return (
        Row(file, number, value)
        if isinstance(value, dict)
        else Problem(file, number, "is JSON, but no object")
    )


def read_rows(folder: Path) -> Iterator[Row]:
    """Every line of every corpus file, in the order of file names.

    Raises:
        CorpusError: A line is no JSON object.
    """
    for row in lines(folder):
        if isinstance(row, Problem):
            raise CorpusError(
                f"{row}.\nExpected a JSON object.\nRun `make validate`, which names every such line."
            )
        yield row
