"""SMS and MMS of Android: `mmssms.db`. The files of MMS lie beside it; its chats are named by numbers."""

from detector.read.databases.layout import Epoch, Layout, Part, Told, when

DRAFT = "a draft, not sent"
FAILED = "sending failed"
NOT_FETCHED = "the message was announced and not fetched"
PEER = (
    "(SELECT address FROM canonical_addresses "
    "WHERE _id = (SELECT recipient_ids FROM threads WHERE _id = m.thread_id))"
)
"""The number of a thread with one other person."""
THREAD = "'thread ' || m.thread_id"
WORDS = "(SELECT group_concat(text, char(10)) FROM part WHERE mid = m._id AND ct = 'text/plain')"
FILE = (
    "(SELECT COALESCE(cl, name, _data) FROM part "
    "WHERE mid = m._id AND ct NOT IN ('text/plain', 'application/smil'))"
)
FROM = "(SELECT address FROM addr WHERE msg_id = m._id AND type = 137 AND address <> 'insert-address-token')"

SMS = Layout(
    table="sms",
    columns=("address", "body", "date", "thread_id", "type"),
    epoch=Epoch.UNIX_MS,
    parts={
        Part.TIME: ("m.date",),
        Part.KIND: (f"'{Told.TEXT}'",),
        Part.TEXT: ("NULLIF(m.body, '')",),
        Part.FROM_ME: ("m.type <> 1",),
        Part.SENDER: ("m.address",),
        Part.CHAT: (PEER,),
        Part.CHAT_NUMBER: (THREAD,),
        Part.NOTE: (when("m.type = 3", DRAFT), when("m.type = 5", FAILED)),
    },
)

MMS = Layout(
    table="pdu",
    columns=("date", "m_type", "msg_box", "thread_id"),
    epoch=Epoch.UNIX_S,
    parts={
        Part.TIME: ("m.date",),
        Part.KIND: (f"'{Told.MEDIA}'",),
        Part.TEXT: (WORDS,),
        Part.FROM_ME: ("m.msg_box <> 1",),
        Part.SENDER: (FROM,),
        Part.CHAT: (PEER,),
        Part.CHAT_NUMBER: (THREAD,),
        Part.ATTACHMENT: (FILE,),
        Part.NOTE: (when("m.m_type = 130", NOT_FETCHED), when("m.msg_box = 3", DRAFT)),
    },
)
