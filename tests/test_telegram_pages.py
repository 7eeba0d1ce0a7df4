"""Telegram Desktop's pages (messages.html) as records."""

import pytest

from detector.read import discover
from detector.read.source import NOT_UTF8, InputFile, ReadOptions
from detector.read.telegram import read
from detector.read.telegram.pages import BROKEN, OFFSET_AS_PRINTED
from detector.records import FORWARDED, Kind, Message, Record, Source, Unread
from tests.read_examples import SHARED, expected_of, input_at, input_of, messages_of, outline

SENT = "12.03.2024 21:07:05 UTC+03:00"
DAY = '<div class="message service" id="message-1"><div class="body details">\n12 March 2024\n</div></div>'
PHOTO = (
    '<div class="media_wrap clearfix"><a class="photo_wrap clearfix pull_left" href="photos/photo_1.jpg">'
    '<img class="photo" src="photos/photo_1_thumb.jpg"/></a></div>'
)
CALL = (
    '<div class="media_wrap clearfix"><div class="media clearfix pull_left media_call success">'
    '<div class="body"><div class="title bold">\nدانة\n</div>'
    '<div class="status details">\nIncoming\n</div></div></div></div>'
)
POLL = (
    '<div class="media_wrap clearfix"><div class="media_poll"><div class="question bold">\nوين؟\n</div>'
    '<div class="details">Anonymous poll</div>'
    '<div class="answer">\n- هنا <span class="details">2 votes</span>\n</div>'
    '<div class="answer">\n- هناك\n</div></div></div>'
)
FORWARD = (
    '<div class="pull_left forwarded userpic_wrap"></div>'
    '<div class="forwarded body"><div class="from_name">\nزيد '
    '<span class="date details" title="01.02.2020 10:00:00 UTC+03:00"> 01.02.2020</span></div>'
    '<div class="text">\nكلام غيره\n</div></div>'
)


def text(words: str) -> str:
    return f'<div class="text">\n{words}\n       </div>'


def message(number: int, name: str | None, inside: str, sent: str = SENT) -> str:
    named = f'<div class="from_name">\n{name} \n       </div>' if name else ""
    return (
        f'<div class="message default clearfix{"" if name else " joined"}" id="message{number}">\n'
        '<div class="pull_left userpic_wrap"><a class="userpic_link" href="userpics/1.jpg"></a></div>'
        f'<div class="body">\n<div class="pull_right date details" title="{sent}">\n21:07\n</div>'
        f"{named}{inside}</div>\n</div>\n"
    )


def page(*messages: str) -> bytes:
    title = '<div class="page_header"><div class="text bold">\nأبو &amp; سيف\n</div></div>'
    body = f'<div class="page_body chat_page">{DAY}{"".join(messages)}</div>'
    head = "<head><meta charset='utf-8'/></head>"
    return f"<!DOCTYPE html>\n<html>{head}<body>{title}{body}</body></html>".encode()


def source_of(*messages: str) -> InputFile:
    return input_of(page(*messages), "case/ChatExport/messages2.html")


def records_of(*messages: str, tz: str | None = None) -> list[Record]:
    return list(read(source_of(*messages), ReadOptions(tz=tz)))


def test_every_message_of_a_page_becomes_one_record() -> None:
    records = records_of(
        message(1, "دانة", text("مرحبا")),
        message(2, None, PHOTO),
        message(3, "زيد", CALL),
        message(4, None, POLL),
        DAY,
    )

    assert outline(records) == [
        "system message-1",
        "مرحبا",
        "media",
        "call",
        "وين؟\nهنا\nهناك",
        "system message-1",
    ]


def test_a_message_carries_all_that_the_page_says_of_it() -> None:
    answer = '<div class="reply_to details">In reply to <a href="messages.html#go_to_message7">this</a></div>'
    source = source_of(message(9, "دانة", answer + PHOTO + text("شوف")))

    (read_message,) = messages_of(list(read(source, ReadOptions(tz="Asia/Baghdad"))))

    assert read_message == Message(
        text="شوف",
        thread="أبو & سيف (ChatExport)",
        sender="دانة",
        sent_at="2024-03-12T21:07:05+03:00",
        attachment="photos/photo_1.jpg",
        reply_to="case/ChatExport/messages.html:message7",
        source=Source(source.name, source.sha256, "message9"),
    )


def test_a_text_is_what_was_written_without_its_markup() -> None:
    words = 'سطر<br>&lt;b&gt; <strong>غليظ</strong> <a href="https://a.example/b">a.example</a>  &amp;'

    (read_message,) = messages_of(records_of(message(1, "دانة", text(words))))

    assert (read_message.text, read_message.attachment) == ("سطر\n<b> غليظ a.example  &", None)


def test_a_joined_message_is_of_the_sender_before_it() -> None:
    found = messages_of(
        records_of(
            message(1, None, text("a")), message(2, "دانة", text("b")), DAY, message(3, None, text("c"))
        )
    )

    assert [one.sender for one in found] == [None, "دانة", "دانة"]


