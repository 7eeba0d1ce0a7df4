"""Names of columns, written times, and rows as messages."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from detector.errors import InputError
from detector.read.columns import NO_HEADER, Field, check_declared, find_header, match_columns
from detector.read.mojibake import DAMAGED, REPAIRED
from detector.read.namesakes import NAMESAKE, Namesakes
from detector.read.people import DIRECTION_NOT_UNDERSTOOD, OF_OWNER, WRITER_UNKNOWN
from detector.read.row import KIND_NOT_UNDERSTOOD, MARKED, NO_TEXT, TEXT_OF_OTHER_COLUMN, read_row
from detector.read.source import OWNER, DateOrder, ReadOptions
from detector.read.timestamps import DateStyle, written_time
from detector.records import Kind, Message, Passed, PassedKind, Source, Unread

CASES = Path(__file__).parent / "cases"
AT = Source("table.csv", "0" * 64, "row 2")


def cases(name: str) -> list[Any]:
    return [json.loads(line) for line in (CASES / name).read_text("utf-8").splitlines()]


def row(header: list[str], *cells: object, **options: Any) -> Message | Passed | Unread:
    return read_row(match_columns(header, ReadOptions(**options)), cells, AT, Namesakes())


def message(header: list[str], *cells: object, **options: Any) -> Message:
    read = row(header, *cells, **options)
    assert isinstance(read, Message)
    return read


@pytest.mark.parametrize("case", cases("columns.jsonl"), ids=lambda case: ",".join(case["header"]))
def test_names_of_columns_tell_their_fields(case: Any) -> None:
    columns = match_columns(case["header"], ReadOptions(columns=case.get("map", {})))

    assert {field.value: column.place for field, column in columns.fields.items()} == case["fields"]


@pytest.mark.parametrize("case", cases("written_times.jsonl"), ids=lambda case: case["written"])
def test_written_times_are_understood_or_warned_of(case: Any) -> None:
    style = DateStyle(
        declared=ZoneInfo(case["tz"]) if "tz" in case else None,
        order=DateOrder(case["order"]) if "order" in case else None,
        epoch=case.get("epoch", False),
    )

    assert written_time(case["written"], style) == (case["sent_at"], tuple(case.get("warnings", ())))


@pytest.mark.parametrize(
    "months",
    [
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "يناير فبراير مارس ابريل مايو يونيه يوليه اغسطس سبتمبر اكتوبر نوفمبر ديسمبر",
        "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
        "كانون_ثاني شباط اذار نيسان مايس حزيران تموز اب ايلول تشرين_اول تشرين_ثاني كانون_اول",
        "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
        "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
        "يناير فبراير مارس إبريل مايو يونيو يوليو أغشت شتمبر أكتوبر نوفمبر دجمبر",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    ],
)
def test_the_months_of_all_arab_countries_are_known(months: str) -> None:
    written = [f"الثلاثاء ١٢ {month.replace('_', ' ')} ٢٠٢٤ ٩:٠٧ م" for month in months.split()]

    sent_at = [written_time(one, DateStyle())[0] for one in written]

    assert sent_at == [f"2024-{month:02}-12T21:07:00" for month in range(1, 13)]


def test_a_heading_that_states_zone_and_order_is_believed() -> None:
    header = ["Message", "Message Sent Date/Time - UTC+03:00 (M/d/yyyy)"]

    assert message(header, "a", "3/4/2024 9:07:00 PM").sent_at == "2024-03-04T21:07:00+03:00"


@pytest.mark.parametrize("tz", [None, "Africa/Cairo"])
def test_a_heading_that_states_a_zone_wins_over_letters_in_the_cell(tz: str | None) -> None:
    read = message(["Message", "Date - UTC+03:00 (d/M/yyyy)"], "a", "12/3/2024 21:07 EET", tz=tz)

    assert (read.sent_at, read.source) == ("2024-03-12T21:07:00+03:00", AT)


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("12/03/2024", "21:07"),
        (date(2024, 3, 12), time(21, 7)),
        (datetime(2024, 3, 12), datetime(1899, 12, 31, 21, 7)),  # noqa: DTZ001 - local, as spreadsheets have them
        (date(2024, 3, 12), timedelta(hours=21, minutes=7)),
    ],
)
def test_day_and_time_in_two_columns_are_put_together(day: object, clock: object) -> None:
    read = message(["text", "Date", "Time"], "a", day, clock, date_order=DateOrder.DMY)

    assert read.sent_at == "2024-03-12T21:07:00"


@pytest.mark.parametrize(
    ("clock", "sent_at"),
    [
        ("21:07:00(UTC+3)", "2024-03-12T21:07:00+03:00"),
        ("21:07:00 UTC", "2024-03-12T21:07:00+00:00"),
        ("21:07 GMT+3", "2024-03-12T21:07:00+03:00"),
        ("1899-12-31T21:07:00", "2024-03-12T21:07:00"),
        ("12/03/2024 21:07:00(UTC+3)", "2024-03-12T21:07:00+03:00"),
        ("9.07.05 PM", "2024-03-12T21:07:05"),
    ],
)
def test_a_zone_in_the_column_of_times_is_kept(clock: str, sent_at: str) -> None:
    read = message(["text", "Date", "Time"], "a", "12/03/2024", clock, date_order=DateOrder.DMY)

    assert read.sent_at == sent_at


def test_a_header_may_follow_a_whole_page_of_titles() -> None:
    titles = [["Report"], *[["Case", "7"]] * 11]
    header = ["From", "Text", "Time"]

    found = find_header([*titles, header, ["ورد", "a", "21:07"]], ReadOptions())

    assert found is not None
    assert found.row == 12


def test_a_message_far_down_that_is_but_a_word_of_headers_is_no_header() -> None:
    rows = [["ورد", "صباح الخير"]] * 9

    assert find_header([*rows, ["ورد", "رسالة"]], ReadOptions()) is None


def test_a_row_carries_all_its_columns_say() -> None:
    header = ["id", "text", "chat", "from", "kind", "direction", "attachment", "reply to", "edited"]

    read = message(header, 17.0, " نص ", "عائلة", "ورد", "text", "صادرة", "a.jpg", "16", "True")

    assert read == Message(
        text=" نص ",
        id="17",
        thread="عائلة",
        sender="ورد",
        attachment="a.jpg",
        edited=True,
        reply_to="16",
        direction="sent",
        source=AT,
    )


def test_the_number_of_a_sender_stands_in_for_the_name() -> None:
    header = ["text", "sender", "sender id"]

    assert [message(header, "a", name, "+964").sender for name in ("ورد", " ")] == ["ورد", "+964"]


def test_an_attachment_without_text_is_media() -> None:
    header = ["text", "attachment"]

    kinds = [message(header, text, name).kind for text, name in (("", "a.jpg"), ("b", "a.jpg"), ("", ""))]

    assert kinds == [Kind.MEDIA, Kind.TEXT, Kind.TEXT]


@pytest.mark.parametrize(
    ("kind", "warnings"),
    [("media", ()), ("deleted", ("was marked as deleted",)), ("call", (MARKED[Kind.CALL],)), ("text", ())],
)
def test_a_row_with_a_text_is_one_of_text_whatever_kind_it_names(kind: str, warnings: tuple[str]) -> None:
    header = ["text", "kind", "attachment"]

    read, empty = message(header, "b", kind, "a.jpg"), message(header, " ", kind, "a.jpg")

    assert (read.kind, read.text, read.attachment) == (Kind.TEXT, "b", "a.jpg")
    assert read.source is not None
    assert read.source.warnings == warnings
    assert empty.kind is Kind(kind)


@pytest.mark.parametrize("column", ["kind", "Type", "نوع الرسالة", "type de message"])
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Voice call", Kind.CALL),
        ("missed_call", Kind.CALL),
        ("مكالمة فائتة", Kind.CALL),
        ("Appel manqué", Kind.CALL),
        ("Image", Kind.MEDIA),
        ("📷 Photo", Kind.MEDIA),
        ("Sticker", Kind.MEDIA),
        ("الموقع", Kind.MEDIA),
        ("جهة اتصال", Kind.MEDIA),
        ("Pièce jointe", Kind.MEDIA),
        ("محذوفة", Kind.DELETED),
        ("Message supprimé", Kind.DELETED),
    ],
)
def test_the_usual_words_for_kinds_are_known(column: str, word: str, kind: Kind) -> None:
    empty, filled = message(["text", column], "", word), message(["text", column], "حول المبلغ", word)

    assert (empty.kind, empty.source) == (kind, AT)
    assert (filled.kind, filled.text) == (Kind.TEXT, "حول المبلغ")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("System", ""),
        ("رسالة النظام", "الرسائل والمكالمات مشفرة تمامًا بين الطرفين."),
        ("Notification système", "Messages and calls are end-to-end encrypted."),
        ("Event", "ورد joined using this group's invite link"),
        ("System", "ورد added 0900 000 001"),
        ("System message", "System message"),
    ],
)
def test_a_row_of_the_system_is_no_message(word: str, text: str) -> None:
    assert row(["text", "type", "sender"], text, word, "ورد") == Passed(
        "table.csv", "row 2", PassedKind.SYSTEM
    )


@pytest.mark.parametrize(
    "text",
    [
        "one hour left",
        "كريم joined using this group's invite link",
        "ورد added ادفع والا",
        "ادفع",
        "مكالمة فيديو",
        "System - UTC (or I post your photos)",
    ],
)
def test_a_row_of_the_system_with_words_of_its_own_is_a_message_with_a_warning(text: str) -> None:
    read = message(["text", "type", "sender"], text, "System", "ورد")

    assert (read.kind, read.text, read.sender) == (Kind.TEXT, text, "ورد")
    assert read.source is not None
    assert read.source.warnings == (MARKED[PassedKind.SYSTEM],)


@pytest.mark.parametrize(
    ("word", "text", "kind"),
    [
        ("Deleted", "This message was deleted", Kind.DELETED),
        ("Sticker", "<sticker omitted>", Kind.MEDIA),
        ("Image", "صورة", Kind.MEDIA),
        ("Call", "Missed voice call", Kind.CALL),
        ("System", "مكالمة صوتية فائتة", Kind.CALL),
        ("Image", "call", Kind.TEXT),
        ("Image", "This message was deleted or so", Kind.TEXT),
        ("Text", "This message was deleted", Kind.TEXT),
        ("Image", "<Media omitted>", Kind.MEDIA),
        ("media", "ادفع والا فضحتك بالصور.jpg (file attached)", Kind.TEXT),
        ("Image", "<attached: ادفع والا فضحتك بالصور.jpg>", Kind.TEXT),
        ("Deleted", "This message was deleted by admin ادفع والا فضحتك", Kind.TEXT),
        ("Image", "ادفع والا <This message was edited>", Kind.TEXT),
    ],
)
def test_a_text_that_says_no_more_than_the_kind_is_none(word: str, text: str, kind: Kind) -> None:
    read = message(["text", "kind"], text, word)

    assert (read.kind, read.text) == (kind, text)


def test_a_chat_named_like_a_demand_is_no_name_in_a_line_of_the_system() -> None:
    cells = ('ورد changed the subject to "ادفع والا"', "System", "ورد", "ادفع والا")

    assert message(["text", "type", "sender", "chat"], *cells).kind is Kind.TEXT


@pytest.mark.parametrize("column", ["kind", "type"])
@pytest.mark.parametrize("text", ["", "System message"])
def test_a_row_of_the_system_with_a_file_is_media(column: str, text: str) -> None:
    read = message(["text", column, "attachment"], text, "System", "a.jpg")

    assert (read.kind, read.attachment) == (Kind.MEDIA, "a.jpg")


@pytest.mark.parametrize("word", ["System", "Image", "Missed call", "Deleted"])
def test_a_row_that_ends_before_its_text_is_unread_whatever_its_type(word: str) -> None:
    assert row(["sender", "type", "text"], "ورد", word) == Unread("table.csv", "row 2", NO_TEXT)


@pytest.mark.parametrize("box", ["Deleted", "Calls", "System", "Fichier", "Attachment", "Voice note", "رابط"])
def test_a_box_that_is_no_direction_does_not_say_that_the_contact_wrote(box: str) -> None:
    read = message(["contact", "folder", "text"], "سلمى", box, "حول الفلوس")

    assert read.sender is None
    assert read.source is not None
    assert {WRITER_UNKNOWN} <= set(read.source.warnings)


@pytest.mark.parametrize("box", ["SMS", "Image", "صورة", "text message"])
def test_a_type_that_is_no_box_leaves_the_contact_as_the_writer(box: str) -> None:
    assert message(["contact", "type", "text"], "سلمى", box, "حول الفلوس").sender == "سلمى"


def test_a_call_that_came_in_or_went_out_has_its_direction() -> None:
    header = ["contact", "type", "text"]

    ways = [message(header, "سلمى", way, "").direction for way in ("Incoming call", "appel sortant", "Call")]

    assert ways == ["received", "sent", None]


@pytest.mark.parametrize(
    ("cells", "text", "kind", "warnings"),
    [
        (("", "caption", "a.jpg"), "caption", Kind.TEXT, (TEXT_OF_OTHER_COLUMN,)),
        ((None, "caption", ""), "caption", Kind.TEXT, (TEXT_OF_OTHER_COLUMN,)),
        (("text", "caption", "a.jpg"), "text", Kind.TEXT, ()),
        (("", " ", "a.jpg"), "", Kind.MEDIA, ()),
    ],
)
def test_a_caption_stands_in_where_the_text_is_empty(
    cells: tuple[object], text: str, kind: Kind, warnings: tuple[str]
) -> None:
    read = message(["text", "caption", "attachment"], *cells)

    assert (read.text, read.kind) == (text, kind)
    assert read.source is not None
    assert read.source.warnings == warnings


def test_the_likeliest_other_column_of_texts_stands_in_unless_the_text_is_declared() -> None:
    header = ["caption", "body", "text"]

    assert message(header, "c", "b", "").text == "b"
    assert message(header, "c", "b", "", columns={"text": "text"}).text == ""


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_utf_8_read_as_latin_1_is_repaired_with_a_warning(encoding: str) -> None:
    text, name = (text.encode().decode(encoding) for text in ("حولي ٥٠٠ 😀", "ورد"))

    read = message(["text", "sender"], text, name)

    assert (read.text, read.sender) == ("حولي ٥٠٠ 😀", "ورد")
    assert read.source is not None
    assert read.source.warnings == (REPAIRED,)


@pytest.mark.parametrize(
    "text",
    ["Déjà vu, ça va à Noël ?", "CAFÉ DÉJÀ", "Ã©tÃ©", "Ø 5 Ù", "حولي Ø­ÙˆÙ„ÙŠ", "naïve “quotes”", "ａｂｃ"],
)
def test_text_that_is_no_arabic_read_as_latin_1_stays(text: str) -> None:
    read = message(["text"], text)

    assert read.text == text
    assert read.source is not None
    assert read.source.warnings == ()


def test_utf_8_read_as_latin_1_that_was_cut_is_warned_of() -> None:
    cut = "حولي".encode()[:-1].decode("latin-1")

    read = message(["text"], cut)

    assert read.text == cut
    assert read.source is not None
    assert read.source.warnings == (DAMAGED,)


def test_words_that_are_not_understood_are_warned_of() -> None:
    read = message(["text", "kind", "direction"], "a", "hologram", "sideways")

    assert (read.kind, read.direction) == (Kind.TEXT, None)
    assert read.source is not None
    assert read.source.warnings == (DIRECTION_NOT_UNDERSTOOD, KIND_NOT_UNDERSTOOD)


def test_a_row_that_ends_before_its_text_is_unread() -> None:
    assert row(["sender", "text"], "ورد") == Unread("table.csv", "row 2", NO_TEXT)


def test_the_header_is_the_row_that_names_most_fields() -> None:
    rows = [("Messages",), (), ("Chat #", "From", "Body"), ("1", "ورد", "text")]

    header = find_header(rows, ReadOptions())

    assert header is not None
    assert (header.row, header.width) == (2, 3)


def test_a_second_table_that_names_more_fields_does_not_head_the_first_one() -> None:
    messages = [["ورد", "صباح الخير"]] * 5
    second = ["From", "Text", "Time", "Direction"]

    header = find_header([["From", "Text"], *messages, [], second], ReadOptions())

    assert header is not None
    assert (header.row, header.width) == (0, 2)


def test_a_title_that_is_but_a_name_of_texts_gives_way_to_a_header_far_down() -> None:
    titles = [["SMS"], *[["Case", "7"]] * 11]

    header = find_header([*titles, ["From", "Text", "Time"]], ReadOptions())

    assert header is not None
    assert header.row == 12


def test_a_declared_column_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        check_declared([("a", "b")], ReadOptions(columns={"c": "text"}), "table.csv")

    assert str(caught.value) == (
        "table.csv: there is no column 'c', which --map c=text names.\n"
        "Expected it in a header within the first 20 rows.\n"
        "Copy the column's name from the file; case, spaces and underscores do not matter."
    )


def test_a_declared_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        match_columns(["a"], ReadOptions(columns={"a": "words"}))

    assert str(caught.value) == (
        "--map a=words: 'words' is no field of a message.\n"
        f"Expected one of {', '.join(Field)}.\n"
        "For the column of the message text write --map a=text."
    )


def test_reasons_have_three_parts() -> None:
    assert [reason.count("\n") for reason in (NO_HEADER, NO_TEXT)] == [2, 2]


@pytest.mark.parametrize(
    ("names", "sent", "received"),
    [
        (("Chat", "Phone Number", "Direction", "Message"), "Outgoing", "Incoming"),
        (("المحادثة", "رقم الهاتف", "الاتجاه", "نص الرسالة"), "صادر", "وارد"),
        (("chat", "name", "type", "text"), "Sent", "Received"),
        (("chat", "contact", "from_me", "text"), "1", "0"),
    ],
)
def test_what_the_owner_sent_is_not_the_contacts(names: tuple[str, ...], sent: str, received: str) -> None:
    columns = match_columns(names, ReadOptions())
    at = Source("table.csv", "", "row 2")

    ours, theirs = (
        read_row(columns, ("سلمى", "+9647701234567", way, "هلا"), at, Namesakes()) for way in (sent, received)
    )

    assert isinstance(ours, Message)
    assert isinstance(theirs, Message)
    assert (ours.sender, ours.direction) == (OWNER, "sent")
    assert ours.source is not None
    assert OF_OWNER in ours.source.warnings
    assert (theirs.sender, theirs.direction) == ("+9647701234567", "received")
    assert ours.thread == theirs.thread == "سلمى"


def test_where_no_chat_is_named_it_is_the_contacts() -> None:
    columns = match_columns(("Name", "Number", "Type", "Message"), ReadOptions())
    at = Source("table.csv", "", "row 2")

    found = [
        read_row(columns, ("سلمى", "0770", way, "هلا"), at, Namesakes())
        for way in ("Sent", "Received", "SMS")
    ]

    assert [(one.sender, one.thread) for one in found if isinstance(one, Message)] == [
        (OWNER, "سلمى"),
        ("سلمى", "سلمى"),
        ("سلمى", None),
    ]


def test_a_sender_that_is_named_stays_whatever_the_direction() -> None:
    columns = match_columns(("From", "Phone", "Direction", "Message"), ReadOptions())

    found = read_row(columns, ("كريم", "0770", "sent", "هلا"), Source("table.csv", "", "row 2"), Namesakes())

    assert isinstance(found, Message)
    assert (found.sender, found.thread) == ("كريم", "0770")


def test_a_message_that_is_but_a_name_of_texts_is_no_header() -> None:
    rows = [["2024-03-12", "a", "صورك عندي"], ["2024-03-12", "b", "شنو"], ["2024-03-12", "a", "رسالة"]]

    assert find_header(rows, ReadOptions()) is None


def test_what_each_column_is_read_as_is_told() -> None:
    names = ("Date", "Message", "Folder", "Caption", "", None, "Deleted?")

    columns = match_columns(names, ReadOptions())

    told = columns.meanings(names)
    assert {name: field for name, field in told.items() if field} == {
        "Date": "date",
        "Message": "text",
        "Folder": "box",
        "Caption": "text",
    }
    assert [name for name, field in told.items() if field is None] == ["Deleted?"]


def test_of_two_columns_of_one_name_the_one_that_is_read_is_told() -> None:
    names = ("text", "text", "x", "x")

    assert match_columns(names, ReadOptions(columns={"x": "sender"})).meanings(names) == {
        "text": "text",
        "x": "sender",
    }


@pytest.mark.parametrize("heading", ["timestamp UTC+99", "timestamp UTC+3:99", "timestamp (UTC+24)"])
def test_an_offset_that_is_none_names_no_column(heading: str) -> None:
    assert match_columns((heading, "text"), ReadOptions()).meanings((heading,))[heading] is None


def people(header: list[str], *rows: tuple[object, ...]) -> list[tuple[str | None, str | None]]:
    """The sender and the thread of each row of a table."""
    columns, namesakes = match_columns(header, ReadOptions()), Namesakes()
    read = [read_row(columns, cells, AT, namesakes) for cells in rows]
    return [(one.sender, one.thread) for one in read if isinstance(one, Message)]


@pytest.mark.parametrize("way", ["sideways", "", None])
def test_where_the_direction_is_not_understood_nobody_is_said_to_have_written(way: str | None) -> None:
    read = message(["contact", "direction", "text"], "سلمى", way, "حول الفلوس")

    assert (read.sender, read.thread) == (None, "سلمى")
    assert read.source is not None
    assert read.source.warnings == (DIRECTION_NOT_UNDERSTOOD, WRITER_UNKNOWN)


def test_the_numbers_of_androids_boxes_say_who_wrote() -> None:
    header = ["thread_id", "address", "date", "type", "body"]

    assert people(
        header, ("7", "+9647700000033", 1710266800000, 2, "a"), ("7", "+9647700000033", 1, "1", "b")
    ) == [
        (OWNER, "7"),
        ("+9647700000033", "7"),
    ]


def test_what_was_sent_is_the_owners_though_no_sender_is_named() -> None:
    header = ["Chat", "From", "Direction", "Message"]

    assert people(header, ("c1", "", "Outgoing", "a"), ("c1", "سلمى", "Incoming", "b")) == [
        (OWNER, "c1"),
        ("سلمى", "c1"),
    ]


def test_two_people_with_one_name_are_told_apart() -> None:
    header = ["chat", "sender name", "sender id", "text"]
    rows = [
        ("c", "سلمى", "1", "a"),
        ("c", "سلمى", "9", "b"),
        ("c", "سلمى", "1", "c"),
        ("d", "سلمى", "9", "d"),
    ]

    assert [sender for sender, _ in people(header, *rows)] == ["سلمى", "سلمى (9)", "سلمى", "سلمى"]
    namesakes = Namesakes()
    assert [namesakes.apart("c", "سلمى", number)[1] for number in ("1", "9")] == [(), (NAMESAKE,)]


@pytest.mark.parametrize(
    ("header", "rows", "wanted"),
    [
        (
            ["From", "To", "Text"],
            [("a", "b", "x"), ("b", "a", "y"), ("a", "c; b", "z")],
            ["a, b", "a, b", "a, b, c"],
        ),
        (
            ["From", "To", "Direction", "Text"],
            [("", "ب", "Outgoing", "x"), ("ب", "", "Incoming", "y")],
            ["ب", "ب"],
        ),
        (["Folder", "Parties", "Text"], [("Sent", "To: ليث", "x"), ("", "From: ليث", "y")], ["ليث", "ليث"]),
        (["contact", "direction", "text"], [("ليث\u200f", "in", "x"), (" ليث ", "out", "y")], ["ليث", "ليث"]),
    ],
)
def test_a_table_without_chats_has_those_of_its_people(
    header: list[str], rows: list[tuple[object, ...]], wanted: list[str]
) -> None:
    assert [thread for _, thread in people(header, *rows)] == wanted


def test_a_message_that_only_came_in_has_the_time_at_which_it_did() -> None:
    header = [
        "Sent Date/Time - UTC+00:00 (dd/MM/yyyy)",
        "Received Date/Time - UTC+00:00 (dd/MM/yyyy)",
        "text",
    ]

    assert message(header, "", "12/03/2024 21:07", "a").sent_at == "2024-03-12T21:07:00+00:00"
    assert (
        message(["Date/Time (GMT+3)", "text"], "12/03/2024 21:07", "a").sent_at == "2024-03-12T21:07:00+03:00"
    )
