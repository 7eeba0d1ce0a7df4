"""Pages of Instagram, Facebook and Messenger (message_1.html) as records."""

from pathlib import Path

import pytest

from detector.read import Chat, Format, InputFile, ReadOptions, discover, open_chat
from detector.read.meta import read
from detector.read.meta.pages import BROKEN, OTHER_CLOCK
from detector.read.source import NOT_UTF8
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.records import Kind, Message, Record, Source, Unread
from tests.read_examples import EXPORTS, input_of, messages_of, outline

INSTAGRAM = "your_instagram_activity/messages/inbox/salim_5017"
FACEBOOK = "your_activity_across_facebook/messages/inbox/abukarim_991"
FACEBOOK_2019 = "messages/inbox/karim_77c"
DATE = "Mar 12, 2024 9:07:05 pm"
POST = (
    '<section class="_a6-g"><h2 class="_2ph_ _a6-h _a6-i">Dana shared a link.</h2>'
    '<div class="_2ph_ _a6-p"><div><div class="_2pin"><div>كلام</div></div></div></div></section>'
)
FOLLOWER = (
    '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><h2 class="_3-95 _2pim _a6-h _a6-i">dana</h2>'
    '<div class="_3-95 _a6-p"><div><div><a href="https://www.instagram.com/_u/dana">dana</a></div>'
    "<div>Mar 3, 2024 9:12 pm</div></div></div></div>"
)
THREAT = "حولي ٥٠٠ دولار\nوالا صورك توصل لاهلك @dana"


def block(sender: str, *parts: str, date: str = DATE) -> str:
    """A message as Facebook writes it; a body begins with what is answered, then come the words."""
    head = f'<h2 class="_2ph_ _a6-h _a6-i">{sender}</h2>' if sender else ""
    body = "".join(f"<div>{part}</div>" for part in parts)
    footer = f'<footer class="_3-94 _a6-o"><div class="_a72d">{date}</div></footer>'
    return (
        f'<section class="_a6-g">{head}<div class="_2ph_ _a6-p"><div>{body}</div></div>{footer}</section>\n'
    )


def page(*blocks: str, style: str = "") -> bytes:
    head = f"<title>Dana &amp; Zaid</title><style>{style}</style>"
    return f"<html><head>{head}</head><body><main>{''.join(blocks)}</main></body></html>".encode()


def records_of(*blocks: str, tz: str | None = None) -> list[Record]:
    source = input_of(page(*blocks), "export.zip!messages/inbox/dana_17/message_1.html")
    return list(read(source, ReadOptions(tz=tz)))


def chat_at(folder: str) -> list[Record]:
    """The records of the example in a folder, found and recognised as a scan does."""
    (source,) = discover([str(EXPORTS / "meta" / folder)])
    assert isinstance(source, InputFile)
    chat = open_chat(source, ReadOptions())
    assert isinstance(chat, Chat)
    assert chat.format is Format.META
    return list(chat.records)


def warnings_of(message: Message) -> tuple[str, ...]:
    assert message.source is not None
    return message.source.warnings


def test_a_page_of_instagram_is_read_from_its_oldest_message_on() -> None:
    assert outline(chat_at(INSTAGRAM)) == [
        "https://www.instagram.com/stories/x/1",
        "media",
        "media",
        THREAT,
        "سليم sent an attachment.",
        "media",
        "system message 1",
    ]


def test_a_page_of_facebook_is_read_from_its_oldest_message_on() -> None:
    messages = messages_of(chat_at(FACEBOOK))

    assert [(one.sender, one.text, one.sent_at) for one in messages] == [
        ("ريم", "هلا", "2024-03-12T21:06:59"),
        ("أبو كريم", "وين وصلت؟", "2024-03-12T21:07:05"),
    ]
    assert {one.thread for one in messages} == {"أبو كريم (abukarim_991)"}


def test_a_page_of_facebook_as_it_was_in_2019_is_read() -> None:
    messages = messages_of(chat_at(FACEBOOK_2019))

    assert [(one.kind, one.sender, one.text, one.attachment, one.sent_at) for one in messages] == [
        (Kind.TEXT, "لمى", "مساء الخير", None, "2019-02-16T22:16:00"),
        (Kind.MEDIA, "كريم", "", f"{FACEBOOK_2019}/photos/1.jpg", "2019-02-16T22:17:00"),
        (Kind.CALL, "كريم", "كريم called you.", None, "2019-02-16T22:18:00"),
    ]


def test_files_are_those_of_the_export_and_their_players_say_nothing() -> None:
    messages = messages_of(chat_at(INSTAGRAM))

    assert [one.attachment for one in messages] == [
        None,
        f"{INSTAGRAM}/audio/502.mp4",
        f"{INSTAGRAM}/photos/501.jpg",
        None,
        None,
        None,
    ]


