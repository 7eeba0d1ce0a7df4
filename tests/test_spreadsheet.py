"""Workbooks as records."""

import sys
from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from detector.errors import InputError
from detector.read.columns import NO_HEADER
from detector.read.source import ReadOptions
from detector.read.spreadsheet import BROKEN, TEXTS_ALONE, TOO_LARGE, read
from detector.records import Message, Record, Unread
from tests.read_examples import input_at, input_of, messages_of, outline

SENT = datetime(2024, 3, 12, 21, 7, 5)  # noqa: DTZ001 - spreadsheets know no zones


def workbook(path: Path, sheets: dict[str, Any]) -> Path:
    book = xlsxwriter.Workbook(
        path, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_formulas": False}
    )
    forms = {date: "yyyy-mm-dd", time: "hh:mm:ss", datetime: "yyyy-mm-dd hh:mm:ss"}
    formats = {kind: book.add_format({"num_format": form}) for kind, form in forms.items()}
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell, formats.get(type(cell)))
    book.close()
    return path


def records_of(path: Path, options: ReadOptions | None = None) -> list[Record]:
    return list(read(input_at(path), options or ReadOptions()))


def test_every_row_of_every_sheet_becomes_one_record(tmp_path: Path) -> None:
    sheets = {
        "محادثة": [["Report"], [], ["المرسل", "الرسالة"], ["ورد", "صباح الخير"], [], ["زيد", "=1+1"]],
        "Empty": [],
        "Sheet 2": [["text"], ["a_x000D_b"], [500]],
    }

    assert outline(records_of(workbook(tmp_path / "chats.xlsx", sheets))) == [
        "header محادثة!row 1",
        "blank محادثة!row 2",
        "header محادثة!row 3",
        "صباح الخير",
        "blank محادثة!row 5",
        "=1+1",
        "header Sheet 2!row 1",
        "a_x000D_b",
        "500",
    ]


def test_cells_of_numbers_and_times_are_taken_as_meant(tmp_path: Path) -> None:
    rows = [["id", "text", "sent at", "sender"], [17, "a", SENT, 9647]]

    (message,) = messages_of(records_of(workbook(tmp_path / "chats.xlsx", {"A": rows})))

    assert (message.id, message.sender, message.sent_at) == ("17", "9647", "2024-03-12T21:07:05")


def test_a_declared_zone_is_given_to_times(tmp_path: Path) -> None:
    path = workbook(tmp_path / "chats.xlsx", {"A": [["text", "sent at"], ["a", SENT]]})

    (message,) = messages_of(records_of(path, ReadOptions(tz="Asia/Baghdad")))

    assert message.sent_at == "2024-03-12T21:07:05+03:00"


def test_day_and_time_in_two_columns_are_put_together(tmp_path: Path) -> None:
    rows = [["text", "date", "time"], ["a", date(2024, 3, 12), time(21, 7)]]

    (message,) = messages_of(records_of(workbook(tmp_path / "chats.xlsx", {"A": rows})))

    assert message.sent_at == "2024-03-12T21:07:00"


def test_a_chat_that_only_its_first_row_numbers_runs_on_to_the_end_of_the_sheet(tmp_path: Path) -> None:
    header = ["#", "Chat #", "From", "Body", "Timestamp: Date", "Timestamp: Time"]
    first = [1, 1, "ورد", "a", "25/03/2024", "21:07:00(UTC+3)"]
    second = [2, None, "زيد", "b", "25/03/2024", "21:08:00(UTC+3)"]
    sheets = {"Chats": [["Chats (2)"], header, first, second], "Other": [header, second]}

    messages = messages_of(records_of(workbook(tmp_path / "report.xlsx", sheets)))

    assert [message.thread for message in messages] == ["report.xlsx: 1", "report.xlsx: 1", None]
    assert messages[1].sent_at == "2024-03-25T21:08:00+03:00"


def test_a_date_is_read_as_the_others_of_its_sheet_tell(tmp_path: Path) -> None:
    rows = [["text", "date"], ["a", "3/4/2024"], ["b", "3/14/2024"]]
    sheets = {"A": rows, "B": rows[:2]}

    messages = messages_of(records_of(workbook(tmp_path / "chats.xlsx", sheets)))

    assert [message.sent_at for message in messages] == ["2024-03-04", "2024-03-14", "2024-04-03"]


