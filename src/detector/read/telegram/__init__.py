"""Telegram Desktop's exports: `result.json`, and the pages `messages.html`, `messages2.html` and so on."""

from collections.abc import Iterator

from detector.read.source import InputFile, ReadOptions
from detector.read.telegram import pages, result_json
from detector.records import Record

__all__ = ["read"]


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of an export in its order, item by item.

    Raises:
        InputError: the declared zone is not known.
    """
    with source.open() as stream:
        is_page = pages.is_page(stream.read(pages.HEAD_BYTES))
    return pages.read(source, options) if is_page else result_json.read(source, options)