def test_a_message_carries_all_that_the_page_says_of_it() -> None:
    source = input_of(page(block("Dana", "", "هلا &lt;3")), "messages/inbox/dana_17/message_1.html")

    (message,) = messages_of(list(read(source, ReadOptions(tz="Asia/Baghdad"))))

    assert message == Message(
        text="هلا <3",
        thread="Dana & Zaid (dana_17)",
        sender="Dana",
        sent_at="2024-03-12T21:07:05+03:00",
        source=Source(source.name, source.sha256, "message 1"),
    )


@pytest.mark.parametrize(
    ("tz", "sent_at", "warnings"),
    [
        (None, "2024-03-12T21:06:00", (OTHER_CLOCK,)),
        ("Asia/Baghdad", "2024-03-12T21:06:00+03:00", (OTHER_CLOCK,)),
        ("Etc/GMT+8", "2024-03-12T21:06:00-08:00", ()),
    ],
)
def test_instagrams_clock_is_warned_of_until_it_is_declared(
    tz: str | None, sent_at: str, warnings: tuple[str, ...]
) -> None:
    path = EXPORTS / "meta" / INSTAGRAM / "message_1.html"

    (first, *_) = messages_of(list(read(input_of(path.read_bytes()), ReadOptions(tz=tz))))

    assert (first.sent_at, warnings_of(first)) == (sent_at, warnings)


def test_messages_of_one_minute_are_turned_round_too() -> None:
    blocks = [block("Dana", "", text, date="Mar 12, 2024 9:07 pm") for text in "321"]

    assert outline(records_of(*blocks)) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("", "كلامي", "<div><div>كلامي</div></div>"), "كلامي"),
        (("ما قاله غيري", "كلامي", ""), "كلامي"),
        (("كلامي",), "كلامي"),
        (("", "<b>كلا</b>مي<br />و<a href='https://a.example'>a.example</a>"), "كلامي\nوa.example"),
        (("", "", "<div><div>اول</div><div>ثاني</div></div>", ""), "اول\nثاني"),
    ],
)
def test_the_text_is_what_the_sender_wrote_or_else_shared(parts: tuple[str, ...], text: str) -> None:
    assert outline(records_of(block("Dana", *parts))) == [text]


def test_a_message_without_a_name_has_no_sender_and_one_without_a_date_no_time() -> None:
    nameless, dateless = block("", "", "b"), block("Dana", "", "a", date="")

    first, second = messages_of(records_of(nameless, dateless))

    assert (first.sender, first.sent_at, warnings_of(first)) == ("Dana", None, (DATE_NOT_UNDERSTOOD,))
    assert (second.sender, second.text) == (None, "b")


def test_an_element_left_open_costs_no_message_its_sender() -> None:
    messages = messages_of(records_of(block("Zaid", "", "<b>ب"), block("Dana", "", "ا")))

    assert [(one.sender, one.text) for one in messages] == [("Dana", "ا"), ("Zaid", "ب")]


@pytest.mark.parametrize("lost", [7, 30, 200])
def test_a_page_that_ends_early_is_read_up_to_there(lost: int) -> None:
    whole = page(block("Dana", "", "b"), block("Zaid", "", "a" * 300))

    records = list(read(input_of(whole[:-lost]), ReadOptions()))

    assert "b" in outline(records)
    assert isinstance(records[-1], Unread)
    assert records[-1].reason == BROKEN


def test_bytes_that_are_no_text_do_not_stop_the_page() -> None:
    damaged = page(block("Dana", "", "a?b")).replace(b"a?b", b"a\xffb")

    (message,) = messages_of(list(read(input_of(damaged), ReadOptions())))

    assert message.text == "a\N{REPLACEMENT CHARACTER}b"
    assert warnings_of(message) == (NOT_UTF8,)


def test_pages_of_a_thread_come_in_the_order_of_time(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        style = "a{b:c}" * 20_000
        (tmp_path / f"message_{number}.html").write_bytes(page(block("Dana", "", str(number)), style=style))

    texts: list[str] = []
    for source in discover([str(tmp_path)]):
        assert isinstance(source, InputFile)
        chat = open_chat(source, ReadOptions())
        assert isinstance(chat, Chat)
        texts += outline(list(chat.records))

    assert texts == ["10", "2", "1"]


@pytest.mark.parametrize("other", [POST, FOLLOWER])
def test_other_pages_of_the_export_are_no_chats(other: str) -> None:
    chat = open_chat(input_of(page(other)), ReadOptions())

    assert isinstance(chat, Unread)
    assert chat.reason.endswith("The messages of Instagram and Facebook are in a message_1.html.")
