"""How much memory a workbook would take, told before the library that opens it takes it.

The library lays every sheet out as a full table: two cells in opposite corners are 17 thousand million
cells, and the process ends. No one's sheet of messages is like that.
"""

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

PARTS_BYTES = 1 << 30
"""So much may the parts of a workbook unpack to, and more where it is large itself:"""
MAX_RATIO = 200
SPAN = 1 << 24
"""So many cells may a sheet span, and more where one in `FILLED` is there."""
FILLED = 8

_CHUNK = 1 << 20
_LONGEST_TAG = 256
_CELL = re.compile(rb'<(?:\w{1,20}:)?c [^<>]{0,100}?\br="([A-Z]{1,3})(\d{1,7})"')
_SHEETS = "xl/worksheets/"


@dataclass(slots=True)
class _Extent:
    """The corners of the cells seen so far, and how many there are."""

    cells: int = 0
    top: int = 1 << 30
    left: int = 1 << 30
    bottom: int = 0
    right: int = 0

    def add(self, column: bytes, row: bytes) -> None:
        across = 0
        for letter in column:
            across = across * 26 + letter - 64
        down = int(row)
        self.cells += 1
        self.top, self.bottom = min(self.top, down), max(self.bottom, down)
        self.left, self.right = min(self.left, across), max(self.right, across)

    @property
    def too_large(self) -> bool:
        span = (self.bottom - self.top + 1) * (self.right - self.left + 1)
        return self.cells > 0 and span > max(SPAN, FILLED * self.cells)


def too_large(stream: BinaryIO) -> bool:
    """Whether the XLSX file would take far more memory than what it holds is worth.

    Raises:
        READ_ERRORS: the zip is broken.
    """
    with zipfile.ZipFile(stream) as archive:
        size = stream.seek(0, 2)
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if unpacked > max(PARTS_BYTES, MAX_RATIO * size):
            return True
        sheets = (part for part in parts if part.filename.startswith(_SHEETS))
        return any(_extent(archive, part).too_large for part in sheets)


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> _Extent:
    extent, rest = _Extent(), b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text, ended = rest + chunk, 0
            for found in _CELL.finditer(text):
                extent.add(found[1], found[2])
                ended = found.end()
            rest = text[max(ended, len(text) - _LONGEST_TAG) :]
    return extent
