"""The inputs below the given paths: files, folders, standard input and the members of zips.

Everything is opened for reading only and nothing is unpacked to disk: text is evidence.
"""

import codecs
import hashlib
import io
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from detector.errors import InputError
from detector.read.archive import (
    MEDIA_SUFFIXES,
    Held,
    Member,
    Opening,
    in_order_of_time,
    is_archive,
    open_members,
)
from detector.read.source import READ_ERRORS, InputFile
from detector.records import Unread

CHUNK = 1 << 20

NOTHING_INSIDE = (
    "there is no file in it but media and hidden ones.\n"
    "Expected at least one chat export in a folder or zip.\n"
    "Export the chat itself, with or without its media, and scan that."
)


def discover(paths: Sequence[str]) -> Iterator[InputFile | Unread]:
    """Each input below `paths`, once and in the order given; folders are walked in the order of names.

    Hidden files and, inside folders and zips, files of photographs, films and sound are no inputs; the
    names of the latter are among the `siblings` of the others. "-" is standard input, held in memory.

    Raises:
        InputError: a path does not exist.
    """
    for path in paths:
        if path != "-" and not _exists(path):
            raise InputError(
                f"{path}: there is no such file or folder.\n"
                'Expected a chat export, a folder or zip of exports, or "-" for standard input.\n'
                "Check the spelling of the path."
            )
    held = Held()
    for path in _different(paths):
        if path == "-":
            yield from _inputs(path, partial(io.BytesIO, sys.stdin.buffer.read()), (), held)
        elif Path(path).is_dir():
            yield from _some(path, _folder(Path(path), held))
        else:
            yield from _file(Path(path), (), held)


def _different(paths: Sequence[str]) -> list[str]:
    """The paths without those that are another one, or lie in a folder that is."""
    places = {path: Path(path).resolve() for path in dict.fromkeys(paths) if path != "-"}
    folders = {place for place in places.values() if place.is_dir()}
    first = {place: path for path, place in reversed(places.items())}
    return [
        path
        for path in dict.fromkeys(paths)
        if path == "-" or (first[places[path]] == path and folders.isdisjoint(places[path].parents))
    ]


def _exists(path: str) -> bool:
    """Whether there is something at `path`; an empty one is no name of the current folder."""
    try:
        return path != "" and Path(path).exists()
    except (OSError, ValueError):
        return False


def _folder(folder: Path, held: Held) -> Iterator[InputFile | Unread]:
    """The inputs of a folder and the folders in it. Links to folders are not followed."""
    try:
        visible = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
        entries = sorted(visible, key=lambda entry: in_order_of_time(entry.as_posix()))
    except OSError as error:
        yield _unread(str(folder), f"the folder cannot be listed ({error.strerror}).")
        return
    media = tuple(entry.name for entry in entries if entry.suffix.lower() in MEDIA_SUFFIXES)
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _folder(entry, held)
        elif entry.suffix.lower() not in MEDIA_SUFFIXES:
            yield from _file(entry, media, held)


def _file(path: Path, siblings: tuple[str, ...], held: Held) -> Iterator[InputFile | Unread]:
    """The input or inputs of a file. What is no regular file (a pipe, a device) is not opened."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        yield _unread(str(path), f"the file cannot be opened ({error.strerror}).")
        return
    if regular:
        for found in _inputs(str(path), lambda: path.open("rb"), siblings, held):
            yield _at(path, found)
    else:
        yield _unread(str(path), "this is no regular file.")


def _at(path: Path, found: InputFile | Unread) -> InputFile | Unread:
    """The input with its place on disk, if it is the file at `path` and not a member of it."""
    if isinstance(found, Unread) or found.name != str(path):
        return found
    return replace(found, path=path)


def _inputs(
    name: str, opening: Opening, siblings: tuple[str, ...], held: Held
) -> Iterator[InputFile | Unread]:
    """The input behind `opening`, or the inputs in it where it is a zip of files."""
    try:
        with opening() as stream:
            archive = is_archive(stream)
    except OSError as error:
        yield _unread(name, f"the file cannot be opened ({error.strerror}).")
        return
    if not archive:
        yield measured(name, opening, siblings)
        return
    yield from _some(name, _members(name, opening, held))


def _members(
    name: str, opening: Opening, held: Held, within: Member | None = None
) -> Iterator[InputFile | Unread]:
    """The inputs in a zip, those of zips in it among them; `within` is the member it is of another one."""
    for member in open_members(name, opening, held, within):
        if isinstance(member, Unread):
            yield member
            continue
        inner = f"{name}!{member.name}"
        if member.nested:
            yield from _some(inner, _members(inner, partial(held.open, member), held, member))
        else:
            yield measured(inner, member.open, member.siblings)


def _some(name: str, inputs: Iterator[InputFile | Unread]) -> Iterator[InputFile | Unread]:
    """The inputs of a given folder or a zip; where there are none, that there are none."""
    empty = True
    for found in inputs:
        empty = False
        yield found
    if empty:
        yield Unread(name, "file", NOTHING_INSIDE)


def measured(name: str, opening: Opening, siblings: tuple[str, ...] = ()) -> InputFile | Unread:
    """The input with its hash, size and number of lines, taken in one pass over its bytes."""
    digest, size, feeds, returns, last, encoding = hashlib.sha256(), 0, 0, 0, "\n", ""
    try:
        with opening() as stream:
            while chunk := stream.read(CHUNK):
                encoding = encoding or _line_encoding(chunk)
                digest.update(chunk)
                size += len(chunk)
                text = chunk.decode(encoding, "replace")
                feeds += text.count("\n")
                returns += text.count("\r")
                last = text[-1:]
    except READ_ERRORS as error:
        return _unread(name, f"its bytes cannot be read to the end ({type(error).__name__}).")
    lines = (feeds or returns) + (last != ("\n" if feeds else "\r" if returns else "\n"))
    return InputFile(name, digest.hexdigest(), size, lines, opening, siblings)


def _line_encoding(head: bytes) -> str:
    """An encoding that tells line feeds rightly: UTF-16 where a mark says so, else any of single bytes."""
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    return marks.get(head[:2], "latin-1")


def _unread(name: str, what: str) -> Unread:
    return Unread(
        name,
        "file",
        f"{what}\nExpected a file that can be read to its end.\n"
        "Check its permissions and whether it is whole, then scan it again.",
    )
