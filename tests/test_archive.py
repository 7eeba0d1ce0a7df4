"""The inputs below given paths, with their hashes and line counts; nothing is written, nothing is lost."""

import hashlib
import io
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from detector.errors import InputError
from detector.read import discover
from detector.read.archive import BYTES_BEFORE, WRONG_ARCHIVE, Held, Member, member_name, open_members
from detector.read.source import InputFile
from detector.records import Unread

LINE = "13/03/2024, 21:07 - دانة: مرحبا\n".encode()


def inputs_of(*paths: Path | str) -> list[InputFile]:
    return [found for found in discover([str(path) for path in paths]) if isinstance(found, InputFile)]


def unread_of(*paths: Path | str) -> list[Unread]:
    return [found for found in discover([str(path) for path in paths]) if isinstance(found, Unread)]


def bytes_of(source: InputFile) -> bytes:
    with source.open() as stream:
        return stream.read()


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", 0),
        (b"\n", 1),
        (b"a", 1),
        (b"a\n", 1),
        (b"a\nb", 2),
        (b"a\r\n\r\n", 2),
        ("a\u2028b\v\x85".encode(), 1),
    ],
)
def test_lines_end_at_line_feeds_only(tmp_path: Path, data: bytes, lines: int) -> None:
    (tmp_path / "chat.txt").write_bytes(data)

    (source,) = inputs_of(tmp_path / "chat.txt")

    assert source.lines == lines


def test_an_input_has_its_name_as_given_its_hash_and_its_size(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(LINE)

    (source,) = inputs_of(path)

    assert source.name == str(path)
    assert source.sha256 == hashlib.sha256(LINE).hexdigest()
    assert source.size == len(LINE)
    assert bytes_of(source) == bytes_of(source) == LINE


def test_a_folder_is_walked_in_the_order_of_names_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/.hidden", ".git/config", "c.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(LINE)

    found = [source.name for source in inputs_of(tmp_path)]

    assert found == [str(tmp_path / name) for name in ("a/z.txt", "b.txt", "c.txt")]


def test_media_in_a_folder_are_siblings_and_no_inputs(tmp_path: Path) -> None:
    for name in ("_chat.txt", "00000001-PHOTO.JPG"):
        (tmp_path / name).write_bytes(LINE)

    (source,) = inputs_of(tmp_path)

    assert source.siblings == ("00000001-PHOTO.JPG",)


def test_a_media_file_that_is_named_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(LINE)

    assert len(inputs_of(tmp_path / "photo.jpg")) == 1


def test_a_path_that_does_not_exist_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "absent"

    with pytest.raises(InputError) as refusal:
        next(discover([str(tmp_path), str(path)]))

    assert str(refusal.value) == (
        f"{path}: there is no such file or folder.\n"
        'Expected a chat export, a folder or zip of exports, or "-" for standard input.\n'
        "Check the spelling of the path."
    )


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    (unread,) = unread_of(tmp_path)

    assert unread.file == str(tmp_path / "pipe")
    assert unread.reason.startswith("this is no regular file.\n")


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_bytes(LINE)
    (tmp_path / "loop").symlink_to(tmp_path)

    assert len(inputs_of(tmp_path)) == 1


def test_a_dangling_link_in_a_folder_is_unread(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(tmp_path / "absent")

    (unread,) = unread_of(tmp_path)

    assert unread.reason.startswith("the file cannot be opened (No such file or directory).\n")


def test_standard_input_is_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(LINE)))

    (source,) = inputs_of("-")

    assert (source.name, source.lines) == ("-", 1)
    assert bytes_of(source) == bytes_of(source) == LINE


def test_a_zip_gives_its_members_and_lists_its_media(tmp_path: Path) -> None:
    members = {"دردشة.txt": LINE, "IMG-1.jpg": b"\xff\xd8\xff", "__MACOSX/._x": b"", "folder/": b""}
    path = zip_of(tmp_path / "chat.bin", members)

    (source,) = inputs_of(path)

    assert source.name == f"{path}!دردشة.txt"
    assert source.sha256 == hashlib.sha256(LINE).hexdigest()
    assert "IMG-1.jpg" in source.siblings
    assert bytes_of(source) == bytes_of(source) == LINE


