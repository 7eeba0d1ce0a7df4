"""WhatsApp for iPhone: `ChatStorage.sqlite`. In groups the sender is the member, never the group's name."""

from detector.read.databases.layout import Epoch, Layout, Part, Told, case

TYPES = {
    Told.TEXT: (0,),
    Told.MEDIA: (1, 2, 3, 5, 7, 8, 11, 15, 38, 39, 46),
    Told.FILE: (4,),
    Told.DELETED: (14,),
    Told.SYSTEM: (6, 10),
}

MESSAGE = Layout(
    table="ZWAMESSAGE",
    columns=("ZCHATSESSION", "ZISFROMME", "ZMESSAGEDATE", "ZMESSAGETYPE", "ZTEXT"),
    epoch=Epoch.APPLE,
    parts={
        Part.TIME: ("m.ZMESSAGEDATE",),
        Part.KIND: (case("m.ZMESSAGETYPE", TYPES),),
        Part.TYPE: ("m.ZMESSAGETYPE",),
        Part.TEXT: (
            "NULLIF(m.ZTEXT, '')",
            "(SELECT NULLIF(ZTITLE, '') FROM ZWAMEDIAITEM WHERE Z_PK = m.ZMEDIAITEM)",
        ),
        Part.FROM_ME: ("m.ZISFROMME",),
        Part.SENDER: (
            "(SELECT ZMEMBERJID FROM ZWAGROUPMEMBER WHERE Z_PK = m.ZGROUPMEMBER)",
            "CASE WHEN m.ZFROMJID NOT LIKE '%@g.us' AND m.ZFROMJID NOT LIKE '%broadcast' THEN m.ZFROMJID END",
        ),
        Part.CHAT: ("(SELECT NULLIF(ZPARTNERNAME, '') FROM ZWACHATSESSION WHERE Z_PK = m.ZCHATSESSION)",),
        Part.CHAT_ID: ("(SELECT ZCONTACTJID FROM ZWACHATSESSION WHERE Z_PK = m.ZCHATSESSION)",),
        Part.CHAT_NUMBER: ("'chat ' || m.ZCHATSESSION",),
        Part.ID: ("m.ZSTANZAID",),
        Part.ATTACHMENT: ("(SELECT ZMEDIALOCALPATH FROM ZWAMEDIAITEM WHERE Z_PK = m.ZMEDIAITEM)",),
        Part.REPLY_TO: ("(SELECT ZSTANZAID FROM ZWAMESSAGE WHERE Z_PK = m.ZPARENTMESSAGE)",),
    },
)
