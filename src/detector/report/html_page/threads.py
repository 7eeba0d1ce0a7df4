"""The table of threads, and the flagged messages of each with what was said around them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from detector.records import ThreadFinding, Verdict
from detector.report.html_page.excerpts import (
    Excerpt,
    Excerpts,
    Passage,
    ThreadTally,
    join_passages,
    stand_alone,
)
from detector.report.html_page.markup import (
    both,
    isolated,
    ltr,
    moment,
    number,
    paragraph,
    probability,
    section,
    table,
)
from detector.report.html_page.message import badge, context_message, flagged_message

MAX_THREADS = 300
MAX_SENDERS = 5

_NO_THREAD = both("رسائل بلا محادثة", "messages without a thread")
_NO_NAME = both("بلا اسم مرسِل", "no sender given")

_HEADINGS = (
    both("المحادثة", "Thread"),
    both("الرسائل", "Messages"),
    both("رسائل مرسِلٍ واحد مجتمعةً", "One sender's messages together"),
    f"{badge(Verdict.EXTORTION)} {both('والمرسِلون', 'and senders')}",
    f"{badge(Verdict.VICTIM)} {both('والمرسِلون', 'and senders')}",
    both("أول رسالة معلَّمة", "First flagged"),
    both("آخر رسالة معلَّمة", "Last flagged"),
)


def most_flagged(excerpts: Excerpts) -> list[str | None]:
    """Flagged threads by probability, then those with the most flagged messages; equal ones as they came."""
    tallies = excerpts.tallies
    flagged = [name for name, tally in tallies.items() if tally.flagged or tally.adds_up]
    return sorted(flagged, key=lambda name: (-_probability(tallies[name]), -tallies[name].flagged))


def _probability(tally: ThreadTally) -> float:
    return tally.adds_up.extortion if tally.adds_up else 0.0


def thread_table(excerpts: Excerpts) -> Iterable[str]:
    """One row for each thread with flagged messages."""
    heading = both("المحادثات المعلَّمة أو التي فيها رسائل معلَّمة", "Threads flagged or with flagged messages")
    return section("threads", heading, _table(excerpts))


def _table(excerpts: Excerpts) -> Iterator[str]:
    names = most_flagged(excerpts)
    anchors = thread_anchors(excerpts)
    rows = (_row(name, excerpts.tallies[name], anchors.get(name)) for name in names[:MAX_THREADS])
    if names:
        yield from table(_HEADINGS, rows, "threads")
    rest, quiet = len(names) - MAX_THREADS, len(excerpts.tallies) - len(names)
    if rest > 0:
        more = f"و{number(rest)} محادثة أخرى فيها رسائل معلَّمة؛ انظر findings.jsonl."
        yield paragraph(
            both(more, f"And {number(rest)} more threads with flagged messages; see findings.jsonl."), "note"
        )
    yield paragraph(
        both(
            f"محادثات بلا رسائل معلَّمة: {number(quiet)}", f"Threads without flagged messages: {number(quiet)}"
        ),
        "note",
    )


def thread_anchors(excerpts: Excerpts) -> dict[str | None, str]:
    """The anchor of each thread that the page shows messages of."""
    kept = excerpts.passages()
    return {name: f"thread-{index}" for index, name in enumerate(most_flagged(excerpts), 1) if name in kept}


def _row(name: str | None, tally: ThreadTally, anchor: str | None) -> tuple[str, ...]:
    title = thread_name(name)
    return (
        f'<a href="#{anchor}">{title}</a>' if anchor else title,
        number(tally.messages),
        _adds_up(tally.adds_up),
        _senders(tally.extortion_senders),
        _senders(tally.victim_senders),
        moment(tally.first_flagged_at),
        moment(tally.last_flagged_at),
    )


def _adds_up(finding: ThreadFinding | None) -> str:
    """The probability for the sender whose messages score highest together, and where it was reached."""
    if finding is None:
        return "–"
    sender = _NO_NAME if finding.extorter is None else isolated(finding.extorter)
    place = isolated(finding.knowable_at or "", "path")
    score = ltr(probability(finding.extortion), "number")
    return f"<b>{score}</b> {sender}<br>{both('بلغ العتبة عند', 'reached at')} {place}"


def thread_name(name: str | None) -> str:
    """The thread as the source names it."""
    return _NO_THREAD if name is None else isolated(name, "thread")


def _senders(counts: Counter[str | None]) -> str:
    """The number of flagged messages, and by how many senders."""
    if not counts:
        return number(0)
    named = [
        f"<li>{_NO_NAME if sender is None else isolated(sender)} {number(count)}</li>"
        for sender, count in counts.most_common(MAX_SENDERS)
    ]
    if len(counts) > MAX_SENDERS:
        rest = number(len(counts) - MAX_SENDERS)
        named.append(f"<li>{both(f'و{rest} مرسِلًا آخر', f'and {rest} more senders')}</li>")
    return f'<b>{number(counts.total())}</b><ul class="senders">{"".join(named)}</ul>'


def messages(excerpts: Excerpts, thresholds: Mapping[str, float]) -> Iterable[str]:
    """The flagged messages that are kept, by thread, each with its surroundings."""
    heading = both("الرسائل المعلَّمة وسياقها", "Flagged messages in context")
    return section("messages", heading, _messages(excerpts, thresholds))


def _messages(excerpts: Excerpts, thresholds: Mapping[str, float]) -> Iterator[str]:
    kept = excerpts.passages()
    count = sum(len(passages) for passages in kept.values())
    if count < excerpts.flagged:
        yield paragraph(_only_highest(count, excerpts.flagged), "notice")
    if not count:
        yield paragraph(_none_flagged(), "notice quiet")
    for name, anchor in thread_anchors(excerpts).items():
        yield f'<section class="conversation" id="{anchor}">\n<h3>{thread_name(name)}</h3>\n'
        for excerpt in _excerpts(name, kept[name], excerpts.tallies[name]):
            yield from _excerpt(excerpt, thresholds)
        yield "</section>\n"


def _excerpts(name: str | None, passages: list[Passage], tally: ThreadTally) -> list[Excerpt]:
    return stand_alone(passages) if name is None else join_passages(passages, tally.messages)


def _excerpt(excerpt: Excerpt, thresholds: Mapping[str, float]) -> Iterator[str]:
    if excerpt.gap:
        gap = number(excerpt.gap)
        yield paragraph(both(f"رسائل غير معروضة: {gap}", f"messages not shown: {gap}"), "gap")
    if not excerpt.is_whole:
        yield paragraph(
            both(
                "بعض السياق لم يُحفظ هنا؛ انظر findings.jsonl.",
                "Some context was not kept here; see findings.jsonl.",
            ),
            "note",
        )
    yield '<div class="excerpt">\n'
    for line in excerpt.lines:
        is_card = line.place in excerpt.flagged_places
        yield flagged_message(line, thresholds) if is_card else context_message(line)
    yield "</div>\n"


def _only_highest(count: int, flagged: int) -> str:
    return both(
        f"بلغ العتبة {number(flagged)} رسالة، تعرض هذه الصفحة منها {number(count)} وهي ذات الدرجات الأعلى. "
        "الباقي في findings.jsonl.",
        f"{number(flagged)} messages reached a threshold; this page shows the {number(count)} with the "
        "highest scores. The rest is in findings.jsonl.",
    )


def _none_flagged() -> str:
    return both(
        "لم تبلغ أي رسالة العتبة. ولا يعني ذلك أن المحادثات خالية من الابتزاز.",
        "No message reached the threshold. That does not mean that the chats hold no extortion.",
    )
