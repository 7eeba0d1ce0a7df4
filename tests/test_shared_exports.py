"""Exports of other projects, which stay outside the repository, give what is known to be in them."""

import re
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
    "android_mmssms_db",
    "imessage_chat_db",
    "imo_ios_db",
    "whatsapp_ios_db",
    "synthetic/whatsapp_android_db",
    "synthetic/whatsapp_txt",
    "synthetic/generic",
    "synthetic/snapchat_json/json",
    "synthetic/snapchat_json/json_old",
    "synthetic/sms_backup_restore",
)

MICROSECONDS = re.compile(r"(\.\d{3})\d+")
"""The examples tell times to the millisecond."""


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
    assert sorted({one.sender for one in messages if one.sender}) == sorted(filter(None, wanted["senders"]))
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
    assert (message.sender, message.text) == (wanted["sender"], wanted["text"] or "")
    sent_at = (message.sent_at or "").replace("+00:00", "Z")
    assert MICROSECONDS.sub(r"\1", sent_at) == wanted["timestamp"]
    assert message.attachment == wanted.get("attachment", wanted.get("media"))
    assert message.edited == wanted.get("edited", False)