def test_a_sheet_without_header_is_one_unread_of_all_its_rows(tmp_path: Path) -> None:
    sheets = {"Summary": [["Case", 7], ["Examiner", "x"]], "Chats": [["text"], ["a"]]}

    records = records_of(workbook(tmp_path / "chats.xlsx", sheets))

    assert records[0] == Unread("chats.xlsx", "Summary!row 1", NO_HEADER, 2)
    assert isinstance(records[-1], Message)


@pytest.mark.parametrize(
    "notes",
    [[["Notes"], ["Message"], ["seized"]], [["Term", "Comment"], ["carved", "from free space"]]],
)
def test_a_sheet_of_texts_alone_beside_chats_is_read_with_a_warning(
    notes: list[list[str]], tmp_path: Path
) -> None:
    chats = [["Time", "From", "Message"], ["2024-03-12 21:00", "ورد", "صباح"]]
    alone = workbook(tmp_path / "alone.xlsx", {"Notes": notes, "Texts": [["text"], ["a"]]})
    beside = workbook(tmp_path / "beside.xlsx", {"Notes": notes, "Chats": chats})

    told = [
        [one.source.warnings for one in messages_of(records_of(path)) if one.source]
        for path in (alone, beside)
    ]

    assert told == [[(), ()], [(TEXTS_ALONE,), ()]]


def test_sheets_are_opened_no_more_than_twice_each(tmp_path: Path) -> None:
    notes = {f"Notes {number}": [["Message"], ["seized"]] for number in range(9)}
    chats = {"Chats": [["Time", "From", "Message"], ["2024-03-12 21:00", "ورد", "صباح"]]}
    path, calls = workbook(tmp_path / "chats.xlsx", notes | chats), Counter[str]()

    sys.setprofile(lambda _, event, what: calls.update([what.__name__] if event == "c_call" else []))
    records_of(path)
    sys.setprofile(None)

    assert calls["get_sheet_by_name"] == 2 * 10


def test_a_sheet_of_notes_beside_chats_is_unread_by_its_name(tmp_path: Path) -> None:
    chats = [["Time", "From", "Message"], ["2024-03-12 21:00", "ورد", "صباح"]]
    notes = [["Seized", "by the officer"], ["Carved", "from free space"]]

    found = records_of(workbook(tmp_path / "chats.xlsx", {"Chats": chats, "Legend": notes}))

    assert outline(found) == ["header Chats!row 1", "صباح", "unread Legend!row 1"]


def test_a_declared_column_must_be_in_one_of_the_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path / "chats.xlsx", {"Summary": [["Case"]], "Chats": [["Was"], ["a"]]})

    found = records_of(path, ReadOptions(columns={"was": "text"}))

    assert outline(found) == ["unread Summary!row 1", "header Chats!row 1", "a"]
    with pytest.raises(InputError, match="there is no column 'Wer'"):
        records_of(path, ReadOptions(columns={"Wer": "text"}))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no zip", b"text,sender"])
def test_a_workbook_that_cannot_be_opened_is_one_unread(data: bytes) -> None:
    records = list(read(input_of(data, "chats.xlsx"), ReadOptions()))

    assert records == [Unread("chats.xlsx", "workbook", BROKEN)]
    assert BROKEN.count("\n") == 2


def test_a_workbook_cut_short_is_one_unread(tmp_path: Path) -> None:
    path = workbook(tmp_path / "chats.xlsx", {"A": [["text"], ["a"]]})

    records = list(read(input_of(path.read_bytes()[:-200], "chats.xlsx"), ReadOptions()))

    assert records == [Unread("chats.xlsx", "workbook", BROKEN)]


def test_a_sheet_with_cells_in_its_two_corners_is_refused_before_it_takes_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "chats.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "text")
        sheet.write(1_048_575, 16_383, "a")

    assert list(read(input_at(path), ReadOptions())) == [Unread("chats.xlsx", "workbook", TOO_LARGE)]


def test_a_sheet_that_is_long_and_filled_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.read.workbook_size.SPAN", 100)
    path = workbook(tmp_path / "chats.xlsx", {"A": [["text", "sender"], *[["a", "b"]] * 200]})

    assert len(messages_of(records_of(path))) == 200
