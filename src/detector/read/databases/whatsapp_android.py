"""WhatsApp for Android: `msgstore.db`, decrypted, with its newer table `message` or the older `messages`.

Names of contacts are in another database (`wa.db`), so people go by their ids. Reactions are passed over.
"""

from detector.read.databases.layout import Epoch, Layout, Part, Told, case, when
from detector.records import FORWARDED

FIRST = {Told.DELETED: (15,), Told.CALL: (10, 90)}
"""What these types mean whatever the row's status is."""
TYPES = {
    Told.TEXT: (0,),
    Told.MEDIA: (1, 2, 3, 5, 9, 13, 16, 20, 42, 43, 66),
    Told.FILE: (4, 14),
    Told.SYSTEM: (7,),
}
SYSTEM = when("m.status = 6", Told.SYSTEM)

OLD_TYPE = "CAST(m.media_wa_type AS INTEGER)"
NO_PERSON = "('g.us', 'broadcast', 'newsletter')"
PHONE_OF = "SELECT phone.raw_string FROM jid_map JOIN jid AS phone ON phone._id = jid_map.jid_row_id"
CHAT_JID = (
    "SELECT jid.raw_string FROM chat JOIN jid ON jid._id = chat.jid_row_id WHERE chat._id = m.chat_row_id"
)
CHAT_PHONE = f"({PHONE_OF} JOIN chat ON chat.jid_row_id = jid_map.lid_row_id WHERE chat._id = m.chat_row_id)"
PERSON = (
    "CASE WHEN m.key_remote_jid NOT LIKE '%@g.us' AND m.key_remote_jid NOT LIKE '%broadcast' "
    "THEN m.key_remote_jid END"
)

COPIED = (
    "SELECT jid.raw_string, m.key_id FROM message AS m "
    "JOIN chat ON chat._id = m.chat_row_id JOIN jid ON jid._id = chat.jid_row_id"
)
COPIED_BY_PHONE = (
    "SELECT phone.raw_string, m.key_id FROM message AS m JOIN chat ON chat._id = m.chat_row_id "
    "JOIN jid_map ON jid_map.lid_row_id = chat.jid_row_id JOIN jid AS phone ON phone._id = jid_map.jid_row_id"
)
"""The newer table's rows with the ids of their chats: a broadcast has one key in several chats."""

MESSAGE = Layout(
    table="message",
    columns=("chat_row_id", "from_me", "key_id", "message_type", "text_data", "timestamp"),
    epoch=Epoch.UNIX_MS,
    parts={
        Part.TIME: ("m.timestamp",),
        Part.KIND: (
            when("m.chat_row_id = -1 OR m.message_type = -1", Told.BLANK),
            case("m.message_type", FIRST),
            SYSTEM,
            case("m.message_type", TYPES),
        ),
        Part.TYPE: ("m.message_type",),
        Part.TEXT: ("NULLIF(m.text_data, '')",),
        Part.FROM_ME: ("m.from_me",),
        Part.SENDER: (
            f"({PHONE_OF} WHERE jid_map.lid_row_id = m.sender_jid_row_id)",
            "(SELECT raw_string FROM jid WHERE _id = m.sender_jid_row_id)",
            CHAT_PHONE,
            f"({CHAT_JID} AND jid.server NOT IN {NO_PERSON})",
        ),
        Part.CHAT: ("(SELECT NULLIF(subject, '') FROM chat WHERE _id = m.chat_row_id)",),
        Part.CHAT_ID: (CHAT_PHONE, f"({CHAT_JID})"),
        Part.CHAT_NUMBER: ("'chat ' || m.chat_row_id",),
        Part.ID: ("m.key_id",),
        Part.ATTACHMENT: (
            "(SELECT file_path FROM message_media WHERE message_row_id = m._id)",
            "(SELECT media_name FROM message_media WHERE message_row_id = m._id)",
        ),
        Part.REPLY_TO: ("(SELECT key_id FROM message_quoted WHERE message_row_id = m._id)",),
        Part.EDITED: ("(SELECT 1 FROM message_edit_info WHERE message_row_id = m._id)",),
        Part.NOTE: (
            when("(SELECT forward_score FROM message_forwarded WHERE message_row_id = m._id) > 0", FORWARDED),
        ),
    },
)

MESSAGES = Layout(
    table="messages",
    columns=("key_remote_jid", "key_from_me", "key_id", "data", "timestamp"),
    epoch=Epoch.UNIX_MS,
    parts={
        Part.TIME: ("m.timestamp",),
        Part.KIND: (
            when("m.key_remote_jid = '-1'", Told.BLANK),
            case(OLD_TYPE, FIRST),
            SYSTEM,
            case(OLD_TYPE, TYPES),
            f"'{Told.TEXT}'",
        ),
        Part.TYPE: (OLD_TYPE,),
        Part.TEXT: ("NULLIF(m.data, '')", "NULLIF(m.media_caption, '')"),
        Part.FROM_ME: ("m.key_from_me",),
        Part.SENDER: (
            "NULLIF(m.remote_resource, '')",
            PERSON,
        ),
        Part.CHAT: ("(SELECT NULLIF(subject, '') FROM chat_list WHERE key_remote_jid = m.key_remote_jid)",),
        Part.CHAT_ID: ("m.key_remote_jid",),
        Part.ID: ("m.key_id",),
        Part.ATTACHMENT: ("m.media_name",),
        Part.REPLY_TO: ("(SELECT key_id FROM messages_quotes WHERE _id = m.quoted_row_id)",),
        Part.NOTE: (when("m.forwarded > 0", FORWARDED),),
    },
    copied_to=(COPIED, COPIED_BY_PHONE),
)
