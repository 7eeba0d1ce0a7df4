"""The members of a zip that may hold messages, streamed from it and never unpacked to disk."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from detector.records import Unread

PICTURES = (
    ".bmp",
    ".gif",
    ".heic",
    ".heif",
    ".jpeg",
    ".jpg",
    ".png",
    ".svg",
    ".thumb",
    ".tif",
    ".tiff",
    ".webp",
)
FILMS = (".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".tgs", ".webm")
SOUND = (".aac", ".amr", ".m4a", ".mp3", ".ogg", ".opus", ".wav", ".wma")
MEDIA_SUFFIXES = frozenset((*PICTURES, *FILMS, *SOUND, ".vcf"))
"""Files that exports carry beside their messages. They are listed as siblings, never read."""

READ_ERRORS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What the bytes of a broken file or member can raise while they are read."""

PART_OF_THREAD = re.compile(r"message_(\d{1,6})\.json")
MAX_MEMBERS = 100_000
MAX_RATIO = 200
MAX_BYTES = 1 << 34
HARMLESS_BYTES = 1 << 26
"""Below this size a member may be packed at any ratio."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

WRONG_ARCHIVE = (
    'Expected a zip that opens with common tools, such as "Export chat" of WhatsApp makes.\n'
    "Get the export again from its source, or unpack it yourself and give the folder."
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip: its name as people wrote it, and how to open it."""

    name: str
    open: Callable[[], BinaryIO]
    siblings: tuple[str, ...]


def is_archive(stream: BinaryIO) -> bool:
    """Whether `stream` is a zip of files; an Office document, though also a zip, is one file.

    A zip whose directory is broken is an archive: `open_members` says what is wrong with it.
    """
    if stream.read(4) not in ZIP_MAGIC:
        return False
    stream.seek(0)
    return not office_parts(stream)


def office_parts(stream: BinaryIO) -> frozenset[str]:
    """The names of the parts of an Office or OpenDocument file; empty for all other files."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = frozenset(archive.namelist())
    except READ_ERRORS:
        return frozenset()
    return names if names & {"[Content_Types].xml", "mimetype"} else frozenset()


def open_members(name: str, opening: Callable[[], BinaryIO]) -> Iterator[Member | Unread]:
    """The members of the zip `name` that may hold messages, in the order of time; why others cannot."""
    try:
        with opening() as stream, zipfile.ZipFile(stream) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            size = stream.seek(0, io.SEEK_END)
    except READ_ERRORS as error:
        yield Unread(name, "file", f"the zip is broken ({type(error).__name__}).\n{WRONG_ARCHIVE}")
        return
    if reason := _bomb(infos, size):
        yield Unread(name, "file", f"{reason}\n{WRONG_ARCHIVE}")
        return
    members = sorted(
        ((member_name(info), info) for info in infos), key=lambda pair: in_order_of_time(pair[0])
    )
    siblings = tuple(written for written, _ in members)
    for position, (written, info) in enumerate(members):
        if _carries_no_messages(written):
            continue
        opened = partial(_open_member, opening, info)
        if reason := _refusal(info, opened):
            yield Unread(f"{name}!{written}", "member", f"{reason}\n{WRONG_ARCHIVE}")
        else:
            yield Member(written, opened, siblings[:position] + siblings[position + 1 :])


def in_order_of_time(path: str) -> tuple[str, int, str]:
    """What puts paths in the order of names, and of Instagram's `message_1.json` and so on the last first.

    The first of them holds a thread's latest messages.
    """
    folder, _, name = path.rpartition("/")
    part = PART_OF_THREAD.fullmatch(name)
    return (folder, -int(part[1]), "") if part else (folder, 0, name)


def _bomb(infos: list[zipfile.ZipInfo], size: int) -> str | None:
    """Why no member of a zip of `size` bytes is read, or None."""
    if len(infos) > MAX_MEMBERS:
        return f"the zip has more than {MAX_MEMBERS} members."
    unpacked = sum(info.file_size for info in infos if info.file_size <= HARMLESS_BYTES)
    if unpacked > HARMLESS_BYTES and unpacked > MAX_RATIO * size:
        return "the members would together unpack to far more bytes than chats have."
    return None


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; where it was packed without the UTF-8 flag, as UTF-8 or Windows-1256.

    Such names are read as code page 437 by the rules of the format (APPNOTE.TXT, appendix D).
    """
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        packed = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    try:
        return packed.decode("utf-8")
    except UnicodeDecodeError:
        arabic = packed.decode("cp1256")
    letters = [char for char in arabic if not char.isascii()]
    return (
        arabic
        if all(
            "\N{ARABIC NUMBER SIGN}" <= char <= "\N{ARABIC LETTER HEH WITH INVERTED V}" for char in letters
        )
        else info.filename
    )


def _carries_no_messages(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return hidden or path.suffix.lower() in MEDIA_SUFFIXES


def _open_member(opening: Callable[[], BinaryIO], info: zipfile.ZipInfo) -> BinaryIO:
    """A stream over the bytes of a member, which are unpacked as they are read."""
    stream = opening()
    try:
        return _MemberStream(zipfile.ZipFile(stream).open(info), stream)
    except READ_ERRORS:
        stream.close()
        raise


class _MemberStream(io.BufferedReader):
    """A member's bytes; closing it closes the archive it comes from as well."""

    def __init__(self, member: IO[bytes], archive: BinaryIO) -> None:
        super().__init__(cast("io.RawIOBase", member))
        self._archive = archive

    def close(self) -> None:
        """Close the member, then the archive."""
        super().close()
        self._archive.close()


def _refusal(info: zipfile.ZipInfo, opened: Callable[[], BinaryIO]) -> str | None:
    """Why a member is not read, or None."""
    if info.flag_bits & 1:
        return "the member is encrypted."
    packed_tight = info.file_size > HARMLESS_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1)
    if packed_tight or info.file_size > MAX_BYTES:
        return "the member would unpack to far more bytes than a chat has."
    try:
        with opened() as stream:
            head = stream.read(4)
            stream.seek(0)
            nested = head in ZIP_MAGIC and not office_parts(stream)
    except READ_ERRORS as error:
        return f"the member is broken ({type(error).__name__})."
    return "the member is itself a zip." if nested else None
