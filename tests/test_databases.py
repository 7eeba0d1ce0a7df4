"""Message databases of apps: what their rows become, and what of them cannot be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from detector.read import ReadOptions, discover
from detector.read.databases import read
from detector.read.databases.rows import NO_TEXT, NO_WORDS, PACKED, REACTION
from detector.read.source import InputFile
from detector.records import Kind, Message, Record, Unread
from tests.read_examples import messages_of, outline

MESSAGE = """
CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id, from_me, key_id TEXT, sender_jid_row_id,
    status, timestamp, message_type, text_data TEXT);
"""
CHATS = """
CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id, subject TEXT);
CREATE TABLE jid (_id INTEGER PRIMARY KEY, server TEXT, raw_string TEXT);
CREATE TABLE jid_map (lid_row_id INTEGER PRIMARY KEY, jid_row_id);
INSERT INTO jid VALUES (1, 's.whatsapp.net', '1@s.whatsapp.net'), (2, 'g.us', '2@g.us'), (3, 'lid', '3@lid');
INSERT INTO jid_map VALUES (3, 1);
INSERT INTO chat VALUES (1, 1, NULL), (2, 2, 'العائلة');
"""
OLDER = """
CREATE TABLE messages (_id INTEGER PRIMARY KEY, key_remote_jid TEXT, key_from_me, key_id TEXT, status,
    data TEXT, timestamp, media_wa_type TEXT, media_caption TEXT, remote_resource TEXT);
INSERT INTO messages VALUES (1, '-1', 0, '-1', -1, '', 0, '-1', NULL, NULL);
"""
APPLE = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, handle_id, date, is_from_me,
    attributedBody BLOB, item_type DEFAULT 0, associated_message_type DEFAULT 0, date_retracted DEFAULT 0,
    cache_has_attachments DEFAULT 0);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
INSERT INTO handle VALUES (1, 'dana@example.com');
"""
SMS_AND_MMS = """
CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id, address, date, type, body);
CREATE TABLE pdu (_id INTEGER PRIMARY KEY, thread_id, date, msg_box, m_type);
CREATE TABLE part (_id INTEGER PRIMARY KEY, mid, ct, cl, name, _data, text);
CREATE TABLE addr (_id INTEGER PRIMARY KEY, msg_id, address, type);
"""
ARCHIVE = (
    b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00"
    b"\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+"
)
MINUTE = 1_757_963_160
"""2025-09-15T19:06:00Z in seconds since 1970."""
SINCE_2001 = MINUTE - 978_307_200


def made(path: Path, *scripts: str) -> Path:
    """A database that these scripts make."""
    with closing(sqlite3.connect(path)) as connection:
        for script in scripts:
            connection.executescript(script)
    return path


def filled(path: Path, script: str, rows: str, *values: tuple[object, ...]) -> Path:
    """A database with a table that these rows are put into."""
    made(path, script)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(rows, values)
        connection.commit()
    return path


def source_at(path: Path) -> InputFile:
    (source,) = discover([str(path)])
    assert isinstance(source, InputFile)
    return source


def records_at(path: Path) -> list[Record]:
    return list(read(source_at(path), ReadOptions()))


def whatsapp(path: Path, *rows: str) -> list[Record]:
    """The records of a newer database of WhatsApp for Android."""
    return records_at(made(path, MESSAGE, CHATS, *(f"INSERT INTO message VALUES ({row});" for row in rows)))


def test_a_row_of_a_group_becomes_a_message_of_the_member(tmp_path: Path) -> None:
    (message,) = messages_of(whatsapp(tmp_path / "a.db", f"7, 2, 0, 'K', 3, 0, {MINUTE}000, 0, 'مرحبا'"))

    assert message.source is not None
    assert (message.text, message.id, message.kind) == ("مرحبا", "K", Kind.TEXT)
    assert (message.sender, message.direction) == ("1@s.whatsapp.net", "received")
    assert message.thread == "العائلة (2@g.us)"
    assert message.sent_at == "2025-09-15T19:06:00+00:00"
    assert (message.source.locator, message.source.warnings) == ("message:7", ())


