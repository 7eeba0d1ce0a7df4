"""Backups of SMS Backup & Restore: SMS, MMS and calls as messages, from XML that is not quite XML."""

import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO, RawIOBase
from typing import BinaryIO, cast

import pytest

from detector.read.sms_backup import read
from detector.read.sms_backup.elements import DIRECTION_UNKNOWN, NOT_FETCHED, NOT_SENT
from detector.read.sms_backup.reader import BROKEN, MISSING, NO_BACKUP, NO_MESSAGE
from detector.read.sms_backup.references import CHUNK, Repair
from detector.read.source import NOT_UTF8, InputFile, ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.records import Kind, Message, Record, Unread
from tests.read_examples import input_of, messages_of, outline

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!--SMS Backup & Restore-->\n"
MILLISECONDS = 1757963160000
SENT_AT = "2025-09-15T19:06:00+00:00"
NUMBER = "+963900000001"


def sms(body: str = "مرحبا", **given: str) -> str:
    named = {"address": NUMBER, "date": str(MILLISECONDS), "type": "1", "body": body} | given
    return "<sms " + " ".join(f'{name}="{value}"' for name, value in named.items()) + " />\n"


def mms(parts: str, addresses: str = "", **given: str) -> str:
    named = {"address": NUMBER, "date": str(MILLISECONDS), "msg_box": "1"} | given
    written = " ".join(f'{name}="{value}"' for name, value in named.items())
    return f"<mms {written}><parts>{parts}</parts><addrs>{addresses}</addrs></mms>\n"


def backup(*elements: str, count: int | None = None, root: str = "smses") -> bytes:
    number = len(elements) if count is None else count
    return f'{HEAD}<{root} count="{number}">\n{"".join(elements)}</{root}>\n'.encode()


def records_of(data: bytes, tz: str | None = None) -> list[Record]:
    return list(read(input_of(data), ReadOptions(tz=tz)))


def at(minute: int) -> str:
    return str(MILLISECONDS + 60_000 * minute)


def message_of(element: str) -> Message:
    (message,) = messages_of(records_of(backup(element)))
    return message


def warnings_of(element: str) -> tuple[str, ...]:
    source = message_of(element).source
    assert source is not None
    return source.warnings


def test_a_received_sms_is_from_its_number() -> None:
    message = message_of(sms("مرحبا", contact_name="دانة"))

    assert (message.text, message.sender, message.direction) == ("مرحبا", NUMBER, "received")
    assert (message.thread, message.sent_at) == (f"دانة ({NUMBER})", SENT_AT)
    assert (message.kind, message.attachment) == (Kind.TEXT, None)


def test_a_sent_sms_is_of_the_owner_and_stands_in_the_same_thread() -> None:
    message = message_of(sms(type="2", contact_name="دانة"))

    assert (message.sender, message.direction) == ("me", "sent")
    assert message.thread == f"دانة ({NUMBER})"


@pytest.mark.parametrize("box", sorted(NOT_SENT))
def test_what_was_not_sent_is_of_the_owner_with_a_warning(box: str) -> None:
    message = message_of(sms(type=box))

    assert (message.sender, message.direction) == ("me", None)
    assert message.source is not None
    assert message.source.warnings == (NOT_SENT[box],)


def test_a_message_of_no_known_direction_is_nobodys() -> None:
    assert message_of(sms(type="9")).sender is None
    assert warnings_of(sms(type="9")) == (DIRECTION_UNKNOWN,)


@pytest.mark.parametrize("address", ["00963900000001", "+963 900-000-001", "\u202a+963900000001\u202c"])
def test_spellings_of_a_number_are_one_thread(address: str) -> None:
    message = message_of(sms(address=address))

    assert (message.sender, message.thread) == (NUMBER, NUMBER)


def test_a_name_holds_for_later_messages_of_its_number() -> None:
    data = backup(sms(contact_name="دانة"), sms(contact_name="(Unknown)"), sms(address="Bank Info"))

    assert [one.thread for one in messages_of(records_of(data))] == [
        f"دانة ({NUMBER})",
        f"دانة ({NUMBER})",
        "Bank Info",
    ]


def test_values_written_null_are_none() -> None:
    message = message_of(sms("null", address="null", contact_name="null"))

    assert (message.text, message.thread, message.sender) == ("", None, None)


@pytest.mark.parametrize("date", ["null", "", "0", "-5", "9" * 19])
def test_a_date_that_is_none_is_warned_of(date: str) -> None:
    assert message_of(sms(date=date)).sent_at is None
    assert warnings_of(sms(date=date)) == (DATE_NOT_UNDERSTOOD,)


