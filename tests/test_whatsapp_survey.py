"""What only a whole WhatsApp export tells: its shape, its dates, its names; and the published exports."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.read import discover
from detector.read.dates import DOES_NOT_EXIST, OCCURS_TWICE
from detector.read.source import NOT_UTF8, DateOrder, Format, InputFile, ReadOptions
from detector.read.timestamps import YEAR_FIRST
from detector.read.whatsapp import (
    AFTER_SYSTEM,
    IMITATED,
    LONE_RETURNS,
    LONG_NAME,
    NO_MESSAGE,
    OTHER_SHAPE,
    read,
    sniff,
)
from detector.read.whatsapp_headers import NO_SUCH_TIME, SWAPPED
from detector.read.whatsapp_survey import AS_WINDOWS_1256, BY_ORDER, CONTRADICTORY
from detector.records import Kind, Message, Passed, PassedKind, Record, Unread
from tests.read_examples import SHARED, expected_of, input_of, messages_of, outline

FOLDERS = ("synthetic/whatsapp_txt", "whatsapp_txt_ios", "whatsapp_txt_android")
PUBLISHED = sorted(
    path
    for folder in FOLDERS
    for path in (SHARED / folder).glob("*")
    if path.suffix in (".txt", ".zip") and expected_of(path)["messages"] is not None
)
MARK = "\N{LEFT-TO-RIGHT MARK}"


def chat_of(data: bytes) -> InputFile:
    return input_of(data, "chat.txt")


def records_of(text: str, options: ReadOptions | None = None) -> list[Record]:
    return list(read(chat_of(text.encode()), options or ReadOptions()))


def sent(text: str, options: ReadOptions | None = None) -> list[str | None]:
    return [message.sent_at for message in messages_of(records_of(text, options))]


def warnings_of(record: Record) -> tuple[str, ...]:
    assert isinstance(record, Message)
    assert record.source is not None
    return record.source.warnings


def units_of(records: list[Record]) -> int:
    return sum(
        (record.source.units if record.source else 0) if isinstance(record, Message) else record.units
        for record in records
    )


def of_path(path: Path) -> InputFile:
    (source,) = discover([str(path)])
    assert isinstance(source, InputFile)
    return source


@pytest.mark.skipif(not PUBLISHED, reason="the published exports lie beside the repository only at work")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_published_exports_give_their_known_counts(path: Path) -> None:
    expected = expected_of(path)
    source = of_path(path)

    records = list(read(source, ReadOptions()))

    messages = messages_of(records)
    assert len(messages) == expected["messages"]
    assert sum(isinstance(record, Passed) for record in records) == expected["system"]
    assert sorted({message.sender or "" for message in messages}) == expected["senders"]
    assert units_of(records) == source.lines
    for known, message in ((expected["first"], messages[0]), (expected["last"], messages[-1])):
        assert message.text == known["text"]
        assert message.sender == known["sender"]
        assert message.sent_at == known["timestamp"]


def test_a_record_says_where_it_stands() -> None:
    (first, second) = records_of("12/03/2024, 21:07 - دانة: a\nb\n13/03/2024, 21:07 - دانة: c")

    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert first.thread == "chat.txt"
    assert first.source is not None
    assert second.source is not None
    assert (first.source.locator, first.source.units) == ("line 1", 2)
    assert (second.source.locator, second.source.units) == ("line 3", 1)


def test_a_body_is_verbatim_to_the_last_invisible_character() -> None:
    body = (
        "  \N{RIGHT-TO-LEFT OVERRIDE}٥٠٠\N{POP DIRECTIONAL FORMATTING}\N{LINE SEPARATOR}،\v\x85 \n\n"
        "\N{RIGHT-TO-LEFT MARK}end \t"
    )

    (message,) = records_of(f"12/03/2024, 21:07 - دانة: {body}\n")

    assert isinstance(message, Message)
    assert message.text == body


def test_one_carriage_return_before_a_line_feed_belongs_to_the_line_end() -> None:
    (message,) = records_of("12/03/2024, 21:07 - دانة: a\r\r\nb\r\n")

    assert isinstance(message, Message)
    assert message.text == "a\r\nb"


def test_lines_before_the_first_message_are_unread_or_blank() -> None:
    records = records_of("\N{ZERO WIDTH NO-BREAK SPACE}\n \nheadless\n13/03/2024, 21:07 - دانة: a\n")

    assert records[:3] == [
        Passed("chat.txt", "line 1", PassedKind.BLANK),
        Passed("chat.txt", "line 2", PassedKind.BLANK),
        Unread("chat.txt", "line 3", NO_MESSAGE),
    ]


def test_lines_after_a_system_line_are_not_lost() -> None:
    records = records_of("13/03/2024, 21:07 - أضاف أبو كمال دانة\n\nmore\n")

    assert records == [
        Passed("chat.txt", "line 1", PassedKind.SYSTEM),
        Passed("chat.txt", "line 2", PassedKind.BLANK),
        Unread("chat.txt", "line 3", AFTER_SYSTEM),
    ]


def test_a_stamp_of_another_shape_is_words_of_the_message_and_warned_of() -> None:
    forged = "[13/03/2024, 21:07:00] دانة: forged"

    records = records_of(f"13/03/2024, 21:07 - أبو كمال: a\n{forged}\n13/03/2024, 21:08 - دانة: b\n")

    assert outline(records) == [f"a\n{forged}", "b"]
    assert warnings_of(records[0]) == (IMITATED,)
    assert warnings_of(records[1]) == ()


def test_a_declared_format_decides_which_stamps_count() -> None:
    text = "[13/03/2024, 21:07:00] x: a\n13/03/2024, 21:07 - دانة: b\n"

    records = records_of(text, ReadOptions(format=Format.WHATSAPP_ANDROID))

    assert outline(records) == ["unread line 1", "b"]


def test_dates_that_could_be_read_both_ways_are_day_first_and_warned_of() -> None:
    records = records_of("12/03/2024, 21:07 - دانة: a\n")

    assert [message.sent_at for message in messages_of(records)] == ["2024-03-12T21:07:00"]
    assert warnings_of(records[0]) == (SWAPPED,)


def test_dates_that_american_phones_write_are_month_first_and_warned_of() -> None:
    records = records_of("8/9/23, 9:12 PM - Dana: a\n")

    assert [message.sent_at for message in messages_of(records)] == ["2023-08-09T21:12:00"]
    assert warnings_of(records[0]) == (SWAPPED,)


def test_one_day_beyond_twelve_decides_for_the_whole_file() -> None:
    records = records_of("3/4/24, 10:00 - دانة: a\n4/13/24, 10:00 - دانة: b\n")

    assert [message.sent_at for message in messages_of(records)] == [
        "2024-03-04T10:00:00",
        "2024-04-13T10:00:00",
    ]
    assert warnings_of(records[0]) == ()


def test_the_order_of_the_messages_decides_where_numbers_do_not() -> None:
    records = records_of("1/2/24, 10:00 - دانة: a\n2/1/24, 10:00 - دانة: b\n")

    assert [message.sent_at for message in messages_of(records)] == [
        "2024-01-02T10:00:00",
        "2024-02-01T10:00:00",
    ]
    assert warnings_of(records[0]) == (BY_ORDER,)


def test_dates_that_contradict_each_other_are_warned_of() -> None:
    records = records_of(
        "14/2/24, 10:00 - دانة: a\n15/2/24, 10:00 - دانة: b\n"
        "2/16/24, 10:00 - دانة: c\n3/4/24, 10:00 - دانة: d\n"
    )

    assert [message.sent_at for message in messages_of(records)][2:] == [None, "2024-04-03T10:00:00"]
    assert warnings_of(records[2]) == (NO_SUCH_TIME,)
    assert warnings_of(records[3]) == (CONTRADICTORY,)


def test_a_declared_order_is_taken_without_warning() -> None:
    records = records_of("12/03/2024, 21:07 - دانة: a\n", ReadOptions(date_order=DateOrder.MDY))

    assert [message.sent_at for message in messages_of(records)] == ["2024-12-03T21:07:00"]
    assert warnings_of(records[0]) == ()


def test_messages_need_not_be_in_the_order_of_time() -> None:
    text = "13/03/2024, 21:07 - دانة: a\n12/03/2024, 21:07 - دانة: b\n"

    assert sent(text) == ["2024-03-13T21:07:00", "2024-03-12T21:07:00"]


def test_a_declared_zone_gives_offsets_and_tells_of_the_hours_it_repeats_or_skips() -> None:
    text = (
        "13/08/2024, 21:07 - دانة: a\n31/10/2024, 23:30 - دانة: b\n26/04/2024, 00:30 - دانة: c\n"
        "13/12/2024, 21:07 - دانة: d\n"
    )

    records = records_of(text, ReadOptions(tz="Africa/Cairo"))

    assert [message.sent_at for message in messages_of(records)] == [
        "2024-08-13T21:07:00+03:00",
        "2024-10-31T23:30:00+03:00",
        "2024-04-26T00:30:00+02:00",
        "2024-12-13T21:07:00+02:00",
    ]
    assert [warnings_of(record) for record in records] == [(), (OCCURS_TWICE,), (DOES_NOT_EXIST,), ()]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InputError) as refusal:
        records_of("", ReadOptions(tz="Asia/Atlantis"))

    assert str(refusal.value) == (
        "--tz 'Asia/Atlantis': no time zone of this name is known.\n"
        'Expected a name of the IANA time zone database, such as "Asia/Baghdad" or "Africa/Cairo".\n'
        "Give the zone of the phone at the time of the export, or leave --tz out: times then stay local."
    )


def test_a_name_that_recurs_with_a_colon_in_it_is_one_name() -> None:
    text = "".join(f"13/03/2024, 21:0{n} - عمل: سارة: رسالة {n}\n" for n in range(3))

    records = records_of(text)

    assert {message.sender for message in messages_of(records)} == {"عمل: سارة"}
    assert warnings_of(records[0]) == (LONG_NAME,)


def test_words_with_a_colon_do_not_become_part_of_a_name() -> None:
    text = (
        "13/03/2024, 21:01 - دانة: الموعد: غدا\n13/03/2024, 21:02 - دانة: الموعد: السبت\n"
        "13/03/2024, 21:03 - دانة: طيب\n"
    )

    assert {message.sender for message in messages_of(records_of(text))} == {"دانة"}


def test_a_message_about_somebody_who_left_is_no_system_line() -> None:
    android = "13/03/2024, 21:01 - دانة: my friend left\n"
    ios = (
        f"[13/03/2024, 21:01:00] x: {MARK}image omitted\n[13/03/2024, 21:02:00] دانة: {MARK}my friend left\n"
    )

    assert outline(records_of(android)) == ["my friend left"]
    assert outline(records_of(ios + "[13/03/2024, 21:03:00] دانة: نعم\n"))[1:] == [
        f"{MARK}my friend left",
        "نعم",
    ]


def test_bytes_that_are_not_utf8_are_replaced_and_told() -> None:
    data = "13/03/2024, 21:01 - دانة: طيب\n13/03/2024, 21:02 - دانة: ".encode() + b"a\xffb\n"

    records = list(read(chat_of(data), ReadOptions()))

    assert outline(records) == ["طيب", "a\N{REPLACEMENT CHARACTER}b"]
    assert warnings_of(records[1]) == (NOT_UTF8,)


def test_a_file_saved_anew_as_windows_1256_is_read_as_that_and_told() -> None:
    data = "13/03/2024، 9:01 م - دانة: ادفعي\n".encode("cp1256")

    records = list(read(chat_of(data), ReadOptions()))

    assert outline(records) == ["ادفعي"]
    assert warnings_of(records[0]) == (AS_WINDOWS_1256,)


@pytest.mark.parametrize("filling", ["a", ": ", MARK, "12/03/2024, 21:07 - ", "< ", "1"])
def test_a_line_of_five_megabytes_is_read_in_time(filling: str) -> None:
    text = filling * (5_000_000 // len(filling))
    started = time.process_time()

    (message,) = records_of(f"13/03/2024, 21:07 - دانة: {text}\n")

    assert isinstance(message, Message)
    assert message.text == text
    assert time.process_time() - started < 5


STAMPED = st.sampled_from(
    [
        "13/03/2024, 21:07 - دانة: ",
        "[13/03/2024, 21:07:00] دانة: ",
        "13/03/2024, 21:08 - ",
        "99/99/99, 99:99 - x: ",
        "",
    ]
)


@given(st.lists(st.builds(lambda stamp, rest: stamp.encode() + rest, STAMPED, st.binary(max_size=20))))
def test_the_lines_of_all_records_add_up_whatever_the_file_holds(parts: list[bytes]) -> None:
    source = chat_of(b"\n".join(parts))

    records = list(read(source, ReadOptions()))

    assert units_of(records) == source.lines


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r<>()\n:"), min_size=1, max_size=60)
)
def test_any_words_come_back_verbatim(words: str) -> None:
    body = f"{words} ."

    messages = messages_of(records_of(f"13/03/2024, 21:07 - دانة: .\n13/03/2024, 21:08 - دانة: x{body}\n"))

    assert messages[1].text == f"x{body}"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("13/03/2024, 21:07 - دانة: a", Format.WHATSAPP_ANDROID),
        ("\r\n\n[13/03/2024, 21:07:00] دانة: a", Format.WHATSAPP_IOS),
        ("words\n13/03/2024, 21:07 - دانة: a", Format.WHATSAPP_ANDROID),
        ("words", None),
        ("", None),
    ],
)
def test_a_chat_is_told_by_its_first_stamp(head: str, found: Format | None) -> None:
    assert sniff(head) is found


def test_a_call_without_a_sender_is_a_call() -> None:
    (call,) = messages_of(records_of("13/03/2024, 21:07 - مكالمة فيديو فائتة\n"))

    assert call.kind is Kind.CALL
    assert call.sender is None


def stamped(stamp: str, sender: str, words: str) -> str:
    """Lines that begin with the same stamp, one for each letter of `words`."""
    return "".join(f"{stamp}{sender}: {word}\n" for word in words)


ANDROID, NOON, IOS = "13/03/2024, 21:07 - ", "14/03/2024, 9:00 pm - ", "[15/03/2024, 21:07:00] "


def test_messages_after_a_change_of_the_clock_are_no_words_of_the_message_before() -> None:
    records = records_of(stamped(ANDROID, "Dana", "ab") + stamped(NOON, "Lay", "cdefgh"))

    assert outline(records) == list("abcdefgh")
    assert [message.sender for message in messages_of(records)] == ["Dana"] * 2 + ["Lay"] * 6
    assert [bool(warnings_of(record)) for record in records] == [True] * 3 + [False] * 5


def test_an_appended_export_of_another_phone_is_read_by_its_own_shape_and_dates() -> None:
    notice = f"[3/14/2024, 21:07:00] Lay: {MARK}Messages and calls are end-to-end encrypted.\n"
    text = stamped(ANDROID, "Dana", "abcd") + notice + stamped("[3/15/2024, 21:07:00] ", "Lay", "efg")

    records = records_of(text)

    assert outline(records) == ["a", "b", "c", "d", "system line 5", "e", "f", "g"]
    assert [message.sent_at for message in messages_of(records)][-1] == "2024-03-15T21:07:00"
    assert [warnings_of(record) for record in messages_of(records)] == [()] * 4 + [(OTHER_SHAPE,)] * 3


def test_a_few_lines_of_the_other_shape_after_an_appended_export_are_messages_too() -> None:
    text = stamped(ANDROID, "Dana", "abcd") + stamped(IOS, "Lay", "efg") + stamped(ANDROID, "Dana", "h")

    records = records_of(text)

    assert outline(records) == list("abcdefgh")
    assert warnings_of(records[-1]) == (OTHER_SHAPE,)


def test_a_line_put_in_front_of_a_chat_does_not_swallow_it() -> None:
    records = records_of("[12/03/2024, 21:00] Export by: officer\n" + stamped(ANDROID, "Dana", "ab"))

    assert outline(records) == ["officer", "a", "b"]
    assert OTHER_SHAPE in warnings_of(records[0])
    assert warnings_of(records[2]) == ()


def test_two_stamps_of_another_shape_are_words_of_the_message_they_stand_in() -> None:
    forged = stamped(IOS, "Dana", "fg").rstrip()

    records = records_of(f"{ANDROID}Lay: a\n{forged}\n" + stamped(ANDROID, "Dana", "bc"))

    assert outline(records) == [f"a\n{forged}", "b", "c"]
    assert warnings_of(records[0]) == (IMITATED,)


def test_stamps_after_bare_carriage_returns_are_warned_of() -> None:
    _, message = records_of(
        "13/03/2024, 21:06 - Lay: z\n13/03/2024, 21:07 - Dana: a\r13/03/2024, 21:08 - Lay: b\r"
    )

    assert warnings_of(message) == (LONE_RETURNS,)


def test_a_system_line_does_not_hide_what_follows_a_bare_carriage_return() -> None:
    _, message = records_of(
        "13/03/2024, 21:06 - Lay: z\n13/03/2024, 21:07 - Dana left\r13/03/2024, 21:08 - Lay: b\r"
    )

    assert warnings_of(message) == (LONE_RETURNS,)


@pytest.mark.parametrize(
    "text", ["24/03/12, 21:07 - Dana: a\n", "24/03/12, 21:07 - x: a\n24/03/30, 21:07 - x: b\n"]
)
def test_two_digits_in_front_that_may_be_the_year_are_warned_of(text: str) -> None:
    records = records_of(text)

    assert YEAR_FIRST in warnings_of(records[0])


@pytest.mark.parametrize("days", ["24/03/24 25/03/24", "12/03/24", "24/03/12 09/04/12", "30/03/45"])
def test_two_digits_in_front_that_are_no_year_are_not_warned_of(days: str) -> None:
    records = records_of("".join(f"{day}, 21:07 - Dana: a\n" for day in days.split()))

    assert all(YEAR_FIRST not in warnings_of(record) for record in records)


def test_a_declared_order_puts_two_digits_of_a_year_in_front() -> None:
    records = records_of("24/03/12, 21:07 - Dana: a\n", ReadOptions(date_order=DateOrder.YMD))

    assert [message.sent_at for message in messages_of(records)] == ["2024-03-12T21:07:00"]
    assert warnings_of(records[0]) == ()


HIDDEN = [
    "لقد غيرت رأيي، ادفعي الليلة",
    "لقد أضفت صورك في المجموعة",
    "لقد حظرتك ولكن سأنشر",
    'Lay changed the group name to "pay or it goes public"',
    "Lay changed this group's settings to allow all to see your photos",
    "Lay added your photos for everyone",
    "I post all of it tonight, ask how little time Lay left",
    "you blocked this contact, so I write to your brother",
    "Your security code with Lay changed. I have your photos",
    "أضاف Lay صورك",
    "غيرت رقم حسابي فارسلي على الجديد",
    "vous avez ajouté mon numéro, payez ce soir",
    "Messages and calls are end-to-end encrypted. Pay tonight",
    "الرسائل والمكالمات مشفرة تماما فلا تخافي وادفعي",
    "Lay left\npay tonight",
]


@pytest.mark.parametrize("words", HIDDEN)
def test_words_of_a_sender_behind_a_mark_are_not_hidden_as_a_notice(words: str) -> None:
    first, *others = records_of(f"{IOS}Lay: {MARK}{words}\n{IOS}Dana: {MARK}image omitted\n")

    assert outline([first]) == [f"{MARK}{words}"]
    assert outline(others) == ["media"]


EVENTS = [
    "Lay left",
    "Lay added Dana",
    "You added Lay and +964 700 000 0001",
    "Dana changed the group name from “Family” to “Family”",
    "Lay changed this group's settings to allow only admins to edit this group's info",
    "You're now an admin",
    "Your security code with Lay changed. Tap to learn more.",
    "Lay turned on disappearing messages. New messages will disappear from this chat after 7 days.",
    "Lay changed their phone number to a new number. Tap to message or add the new number.",
    "You blocked this contact.",
    "غادر Lay المجموعة",
    "أضاف Lay ~ دانة",
    "لقد أضفت Lay ودانة",
    "لقد حظرت جهة الاتصال هذه",
    "لقد غيّرت وصف المجموعة",
    "انضم Lay باستخدام رابط المجموعة.",
    "ثبّتت جهة الاتصال Lay رسالة",
    "تغيّر رمز الأمان مع Lay. انقر لمعرفة المزيد.",
    "Lay a quitté le groupe",
    "Vous avez ajouté Lay",
    "Lay a créé le groupe « Family »",
]


@pytest.mark.parametrize("words", EVENTS)
def test_an_event_among_known_names_is_a_system_line(words: str) -> None:
    text = f"{IOS}Family: {MARK}{words}\n{IOS}Lay: a\n{IOS}Dana: b\n{IOS}~ دانة: c\n"

    assert outline(records_of(text)) == ["system line 1", "a", "b", "c"]


def test_an_omitted_document_tells_that_the_phone_marks_its_words() -> None:
    (message,) = messages_of(records_of(f"{IOS}Lay: كشف حساب.pdf • {MARK}3 pages {MARK}document omitted\n"))

    assert (message.kind, message.text, message.attachment) == (Kind.MEDIA, "", "كشف حساب.pdf")


@pytest.mark.parametrize(
    "notice",
    [
        "Karim hat die Gruppe „Familie: Haus 3“ erstellt.",
        'علي "A: b" grubunu oluşturdu',
        'You were added to the community "A: b"',
        'لقد أضافك علي إلى المجتمع "عائلة: ١"',
    ],
)
def test_a_notice_that_names_a_group_with_a_colon_is_no_message(notice: str) -> None:
    records = records_of(f"13/03/2024, 21:07 - {notice}\n13/03/2024, 21:08 - دانة: هلا\n")

    assert outline(records) == ["system line 1", "هلا"]
