"""Exports of Snapchat, TikTok, X and Discord."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.read import Chat, Format, ReadOptions, open_chat
from detector.read.apps.discord import EXPORT
from detector.read.apps.snapchat import NOT_SAVED, PROGRAM
from detector.read.apps.threads import BROKEN, NO_CHAT, NO_EXPORT, NO_MESSAGE
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.records import FORWARDED, Kind, Message, PassedKind, Record, Unread
from tests.read_examples import input_of, messages_of, outline

TEXT = "حولي ٥٠٠ دولار والا صورك توصل لاهلك 😂"
KEYS = (
    "messages",
    "dmConversation",
    "messageCreate",
    "text",
    "type",
    "content",
    "From",
    "Content",
    "Media Type",
)
X_START = "window.YTD.direct_messages.part0 = "


def read(data: str | bytes, found: Format, name: str = "export", tz: str | None = None) -> list[Record]:
    """The records of a file in a format that was declared."""
    packed = data.encode() if isinstance(data, str) else data
    chat = open_chat(input_of(packed, name), ReadOptions(format=found, tz=tz))
    assert isinstance(chat, Chat)
    return list(chat.records)


def snap(minute: int, content: str | None = "", media_type: str = "TEXT", **more: Any) -> dict[str, Any]:
    """An item of a chat in Snapchat's shape of today."""
    created = f"2024-03-12 21:{minute:02}:00 UTC"
    made = {"From": "ali", "Media Type": media_type, "Created": created, "Content": content}
    return {**made, "Conversation Title": None, "IsSender": False, **more}


def snapchat(**chats: Any) -> list[Record]:
    return read(json.dumps(chats), Format.SNAPCHAT)


def locators(records: list[Record]) -> list[str]:
    return [one.source.locator if isinstance(one, Message) and one.source else "" for one in records]


def test_a_chat_of_snapchats_comes_the_oldest_message_first() -> None:
    records = snapchat(ali=[snap(9, "هلا", IsSender=True, From="dana"), snap(8, TEXT)])

    assert [
        (one.sender, one.direction, one.text, one.sent_at, one.thread) for one in messages_of(records)
    ] == [
        ("ali", "received", TEXT, "2024-03-12T21:08:00+00:00", "ali"),
        ("dana", "sent", "هلا", "2024-03-12T21:09:00+00:00", "ali"),
    ]
    assert locators(records) == ["/ali/1", "/ali/0"]


def test_every_item_of_snapchats_is_of_the_kind_that_it_is() -> None:
    items = [
        snap(1, "", "MEDIA", **{"Media IDs": "b~abc | b~def"}),
        snap(2, None),
        snap(3, "", "STATUSERASEDMESSAGE"),
        snap(4, "", "STATUSCALLMISSEDAUDIO"),
        snap(5, "", "STATUSCONVERSATIONCAPTURESCREENSHOT"),
        snap(6, "شوف", "SHARE"),
    ]

    records = snapchat(ali=items)

    assert [one.kind for one in records if not isinstance(one, Unread)] == [
        Kind.MEDIA,
        Kind.DELETED,
        Kind.DELETED,
        Kind.CALL,
        PassedKind.SYSTEM,
        Kind.TEXT,
    ]
    first, unsaved, erased, *_ = messages_of(records)
    assert first.attachment == "b~abc"
    assert [one.source.warnings for one in (unsaved, erased) if one.source] == [(NOT_SAVED,), ()]


def test_a_group_of_snapchats_goes_by_its_title_and_its_key() -> None:
    (message,) = messages_of(snapchat(**{"a/b~c": [snap(1, "هلا", **{"Conversation Title": "الشلة"})]}))

    assert message.thread == "الشلة (a/b~c)"
    assert message.source is not None
    assert message.source.locator == "/a~1b~0c/0"


