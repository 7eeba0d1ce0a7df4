"""Exports of other projects, which stay outside the repository, give what is known to be in them."""

from pathlib import Path
from typing import Any

import pytest

from detector.read import Chat, ReadOptions, discover, open_chat
from detector.records import Message, Passed, PassedKind, Unread
from tests.read_examples import SHARED, expected_of

_FOLDERS = (
    "whatsapp_txt_ios",
    "whatsapp_txt_android",
    "telegram_json",
    "facebook_json",
    "instagram_json",
    "synthetic/whatsapp_txt",
    "synthetic/generic",
)


def _examples() -> list[Path]:
    found = (path for folder in _FOLDERS for path in sorted((SHARED / folder).glob("*.expected.json")))
    examples = [path.with_name(path.name.removesuffix(".expected.json")) for path in found]
    return [path for path in examples if expected_of(path)["messages"] is not None]


pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the exports of other projects are not here")


@pytest.mark.parametrize("path", _examples(), ids=lambda path: path.name)
def test_an_export_of_another_project_gives_what_is_in_it(path: Path) -> None:
    wanted = expected_of(path)

    messages, system = _read(path)

    assert len(messages) == wanted["messages"]
    assert system == wanted.get("system", system)
    assert sorted({one.sender for one in messages if one.sender}) == sorted(wanted["senders"])
    _agrees(messages[0], wanted["first"])
    _agrees(messages[-1], wanted["last"])
    if "timestamps" in wanted:
        assert [one.sent_at for one in messages] == wanted["timestamps"]
    if "second_text" in wanted:
        assert [messages[1].text, messages[4].text] == [wanted["second_text"], wanted["fifth_text"]]
        assert messages[wanted["media_index"]].kind == "media"
        assert messages[wanted["deleted_index"]].kind == "deleted"


def _read(path: Path) -> tuple[list[Message], int]:
    """The messages of an export and the number of its system lines; nothing else may be in it."""
    messages: list[Message] = []
    system = 0
    for source in discover([str(path)]):
        assert not isinstance(source, Unread)
        chat = open_chat(source, ReadOptions())
        assert isinstance(chat, Chat)
        for record in chat.records:
            assert not isinstance(record, Unread)
            if isinstance(record, Passed):
                system += record.kind is PassedKind.SYSTEM
            else:
                messages.append(record)
    return messages, system


def _agrees(message: Message, wanted: dict[str, Any]) -> None:
    assert (message.sender, message.text) == (wanted["sender"], wanted["text"])
    assert (message.sent_at or "").replace("+00:00", "Z").replace("000Z", "Z") == wanted["timestamp"]
    assert message.attachment == wanted.get("attachment")
    assert message.edited == wanted.get("edited", False)
