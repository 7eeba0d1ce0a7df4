"""Files, folders and archives are found, measured and recognised by what is in them."""

import hashlib
import io
import sqlite3
import zipfile
from pathlib import Path

import pytest

from detector import Detector, InputError
from detector.read import Format, InputFile, ReadOptions, discover, open_chat
from detector.read.discover import NOTHING_INSIDE
from detector.records import Unread

CHAT = "13/03/2024, 21:07 - دانة: هلا\n13/03/2024, 21:08 - دانة: تمام"


def _inputs(*paths: Path) -> list[InputFile | Unread]:
    return list(discover([str(path) for path in paths]))


def _formats(*paths: Path) -> list[Format | str]:
    """The format of each input, or why it has none."""
    found: list[Format | str] = []
    for source in _inputs(*paths):
        chat = source if isinstance(source, Unread) else open_chat(source, ReadOptions())
        found.append(chat.reason if isinstance(chat, Unread) else chat.format)
    return found


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_file_is_measured_in_one_pass(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, encoding="utf-8")

    (source,) = _inputs(path)

    assert isinstance(source, InputFile)
    assert source.sha256 == hashlib.sha256(CHAT.encode()).hexdigest()
    assert (source.size, source.lines) == (len(CHAT.encode()), 2)
    assert source.name == str(path)


def test_lines_of_utf_16_are_counted_as_the_reader_counts_them(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text('{"text": "هلا"}\n{"text": "؊"}\n', encoding="utf-16")

    scan = detector.scan(tmp_path / "chat.jsonl")

    assert [finding.message.text for finding in scan] == ["هلا", "؊"]
    assert scan.run().files[0].adds_up


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a/1.jsonl", ".hidden/x.jsonl", "b/.y.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"text": "هلا"}\n', encoding="utf-8")

    names = [source.name for source in _inputs(tmp_path) if isinstance(source, InputFile)]

    assert names == [str(tmp_path / "a" / "1.jsonl"), str(tmp_path / "b" / "2.jsonl")]


def test_a_path_that_does_not_exist_is_an_error_of_three_parts(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        _inputs(tmp_path / "nothing")

    assert str(tmp_path / "nothing") in str(refusal.value).splitlines()[0]
    assert len(str(refusal.value).splitlines()) == 3


def test_an_archive_gives_its_chat_and_names_its_media(tmp_path: Path) -> None:
    path = _zip(tmp_path / "chat.zip", {"_chat.txt": CHAT.encode(), "IMG-1.jpg": b"\xff\xd8\xff"})

    (source,) = _inputs(path)

    assert isinstance(source, InputFile)
    assert source.name == f"{path}!_chat.txt"
    assert source.sha256 == hashlib.sha256(CHAT.encode()).hexdigest()
    assert "IMG-1.jpg" in source.siblings
    assert _formats(path) == [Format.WHATSAPP_ANDROID]


def test_a_broken_archive_is_unread_and_its_neighbour_is_read(tmp_path: Path) -> None:
    whole = _zip(tmp_path / "a.zip", {"_chat.txt": CHAT.encode()}).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.txt").write_text(CHAT, encoding="utf-8")

    broken, whole_format = _formats(tmp_path)

    assert broken not in list(Format)
    assert whole_format is Format.WHATSAPP_ANDROID


def test_a_folder_and_an_archive_without_any_chat_say_so(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG-1.jpg").write_bytes(b"\xff\xd8\xff")
    path = _zip(tmp_path / "photos.zip", {"IMG-1.jpg": b"\xff\xd8\xff"})

    unread = _inputs(tmp_path / "photos", path)

    assert unread == [
        Unread(str(tmp_path / "photos"), "file", NOTHING_INSIDE),
        Unread(str(path), "file", NOTHING_INSIDE),
    ]


def test_what_is_given_twice_is_an_input_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT, encoding="utf-8")

    found = _inputs(tmp_path / "a.txt", tmp_path, tmp_path / "a.txt", tmp_path / "." / "a.txt")

    assert [source.name for source in found if isinstance(source, InputFile)] == [str(tmp_path / "a.txt")]


def test_copies_of_a_file_are_read_and_told(detector: Detector, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(CHAT, encoding="utf-8")

    scan = detector.scan(tmp_path)

    assert len(list(scan)) == 4
    assert any("1 file has the same bytes as another" in note for note in scan.run().notes)


def test_photographs_among_chats_are_not_reported(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG-1.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "chat.txt").write_text(CHAT, encoding="utf-8")

    assert _formats(tmp_path) == [Format.WHATSAPP_ANDROID]


@pytest.mark.parametrize("path", ["", "\0", "x" * 5000])
def test_a_path_that_no_file_can_have_does_not_exist(path: str) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        list(discover([path]))


def test_an_archive_of_many_members_that_unpack_to_far_too_much_is_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", bytes(30_000_000))

    (unread,) = _inputs(path)

    assert isinstance(unread, Unread)
    assert unread.reason.startswith("the members would together unpack to far more bytes than chats have.\n")


def test_a_chat_in_an_archive_inside_an_archive_is_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("_chat.txt", CHAT)
    path = _zip(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()})

    assert _formats(path) == [Format.WHATSAPP_ANDROID]


@pytest.mark.parametrize(
    ("name", "data", "format_name"),
    [
        ("x.bin", b'{"text": "a"}\n', Format.JSON_LINES),
        ("x", b"text,sender\na,b\n", Format.CSV),
        ("x.txt", b'{"name": "x", "type": "personal_chat", "messages": []}', Format.TELEGRAM),
        ("x.json", b'{"about": "x", "chats": {"list": []}}', Format.TELEGRAM),
        ("x.csv", "[15.02.25، 17:37:30] دانة: x\n".encode(), Format.WHATSAPP_IOS),
    ],
)
def test_a_format_is_recognised_by_its_content(
    tmp_path: Path, name: str, data: bytes, format_name: Format
) -> None:
    (tmp_path / name).write_bytes(data)

    assert _formats(tmp_path / name) == [format_name]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 10, "binary file of a kind not known"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture"),
        (b"\x37\x7f\x06\x82" + b"\0" * 100, "SQLite"),
    ],
)
def test_what_is_no_chat_is_unread_and_the_reason_told(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "x").write_bytes(data)

    (reason,) = _formats(tmp_path / "x")

    assert reason not in list(Format)
    assert said.lower() in reason.lower()


def test_an_exhibit_is_opened_for_reading_only(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    database = sqlite3.connect(path)
    database.execute("create table message (x)")
    database.commit()
    database.close()
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir()))

    _formats(path)

    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == before