def test_the_two_sides_of_snapchats_old_shape_are_one_chat() -> None:
    received = [
        {"From": "ali", "Media Type": "TEXT", "Created": f"2021-01-01 12:0{n}:00 UTC", "Text": str(n)}
        for n in (3, 1)
    ]
    sent = [
        {"To": "ali", "Media Type": "TEXT", "Created": "2021-01-01 12:02:00 UTC", "Text": "&quot;2&#39;s"}
    ]

    records = snapchat(**{"Received Saved Chat History": received, "Sent Saved Chat History": sent})

    assert [(one.sender, one.direction, one.text, one.thread) for one in messages_of(records)] == [
        ("ali", "received", "1", "ali"),
        ("me", "sent", "\"2's", "ali"),
        ("ali", "received", "3", "ali"),
    ]


def test_what_was_not_saved_in_snapchats_old_shape_belongs_to_the_same_chat() -> None:
    received = {"From": "ali", "Media Type": "TEXT", "Created": "2021-01-01 12:01:00 UTC", "Text": "1"}
    sent = {"To": "ali", "Media Type": "TEXT", "Created": "2021-01-01 12:00:00 UTC", "Text": "&lt;3"}

    records = snapchat(**{"Received Saved Chat History": [received], "Sent Unsaved Chat History": [sent]})

    assert [(one.sender, one.direction, one.text, one.thread) for one in messages_of(records)] == [
        ("me", "sent", "<3", "ali"),
        ("ali", "received", "1", "ali"),
    ]


def test_a_chat_whose_first_and_last_times_are_equal_is_not_turned_round() -> None:
    assert outline(snapchat(ali=[snap(1, "1"), snap(1, "2")])) == ["1", "2"]


def tiktok_item(sender: str, content: str | None, minute: int) -> dict[str, Any]:
    return {"Date": f"2024-03-12 21:{minute:02}:00", "From": sender, "Content": content}


@pytest.mark.parametrize(
    ("root", "inner"), [("Direct Messages", "Chat History"), ("Direct Message", "Direct Messages")]
)
@pytest.mark.parametrize("first", [True, False])
def test_tiktoks_messages_are_the_accounts_or_anothers(root: str, inner: str, first: bool) -> None:
    chats = {"Chat History with ali:": [tiktok_item("ali", TEXT, 1), tiktok_item("dana", None, 2)]}
    parts = [
        (root, {inner: {"ChatHistory": chats}}),
        ("Profile", {"Profile Info": {"ProfileMap": {"userName": "dana"}}}),
    ]

    records = read(json.dumps(dict(parts if first else reversed(parts))), Format.TIKTOK)

    assert [(one.sender, one.direction, one.kind, one.thread) for one in messages_of(records)] == [
        ("ali", "received", Kind.TEXT, "ali"),
        ("dana", "sent", Kind.MEDIA, "ali"),
    ]
    assert locators(records)[0] == f"/{root}/{inner}/ChatHistory/Chat History with ali:/0"
    assert messages_of(records)[0].sent_at == "2024-03-12T21:01:00+00:00"


def test_tiktok_says_nothing_of_a_direction_where_a_name_is_neither_ones() -> None:
    chats = {"Chat History with ali:": [tiktok_item("ali", TEXT, 1), tiktok_item("dana", "هلا", 2)]}

    records = read(json.dumps({"Direct Messages": {"Chat History": {"ChatHistory": chats}}}), Format.TIKTOK)

    assert [one.direction for one in messages_of(records)] == ["received", None]


def test_an_account_of_tiktoks_without_messages_has_none() -> None:
    data = {"Direct Messages": {"Chat History": {"ChatHistory": {}}}, "Activity": {"Direct Messages": [1]}}

    assert read(json.dumps(data), Format.TIKTOK) == []


def x_item(number: int, text: str, **more: Any) -> dict[str, Any]:
    created = f"2024-03-12T21:{number:02}:00.085Z"
    return {"messageCreate": {"id": str(number), "senderId": "7", "text": text, "createdAt": created, **more}}