@pytest.mark.parametrize(("encoding", "flag"), [("utf-8", 0), ("cp1256", 0), ("utf-8", 0x800)])
def test_the_name_of_a_member_is_read_with_and_without_the_utf8_flag(encoding: str, flag: int) -> None:
    packed = "دردشة.txt".encode(encoding).decode("utf-8" if flag else "cp437")
    info = zipfile.ZipInfo(packed)
    info.flag_bits = flag

    assert member_name(info) == "دردشة.txt"


def test_a_french_name_without_the_flag_is_not_turned_into_arabic() -> None:
    info = zipfile.ZipInfo("échange avec Zoé.txt")

    assert member_name(info) == "échange avec Zoé.txt"


def test_a_workbook_is_one_input_though_it_is_a_zip(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "chat.zip", {"[Content_Types].xml": b"", "xl/workbook.xml": b""})

    assert [source.name for source in inputs_of(path)] == [str(path)]


def test_a_workbook_in_a_zip_is_an_input(tmp_path: Path) -> None:
    workbook = zip_of(tmp_path / "b.xlsx", {"[Content_Types].xml": b"", "xl/workbook.xml": b""})
    path = zip_of(tmp_path / "a.zip", {"b.xlsx": workbook.read_bytes()})

    assert [source.name for source in inputs_of(path)] == [f"{path}!b.xlsx"]


def test_the_members_of_a_zip_in_a_zip_are_inputs(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"chat.txt": LINE, "IMG-1.jpg": b"\xff\xd8\xff"})
    path = zip_of(tmp_path / "outer.zip", {"دانة.zip": inner.read_bytes(), "chat.txt": LINE})

    outside, inside = inputs_of(path)

    assert outside.name == f"{path}!chat.txt"
    assert inside.name == f"{path}!دانة.zip!chat.txt"
    assert inside.siblings == ("IMG-1.jpg", "chat.txt")
    assert inside.sha256 == hashlib.sha256(LINE).hexdigest()
    assert bytes_of(inside) == bytes_of(inside) == LINE
    assert unread_of(path) == []


def test_a_zip_three_deep_is_unread_and_its_neighbour_is_read(tmp_path: Path) -> None:
    third = zip_of(tmp_path / "c.zip", {"chat.txt": LINE})
    second = zip_of(tmp_path / "b.zip", {"c.zip": third.read_bytes(), "chat.txt": LINE})
    path = zip_of(tmp_path / "a.zip", {"b.zip": second.read_bytes()})

    (unread,) = unread_of(path)

    reason = f"the member is a zip, in a zip that is in a zip itself.\n{WRONG_ARCHIVE}"
    assert unread == Unread(f"{path}!b.zip!c.zip", "member", reason)
    assert [source.name for source in inputs_of(path)] == [f"{path}!b.zip!chat.txt"]


def test_a_broken_zip_in_a_zip_is_unread_and_its_neighbour_is_read(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"chat.txt": LINE}).read_bytes()[:40]
    path = zip_of(tmp_path / "outer.zip", {"a.zip": inner, "b.txt": LINE})

    (unread,) = unread_of(path)

    assert unread == Unread(f"{path}!a.zip", "file", f"the zip is broken (BadZipFile).\n{WRONG_ARCHIVE}")
    assert [source.name for source in inputs_of(path)] == [f"{path}!b.txt"]


def test_a_bomb_packed_twice_is_unread(tmp_path: Path) -> None:
    bombs = {f"{number}.txt": bytes(30_000_000) for number in range(3)}
    inner = zip_of(tmp_path / "inner.zip", bombs)
    path = zip_of(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})

    (unread,) = unread_of(path)

    assert unread.file == f"{path}!inner.zip"
    assert unread.reason.startswith("the members would together unpack to far more bytes than chats have.\n")


def test_a_zip_in_a_zip_is_unpacked_once_for_all_its_members(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {f"{number}.txt": LINE for number in range(3)})
    path = zip_of(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})
    found = discover([str(path)])
    first = next(found)

    path.unlink()  # what is read from here on was held
    others = list(found)

    assert [bytes_of(source) for source in (first, *others) if isinstance(source, InputFile)] == [LINE] * 3


def test_one_zip_in_a_zip_is_held_at_a_time(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"chat.txt": LINE}).read_bytes()
    path = zip_of(tmp_path / "outer.zip", {"a.zip": inner, "b.zip": inner})
    first, second = inputs_of(path)

    assert [bytes_of(one) for one in (second, first, second)] == [LINE] * 3


