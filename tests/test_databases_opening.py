"""Message databases as files: nothing is written, logs told, zips are read, damage costs its rows only."""

import os
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from detector.read import Chat, Format, ReadOptions, discover, open_chat
from detector.read.databases import LOG, NO_MESSAGES, NOT_WHOLE, read
from detector.read.databases.opening import MAX_IN_MEMORY, TOO_LARGE, UNREADABLE
from detector.read.databases.rows import DAMAGED
from detector.read.source import InputFile
from detector.records import Unread
from tests.read_examples import input_of, messages_of, outline
from tests.test_databases import MESSAGE, MINUTE, filled, made, records_at, source_at


def test_a_log_beside_is_told_and_nothing_beside_changes(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(MESSAGE)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute(f"INSERT INTO message VALUES (1, 1, 0, 'K', 0, 0, {MINUTE}000, 0, 'مرحبا')")
        connection.commit()
        before = {found: found.read_bytes() for found in tmp_path.iterdir()}

        records = records_at(path)

        assert records == [Unread(str(path), "msgstore.db-wal", LOG)]
        assert {found: found.read_bytes() for found in tmp_path.iterdir()} == before


def test_a_database_is_read_whatever_its_path_is_written_like(tmp_path: Path) -> None:
    odd = made(
        tmp_path / "a.db", MESSAGE, f"INSERT INTO message VALUES (1, 1, 0, 'K', 0, 0, {MINUTE}000, 0, 'هلا')"
    )
    odd = odd.rename(tmp_path / os.fsdecode(b"50%?#\xff.db"))

    (source,) = discover([f"/{odd}"])
    assert isinstance(source, InputFile)

    assert outline(list(read(source, ReadOptions()))) == ["هلا"]


def test_a_database_in_a_zip_is_read_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(MESSAGE)
        connection.execute(f"INSERT INTO message VALUES (1, 1, 0, 'K', 0, 0, {MINUTE}000, 0, 'مرحبا')")
        connection.commit()
    with zipfile.ZipFile(tmp_path / "phone.zip", "w") as archive:
        archive.write(path, "data/msgstore.db")
        archive.writestr("data/msgstore.db-wal", b"\x37\x7f\x06\x82")

    source, _ = discover([str(tmp_path / "phone.zip")])
    assert isinstance(source, InputFile)
    chat = open_chat(source, ReadOptions())

    assert isinstance(chat, Chat)
    assert (chat.format, chat.unit) == (Format.SQLITE, "rows")
    assert outline(list(chat.records)) == ["unread msgstore.db-wal", "مرحبا"]


def test_a_database_in_a_zip_that_is_too_large_is_told(tmp_path: Path) -> None:
    source = replace(source_at(made(tmp_path / "a.db", MESSAGE)), path=None, size=MAX_IN_MEMORY + 1)

    assert list(read(source, ReadOptions())) == [Unread(source.name, "database", TOO_LARGE)]


def damaged(path: Path) -> int:
    """Damages the page in the middle of a database's table of many pages; gives the number of rows."""
    rows = [(n, f"K{n}", MINUTE * 1000 + n, "مرحبا" * 20) for n in range(1, 301)]
    script = "INSERT INTO message VALUES (?, 1, 0, ?, 0, 0, ?, 0, ?)"
    filled(path, "PRAGMA page_size = 1024;" + MESSAGE, script, *rows)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2048 * 1024
    data[middle : middle + 1024] = b"\xff" * 1024
    path.write_bytes(data)
    return len(rows)


def test_what_lies_before_and_behind_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    count = damaged(path)

    records = records_at(path)

    messages = messages_of(records)
    numbers = [int(one.id[1:]) for one in messages]
    assert count - 20 < len(messages) < count
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (1, count)
    last = next(n for n in numbers if n + 1 not in numbers)
    first = next(n for n in numbers if n > last)
    assert records[len(messages) :] == [
        Unread(str(path), f"message: after row {last} to before row {first}", DAMAGED)
    ]


def test_a_database_cut_short_gives_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    damaged(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])

    cut, *records = records_at(path)

    assert cut == Unread(str(path), "database", NOT_WHOLE)
    assert 50 < len(messages_of(records)) < 150
    assert isinstance(records[-1], Unread)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no database at all " * 60, UNREADABLE),
        (b"SQLite format 3\0" + b"\xff" * 2000, UNREADABLE),
    ],
)
def test_what_cannot_be_opened_is_told(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(data)

    assert records_at(path) == [Unread(str(path), "database", reason)]
    assert list(read(input_of(data), ReadOptions())) == [Unread("export", "database", reason)]


@pytest.mark.parametrize("damage", [b"CREATE TABEL other", b"CREATE TABL\xff other"])
def test_a_list_of_tables_that_is_damaged_is_told_and_the_others_read(tmp_path: Path, damage: bytes) -> None:
    row = f"INSERT INTO message VALUES (1, 1, 0, 'K', 0, 0, {MINUTE}000, 0, 'مرحبا');"
    path = made(tmp_path / "a.db", MESSAGE, "CREATE TABLE other (x);", row)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE other", damage))

    records = records_at(path)

    assert records[0] == Unread(str(path), "database", NOT_WHOLE)
    assert outline(records[1:]) == ["مرحبا"]


def test_a_database_without_messages_is_told(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db", "CREATE TABLE message (x);")

    assert records_at(path) == [Unread(str(path), "database", NO_MESSAGES)]


def test_a_view_is_no_table_of_messages(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
    view = f"CREATE VIEW jid AS {endless} SELECT n AS _id, n AS raw_string FROM c;"
    path = made(tmp_path / "msgstore.db", MESSAGE, view, "CREATE TABLE chat (_id, jid_row_id);")

    assert records_at(path) == []
