"""Telegram Desktop's result.json as records."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.read.namesakes import NAMESAKE
from detector.read.source import ReadOptions
from detector.read.telegram.result_json import (
    BROKEN,
    NO_CHAT,
    NO_EXPORT,
    NO_MESSAGE,
    UNSUPPORTED,
    read,
)
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.records import FORWARDED, Kind, Message, Record, Source, Unread
from tests.read_examples import EXPORTS, SHARED, expected_of, input_at, input_of, messages_of, outline

CHAT = EXPORTS / "telegram" / "chat.json"
ACCOUNT = EXPORTS / "telegram" / "account.json"


def records_of(document: bytes, options: ReadOptions | None = None) -> list[Record]:
    return list(read(input_of(document), options or ReadOptions()))


def messages_in(items: list[Any]) -> list[Message]:
    return messages_of(records_of(json.dumps({"id": 7, "messages": items}).encode()))


def test_every_item_of_a_chat_becomes_one_record() -> None:
    records = list(read(input_at(CHAT), ReadOptions()))

    assert outline(records) == [
        "system /messages/0",
        "شوف الصور 😀",
        "وصلت؟",
        "media",
        "media",
        "call",
        "unread /messages/6",
        "unread /messages/7",
        "unread /messages/8",
        "آخر رسالة",
    ]


def test_a_message_carries_all_that_the_export_says_of_it() -> None:
    source = input_at(CHAT)

    message = messages_of(list(read(source, ReadOptions())))[1]

    assert message == Message(
        text="وصلت؟",
        id="4100/3",
        thread="أبو سيف (4100)",
        sender="user4100",
        sent_at="2024-03-12T18:08:00+00:00",
        attachment="photos/photo_1.jpg",
        edited=True,
        reply_to="4100/2",
        source=Source("chat.json", source.sha256, "/messages/2"),
    )


def test_media_that_was_not_exported_goes_by_its_name_if_it_has_one() -> None:
    media = messages_of(list(read(input_at(CHAT), ReadOptions())))[2:4]

    assert [(message.kind, message.attachment, message.sender) for message in media] == [
        (Kind.MEDIA, "voice.ogg", None),
        (Kind.MEDIA, None, None),
    ]


def test_what_is_written_into_a_poll_is_text() -> None:
    answers = [{"text": "تدفع", "voters": 0}, {"text": [{"type": "bold", "text": "تنفضح"}], "voters": 0}]
    poll = {"question": "شتختار؟", "closed": False, "answers": answers}

    (message,) = messages_in([{"type": "message", "from": "A", "text": "", "poll": poll}])

    assert (message.kind, message.text) == (Kind.TEXT, "شتختار؟\nتدفع\nتنفضح")


def test_a_forwarded_message_says_so() -> None:
    (message,) = messages_in([{"type": "message", "from": "A", "forwarded_from": "B", "text": "هلا"}])

    assert message.source is not None
    assert message.source.warnings == (FORWARDED,)


def test_what_cannot_be_read_says_why_in_three_parts_without_its_text() -> None:
    unread = [record for record in read(input_at(CHAT), ReadOptions()) if isinstance(record, Unread)]

    assert [record.reason for record in unread] == [NO_MESSAGE, NO_MESSAGE, UNSUPPORTED]
    assert all(reason.count("\n") == 2 for reason in (NO_MESSAGE, UNSUPPORTED, BROKEN, NO_CHAT, NO_EXPORT))


def test_times_without_a_unix_time_stay_local_until_a_zone_is_declared() -> None:
    items = [{"text": "a", "date": "2024-03-12T21:07:00"}, {"text": "b", "date_unixtime": "1710266820"}]
    document = json.dumps({"messages": items}).encode()

    local = messages_of(records_of(document))
    declared = messages_of(records_of(document, ReadOptions(tz="Asia/Baghdad")))

    assert [message.sent_at for message in local] == ["2024-03-12T21:07:00", "2024-03-12T18:07:00+00:00"]
    assert [message.sent_at for message in declared] == ["2024-03-12T21:07:00+03:00"] * 2


def test_a_date_that_is_not_understood_is_warned_of() -> None:
    (message,) = messages_in([{"text": "a", "date": "soon"}])

    assert message.sent_at is None
    assert message.source is not None
    assert message.source.warnings == (DATE_NOT_UNDERSTOOD,)


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(InputError, match="no time zone of this name"):
        records_of(b"{}", ReadOptions(tz="Asia/Nowhere"))


def test_all_chats_of_an_account_are_read_each_as_its_own_thread() -> None:
    records = list(read(input_at(ACCOUNT), ReadOptions()))

    assert [(message.thread, message.id) for message in messages_of(records)] == [
        ("ورد (11)", "11/1"),
        ("account.json (12)", "12/1"),
        ("account.json/chats/list/2", ""),
        ("سوق (14)", "14/5"),
    ]
    assert [record.locator for record in records if isinstance(record, Unread)] == [
        "/chats/list/3",
        "/chats/list/4",
    ]


def test_a_reply_into_another_chat_names_that_chat() -> None:
    (message,) = messages_in(
        [{"id": 2, "text": "a", "reply_to_message_id": 5, "reply_to_peer_id": "channel9"}]
    )

    assert message.reply_to == "channel9/5"


@pytest.mark.parametrize("length", [0, 1, 20, 60, 90, 115])
def test_a_cut_off_file_keeps_what_stands_before_the_cut(length: int) -> None:
    document = b'{"id": 7, "messages": [{"text": "first"}, {"id": 2, "text": "second"}, {"text": "x"}]}'

    records = records_of(document[:length])

    kept = [text for text in ("first", "second", "x") if f'"{text}"}}'.encode() in document[:length]]
    assert [message.text for message in messages_of(records)] == kept
    if length < len(document):
        assert isinstance(records[-1], Unread)
        assert records[-1].reason == BROKEN


def test_half_a_surrogate_pair_is_kept_as_it_is() -> None:
    texts = ["\N{GRINNING FACE}", "a \ud83d b", "\ude00", "z"]

    messages = messages_in([{"text": text} for text in texts])

    assert [message.text for message in messages] == texts


@given(st.lists(st.text(st.characters(codec=None, exclude_categories=())), max_size=20))
def test_texts_are_read_verbatim_whatever_they_hold(texts: list[str]) -> None:
    items = [{"text": text} for text in texts]

    assert [message.text for message in messages_in(items)] == texts


def test_a_number_too_long_for_python_does_not_stop_the_program() -> None:
    document = b'{"messages": [{"text": "a"}, {"text": "b", "id": ' + b"9" * 5000 + b"}]}"

    assert outline(records_of(document)) == ["a", "unread /messages/1"]


def test_lists_nested_without_end_take_up_neither_stack_nor_memory() -> None:
    document = b'{"messages": [{"text": "a", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b'}, {"text": "b"}]}'

    assert outline(records_of(document)) == ["a", "b"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert outline(records_of(b'\xef\xbb\xbf{"messages": [{"text": "a"}]}')) == ["a"]


@pytest.mark.parametrize("document", [b"{}", b"[]", b'"text"', b'{"messages": 3}', b'{"chats": {}}'])
def test_json_without_messages_is_one_unread(document: bytes) -> None:
    assert records_of(document) == [Unread("export", "/", NO_EXPORT)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared examples are not on this machine")
def test_the_shared_example_is_read_as_expected() -> None:
    path = SHARED / "telegram_json" / "chatminer_single.json"
    expected = expected_of(path)

    messages = messages_of(list(read(input_at(path), ReadOptions())))

    assert len(messages) == expected["messages"]
    assert sorted({str(message.sender) for message in messages}) == expected["senders"]
    for message, told in ((messages[0], expected["first"]), (messages[-1], expected["last"])):
        assert message.text == told["text"]
        assert message.sent_at == told["timestamp"].replace("Z", "+00:00")


def test_two_people_of_one_name_are_told_apart_by_their_ids() -> None:
    people = ("user9", "user1", "user9")

    messages = messages_in(
        [{"type": "message", "from": "سارة", "from_id": one, "text": "a"} for one in people]
    )

    assert [message.sender for message in messages] == ["سارة", "سارة (user1)", "سارة"]
    assert [NAMESAKE in message.source.warnings for message in messages if message.source] == [
        False,
        True,
        False,
    ]
