"""The tables of what was read, what could not be, and with which tool, model and settings."""

import shlex
from collections.abc import Iterable, Iterator

from detector.records import FileCount, Run, Unread
from detector.report.html_page.labels import LABELS
from detector.report.html_page.markup import (
    both,
    in_utc,
    isolated,
    ltr,
    number,
    paragraph,
    section,
    shown,
    table,
    term,
)

MAX_UNREAD = 200

_FILE_HEADINGS = (
    both("الملف", "File"),
    term("الصيغة", "format"),
    both("الحجم (بايت)", "Size (bytes)"),
    both("المحتوى", "Held"),
    both("معلَّمة", "Flagged"),
    both("غير مقروء", "Unread"),
    both("المجموع", "Sum"),
)

_UNREAD_HEADINGS = (both("الملف", "File"), both("الموضع", "Place"), both("السبب", "Reason"))

_COUNTS = {
    "continuations": both("أسطر تابعة", "continuation lines"),
    "system": both("أسطر النظام", "system lines"),
    "headers": both("عناوين", "headers"),
    "blank": both("فارغة", "blank"),
}

KINDS = {
    "text": both("نصية", "text"),
    "media": both("وسائط", "media"),
    "deleted": both("محذوفة", "deleted"),
    "call": both("مكالمات", "calls"),
}


def input_files(run: Run) -> Iterable[str]:
    """Every input file with its hash and counts, and whether they add up."""
    rows = (_file_row(count) for count in run.files)
    return section("files", both("ملفات المصدر", "Input files"), table(_FILE_HEADINGS, rows, "files"))


def _file_row(count: FileCount) -> tuple[str, ...]:
    warnings = "".join(f'<div class="warning">{shown(warning)}</div>' for warning in count.warnings)
    hashed = f'<div class="hash">SHA-256 {ltr(count.sha256)}</div>'
    return (
        f"{isolated(count.file, 'path')}{hashed}{_columns(count)}{warnings}",
        ltr(count.format),
        number(count.size),
        _held(count),
        number(count.flagged),
        number(count.unread),
        f"{_adds_up(count)}<br>{ltr(f'{count.units:,} {count.unit}')}",
    )


def _columns(count: FileCount) -> str:
    """The columns of a table, with the fields that they were read as."""
    if not count.columns:
        return ""
    read = ((name, field) for name, field in count.columns.items() if field)
    taken = "، ".join(f"{isolated(name)} = {ltr(field)}" for name, field in read)
    others = "، ".join(isolated(name) for name, field in count.columns.items() if field is None)
    lines = [f"{both('الأعمدة المقروءة', 'Columns read')}: {taken}"]
    if others:
        lines.append(f"{both('أعمدة لم تُقرأ', 'Columns not read')}: {others}")
    return "".join(f'<div class="columns">{line}</div>' for line in lines)


def _held(count: FileCount) -> str:
    kinds = [
        f"{KINDS.get(kind) or shown(kind)} {number(held)}" for kind, held in count.messages.items() if held
    ]
    others = [
        f"{words} {number(getattr(count, name))}" for name, words in _COUNTS.items() if getattr(count, name)
    ]
    return "<br>".join([*kinds, *others]) or number(0)


def _adds_up(count: FileCount) -> str:
    if count.adds_up:
        return f'<span class="fine">✓ {both("مطابق", "adds up")}</span>'
    return f'<strong class="warning">✗ {both("غير مطابق", "does not add up")}</strong>'


def unread_list(unread: list[Unread], count: int) -> Iterable[str]:
    """What could not be read: the first of it, then how many more."""
    heading = both("ما تعذّرت قراءته", "What could not be read")
    return section("unread", heading, _unread(unread[:MAX_UNREAD], count))


def _unread(listed: list[Unread], count: int) -> Iterator[str]:
    rows = (
        (isolated(one.file, "path"), isolated(one.locator, "path"), isolated(one.reason)) for one in listed
    )
    if listed:
        yield from table(_UNREAD_HEADINGS, rows, "unread")
    if count > len(listed):
        rest = number(count - len(listed))
        yield paragraph(
            both(f"و{rest} أخرى، كلها في unread.jsonl.", f"And {rest} more, all in unread.jsonl."), "note"
        )
    if not listed and not count:
        yield paragraph(both("قُرئ كل ما في الملفات.", "Everything in the files was read."), "note")


def run_record(run: Run) -> Iterable[str]:
    """Tool, command, model with its hashes, thresholds, settings and notes."""
    facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in _facts(run))
    return section("run", both("سجلّ التشغيل", "Run record"), (f'<dl class="facts">{facts}</dl>\n',))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield both("الأداة", "Tool"), ltr(f"{run.tool} {run.version}")
    yield both("الأمر", "Command"), f'<code class="command" dir="ltr">{shown(shlex.join(run.command))}</code>'
    yield term("البداية", "start, UTC"), ltr(in_utc(run.started_at))
    yield term("النهاية", "end, UTC"), ltr(in_utc(run.ended_at))
    yield both("النموذج", "Model"), isolated(run.model)
    yield (
        term("بصمات ملفات النموذج", "SHA-256"),
        "".join(_model_file(*file) for file in run.model_files.items()),
    )
    yield term("نقطة التشغيل", "operating point"), ltr(run.operating_point)
    yield term("العتبات", "thresholds"), "<br>".join(_threshold(*pair) for pair in run.thresholds.items())
    yield (
        term("عتبة الابتزاز في سياقه", "threshold for extortion in context"),
        ltr(f"{run.context_threshold:g}", "number"),
    )
    yield term("عتبة المحادثات", "threshold for threads"), ltr(f"{run.thread_threshold:g}", "number")
    yield from ((ltr(name), _setting(value)) for name, value in run.settings.items())
    yield from ((both("ملاحظة", "Note"), isolated(note)) for note in run.notes)


def _model_file(name: str, digest: str) -> str:
    return f'<div>{ltr(name)}<div class="hash">{ltr(digest)}</div></div>'


def _threshold(label: str, threshold: float) -> str:
    names = {str(known): meaning.name() for known, meaning in LABELS.items()}
    return f"{names.get(label) or ltr(label)} {ltr(f'{threshold:g}', 'number')}"


def _setting(value: str | None) -> str:
    return both("غير محدَّد", "not set") if value is None else isolated(value)
