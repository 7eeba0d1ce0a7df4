"""Chats of Instagram, Facebook and Messenger as Meta hands them out."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.read import Chat, Format, ReadOptions, discover, open_chat
from detector.read.meta import read
from detector.read.meta.messages_json import BROKEN, NO_MESSAGE
from detector.read.mojibake import DAMAGED
from detector.records import Kind, Message, Passed, Unread
from tests.read_examples import input_of

TEXT = "حولي ٥٠٠ دولار والا صورك توصل لاهلك 😂"
START = 1_710_270_420_000


def as_meta_writes(text: str) -> str:
    """Each byte of UTF-8 as if it were a letter."""
    return text.encode().decode("latin-1")


def item(number: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    """An item of `messages`, a minute after the one before."""
    sender = as_meta_writes("علي")
    made: dict[str, Any] = {"sender_name": sender, "timestamp_ms": START + number * 60_000, **more}
    return made if text is None else {**made, "content": as_meta_writes(text)}


def export(*items: object, **more: Any) -> str:
    """A file of a thread; what tells of the thread stands after the messages, as Meta writes it."""
    return json.dumps({"participants": [], "messages": items, **more})


def messages_of(data: str) -> list[Message]:
    return [one for one in read(input_of(data.encode()), ReadOptions()) if isinstance(one, Message)]


def test_letters_are_put_right_and_the_oldest_message_comes_first() -> None:
    names = {"title": as_meta_writes("علي"), "thread_path": "inbox/ali_17"}

    records = messages_of(export(item(2, "هلا"), item(1, TEXT), **names))

    assert [one.text for one in records] == [TEXT, "هلا"]
    assert [one.sent_at for one in records] == ["2024-03-12T19:08:00+00:00", "2024-03-12T19:09:00+00:00"]
    assert {(one.sender, one.thread) for one in records} == {("علي", "علي (ali_17)")}
    assert [one.source.locator for one in records if one.source] == ["/messages/1", "/messages/0"]


def test_a_thread_whose_first_and_last_times_are_equal_is_not_turned_round() -> None:
    assert [one.text for one in messages_of(export(item(1, "1"), item(1, "2")))] == ["1", "2"]


def test_every_item_is_of_the_kind_that_it_is() -> None:
    items = [
        item(1, photos=[{"uri": "photos/1.jpg"}]),
        item(2, "شوف", photos=[{"uri": "photos/2.jpg"}]),
        item(3, is_unsent=True),
        item(4, "You missed a call.", call_duration=0),
        item(5, share={"link": "https://example.org/x"}),
    ]

    records = messages_of(export(*items))

    assert [(one.kind, one.text, one.attachment) for one in records] == [
        (Kind.MEDIA, "", "photos/1.jpg"),
        (Kind.TEXT, "شوف", "photos/2.jpg"),
        (Kind.DELETED, "", None),
        (Kind.CALL, "You missed a call.", None),
        (Kind.TEXT, "https://example.org/x", None),
    ]


def test_messengers_encrypted_chats_are_read() -> None:
    sent = {"senderName": "علي", "text": TEXT, "timestamp": START, "isUnsent": False, "media": []}
    data = json.dumps({"participants": ["علي", "دانة"], "threadName": "علي_5", "messages": [sent]})

    assert [(one.sender, one.text, one.thread) for one in messages_of(data)] == [("علي", TEXT, "علي_5")]


def test_a_text_that_was_cut_in_a_letter_is_left_and_told_of() -> None:
    cut = as_meta_writes(TEXT)[:-1]

    (message,) = messages_of(export({**item(1), "content": cut}))

    assert message.text == cut
    assert message.source is not None
    assert message.source.warnings == (DAMAGED,)


def test_what_is_no_message_is_told_and_the_rest_is_read() -> None:
    records = list(
        read(input_of(export(item(3, "هلا"), 5, item(1, type="Subscribe")).encode()), ReadOptions())
    )

    assert [type(one) for one in records] == [Passed, Unread, Message]
    assert isinstance(records[1], Unread)
    assert (records[1].locator, records[1].reason) == ("/messages/1", NO_MESSAGE)


def test_what_stands_before_damage_is_read() -> None:
    data = export(item(2, "هلا"), item(1, TEXT))

    cut = data.index("content", data.index("content") + 1)
    records = list(read(input_of(data[:cut].encode()), ReadOptions()))

    assert [one.text for one in records if isinstance(one, Message)] == ["هلا"]
    assert [one.reason for one in records if isinstance(one, Unread)] == [BROKEN]


def test_damage_is_told_last_where_a_file_has_the_oldest_message_first() -> None:
    data = export(item(1, "1"), item(2, "2"))

    records = list(read(input_of(data[: data.index("]}")].encode()), ReadOptions()))

    assert [type(one) for one in records] == [Message, Message, Unread]


@pytest.mark.parametrize("zipped", [False, True])
def test_the_parts_of_a_thread_come_in_the_order_of_time(tmp_path: Path, zipped: bool) -> None:
    import zipfile  # noqa: PLC0415 - for one of the two cases only

    folder = tmp_path / "inbox" / "ali_17"
    folder.mkdir(parents=True)
    for part in range(1, 12):
        data = export(item(100 - part, str(part)), title="Ali", thread_path="inbox/ali_17")
        (folder / f"message_{part}.json").write_text(data, encoding="utf-8")
    given = tmp_path / "inbox"
    if zipped:
        given = tmp_path / "export.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, f"inbox/ali_17/{path.name}")

    texts = []
    for source in discover([str(given)]):
        assert not isinstance(source, Unread)
        chat = open_chat(source, ReadOptions())
        assert isinstance(chat, Chat)
        assert chat.format is Format.META
        texts += [one.text for one in chat.records if isinstance(one, Message)]

    assert texts == [str(part) for part in range(11, 0, -1)]


def test_what_is_shared_with_words_is_not_lost() -> None:
    share = {"link": "https://example.org/noor", "share_text": "هذا اخوج"}

    found = messages_of(
        export(item(1, "شوفي", share=share), item(2, "Dana sent an attachment.", share=share))
    )

    assert [one.text for one in found] == [
        "شوفي\nهذا اخوج\nhttps://example.org/noor",
        "هذا اخوج\nhttps://example.org/noor",
    ]
