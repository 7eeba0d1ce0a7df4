"""CSV and TSV as records."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.read.columns import NO_HEADER, TOO_MANY_CELLS
from detector.read.delimited import EXPECTED, MAX_CELL_CHARACTERS, Dialect, read, sniff_dialect
from detector.read.source import ReadOptions
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

    assert outline(records) == ["header row 1", "a", "unread row 3"]
    assert isinstance(records[-1], Unread)
    assert records[-1].reason == f"the row cannot be split into cells (unexpected end of data).\n{EXPECTED}"


def test_a_cell_beyond_all_measure_is_unread_and_the_rest_goes_on() -> None:
    data = b'text,sender\n"' + b"a\n" * (MAX_CELL_CHARACTERS // 2 + 1) + b'b",x\nlast,x\n'

    records = records_of(data)

    assert outline(records)[1] == "unread row 2"
    assert outline(records)[-1] == "last"


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


TEXTS = st.text(st.characters(codec="utf-8")).filter(str.strip)


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
