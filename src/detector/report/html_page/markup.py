"""Pieces of HTML. Whatever comes from the evidence passes through `shown`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from detector.report.visible import show_hidden, token


def shown(text: str) -> str:
    """Text of the evidence, escaped, with a grey token for each character one would not see."""
    return show_hidden(escape(text, quote=True), _grey_token)


def _grey_token(character: str) -> str:
    return f'<span class="cp" dir="ltr">{token(character)}</span>'


def isolated(text: str, css_class: str = "") -> str:
    """Text of the evidence whose direction is its own and touches nothing around it."""
    return f'<bdi dir="auto"{_class(css_class)}>{shown(text)}</bdi>'


def ltr(text: str, css_class: str = "") -> str:
    """A number, hash or command, always left to right."""
    return f'<bdi dir="ltr"{_class(css_class)}>{shown(text)}</bdi>'


def _class(css_class: str) -> str:
    return f' class="{css_class}"' if css_class else ""


def both(arabic: str, english: str) -> str:
    """Our own words in both languages; the page shows one of them."""
    return f'<span class="ar">{arabic}</span><span class="en" lang="en" dir="ltr">{english}</span>'


def term(arabic: str, english: str, gloss: str = "") -> str:
    """A term that a reader of the Arabic page may need in English too; `gloss` is that, where it differs."""
    return both(f'{arabic} <small class="gloss" lang="en" dir="ltr">{gloss or english}</small>', english)


def number(count: int) -> str:
    """A count with thousands separators."""
    return ltr(f"{count:,}", "number")


def probability(score: float) -> str:
    """A score with three decimals; never 1 or 0 by rounding.

    >>> probability(0.9999), probability(0.0001), probability(0.25)
    ('>0.999', '<0.001', '0.250')
    """
    if 0.9995 <= score < 1:
        return ">0.999"
    if 0 < score < 0.0005:
        return "<0.001"
    return f"{score:.3f}"


def paragraph(content: str, css_class: str = "") -> str:
    """A paragraph of ready markup."""
    return f"<p{_class(css_class)}>{content}</p>\n"


def section(anchor: str, heading: str, parts: Iterable[str]) -> Iterable[str]:
    """A section of ready markup with its heading."""
    yield f'<section id="{anchor}">\n<h2>{heading}</h2>\n'
    yield from parts
    yield "</section>\n"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]], css_class: str = "") -> Iterable[str]:
    """A table of ready markup."""
    yield f'<div class="wide"><table{_class(css_class)}>\n<thead><tr>'
    yield from (f'<th scope="col">{heading}</th>' for heading in headings)
    yield "</tr></thead>\n<tbody>\n"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n"
    yield "</tbody></table></div>\n"


def moment(sent_at: str | None) -> str:
    """When, as the source says: with its offset and in UTC, or plainly as local time of an unknown zone."""
    if sent_at is None:
        return f'<span class="zone">{both("بلا وقت", "no time given")}</span>'
    when = _parsed(sent_at)
    if when is None:
        return isolated(sent_at)
    if when.tzinfo is None:
        zone = both("توقيت محلي، المنطقة الزمنية غير معروفة", "local time, zone unknown")
        return f'{ltr(when.isoformat(" "), "when")} <span class="zone">{zone}</span>'
    universal = _in_utc(when)
    local = f'<span class="when">{when.isoformat(" ")}</span>'
    if not when.utcoffset() or universal is None:
        return f'<bdi dir="ltr">{local}</bdi>'
    return f'<bdi dir="ltr">{local} <span class="zone">({universal})</span></bdi>'


def in_utc(at: str) -> str:
    """A time of the run record as one reads it; as it stands where it is none.

    >>> in_utc("2026-03-01T10:00:42+00:00")
    '2026-03-01 10:00:42 UTC'
    """
    when = _parsed(at)
    if when is None:
        return at
    return _in_utc(when if when.tzinfo else when.replace(tzinfo=UTC)) or at


def _parsed(sent_at: str) -> datetime | None:
    try:
        return datetime.fromisoformat(sent_at)
    except ValueError:
        return None


def _in_utc(when: datetime) -> str | None:
    """The moment in UTC; none for the years 1 and 9999, which may lie beyond the calendar."""
    try:
        return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except OverflowError:
        return None
