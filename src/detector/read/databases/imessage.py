"""iMessage and SMS of Apple's devices: `chat.db` of a Mac, `sms.db` of an iPhone.

Newer systems leave the column of texts empty and pack the text into `attributedBody`, an archive of
NSArchiver. It is opened with `pytypedstream` where that is installed (the extra `imessage`).
"""

from detector.read.databases.layout import Epoch, Layout, Part, Told, when
from detector.records import FORWARDED

UNSENT = "the sender took this message back"
PACKED = "m.text IS NULL AND m.attributedBody IS NULL"
OF_CHAT = (
    "FROM chat_message_join JOIN chat ON chat.ROWID = chat_message_join.chat_id "
    "WHERE chat_message_join.message_id = m.ROWID"
)
OF_ATTACHMENT = (
    "FROM message_attachment_join AS joined JOIN attachment ON attachment.ROWID = joined.attachment_id "
    "WHERE joined.message_id = m.ROWID"
)


def unpacked(archive: bytes) -> str | None:
    """The first string of an archive: the text as it was written. None where it cannot be opened."""
    # ruff: noqa: PLC0415
    try:
        from typedstream.stream import InvalidTypedStreamError, TypedStreamReader
    except ImportError:
        return None
    try:
        with TypedStreamReader.from_data(archive) as events:
            string = next((event for event in events if isinstance(event, bytes)), None)
        return None if string is None else string.decode()
    except (InvalidTypedStreamError, ValueError, LookupError):
        return None


MESSAGE = Layout(
    table="message",
    columns=("date", "guid", "handle_id", "is_from_me", "text"),
    epoch=Epoch.APPLE,
    parts={
        Part.TIME: ("m.date",),
        Part.KIND: (
            when("m.item_type <> 0", Told.SYSTEM),
            when("m.is_system_message <> 0", Told.SYSTEM),
            when("m.associated_message_type BETWEEN 2000 AND 3999", Told.REACTION),
            when(f"m.date_retracted > 0 AND {PACKED}", Told.DELETED),
            when("m.cache_has_attachments <> 0", Told.MEDIA),
            f"'{Told.TEXT}'",
        ),
        Part.TEXT: ("NULLIF(m.text, '')",),
        Part.BODY: ("m.attributedBody",),
        Part.FROM_ME: ("m.is_from_me",),
        Part.SENDER: ("(SELECT id FROM handle WHERE ROWID = m.handle_id)",),
        Part.CHAT: (f"(SELECT NULLIF(chat.display_name, '') {OF_CHAT})",),
        Part.CHAT_ID: (
            f"(SELECT chat.chat_identifier {OF_CHAT})",
            "m.cache_roomnames",
        ),
        Part.CHAT_NUMBER: (
            "(SELECT 'chat ' || chat_id FROM chat_message_join WHERE message_id = m.ROWID)",
            "'handle ' || m.handle_id",
        ),
        Part.ID: ("m.guid",),
        Part.ATTACHMENT: (
            f"(SELECT attachment.filename {OF_ATTACHMENT})",
            f"(SELECT attachment.transfer_name {OF_ATTACHMENT})",
        ),
        Part.REPLY_TO: ("m.thread_originator_guid",),
        Part.EDITED: ("m.date_edited > 0",),
        Part.NOTE: (when("m.date_retracted > 0", UNSENT), when("m.is_forward <> 0", FORWARDED)),
    },
    unpack=unpacked,
)
