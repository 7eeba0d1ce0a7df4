"""Parquet tables as records."""

import io
from datetime import UTC, datetime

import pyarrow
import pytest
from pyarrow import parquet

from detector.errors import InputError
from detector.read.columns import NO_HEADER
from detector.read.parquet import BROKEN, read
from detector.read.source import ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.records import Message, Passed, PassedKind, Record, Source, Unread
from tests.read_examples import input_of, messages_of, outline

SENT = datetime(2024, 3, 12, 18, 7, 5, tzinfo=UTC)


def file_of(columns: dict[str, pyarrow.Array], row_group_size: int = 1000) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), stream, row_group_size=row_group_size)
    return stream.getvalue()


def records_of(data: bytes, options: ReadOptions | None = None) -> list[Record]:
    """What the rows are: a first record of no row tells the columns."""
    records = read(input_of(data, "chats.parquet"), options or ReadOptions())
    return [record for record in records if not isinstance(record, Passed)]


def test_every_row_becomes_one_record() -> None:
    data = file_of({"message": pyarrow.array(["صباح", None, "مساء"]), "from": pyarrow.array(["ورد"] * 3)})

    assert outline(records_of(data)) == ["صباح", "unread row 2", "مساء"]


def test_a_row_carries_what_its_columns_say() -> None:
    data = file_of(
        {
            "vector": pyarrow.array([[0.5, 0.5]]),
            "id": pyarrow.array([17]),
            "text": pyarrow.array(["نص"]),
            "chat": pyarrow.array(["عائلة"]).dictionary_encode(),
            "author": pyarrow.array(["ورد"], pyarrow.large_string()),
        }
    )

    (message,) = records_of(data)

    assert isinstance(message, Message)
    assert message.source is not None
    assert message == Message(
        text="نص",
        id="17",
        thread="عائلة",
        sender="ورد",
        source=Source("chats.parquet", message.source.sha256, "row 1"),
    )


def test_a_caption_stands_in_where_the_text_is_empty() -> None:
    captions, texts = pyarrow.array(["c", "d"]), pyarrow.array(["", "b"])
    data = file_of({"x": texts, "caption": captions, "text": texts})

    assert outline(records_of(data)) == ["c", "b"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    ("zone", "sent_at"),
    [
        (None, "2024-03-12T18:07:05"),
        ("UTC", "2024-03-12T18:07:05+00:00"),
        ("Asia/Baghdad", "2024-03-12T21:07:05+03:00"),
        ("+02:00", "2024-03-12T20:07:05+02:00"),
    ],
)
def test_times_keep_the_zone_of_their_column(unit: str, zone: str | None, sent_at: str) -> None:
    moments = pyarrow.array([SENT.replace(tzinfo=None)], pyarrow.timestamp(unit))
    times = moments.cast(pyarrow.timestamp(unit, zone)) if zone else moments
    data = file_of({"text": pyarrow.array(["a"]), "sent_at": times})

    (message,) = messages_of(records_of(data))

    assert message.sent_at == sent_at


def test_nanoseconds_are_cut_not_refused() -> None:
    times = pyarrow.array([1_700_000_000_123_456_789], pyarrow.timestamp("ns", "UTC"))

    (message,) = messages_of(records_of(file_of({"text": pyarrow.array(["a"]), "sent_at": times})))

    assert message.sent_at == "2023-11-14T22:13:20.123456+00:00"


def test_a_string_that_is_no_utf_8_is_unread_and_the_rest_goes_on() -> None:
    raw = pyarrow.array([b"a", b"\xff", b"c"]).view(pyarrow.string())

    assert outline(records_of(file_of({"text": raw}))) == ["a", "unread row 2", "c"]


def test_a_table_without_a_column_of_texts_is_one_unread_of_all_its_rows() -> None:
    data = file_of({"x": pyarrow.array([1, 2, 3])})

    assert records_of(data) == [Unread("chats.parquet", "row 1", NO_HEADER, 3)]


def test_a_declared_column_holds_the_text() -> None:
    data = file_of({"was": pyarrow.array(["a"])})

    assert outline(records_of(data, ReadOptions(columns={"Was": "text"}))) == ["a"]
    with pytest.raises(InputError, match="there is no column 'wer'"):
        records_of(data, ReadOptions(columns={"wer": "text"}))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1 no table PAR1"])
def test_a_file_that_is_no_parquet_is_one_unread(data: bytes) -> None:
    assert records_of(data) == [Unread("chats.parquet", "row 1", BROKEN)]
    assert BROKEN.count("\n") == 2


def test_damage_inside_keeps_the_rows_before_it() -> None:
    texts = pyarrow.array([f"{number:0999}" for number in range(4000)])
    data = bytearray(file_of({"text": texts}, row_group_size=1000))
    start = len(data) // 2
    data[start : start + 2000] = b"\xff" * 2000

    records = records_of(bytes(data))

    assert isinstance(records[-1], Unread)
    assert records[-1].reason == BROKEN
    assert len(records) - 1 + records[-1].units == 4000


def test_the_columns_are_told_with_what_they_are_read_as() -> None:
    data = file_of({"text": pyarrow.array(["a"]), "mood": pyarrow.array(["b"])})

    (columns,) = [record for record in read(input_of(data), ReadOptions()) if isinstance(record, Passed)]

    assert columns == Passed("export", "schema", PassedKind.HEADER, 0, {"text": "text", "mood": None})


@pytest.mark.parametrize(
    ("kind", "number"), [(pyarrow.timestamp("us"), 1 << 62), (pyarrow.date32(), 1 << 30)]
)
def test_a_time_that_no_calendar_has_is_told(kind: pyarrow.DataType, number: int) -> None:
    width = pyarrow.int32() if kind == pyarrow.date32() else pyarrow.int64()
    times = pyarrow.array([number], width).view(kind)

    (message,) = messages_of(records_of(file_of({"text": pyarrow.array(["a"]), "sent_at": times})))

    assert message.sent_at is None
    assert message.source is not None
    assert message.source.warnings == (DATE_NOT_UNDERSTOOD,)
