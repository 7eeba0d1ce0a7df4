"""Message databases of apps (SQLite), as a phone or a forensic tool hands them out, decrypted.

Nothing is written: neither to the database nor beside it nor to a temporary folder. A log beside it (`-wal`)
may hold messages that are not in it yet; it is told as unread. The unit is the row.
"""

import sqlite3
from collections.abc import Iterator

from detector.read.databases import android_sms, imessage, imo, whatsapp_android, whatsapp_ios
from detector.read.databases.layout import Layout
from detector.read.databases.opening import DAMAGE, UnopenedError, logs_beside, opened
from detector.read.databases.rows import is_in, records_of
from detector.read.dates import declared_zone
from detector.read.source import InputFile, ReadOptions
from detector.records import Record, Unread

__all__ = ["read"]

LAYOUTS = (
    whatsapp_android.MESSAGE,
    whatsapp_android.MESSAGES,
    whatsapp_ios.MESSAGE,
    imessage.MESSAGE,
    android_sms.SMS,
    android_sms.MMS,
    imo.MESSAGE,
)

KNOWN = "msgstore.db, ChatStorage.sqlite, chat.db, sms.db, mmssms.db or IMODb2.sqlite"
NO_MESSAGES = (
    "no table of messages known here is in this database.\n"
    f"Expected a database of WhatsApp, Messages, SMS or imo, decrypted: {KNOWN}.\n"
    "If it holds messages all the same, give the text export of the app, "
    "or the tables of a forensic tool as CSV or XLSX."
)
BROKEN = (
    "the database is damaged, no more of it can be read.\n"
    "Expected a database that is whole.\n"
    "Copy it again from its source, or mend a copy with the .recover command of sqlite3; "
    "what was told before was read."
)
NOT_WHOLE = (
    "the database is cut short, or the list of its tables is damaged.\n"
    "Expected a database that is whole.\n"
    "Copy it again from its source; what could be found in it was read."
)
LOG = (
    "this log of the database was not read: messages may be in it, or changed by it.\n"
    "Expected a database with nothing left in its logs.\n"
    "Open a copy of all its files with sqlite3, run `PRAGMA wal_checkpoint(TRUNCATE)`, and scan the copy too."
)


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a database, those of all its tables in the order of time."""
    zone = declared_zone(options.tz) if options.tz else None
    yield from (Unread(source.name, log, LOG) for log in logs_beside(source))
    try:
        with opened(source) as database:
            if not database.is_whole:
                yield Unread(source.name, "database", NOT_WHOLE)
            layouts = _layouts(database.connection)
            yield from records_of(database.connection, layouts, source, zone)
            if not layouts:
                yield Unread(source.name, "database", NO_MESSAGES)
    except UnopenedError as error:
        yield Unread(source.name, "database", str(error))
    except DAMAGE:
        yield Unread(source.name, "database", BROKEN)


def _layouts(connection: sqlite3.Connection) -> list[Layout]:
    """The tables of messages in a database."""
    return [layout for layout in LAYOUTS if is_in(connection, layout)]
