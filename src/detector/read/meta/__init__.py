"""Chats of Instagram, Facebook and Messenger as Meta hands them out: `message_1.json` or `message_1.html`."""

from collections.abc import Iterator

from detector.read.meta import messages_json, pages
from detector.read.source import InputFile, ReadOptions
from detector.records import Record

__all__ = ["read"]


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a file, the oldest first.

    Raises:
        InputError: the declared zone is not known.
    """
    with source.open() as stream:
        is_markup = pages.is_markup(stream.read(pages.HEAD_BYTES))
    return pages.read(source, options) if is_markup else messages_json.read(source, options)