def test_times_are_given_in_the_declared_zone() -> None:
    (message,) = messages_of(records_of(backup(sms()), tz="Asia/Damascus"))

    assert message.sent_at == "2025-09-15T22:06:00+03:00"


def test_an_element_is_found_again_by_its_path_and_line() -> None:
    later = [str(MILLISECONDS + number) for number in (1, 2)]
    records = records_of(backup(sms(), mms("", date=later[0]), sms(date=later[1])))

    places = [one.source.locator for one in messages_of(records) if one.source]
    assert places == ["/smses/sms[1], line 4", "/smses/mms[1], line 5", "/smses/sms[2], line 6"]


def test_the_parts_of_an_mms_are_joined_and_its_file_is_named() -> None:
    parts = (
        '<part ct="application/smil" text="&lt;smil/&gt;" name="smil.xml" />'
        '<part ct="text/plain" text="سطر" /><part ct="text/plain; charset=utf-8" text="آخر" />'
        '<part ct="image/jpeg" name="null" cl="a/b.jpg" data="/9j/2Q==" text="null" />'
    )

    message = message_of(mms(parts))

    assert (message.text, message.kind, message.attachment) == ("سطر\nآخر", Kind.TEXT, "b.jpg")


def test_the_subject_of_an_mms_is_its_first_line() -> None:
    subject = "عاجل".encode().decode("latin-1")
    element = mms('<part ct="text/plain" text="a" />', sub=subject)

    assert message_of(element).text == "عاجل\na"


def test_an_mms_without_words_is_media() -> None:
    message = message_of(mms('<part ct="video/mp4" name="a.mp4" data="AAAA" />', sub="null"))

    assert (message.text, message.kind, message.attachment) == ("", Kind.MEDIA, "a.mp4")


def test_an_mms_to_a_group_is_from_the_address_that_sent_it() -> None:
    sender = '<addr address="+963900000002" type="137" /><addr address="+963900000001" type="151" />'

    message = message_of(mms("", sender, address="+963900000002~+963900000001"))

    assert (message.sender, message.thread) == ("+963900000002", "+963900000001, +963900000002")
    assert message_of(mms("", address="+963900000002~+963900000001")).sender is None


def test_an_mms_that_was_sent_is_the_owners() -> None:
    sender = '<addr address="insert-address-token" type="137" />'

    message = message_of(mms("", sender, msg_box="2"))

    assert (message.sender, message.direction, message.thread) == ("me", "sent", NUMBER)


def test_an_mms_that_was_not_fetched_says_so() -> None:
    assert warnings_of(mms("", m_type="130")) == (NOT_FETCHED,)


@pytest.mark.parametrize(
    ("box", "sender", "direction"),
    [("1", NUMBER, "received"), ("2", "me", "sent"), ("3", NUMBER, "received"), ("5", NUMBER, "received")],
)
def test_calls_are_messages_without_words(box: str, sender: str, direction: str) -> None:
    call = f'<call number="{NUMBER}" duration="9" date="{MILLISECONDS}" type="{box}" contact_name="null" />'

    (message,) = messages_of(records_of(backup(call, root="calls")))

    assert (message.kind, message.text, message.sent_at) == (Kind.CALL, "", SENT_AT)
    assert (message.sender, message.direction, message.thread) == (sender, direction, NUMBER)


@pytest.mark.parametrize(
    ("written", "text", "repairs"),
    [
        ("&#55357;&#56832;", "😀", (Repair.JOINED,)),
        ("&#xD83D;&#xde00;&#55357;&#56832;", "😀😀", (Repair.JOINED,)),
        ("&#10;&#128512;&amp;#0;", "\n😀&#0;", ()),
        ("a&#0;b&#x1F;", "ab", (Repair.DROPPED,)),
        ("a\0b\x0b\uffff", "ab", (Repair.DROPPED,)),
        ("&#55357;x&#56832;", "\ufffdx\ufffd", (Repair.REPLACED,)),
        ("&#9999999;", "\ufffd", (Repair.REPLACED,)),
    ],
)
def test_references_to_no_characters_are_repaired(
    written: str, text: str, repairs: tuple[Repair, ...]
) -> None:
    assert message_of(sms(written)).text == text
    assert warnings_of(sms(written)) == repairs


