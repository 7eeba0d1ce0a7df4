"""WhatsApp exports of every phone and language come out verbatim, and every line is accounted for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.read import DateOrder, Format, InputFile, ReadOptions, discover, whatsapp
from detector.read.dates import OCCURS_TWICE
from detector.read.recognise import recognise
from detector.read.whatsapp_notices import read_body
from detector.records import Kind, Message, Passed, Record, Unread
from tests.read_examples import EXPORTS, input_at, input_of, messages_of

CASES = Path(__file__).parent / "cases"
FOLDER = EXPORTS / "whatsapp"
IOS = "[13/03/2024, 21:07:00]"


def _cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]


def _read(text: str, options: ReadOptions | None = None) -> list[Record]:
    return list(whatsapp.read(input_of(text.encode()), options or ReadOptions()))


def _units(records: list[Record]) -> int:
    sources = (one.source if isinstance(one, Message) else one for one in records)
    return sum(source.units for source in sources if source)


def _told(record: Record) -> str:
    """A text as it is, anything else by its kind."""
    if isinstance(record, Unread):
        return "unread"
    return record.text if isinstance(record, Message) and record.kind is Kind.TEXT else record.kind.value


_HEADERS = _cases("whatsapp_headers.jsonl")


@pytest.mark.parametrize("case", [case for case in _HEADERS if case["format"]], ids=lambda case: case["note"])
def test_a_header_of_any_phone_gives_sender_and_time(case: dict[str, Any]) -> None:
    options = ReadOptions(date_order=DateOrder(case["order"]))

    (message,) = messages_of(_read(case["line"], options))

    assert whatsapp.sniff(case["line"]) == case["format"]
    assert message.sender in {"دانة", "Dana", "~ دانة"}
    assert message.sent_at == case["sent_at"]
    assert message.text == "x"
    assert message.source is not None
    assert case.get("warning", "") in " ".join(message.source.warnings)


@pytest.mark.parametrize(
    "case", [case for case in _HEADERS if not case["format"]], ids=lambda case: case["note"]
)
def test_a_line_that_only_resembles_a_header_starts_no_message(case: dict[str, Any]) -> None:
    records = _read(case["line"])

    assert whatsapp.sniff(case["line"]) is None
    assert not messages_of(records)


@pytest.mark.parametrize(
    "case", _cases("whatsapp_bodies.jsonl"), ids=lambda case: case["note"] or case["body"][:30]
)
def test_a_body_is_told_apart_from_what_the_phone_wrote(case: dict[str, Any]) -> None:
    content = read_body(case["body"], case["marked"])

    assert (content.kind, content.text) == (Kind(case["kind"]), case["text"])
    assert (content.attachment, content.edited) == (case["attachment"], case["edited"])


@pytest.mark.parametrize("name", ["android_egypt.txt", "ios_saudi.txt"])
def test_an_example_export_reads_as_expected(name: str) -> None:
    source = input_at(FOLDER / name)
    wanted = json.loads((FOLDER / name).with_suffix(".expected.json").read_text(encoding="utf-8"))

    records = list(whatsapp.read(source, ReadOptions()))

    assert [_told(record) for record in records] == wanted["records"]
    assert [one.sender for one in messages_of(records)] == wanted["senders"]
    assert [one.sent_at for one in messages_of(records)] == wanted["sent_at"]
    assert _units(records) == source.lines


def test_a_body_of_several_lines_stays_verbatim() -> None:
    body = "سطر\N{RIGHT-TO-LEFT OVERRIDE}\n\n  ٥٠٠\N{LINE SEPARATOR}\tآخر  "

    (message,) = messages_of(_read(f"12/03/2024, 21:07 - دانة: {body}\n"))

    assert message.text == body
    assert message.source is not None
    assert (message.source.locator, message.source.units) == ("line 1", 3)


def test_a_header_of_another_shape_is_part_of_the_body_and_said_so() -> None:
    text = (
        "13/03/2024, 21:07 - دانة: هلا\n"
        "[13/03/2024, 21:08:00] أبو كمال: مزور\n"
        "13/03/2024, 21:09 - دانة: تمام\n"
    )

    first, second = messages_of(_read(text))

    assert first.text == "هلا\n[13/03/2024, 21:08:00] أبو كمال: مزور"
    assert second.text == "تمام"
    assert first.source is not None
    assert first.source.warnings


def test_day_and_month_that_could_be_swapped_are_flagged_unless_declared() -> None:
    text = "01/02/2024, 21:07 - دانة: هلا\n"

    (guessed,) = messages_of(_read(text))
    (declared,) = messages_of(_read(text, ReadOptions(date_order=DateOrder.MDY)))

    assert guessed.source is not None
    assert declared.source is not None
    assert any("swapped" in warning for warning in guessed.source.warnings)
    assert not any("swapped" in warning for warning in declared.source.warnings)
    assert (guessed.sent_at, declared.sent_at) == ("2024-02-01T21:07:00", "2024-01-02T21:07:00")


def test_a_date_beyond_twelve_anywhere_decides_the_order_everywhere() -> None:
    text = "01/02/2024, 21:07 - دانة: هلا\n01/20/2024, 21:07 - دانة: تمام\n"

    first, _ = messages_of(_read(text))

    assert first.sent_at == "2024-01-02T21:07:00"


def test_a_declared_zone_gives_times_their_offset() -> None:
    (message,) = messages_of(_read("13/07/2024, 21:07 - دانة: هلا\n", ReadOptions(tz="Africa/Cairo")))

    assert message.sent_at == "2024-07-13T21:07:00+03:00"


def test_a_time_that_the_clocks_skip_is_flagged() -> None:
    (message,) = messages_of(_read("26/04/2024, 00:30 - دانة: هلا\n", ReadOptions(tz="Africa/Cairo")))

    assert message.source is not None
    assert message.source.warnings


def test_lines_before_the_first_header_are_unread_and_blank_ones_passed() -> None:
    records = _read("نص بلا رأس\n\n13/03/2024, 21:07 - دانة: هلا\n")

    assert [type(record) for record in records] == [Unread, Passed, Message]
    assert _units(records) == 3


def test_bytes_that_are_no_text_do_not_stop_the_chat() -> None:
    data = (
        "13/03/2024, 21:07 - دانة: هلا\n".encode()
        + b"13/03/2024, 21:08 - x: \xff\xfe\n"
        + ("13/03/2024, 21:09 - دانة: تمام\n".encode())
    )
    source = input_of(data)

    records = list(whatsapp.read(source, ReadOptions()))

    texts = [one.text for one in messages_of(records)]
    assert texts[0] == "هلا"
    assert texts[-1] == "تمام"
    assert _units(records) == source.lines


def test_a_line_of_five_megabytes_is_one_message() -> None:
    body = "كلام: " * 500_000

    (message,) = messages_of(_read(f"13/03/2024, 21:07 - دانة: {body}\n"))

    assert len(message.text) == len(body)


@pytest.mark.parametrize("body", ["You have 24 hours left", "لقد حظرتني ولكن سأنشر صورك", "Dana left"])
def test_words_of_a_sender_are_no_notice_where_the_marks_of_the_phone_were_lost(body: str) -> None:
    (message,) = messages_of(_read(f"[13/03/2024, 21:07:00] Dana: {body}\n"))

    assert message.text == body


def test_words_that_only_begin_like_a_notice_are_none_even_behind_a_mark() -> None:
    body = "\N{LEFT-TO-RIGHT MARK}You have 24 hours left"

    _, message = messages_of(_read(f"{IOS} Dana: هلا\n{IOS} Dana: {body}\n"))

    assert message.text == body


def test_an_event_that_the_phone_marked_is_a_system_line() -> None:
    records = _read("[13/03/2024, 21:07:00] Dana: \N{LEFT-TO-RIGHT MARK}Dana left\n")

    assert [_told(record) for record in records] == ["system"]


def test_a_chat_of_system_lines_only_has_no_messages() -> None:
    records = _read("13/03/2024, 21:07 - تغير رمز الأمان\n13/03/2024, 21:07 - Dana left\n")

    assert [_told(record) for record in records] == ["system", "system"]


def test_an_hour_that_the_clocks_repeat_is_taken_for_the_earlier_and_flagged() -> None:
    (message,) = messages_of(_read("31/10/2024, 23:30 - دانة: هلا\n", ReadOptions(tz="Africa/Cairo")))

    assert message.sent_at == "2024-10-31T23:30:00+03:00"
    assert message.source is not None
    assert message.source.warnings == (OCCURS_TWICE,)


def test_carriage_returns_at_line_ends_are_no_text() -> None:
    first, second = messages_of(_read("13/03/2024, 21:07 - دانة: هلا\r\n13/03/2024, 21:08 - دانة: تمام\r\n"))

    assert (first.text, second.text) == ("هلا", "تمام")


_LINES = st.sampled_from(
    [
        "13/03/2024, 21:07 - دانة: هلا",
        "13/03/2024, 21:08 - أبو كمال: <تم استبعاد الوسائط>",
        "13/03/2024, 21:08 - أضاف أبو كمال دانة",
        "[13/03/2024, 21:07:00] دانة: هلا",
        "31/02/2024, 99:07 - دانة: هلا",
        "",
        "نص عادي: بلا رأس",
        "\N{LEFT-TO-RIGHT MARK}IMG-20240313-WA0001.jpg (الملف مرفق)",
        "تم حذف هذه الرسالة",
        "\x00\x85\N{LINE SEPARATOR}",
    ]
)


@given(st.lists(_LINES, max_size=12), st.booleans())
def test_the_lines_of_all_records_add_up_to_those_of_the_file(lines: list[str], ended: bool) -> None:
    data = ("\n".join(lines) + ("\n" if ended else "")).encode()
    source = input_of(data)

    records = list(whatsapp.read(replace(source), ReadOptions(format=Format.WHATSAPP_ANDROID)))

    assert _units(records) == source.lines


def test_lines_that_end_in_carriage_returns_alone_are_lines(tmp_path: Path) -> None:
    text = "13/03/2024, 21:07 - سلمى: هلا\r13/03/2024, 21:08 - كريم: صورك\rعندي\r"
    (tmp_path / "chat.txt").write_bytes(text.encode())
    (source,) = discover([str(tmp_path / "chat.txt")])
    assert isinstance(source, InputFile)

    found = list(whatsapp.read(source, ReadOptions()))

    assert [one.text for one in found if isinstance(one, Message)] == ["هلا", "صورك\nعندي"]
    assert _units(found) == source.lines == 3
    assert recognise(source, ReadOptions()) is Format.WHATSAPP_ANDROID