def test_a_zip_of_many_members_is_opened_once(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "chats.zip", {f"{number}.txt": LINE for number in range(50)})
    opened = []

    def opening() -> BinaryIO:
        opened.append(path)
        return path.open("rb")

    held = Held()
    members = [one for one in open_members(str(path), opening, held) if isinstance(one, Member)]
    for member in members:
        with member.open() as stream:
            assert stream.read() == LINE

    assert len(members) == 50
    assert len(opened) == 2  # its directory, and its members


def test_of_many_zips_a_member_that_is_being_read_stays_open(tmp_path: Path) -> None:
    paths = [zip_of(tmp_path / f"{number}.zip", {"chat.txt": LINE * 9}) for number in range(5)]
    sources = [source for path in paths for source in inputs_of(path)]
    streams = [source.open() for source in sources]

    for stream in streams:
        with stream:
            assert stream.read() == LINE * 9


def test_a_zip_in_a_zip_that_is_too_large_to_be_held_is_read_from_its_start_again(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"chat.txt": LINE}).read_bytes()
    path = zip_of(tmp_path / "outer.zip", {"inner.zip": inner})
    (member,) = open_members(str(path), lambda: path.open("rb"), Held())
    assert isinstance(member, Member)
    held = Held(most=len(inner) - 1)

    with held.open(member) as once, held.open(member) as again:
        assert once.read() == again.read() == inner


def test_the_zips_in_a_zip_may_not_unpack_to_far_more_than_it_all_together(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"bomb.txt": bytes(40_000_000)})
    harmless = zip_of(tmp_path / "harmless.zip", {"chat.txt": LINE})
    bombs = {f"{number}.zip": inner.read_bytes() for number in range(3)}
    path = zip_of(tmp_path / "outer.zip", {**bombs, "chat.zip": harmless.read_bytes()})

    found = list(discover([str(path)]))

    reason = "the members and those of the zips beside it would unpack to far more bytes than chats have."
    refused = [Unread(f"{path}!{name}.zip", "file", f"{reason}\n{WRONG_ARCHIVE}") for name in (1, 2)]
    assert [unread for unread in found if isinstance(unread, Unread)] == refused
    read = [source.name for source in found if isinstance(source, InputFile)]
    assert read == [f"{path}!0.zip!bomb.txt", f"{path}!chat.zip!chat.txt"]


def test_a_broken_zip_is_unread(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "chat.zip", {"chat.txt": LINE})
    path.write_bytes(path.read_bytes()[:40])

    (unread,) = unread_of(path)

    assert unread == Unread(str(path), "file", f"the zip is broken (BadZipFile).\n{WRONG_ARCHIVE}")


def test_a_member_with_a_wrong_checksum_is_unread_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "chat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.txt", b"damaged")
        archive.writestr("b.txt", LINE)
    path.write_bytes(path.read_bytes().replace(b"damaged", b"dAmaged"))

    assert [unread.file for unread in unread_of(path)] == [f"{path}!a.txt"]
    assert [source.name for source in inputs_of(path)] == [f"{path}!b.txt"]


def test_an_encrypted_member_is_unread(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "chat.zip", {"chat.txt": LINE})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(start) + offset] |= 1
    path.write_bytes(data)

    (unread,) = unread_of(path)

    assert unread.reason == f"the member is encrypted.\n{WRONG_ARCHIVE}"


def test_a_zip_bomb_is_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("chat.txt", "w") as member,
    ):
        for _ in range(65):
            member.write(bytes(1 << 20))

    (unread,) = unread_of(path)

    assert unread.reason == f"the member would unpack to far more bytes than a chat has.\n{WRONG_ARCHIVE}"


def test_a_zip_whose_members_overlap_is_unread(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "chat.zip", {"chat.txt": LINE * 100})
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist.extend(archive.filelist * 300)
        archive._didModify = True  # type: ignore[attr-defined]

    (unread,) = unread_of(path)

    assert "the members overlap" in unread.reason


def test_a_zip_that_was_cut_is_told_though_a_zip_in_it_is_whole(tmp_path: Path) -> None:
    inner = [zip_of(tmp_path / name, {f"{name}.txt": LINE}).read_bytes() for name in ("a", "b")]
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(inner):
            archive.writestr(f"{number}.zip", data)
    path.write_bytes(path.read_bytes()[:-60])

    (unread,) = unread_of(path)

    assert unread.reason.startswith(BYTES_BEFORE)
    assert [source.name for source in inputs_of(path)] == [f"{path}!b.txt"]
