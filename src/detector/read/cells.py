"""Cells of tables as text."""

import re
from datetime import date, datetime, time, timedelta
from math import isnan

from detector.read.marks import MARKS
from detector.read.mojibake import meant

_EDGE = rf"[\s{MARKS}]+"
_EDGES = re.compile(rf"^{_EDGE}|{_EDGE}$")
"""Spaces and marks of direction around a name."""


def scalar(value: object) -> str | None:
    """A cell as text: strings verbatim, whole numbers without ".0", times in ISO 8601; else None."""
    match value:
        case str():
            return value
        case int():
            return str(value)
        case float():
            return None if isnan(value) else str(value).removesuffix(".0")
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value % timedelta(days=1)).zfill(8)
        case _:
            return None


def label(value: object) -> str | None:
    """A cell as text; None where it is blank."""
    text = None if value is None else scalar(value)
    return text if text is not None and text.strip() else None


def name_in(value: object) -> str | None:
    """A cell as a name or number without the spaces and marks around it; None where nothing is left."""
    text = label(value)
    return (_EDGES.sub("", meant(text)[0]) or None) if text else None
