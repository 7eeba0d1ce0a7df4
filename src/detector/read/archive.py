"""The members of a zip that may hold messages, streamed from it and never unpacked to disk."""

import io
import re
import weakref
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from detector.read.source import READ_ERRORS
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

PART_OF_THREAD = re.compile(r"message_(\d{1,6})\.(?:json|html)")
PAGE_OF_CHAT = re.compile(r"messages(\d{0,6})\.html")
BYTES_BEFORE = "the zip begins with bytes that are none of its members: more may have stood there."
MAX_MEMBERS = 100_000
MAX_RATIO = 200
MAX_BYTES = 1 << 34
HARMLESS_BYTES = 1 << 26
"""Below this size a member may be packed at any ratio."""
HELD_BYTES = 1 << 28
"""Up to this size a zip in a zip is held in memory while its members are read."""
OPEN_ZIPS = 2
"""Zips kept open for their next member: one, and one in it."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

WRONG_ARCHIVE = (
    'Expected a zip that opens with common tools, such as "Export chat" of WhatsApp makes.\n'
    "Get the export again from its source, or unpack it yourself and give the folder."
)


class Room:
    """How many bytes the zips in one zip of `size` bytes may still unpack to, all together."""

    def __init__(self, size: int) -> None:
        self._left = MAX_RATIO * size + HARMLESS_BYTES

    def take(self, unpacked: int) -> bool:
        """Whether there was room for so many bytes, which are then taken."""
        if unpacked > self._left:
            return False
        self._left -= unpacked
        return True


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip: its name as people wrote it, and how to open it.

    `siblings` are the names of all members of the zip, its own among them. `packed` and `unpacked` are its
    sizes in the zip and outside it in bytes; `nested` is whether it is a zip of files itself, and `room` what
    all such members of the zip share.
    """

    name: str
    open: Callable[[], BinaryIO]
    siblings: tuple[str, ...]
    packed: int
    unpacked: int
    nested: bool
    room: Room


Opening = Callable[[], BinaryIO]


class _Zip:
    """A zip of which the directory was read; its stream is closed when nobody refers to it any more."""

    def __init__(self, stream: BinaryIO) -> None:
        weakref.finalize(self, stream.close)
        self.archive = zipfile.ZipFile(stream)


class Held:
    """The zips opened last, so that a directory is read, and a zip in a zip unpacked, once for all members.

    The bytes of one zip in a zip are held at a time. One of more than `most` bytes is not: it is unpacked
    anew when it is opened again.
    """

    def __init__(self, most: int = HELD_BYTES) -> None:
        self._most = most
        self._last: tuple[Member, bytes] | None = None
        self._zips: OrderedDict[Opening, _Zip] = OrderedDict()

    def open_in(self, opening: Opening, info: zipfile.ZipInfo) -> BinaryIO:
        """A stream over the bytes of a member of the zip behind `opening`, unpacked as they are read."""
        found = self._zips.pop(opening, None) or _Zip(opening())
        self._zips[opening] = found
        if len(self._zips) > OPEN_ZIPS:
            self._zips.popitem(last=False)
        return _MemberStream(found.archive.open(info), found)

    def open(self, member: Member) -> BinaryIO:
        """A stream over the bytes of a member that is a zip."""
        last = self._last
        if last is not None and last[0] is member:
            return io.BytesIO(last[1])
        self._last = last = None  # before the next is read, so that two are never in memory
        if member.unpacked > self._most:
            return member.open()
        with member.open() as stream:
            whole = stream.read()
        self._last = member, whole
        return io.BytesIO(whole)


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


def open_members(
    name: str, opening: Opening, held: Held, within: Member | None = None
) -> Iterator[Member | Unread]:
    """The members of the zip `name` that may hold messages, in the order of time; why others cannot.

    `within` is the member that the zip is of another one: zips inside it are not read, and all of its members
    together may not unpack to far more than its packed size, nor than the other zips beside it leave.
    """
    try:
        with opening() as stream, zipfile.ZipFile(stream) as archive:
            listed = archive.infolist()
            infos = [info for info in listed if not info.is_dir()]
            size = stream.seek(0, io.SEEK_END)
    except READ_ERRORS as error:
        yield Unread(name, "file", f"the zip is broken ({type(error).__name__}).\n{WRONG_ARCHIVE}")
        return
    if reason := _bomb(infos, size, within):
        yield Unread(name, "file", f"{reason}\n{WRONG_ARCHIVE}")
        return
    if listed and min(info.header_offset for info in listed) > 0:
        yield Unread(name, "file", f"{BYTES_BEFORE}\n{WRONG_ARCHIVE}")
    members = sorted(
        ((member_name(info), info) for info in infos), key=lambda pair: in_order_of_time(pair[0])
    )
    siblings, room = tuple(written for written, _ in members), Room(size)
    for written, info in members:
        if _carries_no_messages(written):
            continue
        opened = partial(held.open_in, opening, info)
        sizes = info.compress_size, info.file_size
        member = _member(info, Member(written, opened, siblings, *sizes, nested=False, room=room))
        if isinstance(member, Member) and member.nested and within is not None:
            member = "the member is a zip, in a zip that is in a zip itself."
        if isinstance(member, str):
            yield Unread(f"{name}!{written}", "member", f"{member}\n{WRONG_ARCHIVE}")
        else:
            yield member


def in_order_of_time(path: str) -> tuple[str, int, str]:
    """What puts paths in the order of names, parts of a chat in that of their numbers.

    Instagram's `message_1.json` or `message_1.html` holds a thread's latest messages, Telegram's
    `messages.html` the earliest.
    """
    folder, _, name = path.rpartition("/")
    if page := PAGE_OF_CHAT.fullmatch(name):
        return folder, int(page[1] or 1), ""
    part = PART_OF_THREAD.fullmatch(name)
    return (folder, -int(part[1]), "") if part else (folder, 0, name)


def _bomb(infos: list[zipfile.ZipInfo], size: int, within: Member | None) -> str | None:
    """Why no member of a zip of `size` bytes, `within` where it is inside another one, is read, or None."""
    if len(infos) > MAX_MEMBERS:
        return f"the zip has more than {MAX_MEMBERS} members."
    if sum(info.compress_size for info in infos) > size:
        return "the members overlap: together they are longer than the zip."
    counted = (info.file_size for info in infos if within is not None or info.file_size <= HARMLESS_BYTES)
    unpacked = sum(counted)
    if unpacked > HARMLESS_BYTES and unpacked > MAX_RATIO * (size if within is None else within.packed):
        return "the members would together unpack to far more bytes than chats have."
    if within is not None and not within.room.take(unpacked):
        return "the members and those of the zips beside it would unpack to far more bytes than chats have."
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


class _MemberStream(io.BufferedReader):
    """A member's bytes; until it is closed the zip that it comes from stays open."""

    def __init__(self, member: IO[bytes], opened: _Zip) -> None:
        super().__init__(cast("io.RawIOBase", member))
        self._zip: _Zip | None = opened

    def close(self) -> None:
        """Close the member, and let the zip go."""
        super().close()
        self._zip = None


def _member(info: zipfile.ZipInfo, member: Member) -> Member | str:
    """The member, looked at whether it is a zip, or why it is not read."""
    if info.flag_bits & 1:
        return "the member is encrypted."
    packed_tight = info.file_size > HARMLESS_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1)
    if packed_tight or info.file_size > MAX_BYTES:
        return "the member would unpack to far more bytes than a chat has."
    try:
        with member.open() as stream:
            return replace(member, nested=is_archive(stream))
    except READ_ERRORS as error:
        return f"the member is broken ({type(error).__name__})."