def test_a_repair_is_told_of_the_message_it_was_made_in() -> None:
    records = records_of(backup(sms(), sms("&#55357;&#56832;"), mms('<part ct="text/plain" text="&#0;a" />')))

    told = [one.source.warnings for one in messages_of(records) if one.source]
    assert told == [(), (Repair.JOINED,), (Repair.DROPPED,)]


@pytest.mark.parametrize("shift", range(0, 30, 3))
def test_a_pair_cut_by_the_end_of_a_chunk_is_joined(shift: int) -> None:
    before = "ن" * ((CHUNK - 300) // 2) + "x" * (300 - shift - len(HEAD) - 60)

    message = message_of(sms(before + "&#55357;&#56832;" * 8))

    assert message.text == before + "😀" * 8


def test_bytes_that_are_not_utf8_are_replaced_with_a_warning() -> None:
    (message,) = messages_of(records_of(backup(sms("a?b")).replace(b"a?b", b"a\xffb")))

    assert message.text == "a\ufffdb"
    assert message.source is not None
    assert message.source.warnings == (NOT_UTF8,)


def test_a_backup_in_utf_16_is_read() -> None:
    data = backup(sms()).decode().encode("utf-16")

    assert outline(records_of(data)) == ["مرحبا"]


def test_a_backup_that_ends_early_gives_what_stands_before_and_counts_the_rest() -> None:
    whole = backup(*(sms(str(number)) for number in range(5)))

    records = records_of(whole[: whole.index(b'body="3"')])

    assert outline(records)[:3] == ["0", "1", "2"]
    assert records[3:] == [Unread("export", "/smses/sms[3], line 6", BROKEN, units=2)]


def test_fewer_messages_than_the_file_counts_are_reported() -> None:
    records = records_of(backup(sms(), count=4))

    assert records[1:] == [Unread("export", "/smses/sms[1], line 4", MISSING, units=3)]


def test_more_messages_than_the_file_counts_are_all_read() -> None:
    assert outline(records_of(backup(sms("a"), sms("b"), count=0))) == ["a", "b"]


def test_an_element_of_another_kind_is_unread_and_the_next_is_read() -> None:
    records = records_of(backup("<rcs a='b'/>\n", sms("a")))

    assert records[0] == Unread("export", "/smses/rcs[1], line 4", NO_MESSAGE)
    assert outline(records[1:]) == ["a"]


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE smses [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE smses [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE smses SYSTEM "http://example.invalid/x.dtd">',
    ],
)
def test_a_document_type_is_refused_and_nothing_is_expanded(declared: str) -> None:
    data = f'<?xml version="1.0"?>{declared}<smses count="1">{sms("&b;")}</smses>'.encode()

    assert records_of(data) == [Unread("export", "/", NO_BACKUP)]


@pytest.mark.parametrize("data", [b"<project/>", b"<other><sms body='a'/></other>"])
def test_other_xml_is_refused(data: bytes) -> None:
    assert records_of(data) == [Unread("export", "/", NO_BACKUP)]


@pytest.mark.parametrize("data", [b"", b"words", HEAD.encode(), b"<smses>" + b"<a>" * 10_000])
def test_what_is_no_whole_xml_is_unread(data: bytes) -> None:
    (unread,) = records_of(data)

    assert isinstance(unread, Unread)
    assert unread.reason == BROKEN


def test_an_undefined_entity_ends_the_reading() -> None:
    records = records_of(backup(sms("a"), sms("&other;")))

    assert outline(records) == ["a", "unread /smses/sms[1], line 4"]


class _Made(RawIOBase):
    """A stream of pieces that are made as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def made(pieces: Callable[[], Iterator[bytes]]) -> InputFile:
    return InputFile("export", "0" * 64, 1, 1, lambda: cast("BinaryIO", _Made(pieces())))


def peak_of(source: InputFile) -> tuple[int, int]:
    """How many records there are, and the most memory in bytes that Python used for them at a time."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in read(source, ReadOptions()))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_film_of_any_size_is_not_held_in_memory() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'<smses count="1"><mms msg_box="1"><parts><part ct="video/mp4" data="'
        yield from (b"AbC/" * (1 << 18) for _ in range(48))
        yield b'"/><part ct="text/plain" text="a"/></parts></mms></smses>'

    count, peak = peak_of(made(pieces))

    assert count == 1
    assert peak < 8_000_000


def test_a_picture_that_was_left_out_is_not_warned_of_but_words_are() -> None:
    long = "a" * (3 * CHUNK)

    assert warnings_of(mms(f'<part ct="image/png" data="{long}" />')) == ()
    assert warnings_of(sms(long)) == (Repair.LEFT_OUT,)


def test_a_backup_of_many_messages_is_streamed() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"<smses>"
        yield from (sms("نص" * 400).encode() for _ in range(10_000))
        yield b"</smses>"

    count, peak = peak_of(made(pieces))

    assert count == 10_000
    assert peak < 8_000_000


def test_a_tag_without_an_end_is_given_up() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'<smses><sms body="'
        yield from (b"a b " * (1 << 18) for _ in range(160))

    (unread,) = read(made(pieces), ReadOptions())

    assert isinstance(unread, Unread)
    assert unread.reason == BROKEN


def test_a_stream_of_bytes_gives_the_same_as_one_of_a_file() -> None:
    data = backup(sms("&#55357;&#56832;"), mms(""))

    streamed = list(read(made(lambda: iter(BytesIO(data))), ReadOptions()))

    assert outline(streamed) == outline(records_of(data))


def test_mms_stand_among_the_sms_where_they_were_sent() -> None:
    data = backup(
        sms("1", date=at(1)),
        sms("3", date=at(3)),
        sms("5", date=at(5)),
        mms('<part ct="text/plain" text="2" />', date=at(2)),
        mms('<part ct="text/plain" text="4" />', date=at(4)),
    )

    assert outline(records_of(data)) == ["1", "2", "3", "4", "5"]


def test_a_backup_whose_newest_messages_come_first_is_read_from_its_end() -> None:
    said = ['<part ct="text/plain" text="4" />', '<part ct="text/plain" text="2" />']
    data = backup(
        *(sms(str(minute), date=at(minute)) for minute in (5, 3, 1)),
        *(mms(part, date=at(minute)) for part, minute in zip(said, (4, 2), strict=True)),
    )

    assert outline(records_of(data)) == ["1", "2", "3", "4", "5"]


def test_threads_of_a_backup_that_stand_one_after_the_other_are_each_turned_round() -> None:
    other = "+963900000002"
    data = backup(
        *(sms(f"a{minute}", date=at(minute)) for minute in (3, 2, 1)),
        *(sms(f"b{minute}", date=at(minute), address=other) for minute in (9, 8, 7)),
    )

    found = messages_of(records_of(data))

    assert [one.text for one in found if one.thread == NUMBER] == ["a1", "a2", "a3"]
    assert [one.text for one in found if one.thread == other] == ["b7", "b8", "b9"]


def test_threads_of_a_backup_that_run_forwards_are_left_as_they_are() -> None:
    data = backup(*(sms(str(minute), date=at(minute)) for minute in (7, 8, 9, 1, 2, 3)))

    assert outline(records_of(data)) == ["7", "8", "9", "1", "2", "3"]


def test_threads_of_one_message_that_stand_newest_first_do_not_turn_the_others_round() -> None:
    codes = [sms(f"otp{9 - minute}", date=at(minute), address=f"Bank{minute}") for minute in (8, 7, 6)]
    chat = [sms(f"a{minute}", date=at(minute)) for minute in (1, 2, 3)]

    assert outline(records_of(backup(*codes, *chat))) == ["otp1", "otp2", "otp3", "a1", "a2", "a3"]


def test_a_backup_whose_chats_lie_among_one_another_is_turned_round_too() -> None:
    other = "+963900000002"
    data = backup(
        sms("b4", date=at(4), address=other),
        sms("a3", date=at(3)),
        sms("b2", date=at(2), address=other),
        sms("a1", date=at(1)),
    )

    assert outline(records_of(data)) == ["a1", "b2", "a3", "b4"]


def test_messages_without_times_or_of_one_time_stay_in_the_order_of_the_file() -> None:
    same, none = (backup(sms("a", date=date), sms("b", date=date)) for date in (at(1), "null"))

    assert [outline(records_of(data)) for data in (same, none)] == [["a", "b"], ["a", "b"]]


def test_what_is_missing_from_a_backup_that_runs_backwards_is_told() -> None:
    data = backup(sms("b", date=at(2)), sms("a", date=at(1)), count=5)

    assert outline(records_of(data)) == ["unread /smses/sms[2], line 5", "a", "b"]


def test_a_name_in_the_contacts_holds_for_the_messages_before_it_too() -> None:
    data = backup(sms(contact_name="(Unknown)"), sms(contact_name="دانة"))

    assert {one.thread for one in messages_of(records_of(data))} == {f"دانة ({NUMBER})"}
