"""The page from head to foot, piece by piece, so that it is never whole in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from detector.records import Run, Unread, Verdict
from detector.report.html_page.excerpts import Excerpts
from detector.report.html_page.guide import NOTICE, guide
from detector.report.html_page.inputs import KINDS, input_files, run_record, unread_list
from detector.report.html_page.markup import both, in_utc, ltr, number, paragraph, shown
from detector.report.html_page.message import IN_CONTEXT, badge
from detector.report.html_page.threads import messages, thread_table

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Nothing is loaded, run or sent, whatever a message holds."""

_TITLE = both("تقرير فحص محادثات", "Chat scan report")
_SUBTITLE = both(
    "رسائل بلغت درجتها عتبة الابتزاز أو عتبة المتضرّر",
    "Messages whose score reached the threshold for extortion or for victim",
)

_CONTENTS = (
    ("guide", both("كيف يُقرأ", "How to read it")),
    ("threads", both("المحادثات", "Threads")),
    ("messages", both("الرسائل", "Messages")),
    ("files", both("الملفات", "Files")),
    ("unread", both("غير المقروء", "Unread")),
    ("run", both("سجلّ التشغيل", "Run record")),
)


@dataclass(frozen=True, slots=True)
class PageContent:
    """What the page is made of. `unread` may hold the first of many; the run record has their number."""

    run: Run
    excerpts: Excerpts
    unread: list[Unread]


def page(content: PageContent) -> Iterator[str]:
    """The whole page in pieces."""
    yield from _head()
    yield from _summary(content)
    yield from guide(screened=content.run.screen is not None)
    yield from thread_table(content.excerpts)
    thresholds = {**content.run.thresholds, IN_CONTEXT: content.run.context_threshold}
    yield from messages(content.excerpts, thresholds)
    yield from input_files(content.run)
    yield from unread_list(content.unread, content.run.unread)
    yield from run_record(content.run)
    yield f"<footer>{paragraph(NOTICE)}</footer>\n</main>\n</body>\n</html>\n"


def _head() -> Iterator[str]:
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    yield (
        '<!DOCTYPE html>\n<html lang="ar" dir="rtl">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>تقرير فحص محادثات · Chat scan report</title>\n"
        f"<style>\n{style}</style>\n</head>\n<body>\n"
    )
    yield (
        '<input type="radio" name="language" id="in-arabic" checked>'
        '<input type="radio" name="language" id="in-english">\n'
        '<div class="languages"><label for="in-arabic">العربية</label>'
        '<label for="in-english" lang="en">English</label></div>\n<main>\n'
    )


def _summary(content: PageContent) -> Iterator[str]:
    run = content.run
    yield f'<header class="top">\n<h1>{_TITLE}</h1>\n{paragraph(_SUBTITLE, "subtitle")}'
    yield paragraph(_identity(run), "identity")
    yield paragraph(NOTICE, "notice") + "</header>\n"
    yield f'<div class="tiles">{"".join(_tiles(content))}</div>\n'
    links = "".join(f'<li><a href="#{anchor}">{name}</a></li>' for anchor, name in _CONTENTS)
    yield f"<nav><ul>{links}</ul></nav>\n"
    if not all(count.adds_up for count in run.files):
        warning = both(
            "أعداد بعض الملفات غير مطابقة؛ انظر جدول الملفات.",
            "The counts of some files do not add up; see the files.",
        )
        yield paragraph(warning, "notice warning")


def _identity(run: Run) -> str:
    parts = (
        ltr(f"{run.tool} {run.version}"),
        f"{both('النموذج', 'model')} {ltr(run.model)}",
        f"{both('نقطة التشغيل', 'operating point')} {ltr(run.operating_point)}",
        ltr(f"{in_utc(run.started_at)} – {in_utc(run.ended_at)}"),
    )
    return ' <span class="dot">·</span> '.join(f"<span>{part}</span>" for part in parts)


def _tiles(content: PageContent) -> Iterator[str]:
    run, kinds = content.run, content.excerpts.kinds
    comma = both("، ", ", ")
    by_kind = comma.join(f"{KINDS.get(kind) or shown(kind)} {number(count)}" for kind, count in kinds.items())
    yield _tile(run.messages, both("رسالة في الملفات", "messages in the files"), by_kind)
    if run.screen:
        words = both("منها مرّرها المرشِّح ولم تُقرأ", "of them screened: not read by the model")
        yield _tile(run.screen.screened, words, "")
    for verdict in (Verdict.EXTORTION, Verdict.VICTIM):
        words = both("رسائل معلَّمة بتصنيف", "messages flagged as")
        yield _tile(run.verdicts.get(verdict, 0), f"{words} {badge(verdict)}", "", verdict)
    yield _tile(run.unread, both("تعذّرت قراءته", "could not be read"), "")
    fine = sum(count.adds_up for count in run.files)
    adding_up = both(f"منها {number(fine)} أعدادها مطابقة", f"{number(fine)} of them add up")
    yield _tile(len(run.files), both("ملفات المصدر", "input files"), adding_up)


def _tile(count: int, words: str, detail: str, css_class: str = "") -> str:
    small = f"<small>{detail}</small>" if detail else ""
    return f'<div class="tile {css_class}"><b>{number(count)}</b><span>{words}</span>{small}</div>'
