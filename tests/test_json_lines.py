"""JSON Lines as records."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.read.json_lines import EXPECTED, MAX_LINE_BYTES, read
from detector.read.mojibake import REPAIRED, repaired
from detector.read.source import ReadOptions
from detector.records import Kind, Message, Record, Source, Unread
from tests.read_examples import SHARED, expected_of, input_at, input_of, messages_of, outline


def records_of(data: bytes) -> list[Record]:
    return list(read(input_of(data), ReadOptions()))


def test_every_line_becomes_one_record() -> None:
    data = (
        b'{"text": "first"}\r\n'
        b"\n"
        b'{"text": 7}\n'
        b'{"sender": "no text"}\n'
        b"[1]\n"
        b'{"text": "\xff"}\n'
        b'{"text": "cut\n'
        b'{"text": NaN}\n' + b"[" * 100_000 + b'\n{"text": "a", "n": ' + b"9" * 5000 + b'}\n{"text": "last"}'
    )

    assert outline(records_of(data)) == [
        "first",
        "blank line 2",
        *(f"unread line {number}" for number in range(3, 11)),
        "last",
    ]


def test_a_line_may_carry_every_field_of_a_message() -> None:
    row = {
        "id": "m1",
        "text": "نص",
        "thread": "عائلة",
        "sender": "ورد",
        "kind": "text",
        "edited": True,
        "sent_at": "2024-03-12T21:07:00+03:00",
        "reply_to": "m0",
        "direction": "received",
    }
    source = input_of(json.dumps(row).encode())

    assert list(read(source, ReadOptions())) == [
        Message(
            text="نص",
            id="m1",
            thread="عائلة",
            sender="ورد",
            sent_at="2024-03-12T21:07:00+03:00",
            edited=True,
            reply_to="m0",
            direction="received",
            source=Source("export", source.sha256, "line 1"),
        )
    ]


def test_findings_that_were_written_can_be_read_again() -> None:
    finding: dict[str, Any] = {
        "id": "m1",
        "thread": None,
        "sender": None,
        "sent_at": None,
        "kind": "media",
        "text": "",
        "scores": None,
        "flags": [],
        "verdict": "none",
        "attachment": "a.jpg",
        "spans": [],
        "source": {"file": "x", "sha256": "0", "locator": "line 1", "warnings": []},
    }

    (message,) = messages_of(records_of(json.dumps(finding).encode()))

    assert (message.id, message.kind, message.attachment) == ("m1", Kind.MEDIA, "a.jpg")


def test_a_reason_says_what_is_wrong_without_the_text() -> None:
    (unread,) = records_of(b'{"text": "secret" "x"}')

    assert unread == Unread(
        "export", "line 1", f"the line is no JSON (Expecting ',' delimiter, character 19).\n{EXPECTED}"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_lines_are_read_in_any_unicode_encoding(encoding: str) -> None:
    # the second letter has the byte of a line feed in UTF-16, in its low or its high half
    texts = ["سلام", "\N{ARABIC-INDIC PER TEN THOUSAND SIGN}", "\N{GURMUKHI LETTER UU}", ""]
    lines = "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts)

    assert [message.text for message in messages_of(records_of(lines.encode(encoding)))] == texts


ANY_TEXTS = st.text(st.characters(codec=None, exclude_categories=())).filter(
    lambda text: repaired(text) is None
)


@given(st.lists(ANY_TEXTS))
def test_texts_are_read_verbatim_whatever_they_hold(texts: list[str]) -> None:
    data = "\n".join(json.dumps({"text": text}) for text in texts).encode()

    assert [message.text for message in messages_of(records_of(data))] == texts


def test_a_long_line_is_read_and_one_beyond_all_measure_is_unread() -> None:
    long = b'{"text": "' + b"a" * 5_000_000 + b'"}\n'
    endless = b'{"text": "' + b"a" * MAX_LINE_BYTES + b'"}\n'

    first, second, third = records_of(long + endless + b'{"text": "z"}')

    assert isinstance(first, Message)
    assert len(first.text) == 5_000_000
    assert isinstance(second, Unread)
    assert isinstance(third, Message)


def test_a_caption_stands_in_where_the_text_is_empty() -> None:
    records = records_of('{"text": "", "caption": "حولي"}\n{"text": null, "caption": "حولي"}'.encode())

    assert outline(records) == ["حولي", "حولي"]


def test_a_recovered_text_of_a_deleted_message_is_text() -> None:
    (message,) = messages_of(records_of(b'{"text": "a", "kind": "deleted"}'))

    assert message.kind is Kind.TEXT


def test_utf_8_read_as_latin_1_is_repaired() -> None:
    escaped = b'{"text": "\\u00d8\\u00ad\\u00d9\\u0088", "sender": "\\u00d9\\u0088"}'

    (message,) = messages_of(records_of(escaped))

    assert (message.text, message.sender) == ("حو", "و")
    assert message.source is not None
    assert message.source.warnings == (REPAIRED,)


def test_the_number_of_a_thread_stays_as_it_was_given() -> None:
    (message,) = messages_of(records_of(b'{"text": "a", "thread": 1}'))

    assert message.thread == "1"


def test_a_declared_column_holds_the_text() -> None:
    options = ReadOptions(columns={"what": "text"})

    (message,) = read(input_of(b'{"what": "a", "text": "b"}'), options)

    assert isinstance(message, Message)
    assert message.text == "a"


def test_a_declared_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InputError, match="no field of a message"):
        list(read(input_of(b""), ReadOptions(columns={"what": "words"})))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared examples are not on this machine")
def test_the_shared_example_is_read_as_expected() -> None:
    path: Path = SHARED / "synthetic" / "generic" / "generic.jsonl"
    expected = expected_of(path)

    messages = messages_of(list(read(input_at(path), ReadOptions())))

    assert len(messages) == expected["messages"]
    for message, told in ((messages[0], expected["first"]), (messages[-1], expected["last"])):
        assert (message.sent_at, message.sender, message.text) == tuple(told.values())