def x_file(*conversations: Any) -> str:
    made = [
        {"dmConversation": {"conversationId": f"7-{n}", "messages": one}}
        for n, one in enumerate(conversations)
    ]
    return X_START + json.dumps(made, indent=2)


def test_a_conversation_of_xs_comes_the_oldest_message_first_and_as_it_was_typed() -> None:
    items = [x_item(2, "1 &lt; 2 &amp;amp; &copy", mediaUrls=["https://x.example/1.jpg"]), x_item(1, TEXT)]

    records = read(x_file(items, [x_item(3, "", editHistory=[{"text": "a"}])]), Format.X)

    assert [(one.id, one.text, one.thread, one.attachment, one.edited) for one in messages_of(records)] == [
        ("1", TEXT, "7-0", None, False),
        ("2", "1 < 2 &amp; &copy", "7-0", "https://x.example/1.jpg", False),
        ("3", "", "7-1", None, True),
    ]
    assert locators(records)[0] == "/0/dmConversation/messages/1"
    assert messages_of(records)[0].sent_at == "2024-03-12T21:01:00.085000+00:00"
    assert {one.direction for one in messages_of(records)} == {None}


def test_what_happened_in_a_group_of_xs_is_a_system_line() -> None:
    items = [x_item(2, "هلا"), {"participantsJoin": {"userIds": ["8"]}}, {"unheardOf": {}}]

    assert outline(read(x_file(items), Format.X)) == [
        "unread /0/dmConversation/messages/2",
        "system /0/dmConversation/messages/1",
        "هلا",
    ]


def test_an_archive_of_xs_without_messages_has_none() -> None:
    assert read(X_START + "[ ]", Format.X) == []


def discord_item(number: int, content: str, kind: str = "Default", **more: Any) -> dict[str, Any]:
    author = {"id": "70", "name": "ali", "discriminator": "0000", "nickname": "علي"}
    timestamp = f"2024-03-12T21:0{number}:00+03:00"
    made = {"id": str(number), "type": kind, "timestamp": timestamp, "content": content, "author": author}
    return {**made, "timestampEdited": None, "attachments": [], **more}


def discord(*items: Any, tz: str | None = None) -> list[Record]:
    data = {"guild": {"name": "Direct Messages"}, "channel": {"id": "5", "name": "ali"}, "messages": items}
    return read(json.dumps(data), Format.DISCORD, tz=tz)


def test_every_item_of_a_channel_of_discords_is_of_the_kind_that_it_is() -> None:
    records = discord(
        discord_item(1, TEXT, timestampEdited="2024-03-12T21:09:00+03:00"),
        discord_item(2, "هلا", "Reply", reference={"messageId": "1"}),
        discord_item(3, "", attachments=[{"fileName": "a.png", "url": "media/a.png"}]),
        discord_item(4, "Started a call.", "Call"),
        discord_item(5, "Pinned a message.", "ChannelPinnedMessage", reference={"messageId": "1"}),
        discord_item(6, "", forwardedMessage={"content": "شوف"}),
    )

    messages = messages_of(records)
    assert outline(records)[4] == "system /messages/4"
    assert [(one.kind, one.edited, one.reply_to, one.attachment) for one in messages] == [
        (Kind.TEXT, True, None, None),
        (Kind.TEXT, False, "1", None),
        (Kind.MEDIA, False, None, "media/a.png"),
        (Kind.CALL, False, None, None),
        (Kind.TEXT, False, None, None),
    ]
    assert {(one.sender, one.thread) for one in messages} == {("ali", "Direct Messages / ali (5)")}
    assert messages[-1].text == "شوف"
    assert messages[-1].source is not None
    assert messages[-1].source.warnings == (FORWARDED,)