def test_words_of_another_are_forwarded_by_the_sender_and_warned_of() -> None:
    (read_message,) = messages_of(records_of(message(1, "دانة", FORWARD), tz="Asia/Baghdad"))

    assert (read_message.sender, read_message.text) == ("دانة", "كلام غيره")
    assert read_message.sent_at == "2024-03-12T21:07:05+03:00"
    assert read_message.source is not None
    assert read_message.source.warnings == (FORWARDED,)


@pytest.mark.parametrize(
    ("sent", "tz", "sent_at", "warnings"),
    [
        (SENT, None, "2024-03-12T21:07:05+03:00", (OFFSET_AS_PRINTED,)),
        ("12.03.2024 21:07:05", None, "2024-03-12T21:07:05", ()),
        ("12.03.2024 21:07:05", "Asia/Baghdad", "2024-03-12T21:07:05+03:00", ()),
        ("12.07.2024 21:07:05 UTC+02:00", "Africa/Cairo", "2024-07-12T21:07:05+03:00", ()),
        (SENT, "Europe/Berlin", "2024-03-12T19:07:05+01:00", (OFFSET_AS_PRINTED,)),
    ],
)
def test_the_local_time_counts_where_its_offset_is_that_of_the_zone(
    sent: str, tz: str | None, sent_at: str, warnings: tuple[str, ...]
) -> None:
    (read_message,) = messages_of(records_of(message(1, "دانة", text("a"), sent), tz=tz))

    assert read_message.sent_at == sent_at
    assert read_message.source is not None
    assert read_message.source.warnings == warnings


@pytest.mark.parametrize("lost", [7, 30, 200])
def test_a_page_that_ends_early_is_read_up_to_there(lost: int) -> None:
    whole = page(message(1, "دانة", text("a")), message(2, "زيد", text("b" * 200)))

    records = list(read(input_of(whole[:-lost], "messages.html"), ReadOptions()))

    assert outline(records)[:2] == ["system message-1", "a"]
    assert isinstance(records[-1], Unread)
    assert records[-1].reason == BROKEN


def test_a_damaged_page_is_read_up_to_there() -> None:
    damaged = page(message(1, "دانة", text("a")), "<![?", message(2, "زيد", text("b")))

    records = list(read(input_of(damaged, "messages.html"), ReadOptions()))

    assert outline(records)[:2] == ["system message-1", "a"]
    assert isinstance(records[-1], Unread)


def test_bytes_that_are_no_text_do_not_stop_the_page() -> None:
    damaged = page(message(1, "دانة", text("a?b"))).replace(b"a?b", b"a\xffb")

    (read_message,) = messages_of(list(read(input_of(damaged), ReadOptions(tz="Asia/Baghdad"))))

    assert read_message.text == "a\N{REPLACEMENT CHARACTER}b"
    assert read_message.source is not None
    assert read_message.source.warnings == (NOT_UTF8,)


def test_pages_are_found_in_the_order_of_their_numbers(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("ChatExport")
    for name in ("messages10.html", "messages.html", "messages2.html"):
        (folder / name).write_bytes(page(message(1, "دانة", text("a"))))

    found = [source.name if isinstance(source, InputFile) else "" for source in discover([str(folder)])]

    assert [name.rpartition("/")[2] for name in found] == [
        "messages.html",
        "messages2.html",
        "messages10.html",
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the exports of other projects are not here")
def test_the_shared_page_is_read_as_expected() -> None:
    path = SHARED / "telegram_html" / "langchain_messages.html"
    wanted = expected_of(path)

    records = list(read(input_at(path), ReadOptions()))
    found = messages_of(records)

    assert (len(found), len(records) - len(found)) == (wanted["messages"], wanted["system"])
    assert [(one.sender, one.text, one.sent_at) for one in (found[0], found[-1])] == [
        (wanted[at]["sender"], wanted[at]["text"], wanted[at]["timestamp"]) for at in ("first", "last")
    ]
    assert {one.kind for one in found} == {Kind.TEXT}


def test_an_element_left_open_costs_no_message_its_sender() -> None:
    source = source_of(message(1, "زيد", text("<b>هلا")), message(2, "دانة", text("اهلين")))

    messages = messages_of(list(read(source, ReadOptions())))

    assert [(one.sender, one.text) for one in messages] == [("زيد", "هلا"), ("دانة", "اهلين")]


def test_a_bot_behind_a_name_is_no_part_of_it() -> None:
    named = '<div class="from_name">\nدانة via <a href="">@gif</a> \n</div>'
    first = message(1, "دانة", text("أ"))
    second = message(2, "x", text("ب")).replace('<div class="from_name">\nx \n       </div>', named)

    assert [one.sender for one in messages_of(records_of(first, second))] == ["دانة", "دانة"]
