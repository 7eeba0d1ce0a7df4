"""One input as the readers see it: its name, its hash, its bytes, and how to read them."""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

OWNER = "me"
"""The sender of what the owner of a phone or account wrote, where the file does not name them."""
NOT_UTF8 = "bytes that are not UTF-8 were replaced"

READ_ERRORS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What the bytes of a broken file, or of a member of a zip, can raise while they are read."""


class Format(StrEnum):
    """The export formats the readers know; the values are those of `--format`."""

    WHATSAPP_ANDROID = "whatsapp-android"
    WHATSAPP_IOS = "whatsapp-ios"
    TELEGRAM = "telegram"
    META = "meta"
    SMS_BACKUP = "sms-backup"
    SNAPCHAT = "snapchat"
    TIKTOK = "tiktok"
    X = "x"
    DISCORD = "discord"
    JSON_LINES = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    SQLITE = "sqlite"


class DateOrder(StrEnum):
    """The order of day, month and year in written dates."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user declared about the input. `columns` maps a column's name to a message field."""

    format: Format | None = None
    tz: str | None = None
    date_order: DateOrder | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file, or a member of a zip, that may hold messages.

    `name` is the path as given, `archive.zip!member` for members; `sha256`, `size` (bytes) and `lines`
    (physical lines, split at LF only, or at CR where there is no LF) come from one pass over the bytes;
    `open` gives a new binary stream each time, opened for reading only; `siblings` are the names of the
    members of the same archive, or of the media beside it in a folder; `path` is where a file lies on disk,
    None for members and standard input.
    """

    name: str
    sha256: str
    size: int
    lines: int
    open: Callable[[], BinaryIO]
    siblings: tuple[str, ...] = ()
    path: Path | None = None


class _Watched(io.RawIOBase):
    """A stream that tells where in it the reading is."""

    def __init__(self, stream: BinaryIO, tell: Callable[[int], None]) -> None:
        self._stream = stream
        self._tell = tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        got = self._stream.read(len(buffer))
        buffer[: len(got)] = got
        self._tell(self._stream.tell())
        return len(got)

    def close(self) -> None:
        self._stream.close()
        super().close()


def watched(source: InputFile, tell: Callable[[int], None]) -> InputFile:
    """The input, telling the position of the stream last read from, in bytes."""
    return replace(source, open=lambda: io.BufferedReader(_Watched(source.open(), tell), 1 << 18))