@pytest.mark.parametrize(
    ("tz", "sent_at"), [(None, "2024-03-12T18:01:00+00:00"), ("Asia/Dubai", "2024-03-12T22:01:00+04:00")]
)
def test_times_are_those_of_utc_or_of_the_declared_zone(tz: str | None, sent_at: str) -> None:
    assert [one.sent_at for one in messages_of(discord(discord_item(1, "هلا"), tz=tz))] == [sent_at]


def test_names_of_before_have_their_digits() -> None:
    author = {"name": "ali", "discriminator": "7077"}

    assert [one.sender for one in messages_of(discord(discord_item(1, "هلا", author=author)))] == ["ali#7077"]


def test_discords_own_package_holds_what_the_account_sent() -> None:
    items = [
        {
            "ID": 9,
            "Timestamp": "2024-03-12 21:09:00",
            "Contents": "",
            "Attachments": "https://a/1.png https://a/2.png",
        },
        {"ID": 8, "Timestamp": "2024-03-12 21:08:00.123000+00:00", "Contents": TEXT, "Attachments": ""},
    ]

    records = read(json.dumps(items), Format.DISCORD, "package.zip!Messages/c55/messages.json")

    assert [
        (one.id, one.text, one.sender, one.direction, one.thread, one.attachment)
        for one in messages_of(records)
    ] == [
        ("8", TEXT, "me", "sent", "c55", None),
        ("9", "", "me", "sent", "c55", "https://a/1.png"),
    ]
    assert locators(records) == ["/1", "/0"]


def test_what_is_wrong_is_told_one_by_one_and_the_rest_is_read() -> None:
    records = snapchat(
        ali=[snap(3, "هلا"), 5, snap(2, Created="soon"), {"Content": 1}], dana=7, omar=[snap(1, "شوف")]
    )

    assert outline(records) == ["unread /ali/3", "deleted", "unread /ali/1", "هلا", "unread /dana", "شوف"]
    assert [one.reason for one in records if isinstance(one, Unread)] == [
        NO_MESSAGE.format(expected=PROGRAM.expected),
        NO_MESSAGE.format(expected=PROGRAM.expected),
        NO_CHAT.format(expected=PROGRAM.expected),
    ]
    wrong = messages_of(records)[0].source
    assert wrong is not None
    assert wrong.warnings == (DATE_NOT_UNDERSTOOD, NOT_SAVED)


@pytest.mark.parametrize("ended", ["", "\x00 and more"])
def test_what_stands_before_damage_is_read(ended: str) -> None:
    data = json.dumps({"dana": [snap(1, "1")], "ali": [snap(4, "4"), snap(3, "3"), snap(2, "2")]})
    cut = data[: data.rindex('"From"')]

    records = read(cut + ended, Format.SNAPCHAT)

    assert outline(records) == ["1", "3", "4", "unread /ali/2"]
    assert isinstance(records[-1], Unread)
    assert records[-1].reason == BROKEN.format(expected=PROGRAM.expected)


def test_what_follows_a_document_is_told() -> None:
    records = read(x_file([x_item(1, "هلا")]) + ";", Format.X)

    assert outline(records) == ["هلا", "unread /"]


def test_json_of_another_kind_is_told() -> None:
    records = read('{"guild": {}, "messages": 5}', Format.DISCORD)

    assert [one.reason for one in records if isinstance(one, Unread)] == [
        NO_EXPORT.format(expected=EXPORT.expected)
    ]


def test_half_a_surrogate_pair_is_kept_and_nothing_comes_twice() -> None:
    data = json.dumps(
        {"dana": [snap(1, "1")], "ali": [snap(4, "\ud83d"), snap(3, "3")], "omar": [snap(5, "5")]}
    )

    assert outline(read(data, Format.SNAPCHAT)) == ["1", "3", "\ud83d", "5"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(JSON, st.sampled_from([Format.SNAPCHAT, Format.TIKTOK, Format.X, Format.DISCORD]))
def test_any_json_gives_records(document: Any, found: Format) -> None:
    assert all(one.source.units for one in messages_of(read(json.dumps(document), found)) if one.source)
