"""Findings as rows of a table for people: the display copy that CSV and XLSX share.

Not verbatim: what a spreadsheet would execute, cannot hold or would show in another order is made harmless
and visible. The verbatim record is JSON Lines.
"""

from dataclasses import dataclass

from detector.records import SPAN_LABELS, Finding, Label, Source, ThreadFinding
from detector.report.visible import show_disruptive

MAX_CELL_CHARACTERS = 32_767
"""What an Excel cell holds, in UTF-16 units."""

PHRASE_SEPARATOR = " ⏐ "

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet might take for a formula (OWASP, CSV injection)."""

Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in files, its Arabic name for people, its width in characters."""

    name: str
    arabic: str
    width: int


IN_CONTEXT = "extortion_in_context"
SCORES = (*(label.value for label in Label), IN_CONTEXT)
"""The columns that hold scores; they stand side by side."""

COLUMNS = (
    Column("id", "المعرّف", 18),
    Column("thread", "المحادثة", 20),
    Column("sender", "المرسِل", 20),
    Column("sent_at", "وقت الإرسال", 25),
    Column("kind", "النوع", 9),
    Column("verdict", "التصنيف", 12),
    Column("extortion", "ابتزاز", 11),
    Column("threat", "تهديد", 11),
    Column("demand", "مطلب", 11),
    Column("leverage", "ورقة ضغط", 11),
    Column("victim", "متضرّر", 11),
    Column(IN_CONTEXT, "ابتزاز في سياقه", 14),
    Column("flags", "بلغت العتبة", 22),
    Column("text", "النص", 70),
    Column("threat_phrases", "عبارات التهديد", 30),
    Column("demand_phrases", "عبارات المطلب", 30),
    Column("leverage_phrases", "عبارات ورقة الضغط", 30),
    Column("details", "تفاصيل", 30),
    Column("attachment", "المرفق", 20),
    Column("edited", "معدّلة", 8),
    Column("reply_to", "ردّ على", 18),
    Column("direction", "الاتجاه", 10),
    Column("screened", "مرّرها المرشِّح", 12),
    Column("file", "الملف", 40),
    Column("sha256", "بصمة الملف", 20),
    Column("locator", "الموضع", 16),
    Column("warnings", "تنبيهات", 30),
)

THREAD_COLUMNS = (
    Column("thread", "المحادثة", 40),
    Column("messages", "عدد الرسائل", 12),
    Column("extortion", "ابتزاز", 11),
    Column("flagged", "بلغت العتبة", 11),
    Column("highest_scoring_sender", "مرسِل الرسائل الأعلى درجة", 24),
    Column("other_sender", "المرسِل الآخر", 24),
    Column("threshold_reached_at", "أول رسالة بلغت بها العتبة", 30),
)

COLUMN_NAMES = tuple(column.name for column in COLUMNS)


def cells(finding: Finding) -> tuple[Cell, ...]:
    """The row of a finding, in the order of `COLUMNS`: scores as numbers, the rest fit to be shown."""
    message = finding.message
    identity = (message.id, message.thread, message.sender, message.sent_at, message.kind, finding.verdict)
    told = (
        ", ".join(finding.flags),
        message.text,
        *(phrases(finding, label) for label in SPAN_LABELS),
        details(finding),
        message.attachment,
        "yes" if message.edited else None,
        message.reply_to,
        message.direction,
        "yes" if finding.screened else None,
        *_origin(message.source),
    )
    return (*(fit(text) for text in identity), *_scores(finding), *(fit(text) for text in told))


def _scores(finding: Finding) -> tuple[float | None, ...]:
    """The five of the message alone, and extortion in its context; None where there are none."""
    if finding.scores is None:
        return (None,) * len(SCORES)
    context = finding.context_scores
    alone = (float(score) for score in finding.scores.as_dict().values())
    return (*alone, None if context is None else float(context.extortion))


def _origin(source: Source | None) -> tuple[str | None, ...]:
    if source is None:
        return (None, None, None, None)
    return (source.file, source.sha256, source.locator, "; ".join(source.warnings))


def thread_cells(finding: ThreadFinding) -> tuple[Cell, ...]:
    """The row of a thread, in the order of `THREAD_COLUMNS`."""
    return (
        fit(finding.thread),
        float(finding.messages),
        finding.extortion,
        "yes" if finding.flagged else None,
        fit(finding.extorter),
        fit(finding.target),
        fit(finding.knowable_at),
    )


def phrases(finding: Finding, label: Label) -> str:
    """The phrases that carry a label, one after another."""
    text = finding.message.text
    return PHRASE_SEPARATOR.join(text[span.start : span.end] for span in finding.spans if span.label is label)


def details(finding: Finding) -> str:
    """What rules found in the text, each by its kind and plain value."""
    return PHRASE_SEPARATOR.join(f"{detail.kind}: {detail.value}" for detail in finding.details)


def fit(text: str | None) -> str | None:
    r"""The text with tokens for disruptive characters, cut with a visible note where a cell ends.

    >>> fit("a\x00b")
    'a‹U+0000›b'
    >>> fit("")
    """
    if not text:
        return None
    shown = show_disruptive(text)
    if _utf16_length(shown) <= MAX_CELL_CHARACTERS - 1:  # one is kept for the apostrophe of `disarm`
        return shown
    note = f" […cut: {len(text):,} characters, all of them in findings.jsonl]"
    return _first_utf16(shown, MAX_CELL_CHARACTERS - 1 - len(note)) + note


def disarm(cell: Cell) -> Cell:
    """The cell with an apostrophe before what a spreadsheet might take for a formula.

    Wrong for files that programs read: they want JSON Lines or Parquet.

    >>> disarm("=1+1")
    "'=1+1"
    """
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _first_utf16(text: str, units: int) -> str:
    """As many whole characters as fit into the given number of UTF-16 units."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")
