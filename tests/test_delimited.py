"""CSV and TSV as records."""

import csv
import io
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.read.columns import NO_HEADER
from detector.read.delimited import (
    EXPECTED,
    MAX_ROW_CHARACTERS,
    MAX_ROW_LINES,
    ROWS_IN_CELL,
    Dialect,
    read,
    sniff_dialect,
)
from detector.read.mojibake import repaired
from detector.read.source import InputFile, ReadOptions
from detector.read.tables import CHAT_OF_ROW_ABOVE, TOO_MANY_CELLS
from detector.read.timestamps import DAY_AND_MONTH
from detector.records import Message, Record, Unread
from tests.read_examples import EXPORTS, SHARED, expected_of, input_at, input_of, messages_of, outline

TITLE_ROW = EXPORTS / "tables" / "title_row.csv"


def records_of(data: bytes, columns: dict[str, str] | None = None) -> list[Record]:
    return list(read(input_of(data, "table.csv"), ReadOptions(columns=columns or {})))


def test_every_row_becomes_one_record() -> None:
    records = list(read(input_at(TITLE_ROW), ReadOptions()))

    assert outline(records) == [
        "header row 1",
        "blank row 2",
        "header row 3",
        "صباح الخير، كيفكم؟\nسطر ثان",
        "blank row 5",
        "=1+1",
        "unread row 7",
        "unread row 8",
        "unread row 9",
        "'=cmd",
    ]


def test_a_row_carries_what_its_columns_say() -> None:
    message = messages_of(list(read(input_at(TITLE_ROW), ReadOptions())))[1]

    assert (message.id, message.sender, message.sent_at) == ("2", "زيد", "2024-03-13T21:08:00")
    assert message.source is not None
    assert message.source.locator == "row 6"