def test_what_the_owner_sent_is_told_from_what_came(tmp_path: Path) -> None:
    mine, theirs = messages_of(
        whatsapp(
            tmp_path / "a.db",
            f"1, 1, 1, 'K1', 0, 0, {MINUTE}000, 0, 'أ'",
            f"2, 1, 0, 'K2', 0, 0, {MINUTE}001, 0, 'ب'",
        )
    )

    assert (mine.sender, mine.direction, mine.thread) == ("me", "sent", "1@s.whatsapp.net")
    assert (theirs.sender, theirs.direction) == ("1@s.whatsapp.net", "received")


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("-1, 0, '-1', 0, -1, 0, -1, NULL", "blank message:1"),
        ("1, 0, 'K', 0, 6, 9, 7, 'x'", "system message:1"),
        ("1, 0, 'K', 0, 0, 9, 15, NULL", "deleted"),
        ("1, 0, 'K', 0, 6, 9, 10, NULL", "call"),
        ("1, 0, 'K', 0, 0, 9, 1, NULL", "media"),
        ("1, 0, 'K', 0, 0, 9, 1, 'شوف'", "شوف"),
        ("1, 0, 'K', 0, 0, 9, 12345, 'شوف'", "شوف"),
        ("1, 0, 'K', 0, 0, 9, 12345, NULL", "media"),
        ("1, 0, 'K', 0, 0, 9, 0, CAST(X'D9' AS TEXT)", "unread message:1"),
    ],
)
def test_a_row_is_what_its_type_says(tmp_path: Path, row: str, line: str) -> None:
    assert outline(whatsapp(tmp_path / "a.db", f"1, {row}")) == [line]


def test_a_type_that_is_not_known_is_warned_of(tmp_path: Path) -> None:
    (message,) = messages_of(whatsapp(tmp_path / "a.db", f"1, 1, 0, 'K', 0, 0, {MINUTE}000, 12345, 'أ'"))

    assert message.source is not None
    assert message.source.warnings == ("messages of type 12345 are not known here, taken as text",)


def test_a_row_whose_text_cannot_be_decoded_is_told_and_the_rest_kept(tmp_path: Path) -> None:
    records = whatsapp(
        tmp_path / "a.db",
        f"1, 1, 0, 'K1', 0, 0, {MINUTE}000, 0, CAST(X'FF41' AS TEXT)",
        f"2, 1, 0, 'K2', 0, 0, {MINUTE}001, 0, 'ب'",
    )

    assert records[0] == Unread(str(tmp_path / "a.db"), "message:1", NO_WORDS)
    assert outline(records) == ["unread message:1", "ب"]


def test_messages_come_in_the_order_of_time(tmp_path: Path) -> None:
    records = whatsapp(
        tmp_path / "a.db",
        f"1, 1, 0, 'K1', 0, 0, {MINUTE}900, 0, 'last'",
        f"2, 1, 0, 'K2', 0, 0, {MINUTE}100, 0, 'first'",
        f"3, 1, 0, 'K3', 0, 0, {MINUTE}500, 0, 'second'",
    )

    assert outline(records) == ["first", "second", "last"]


def test_a_database_without_the_other_tables_is_read(tmp_path: Path) -> None:
    row = f"INSERT INTO message VALUES (1, 5, 0, 'K', 4, 0, {MINUTE}000, 0, 'مرحبا');"
    path = made(tmp_path / "a.db", MESSAGE, row)

    (message,) = messages_of(records_at(path))

    assert (message.text, message.sender, message.thread) == ("مرحبا", None, f"{path}: chat 5")


def test_what_the_older_table_alone_has_is_read(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        MESSAGE,
        CHATS,
        OLDER,
        f"INSERT INTO message VALUES (1, 1, 0, 'K1', 0, 0, {MINUTE}000, 0, 'أ');",
        "INSERT INTO messages VALUES "
        f"  (2, '1@s.whatsapp.net', 0, 'K1', 0, 'أ', {MINUTE}000, '0', NULL, NULL);",
        f"INSERT INTO messages VALUES (3, '2@g.us', 0, 'K2', 0, NULL, {MINUTE}001, '1', 'ب', '1@x');",
    )

    records = records_at(path)

    assert outline(records) == ["blank messages:1", "أ", "blank messages:2", "ب"]
    assert isinstance(records[-1], Message)
    assert (records[-1].sender, records[-1].thread) == ("1@x", "2@g.us")


def test_both_tables_of_whatsapp_come_in_one_order_of_time(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        MESSAGE,
        CHATS,
        OLDER,
        f"INSERT INTO message VALUES (1, 1, 0, 'K2', 0, 0, {MINUTE}002, 0, '2');",
        f"INSERT INTO messages VALUES (2, '1@x', 0, 'K1', 0, '1', {MINUTE}001, '0', NULL, NULL),"
        f"  (3, '1@x', 0, 'K3', 0, '3', {MINUTE}003, '0', NULL, NULL);",
    )

    assert outline(records_at(path)) == ["blank messages:1", "1", "2", "3"]


def test_a_key_in_another_chat_is_another_message_as_broadcasts_have_it(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        MESSAGE,
        CHATS,
        OLDER,
        f"INSERT INTO message VALUES (1, 1, 1, 'K', 0, 0, {MINUTE}000, 0, 'أ');",
        f"INSERT INTO messages VALUES (2, '5@s.whatsapp.net', 1, 'K', 0, 'أ', {MINUTE}001, '0', NULL, NULL);",
    )

    records = records_at(path)

    assert outline(records) == ["blank messages:1", "أ", "أ"]
    assert [one.thread for one in messages_of(records)] == ["1@s.whatsapp.net", "5@s.whatsapp.net"]


