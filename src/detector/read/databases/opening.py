"""Opens a database so that neither it nor anything beside it changes, and no text leaves memory.

A file on disk is opened read-only and as immutable: SQLite then writes no log, no lock and no index beside
it, and reads no log either. A member of a zip, or what came from standard input, is read into memory.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from detector.read.source import InputFile

MAX_IN_MEMORY = 1 << 30
"""A larger database must lie on disk; in memory one takes up to twice its size for a moment."""
LOGS = ("-wal", "-journal")
DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged database raises; the second where SQLite's own words about it quote what is no UTF-8."""

VERSIONS = slice(18, 20)
"""The bytes of the header that say a log belongs to the database; 1 where there is none."""

SETTINGS = (
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
LENIENT = "PRAGMA writable_schema = ON"
"""Has SQLite read a database that is cut short, and the tables beside one that it cannot understand."""

TOO_LARGE = (
    "the database is too large to be read inside a zip or from standard input.\n"
    f"Expected at most {MAX_IN_MEMORY >> 20} MiB there: nothing is unpacked to disk.\n"
    "Unpack it yourself and give the file."
)
BROKEN_BYTES = (
    "the bytes of the database cannot be read to the end.\n"
    "Expected a file that is whole.\n"
    "Copy it again from its source."
)
UNREADABLE = (
    "the database is damaged at its beginning, or encrypted.\n"
    "Expected a SQLite database that opens with common tools.\n"
    "Copy or decrypt it again; a copy may be mended with the .recover command of sqlite3."
)


class UnopenedError(Exception):
    """A database that cannot be opened; the argument says why, in three parts."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is open, and whether it has all its pages and a list of its tables that is sound."""

    connection: sqlite3.Connection
    is_whole: bool


def logs_beside(source: InputFile) -> tuple[str, ...]:
    """The names of the logs beside a database, with changes that are not in it yet."""
    if source.path is None:
        member = source.name.rpartition("!")[2]
        beside = (member + log for log in LOGS if member + log in source.siblings)
        return tuple(log.rpartition("/")[2] for log in beside)
    paths = [source.path.with_name(source.path.name + log) for log in LOGS]
    return tuple(path.name for path in paths if path.is_file() and path.stat().st_size)


@contextmanager
def opened(source: InputFile) -> Iterator[Opened]:
    """A connection that gives texts as bytes.

    Raises:
        UnopenedError: the database cannot be opened.
    """
    try:
        connection = _in_memory(source) if source.path is None else _on_disk(source.path)
    except sqlite3.Error as error:
        raise UnopenedError(UNREADABLE) from error
    with closing(connection):
        connection.text_factory = bytes
        for setting in SETTINGS:
            connection.execute(setting)
        connection.set_authorizer(_tables_only)
        is_whole = _knows_its_tables(connection)
        if not is_whole:
            connection.execute(LENIENT)
            if not _knows_its_tables(connection):
                raise UnopenedError(UNREADABLE)
        yield Opened(connection, is_whole)


def _tables_only(
    _action: int, _one: str | None, _two: str | None, _base: str | None, view: str | None
) -> int:
    """Denies what a view of the database asks for: its query may never end, and messages lie in tables."""
    return sqlite3.SQLITE_OK if view is None else sqlite3.SQLITE_DENY


def _knows_its_tables(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except DAMAGE:
        return False
    return True


def _on_disk(path: Path) -> sqlite3.Connection:
    """A connection to the file, by its whole path: its bytes may be no UTF-8, and it may begin with "//"."""
    place = quote(os.fsencode(path.absolute()))
    return sqlite3.connect(f"file://{place}?mode=ro&immutable=1", uri=True)


def _in_memory(source: InputFile) -> sqlite3.Connection:
    if source.size > MAX_IN_MEMORY:
        raise UnopenedError(TOO_LARGE)
    try:
        with source.open() as stream:
            data = bytearray(stream.read(MAX_IN_MEMORY + 1))
    except (OSError, EOFError) as error:
        raise UnopenedError(BROKEN_BYTES) from error
    data[VERSIONS] = b"\1\1"
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    return connection
