"""Where the tables of a bulk run lie: on a disk that every machine sees, or in an object store.

All paths go through `pyarrow.fs`, so `s3://bucket/queue/` is a place like any other. Nothing is read here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pyarrow import ArrowException, fs

from detector.errors import InputError, OutputError
from detector.read import Format
from detector.read.recognise import SUFFIXES as LINES

SUFFIXES = {".parquet": Format.PARQUET, **LINES}
READABLE = tuple(dict.fromkeys(SUFFIXES.values()))
HIDDEN = (".", "_")
"""How names of files begin that are no data but marks of the tools that wrote it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path on a file system."""

    filesystem: Any
    path: str


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table: its path on its file system, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Tables:
    """The input of a bulk run: files of one format on one file system, in the order of their paths."""

    filesystem: Any
    format: Format
    files: tuple[TableFile, ...]


def place_of(path: str) -> Place:
    """Where a path or URI points; a path of this machine is made absolute.

    Raises:
        InputError: There is no such kind of file system, or it cannot be reached.
    """
    if "://" not in path:
        return Place(fs.LocalFileSystem(), str(Path(path).absolute()))
    try:
        filesystem, inside = fs.FileSystem.from_uri(path)
    except (ArrowException, OSError) as error:
        raise InputError(
            f"{path}: this address cannot be used ({type(error).__name__}).\n"
            "Expected a path, or an address such as s3://bucket/folder or gs://bucket/folder.\n"
            "Check its spelling, and that this machine may reach it."
        ) from None
    return Place(filesystem, inside.rstrip("/"))


def find_tables(paths: Sequence[str], declared: Format | None) -> Tables:
    """The files of tables at the given paths and in the folders among them.

    Raises:
        InputError: A path does not exist, or is no table that machines can share out.
    """
    if declared is not None and declared not in READABLE:
        raise _only_local(f"--format {declared.value}", f"this is no table but {declared.value}")
    found: list[TableFile] = []
    formats: set[Format] = set()
    places = [_no_standard_input(path) for path in paths]
    for place in places:
        for file in _files(place):
            formats.add(_format_of(file.path, declared))
            found.append(file)
    if len(formats) != 1 or len({place.filesystem.type_name for place in places}) != 1:
        raise InputError(
            f"{', '.join(paths)}: {'no files' if not formats else 'files of several kinds or places'}.\n"
            "Expected tables of one format (Parquet, JSON Lines or CSV) on one file system.\n"
            "Scan each kind by itself, with an --out of its own."
        )
    files = {file.path: file for file in sorted(found, key=lambda one: one.path)}
    return Tables(places[0].filesystem, formats.pop(), tuple(files.values()))


def _no_standard_input(path: str) -> Place:
    if path == "-":
        raise _only_local("-", "standard input cannot be shared out among machines")
    return place_of(path)


def _files(place: Place) -> Iterator[TableFile]:
    """The file at a place, or the files in the folder there; hidden ones are no data."""
    info = place.filesystem.get_file_info(place.path)
    if info.type == fs.FileType.NotFound:
        raise InputError(
            f"{place.path}: there is no such file or folder.\n"
            "Expected a table, or a folder of tables, that every machine can read.\n"
            "Check the spelling of the path."
        )
    if info.type == fs.FileType.File:
        yield TableFile(info.path, info.size)
        return
    for inside in place.filesystem.get_file_info(fs.FileSelector(place.path, recursive=True)):
        parts = PurePosixPath(inside.path).relative_to(place.path).parts
        if inside.type == fs.FileType.File and not any(part.startswith(HIDDEN) for part in parts):
            yield TableFile(inside.path, inside.size)


def _format_of(path: str, declared: Format | None) -> Format:
    suffix = PurePosixPath(path).suffix.lower()
    if (found := declared or SUFFIXES.get(suffix)) is None:
        raise _only_local(
            path, f"{f'with the suffix {suffix}' if suffix else 'without suffix'}, this is no table"
        )
    return found


def _only_local(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: {what}.\n"
        f"Expected {', '.join(SUFFIXES)} for --engine ray.\n"
        "Scan chat exports, workbooks, zips and standard input on one machine: --engine local."
    )


def no_place(path: str, why: str) -> OutputError:
    """The error of an output folder that cannot be used."""
    return OutputError(
        f"{path}: {why}.\n"
        "Expected a folder for --out that is new, or holds the beginning of this very run.\n"
        "Choose another folder, or remove what lies in this one."
    )