@pytest.mark.parametrize("chat", [1, 3])
def test_a_copy_is_told_in_a_table_of_one_row_and_where_its_chat_has_a_newer_id(
    tmp_path: Path, chat: int
) -> None:
    path = made(
        tmp_path / "a.db",
        MESSAGE,
        CHATS,
        OLDER,
        "INSERT INTO chat VALUES (3, 3, NULL);"
        f"INSERT INTO message VALUES (1, {chat}, 0, 'K', 0, 0, {MINUTE}000, 0, 'أ');"
        "DELETE FROM messages;"
        f"INSERT INTO messages VALUES (2, '1@s.whatsapp.net', 0, 'K', 0, 'أ', {MINUTE}000, '0', NULL, NULL);",
    )

    assert outline(records_at(path)) == ["أ", "blank messages:2"]


def test_a_row_that_does_not_say_who_sent_it_has_no_sender(tmp_path: Path) -> None:
    (message,) = messages_of(whatsapp(tmp_path / "a.db", f"1, 1, NULL, 'K', 0, 0, {MINUTE}000, 0, 'أ'"))

    assert (message.direction, message.sender) == (None, None)


def test_the_sender_in_a_group_of_whatsapp_on_an_iphone_is_the_member(tmp_path: Path) -> None:
    path = made(
        tmp_path / "ChatStorage.sqlite",
        "CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZISFROMME, ZMESSAGETYPE, ZCHATSESSION, "
        "ZGROUPMEMBER, ZMEDIAITEM, ZMESSAGEDATE, ZFROMJID, ZSTANZAID, ZTEXT);"
        "CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, ZMEMBERJID);"
        "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID, ZPARTNERNAME);"
        "CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZMEDIALOCALPATH, ZTITLE);"
        "INSERT INTO ZWAGROUPMEMBER VALUES (1, '1@s.whatsapp.net');"
        "INSERT INTO ZWACHATSESSION VALUES (1, '2@g.us', 'العائلة');"
        "INSERT INTO ZWAMEDIAITEM VALUES (1, 'Media/a.jpg', 'شوف');"
        f"INSERT INTO ZWAMESSAGE VALUES (1, 0, 1, 1, 1, 1, {SINCE_2001}.25, '2@g.us', 'K1', NULL);"
        f"INSERT INTO ZWAMESSAGE VALUES (2, 0, 0, 1, NULL, NULL, {SINCE_2001}.5, '2@g.us', 'K2', 'أ');",
    )

    picture, unknown = messages_of(records_at(path))

    assert (picture.text, picture.attachment, picture.kind) == ("شوف", "Media/a.jpg", Kind.TEXT)
    assert (picture.sender, picture.thread) == ("1@s.whatsapp.net", "العائلة (2@g.us)")
    assert picture.sent_at == "2025-09-15T19:06:00.250000+00:00"
    assert unknown.sender is None


def imessage(path: Path, columns: str, *values: object) -> list[Record]:
    """The records of a database of Messages with one row, made of these columns."""
    marks = ", ".join("?" * len(values))
    script = f"INSERT INTO message (guid, handle_id, {columns}) VALUES ('G', 1, {marks})"
    return records_at(filled(path, APPLE, script, values))


@pytest.mark.parametrize("date", [SINCE_2001, SINCE_2001 * 10**9])
def test_times_of_messages_are_seconds_or_nanoseconds(tmp_path: Path, date: int) -> None:
    (message,) = messages_of(imessage(tmp_path / "a.db", "text, date, is_from_me", "مرحبا", date, 0))

    assert (message.sent_at, message.sender) == ("2025-09-15T19:06:00+00:00", "dana@example.com")


@pytest.mark.parametrize(
    ("columns", "value", "line"),
    [
        ("text", "مرحبا", "مرحبا"),
        ("item_type", 1, "system message:1"),
        ("date_retracted", 9, "deleted"),
        ("cache_has_attachments", 1, "media"),
        ("text", "\N{OBJECT REPLACEMENT CHARACTER}", "\N{OBJECT REPLACEMENT CHARACTER}"),
        ("attributedBody", b"\x04\x0bstreamtyped", "unread message:1"),
    ],
)
def test_a_row_of_messages_is_what_its_columns_say(
    tmp_path: Path, columns: str, value: object, line: str
) -> None:
    assert outline(imessage(tmp_path / "a.db", columns, value)) == [line]