@pytest.mark.parametrize(
    ("encoding", "sniffed"),
    [
        *(("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")),
        *(("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("cp1256", "cp1256")),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_recognised(encoding: str, sniffed: str, delimiter: str) -> None:
    rows = [["التاريخ", "المرسل", "الرسالة"], ["2024-03-12", "دانة", "صباح الخير، يا ورد"]]
    data = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)

    assert sniff_dialect(data) == Dialect(sniffed, delimiter)
    assert outline(records_of(data)) == ["header row 1", "صباح الخير، يا ورد"]


@pytest.mark.parametrize("head", [b"", b"\x00\x01\x02\xff" * 20, "سطر بلا أعمدة\nوسطر، آخر".encode()])
def test_what_is_no_table_has_no_dialect(head: bytes) -> None:
    assert sniff_dialect(head) is None


def test_an_encoding_that_shows_late_is_recognised() -> None:
    data = b"text\r\n" + b"ascii only\r\n" * 10_000 + "صباح الخير\r\n".encode("cp1256")

    assert outline(records_of(data))[-1] == "صباح الخير"


def test_one_undecodable_row_does_not_spoil_the_others() -> None:
    data = "text,sender\nصباح,ورد\n".encode() + b"\xff\xfe bad,x\n" + "مساء,ورد\n".encode()

    assert outline(records_of(data)) == ["header row 1", "صباح", "unread row 3", "مساء"]


def test_a_quotation_mark_left_open_is_reported() -> None:
    records = records_of(b'text,sender\na,x\n"b,x\nc,x\n')

    assert outline(records) == ["header row 1", "a", "unread row 3", "c"]
    assert isinstance(records[2], Unread)
    assert records[2].reason == f"the row cannot be split into cells (unexpected end of data).\n{EXPECTED}"


def test_a_quotation_mark_left_open_takes_one_row_and_not_those_up_to_the_next() -> None:
    rows = ["id,sender,text", '1,Lay,"hi', "2,Lay,two", "3,Lay,", '4,Lay,"four', 'lines"', '5,Lay,"five, x"']

    records = records_of("\n".join(rows).encode())

    assert outline(records) == ["header row 1", "unread row 2", "two", "text", "four\nlines", "five, x"]
    assert [one.source.locator for one in messages_of(records) if one.source] == [
        *("row 3", "row 4", "row 5", "row 6")
    ]


def test_quotation_marks_left_open_row_after_row_take_each_its_row() -> None:
    data = "id,text\n" + '1,"left open\n2,whole\n' * 50

    records = records_of(data.encode())

    assert sum(isinstance(record, Unread) for record in records) == 50
    assert [message.text for message in messages_of(records)] == ["whole"] * 50


def test_an_open_row_before_the_end_of_what_can_be_decoded_takes_one_row() -> None:
    data = 'text,sender\nصباح,x\n"b,x\nمساء,x\n'.encode("utf-16") + b"a"

    assert outline(records_of(data)) == ["header row 1", "صباح", "unread row 3", "مساء", "unread row 5"]


@pytest.mark.parametrize(
    ("line", "lines", "why"),
    [
        ("a" * (MAX_ROW_CHARACTERS // 50), 60, f"field larger than field limit ({MAX_ROW_CHARACTERS})"),
        ("a" * (MAX_ROW_CHARACTERS // 50) + '","', 60, "a quotation mark was left open"),
        ("a", MAX_ROW_LINES + 100, "a quotation mark was left open"),
    ],
    ids=["cell", "row", "lines"],
)
def test_a_row_beyond_all_measure_is_unread_and_the_rest_goes_on(line: str, lines: int, why: str) -> None:
    table = "".join(["text,sender\n", '"', *[f"{line}\n"] * lines, "last,x\n"])

    records = records_of(table.encode())

    reasons = [record.reason for record in records if isinstance(record, Unread)]
    assert reasons[0] == f"the row cannot be split into cells ({why}).\n{EXPECTED}"
    assert outline(records)[-1] == "last"
    assert len(records) == lines + 2


def test_rows_that_were_broken_to_be_read_again_and_again_end_soon() -> None:
    broken = 'a",x,"\n' * 20_000

    records = records_of(f"text,n,sender\n{broken}last,1,x\n".encode())

    assert (len(records), outline(records)[-1]) == (20_002, "last")


@pytest.mark.parametrize(
    "rows",
    [
        ["id,sender,text", '1,Lay,"hi', "2,Lay,two", '3,Lay,"', "4,Lay,four"],
        ["id,text,sender", '1,"hi,Lay', '2,two",Lay', "4,four,Lay"],
        [
            "day,text,sender",
            '2024-03-12,"hi,Lay',
            "2024-03-13,two,Lay",
            '2024-03-14,3",Lay',
            "2024-03-15,four,Lay",
        ],
    ],
)
def test_a_cell_with_lines_that_look_like_rows_is_warned_of(rows: list[str]) -> None:
    swallowing, last = messages_of(records_of("\n".join(rows).encode()))

    assert swallowing.source is not None
    assert last.source is not None
    assert (swallowing.source.warnings[-1:], last.source.warnings) == ((ROWS_IN_CELL,), ())


@pytest.mark.parametrize("text", ["hi\nthere", "1,2,3\n4", "one\ntwo, three, four", "a\n2, b"])
def test_other_lines_of_a_cell_are_not_warned_of(text: str) -> None:
    (message,) = messages_of(records_of(f'id,sender,text\n1,Lay,"{text}"\n'.encode()))

    assert message.source is not None
    assert message.source.warnings == ()


def test_zero_bytes_and_separators_of_lines_stay_in_the_text() -> None:
    text = "a\0b\N{LINE SEPARATOR}c\N{NEXT LINE}d\N{RIGHT-TO-LEFT MARK}"

    assert outline(records_of(f"text,sender\n{text},x\n".encode()))[1] == text


def test_a_single_column_of_texts_may_hold_commas() -> None:
    assert outline(records_of(b"text\nwait, what\nyes\n")) == ["header row 1", "wait, what", "yes"]


def test_a_table_without_header_is_one_unread_of_all_its_rows() -> None:
    assert records_of(b"hello,x\nworld,y\n\n") == [Unread("table.csv", "row 1", NO_HEADER, 3)]


def test_a_table_without_header_is_read_when_its_columns_are_declared() -> None:
    assert outline(records_of(b"Wann,Was\n1,hallo\n", {"was": "text"})) == ["header row 1", "hallo"]


def test_a_declared_column_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InputError, match="there is no column 'Was'"):
        records_of(b"text,sender\na,b\n", {"Was": "text"})


def test_an_empty_file_holds_nothing() -> None:
    assert records_of(b"") == []


def test_the_reason_for_too_many_cells_has_three_parts() -> None:
    unread = records_of(b"text,sender\na,b,c\n")[1]

    assert unread == Unread("table.csv", "row 2", TOO_MANY_CELLS)
    assert TOO_MANY_CELLS.count("\n") == 2


def test_a_number_of_a_chat_carries_its_file_and_other_names_stay() -> None:
    rows = ["chat,text", "1,a", "١٢,b", "9647700000000,c", "Family 2,d", ",e"]

    threads = [message.thread for message in messages_of(records_of("\n".join(rows).encode()))]

    assert threads == ["table.csv: 1", "table.csv: ١٢", "9647700000000", "Family 2", None]


def test_a_chat_that_only_its_first_row_numbers_runs_on_until_a_row_is_unread() -> None:
    rows = ["Chats", "#,Chat #,From,Body", "1,1,x,a", "2,,y,b", "3,2,x,c", "4,,y,d,e", "5,,y,f", "6,3,x,g"]

    messages = messages_of(records_of("\n".join(rows).encode()))

    assert [(message.text, message.thread) for message in messages] == [
        *(("a", "table.csv: 1"), ("b", "table.csv: 1"), ("c", "table.csv: 2")),
        *(("f", None), ("g", "table.csv: 3")),
    ]
    warned = [CHAT_OF_ROW_ABOVE in message.source.warnings for message in messages if message.source]
    assert warned == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("days", "sent_at", "warnings"),
    [
        (["3/4/2024", "3/14/2024"], ["2024-03-04", "2024-03-14"], [(), ()]),
        (["14/3/2024", "3/4/2024"], ["2024-03-14", "2024-04-03"], [(), ()]),
        (["٣/٤/٢٠٢٤", "٣/١٤/٢٠٢٤"], ["2024-03-04", "2024-03-14"], [(), ()]),
        (["3/4/2024", "2024/03/14"], ["2024-04-03", "2024-03-14"], [(DAY_AND_MONTH,), ()]),
        (
            ["3/4/2024", "14/3/2024", "3/14/2024"],
            ["2024-04-03", "2024-03-14", "2024-03-14"],
            [(DAY_AND_MONTH,), (), ()],
        ),
    ],
    ids=["month first", "day first", "Arabic digits", "nothing tells", "contradictory"],
)
def test_a_date_is_read_as_the_others_of_its_table_tell(
    days: list[str], sent_at: list[str], warnings: list[tuple[str]]
) -> None:
    messages = messages_of(records_of("\n".join(["text,date", *(f"a,{day}" for day in days)]).encode()))

    assert [message.sent_at for message in messages] == sent_at
    assert [message.source.warnings for message in messages if message.source] == warnings


def test_a_table_is_read_in_part_from_a_stream_that_can_be_opened_once() -> None:
    stream = io.BytesIO(b"text,date\na,3/4/2024\nb,3/14/2024\n")
    records = read(InputFile("table.csv", "", 0, 0, lambda: stream), ReadOptions())

    assert outline(list(islice(records, 2))) == ["header row 1", "a"]


def test_chats_of_other_tables_do_not_run_on() -> None:
    messages = messages_of(records_of(b"chat,text\nFamily,a\n,b\n"))

    assert [message.thread for message in messages] == ["Family", None]


def test_a_table_that_was_saved_in_the_wrong_encoding_is_read() -> None:
    table = "المرسل,الرسالة\nورد,صباح الخير\n".encode().decode("latin-1")

    (message,) = messages_of(records_of(table.encode()))

    assert (message.sender, message.text) == ("ورد", "صباح الخير")


TEXTS = st.text(st.characters(codec="utf-8")).filter(str.strip).filter(lambda text: repaired(text) is None)


@given(st.lists(TEXTS, min_size=1), st.sampled_from([",", ";", "\t", "|"]))
def test_rows_that_were_written_are_read_verbatim(texts: list[str], delimiter: str) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["text", "sender"], *([text, "x"] for text in texts)])

    records = records_of(table.getvalue().encode())

    assert [record.text for record in records if isinstance(record, Message)] == texts


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared examples are not on this machine")
@pytest.mark.parametrize("name", ["generic_utf8.csv", "generic_utf16.tsv", "generic_cp1256_semicolon.csv"])
def test_the_shared_examples_are_read_as_expected(name: str) -> None:
    path = SHARED / "synthetic" / "generic" / name
    expected = expected_of(path)

    messages = messages_of(list(read(input_at(path), ReadOptions())))

    assert sniff_dialect(path.read_bytes()) == Dialect(expected["encoding"], expected.get("delimiter", ","))
    assert len(messages) == expected["messages"]
    for message, told in ((messages[0], expected["first"]), (messages[-1], expected["last"])):
        assert (message.sent_at, message.sender, message.text) == tuple(told.values())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared examples are not on this machine")
def test_the_shared_table_of_ileapp_is_read_whole() -> None:
    path: Path = SHARED / "leapp_output" / "WhatsApp - Messages.tsv"

    messages = messages_of(list(read(input_at(path), ReadOptions())))

    assert len(messages) == expected_of(path)["messages"]
    assert {message.direction for message in messages} == {"received", "sent"}


def test_a_table_below_another_has_a_header_of_its_own() -> None:
    data = (
        "Time,From,Message\n2024-03-12 21:00,ورد,صباح\n\n"
        "From,Message,Time\nكريم,مساء,2024-03-12 21:08\nكريم,Message,2024-03-12 21:09\n"
    ).encode()

    found = records_of(data)

    assert outline(found) == ["header row 1", "صباح", "blank row 3", "header row 4", "مساء", "Message"]
    assert [one.sender for one in found if isinstance(one, Message)] == ["ورد", "كريم", "كريم"]


def test_a_date_behind_the_name_of_its_day_tells_the_order_of_the_others() -> None:
    rows = "text,date\na,Sun 03/04/2024\nb,Thu 03/14/2024\n"

    assert [one.sent_at for one in messages_of(records_of(rows.encode()))] == ["2024-03-04", "2024-03-14"]


def test_a_table_whose_newest_row_comes_first_is_read_from_its_end() -> None:
    rows = b"text,timestamp\nc,2024-03-12 21:09\nb,\na,2024-03-12 21:07\n"

    assert [one.text for one in messages_of(records_of(rows))] == ["a", "b", "c"]


def test_the_title_of_a_table_below_another_is_no_message() -> None:
    rows = "Sender,Message,Time\nab,x,21:07\n,,\nChat with: cd,,\nSender,Message,Time\nef,y,21:08\n"

    assert [one.text for one in messages_of(records_of(rows.encode()))] == ["x", "y"]


@pytest.mark.parametrize("row", ["n/a,زيد,مساء", ",زيد,مساء", "12 رمضان 1445,زيد,مساء"])
def test_a_chat_below_a_title_needs_neither_a_header_nor_a_date(row: str) -> None:
    rows = f"Time,From,Message\n2024-03-12 21:00,ورد,صباح\n\nChat with: زيد,,\n{row}\nx,زيد,ليل\n"

    assert [one.text for one in messages_of(records_of(rows.encode()))] == ["صباح", "مساء", "ليل"]


def test_a_chat_that_a_line_of_the_system_names_is_that_of_the_rows_below() -> None:
    rows = "Chat #,From,Type,Body\n1,ورد,Text,a\n2,,System,\n,زيد,Text,b\n"

    messages = messages_of(records_of(rows.encode()))

    assert [one.thread for one in messages] == ["table.csv: 1", "table.csv: 2"]
