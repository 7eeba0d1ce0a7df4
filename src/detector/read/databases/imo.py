"""imo for iPhone: `IMODb2.sqlite`, with sentences of imo's own for pictures and for what was deleted."""

from detector.read.databases.layout import Epoch, Layout, Part, Told, case

TYPES = {Told.TEXT: (0,), Told.FILE: (1,), Told.DELETED: (12,)}

MESSAGE = Layout(
    table="ZIMOCHATMSG",
    columns=("ZBUID", "ZISSENT", "ZTEXT", "ZTS", "ZTYPE"),
    epoch=Epoch.UNIX_NS,
    parts={
        Part.TIME: ("m.ZTS",),
        Part.KIND: (case("m.ZTYPE", TYPES),),
        Part.TYPE: ("m.ZTYPE",),
        Part.TEXT: ("NULLIF(m.ZTEXT, '')",),
        Part.FROM_ME: ("m.ZISSENT",),
        Part.SENDER: ("m.ZALIAS", "m.ZA_UID"),
        Part.CHAT: ("(SELECT ZDISPLAY FROM ZIMOCONTACT WHERE ZBUID = m.ZBUID)", "m.ZCONTACT_ALIAS"),
        Part.CHAT_ID: ("m.ZBUID",),
    },
)