def test_a_reaction_is_no_text_of_who_reacts(tmp_path: Path) -> None:
    columns = "text, associated_message_type, date"

    records = imessage(tmp_path / "a.db", columns, "Loved “x”", 2000, SINCE_2001)

    (message,) = messages_of(records)

    assert message.source is not None
    assert (message.kind, message.source.warnings) == (Kind.MEDIA, (REACTION,))


@pytest.mark.parametrize(
    ("text", "size"),
    [("مرحبا", b"\x0a"), ("ا" * 100, b"\x81\xc8\x00"), ("ا" * 40_000, b"\x82\x80\x38\x01\x00")],
)
def test_a_packed_text_is_opened(tmp_path: Path, text: str, size: bytes) -> None:
    pytest.importorskip("typedstream")

    records = imessage(tmp_path / "a.db", "attributedBody", ARCHIVE + size + text.encode() + b"\x86")

    assert outline(records) == [text]


def test_a_packed_text_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"

    assert imessage(path, "attributedBody", ARCHIVE[:40]) == [Unread(str(path), "message:1", PACKED)]


def test_sms_and_mms_are_read(tmp_path: Path) -> None:
    path = made(
        tmp_path / "mmssms.db",
        SMS_AND_MMS,
        f"INSERT INTO sms VALUES (1, 4, '+20100', {MINUTE}000, 1, 'أ'),"
        f"  (2, 4, '+20100', {MINUTE}001, 3, 'ب'), (3, 4, '+20100', {MINUTE}002, 2, NULL);"
        f"INSERT INTO pdu VALUES (1, 4, {MINUTE}, 1, 132);"
        "INSERT INTO part VALUES (1, 1, 'application/smil', NULL, NULL, NULL, '<smil>'),"
        "  (2, 1, 'text/plain', NULL, NULL, NULL, 'ج'), (3, 1, 'image/jpeg', 'a.jpg', NULL, NULL, NULL);"
        "INSERT INTO addr VALUES (1, 1, '+20100', 137), (2, 1, 'insert-address-token', 151);",
    )

    came, mms, draft, empty = messages_of(records_at(path))

    assert (came.text, came.sender, came.thread) == ("أ", "+20100", f"{path}: thread 4")
    assert (draft.sender, draft.source and draft.source.warnings) == ("me", ("a draft, not sent",))
    assert (empty.kind, empty.source and empty.source.warnings) == (Kind.TEXT, (NO_TEXT,))
    assert (mms.text, mms.attachment, mms.sender) == ("ج", "a.jpg", "+20100")
    assert mms.sent_at == came.sent_at == "2025-09-15T19:06:00+00:00"


def test_sms_and_mms_of_a_thread_come_in_one_order_of_time(tmp_path: Path) -> None:
    path = made(
        tmp_path / "mmssms.db",
        SMS_AND_MMS,
        f"INSERT INTO sms VALUES (1, 4, '+20100', {MINUTE + 3}000, 1, '3'),"
        f"  (2, 4, '+20100', {MINUTE}500, 1, '1');"
        f"INSERT INTO pdu VALUES (1, 4, {MINUTE + 9}, 1, 132), (2, 4, {MINUTE + 2}, 1, 132);"
        "INSERT INTO part VALUES (1, 1, 'text/plain', NULL, NULL, NULL, '9'),"
        "  (2, 2, 'text/plain', NULL, NULL, NULL, '2');",
    )

    assert outline(records_at(path)) == ["1", "2", "3", "9"]


def test_an_sms_without_a_type_has_no_sender(tmp_path: Path) -> None:
    row = f"INSERT INTO sms VALUES (1, 4, '+20100', {MINUTE}000, NULL, 'أ');"

    (message,) = messages_of(records_at(made(tmp_path / "mmssms.db", SMS_AND_MMS, row)))

    assert (message.direction, message.sender) == (None, None)


def test_imos_own_sentences_are_no_texts(tmp_path: Path) -> None:
    path = made(
        tmp_path / "IMODb2.sqlite",
        "CREATE TABLE ZIMOCHATMSG (Z_PK INTEGER PRIMARY KEY, ZISSENT, ZTS, ZTYPE, ZALIAS, ZBUID, ZTEXT);"
        f"INSERT INTO ZIMOCHATMSG VALUES (1, 0, {MINUTE}000000000, 0, 'دانة', '7', 'مرحبا'),"
        f" (2, 0, {MINUTE}000000001, 1, 'دانة', '7', 'uploaded photo'),"
        f" (3, 1, {MINUTE}000000002, 12, NULL, '7', 'This message was deleted');",
    )

    messages = messages_of(records_at(path))

    assert [one.kind for one in messages] == [Kind.TEXT, Kind.MEDIA, Kind.DELETED]
    assert [one.sender for one in messages] == ["دانة", "دانة", "me"]
    assert {one.thread for one in messages} == {"7"}
