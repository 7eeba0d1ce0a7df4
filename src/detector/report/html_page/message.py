"""One message as the page shows it: its text with highlighted phrases, its scores, where it comes from."""

from collections.abc import Iterator, Mapping

from detector.records import Finding, Kind, Label, Message, Span, Verdict
from detector.report.html_page.excerpts import Line
from detector.report.html_page.labels import DETAILS, LABELS, VERDICTS
from detector.report.html_page.markup import both, isolated, ltr, moment, number, probability, shown, term

IN_CONTEXT = "in context"
"""Names the threshold of extortion in context among those of the labels."""
_IN_CONTEXT = term("ابتزاز في سياقه", "extortion in context")

_KINDS = {
    Kind.TEXT: both("نص", "text"),
    Kind.MEDIA: both("وسائط", "media"),
    Kind.DELETED: both("رسالة محذوفة", "deleted message"),
    Kind.CALL: both("مكالمة", "call"),
}

_DIRECTIONS = {
    "sent": both("صادرة من صاحب الجهاز", "sent by the device's owner"),
    "received": both("واردة إلى صاحب الجهاز", "received by the device's owner"),
}


def flagged_message(line: Line, thresholds: Mapping[str, float]) -> str:
    """A card: who, when, the text with its phrases, its scores, the place in the evidence."""
    finding = line.finding
    return (
        f'<article class="message flagged {finding.verdict}" id="message-{line.order}">\n'
        f"<header>{badge(finding.verdict)} {sender(finding.message)}"
        f'<span class="time">{moment(finding.message.sent_at)}</span></header>\n'
        f'<div class="body"><div class="words">{_content(line, highlighted(finding))}</div>\n'
        f"{scores(finding, thresholds)}</div>\n{details(finding)}{_read_with(finding)}"
        f"<footer>{_origin(finding.message)}</footer>\n</article>\n"
    )


def context_message(line: Line) -> str:
    """A quiet line for what was said around it, with the badge of its verdict and its phrases, if any."""
    message, verdict = line.finding.message, line.finding.verdict
    mark = badge(verdict) + " " if verdict is not Verdict.NONE else ""
    return (
        f'<div class="message context">\n<header>{mark}{sender(message)}'
        f'<span class="time">{moment(message.sent_at)}</span></header>\n'
        f'<div class="words">{_content(line, highlighted(line.finding))}</div>\n</div>\n'
    )


def _read_with(finding: Finding) -> str:
    """What the sender said before, which the score in context rests on; of long messages the end."""
    if not finding.read_with:
        return ""
    title = both("قُرئت مع ما قاله المرسِل قبلها:", "read with what its sender said before:")
    said = (
        f'<li><span class="time">{moment(one.sent_at)}</span> {isolated(one.id, "path")}'
        f'<div class="text" dir="auto">{shown(one.text)}</div></li>'
        for one in finding.read_with
    )
    return f'<div class="read-with">{title}<ol>{"".join(said)}</ol></div>\n'


def badge(verdict: Verdict) -> str:
    """The verdict as a small label."""
    return f'<span class="badge {verdict}">{VERDICTS[verdict]}</span>'


def sender(message: Message) -> str:
    """The sender as the source names it."""
    if message.sender is None:
        return f'<span class="sender unknown">{both("بلا اسم مرسِل", "no sender given")}</span>'
    return isolated(message.sender, "sender")


def highlighted(finding: Finding) -> str:
    """The text with its spans marked, at exactly their code points."""
    text, pieces, position = finding.message.text, [], 0
    for span in _in_order(finding.spans, len(text)):
        pieces.append(shown(text[position : span.start]))
        pieces.append(f'<mark class="{span.label}">{shown(text[span.start : span.end])}</mark>')
        position = span.end
    return "".join(pieces) + shown(text[position:])


def _in_order(spans: tuple[Span, ...], length: int) -> Iterator[Span]:
    """The spans from left to right, without what overlaps one before or lies beyond a cut text."""
    position = 0
    for span in sorted(spans, key=lambda span: span.start):
        if position <= span.start < span.end <= length:
            yield span
            position = span.end


def _content(line: Line, text: str) -> str:
    """The text in its own direction, or what stands for it, and notes on it."""
    message = line.finding.message
    parts = []
    if message.text:
        parts.append(f'<div class="text" dir="auto">{text}</div>')
    if message.kind is not Kind.TEXT:
        parts.append(f'<span class="note">[{_KINDS[message.kind]}]</span>')
    if line.cut_characters:
        count = number(line.cut_characters)
        arabic = f"اختُصر النص هنا: {count} محرفًا آخر. النص كاملًا في findings.jsonl."
        english = f"Cut here: {count} more characters. The full text is in findings.jsonl."
        parts.append(f'<span class="note">{both(arabic, english)}</span>')
    if line.finding.screened:
        note = both("لم يقرأها النموذج: عدّها المرشِّح غير مؤذية", "not read by the model: screened as harmless")
        parts.append(f'<span class="note">{note}</span>')
    return "".join([*parts, *_notes(message)])


def _notes(message: Message) -> Iterator[str]:
    if message.attachment is not None:
        yield f'<span class="note">{both("مرفق:", "attachment:")} {isolated(message.attachment)}</span>'
    if message.edited:
        yield f'<span class="note">{both("معدّلة", "edited")}</span>'
    if message.reply_to is not None:
        yield f'<span class="note">{both("ردّ على", "reply to")} {isolated(message.reply_to)}</span>'
    if message.direction is not None:
        direction = _DIRECTIONS.get(message.direction) or isolated(message.direction)
        yield f'<span class="note">{direction}</span>'


def details(finding: Finding) -> str:
    """What rules found in the text, as a list of what it is and its plain value."""
    if not finding.details:
        return ""
    rows = (
        f"<li>{DETAILS[detail.kind]} {isolated(detail.value)}</li>"
        for detail in dict.fromkeys(finding.details)
    )
    return f'<ul class="details">{"".join(rows)}</ul>\n'


def scores(finding: Finding, thresholds: Mapping[str, float]) -> str:
    """Five bars with their numbers; a tick shows the threshold, bold what reached it.

    And one more where the message was judged by what was said before it: extortion in context.
    """
    if finding.scores is None:
        return ""
    alone, context = finding.scores.as_dict(), finding.context_scores
    decided = {label: label is not Label.EXTORTION or context is None for label in Label}
    rows = [
        _score(
            label,
            LABELS[label].name(),
            alone[label],
            thresholds.get(label) if decided[label] else None,
            label in finding.flags and decided[label],
        )
        for label in Label
    ]
    if context is not None:
        reached = Label.EXTORTION in finding.flags
        row = _score(Label.EXTORTION, _IN_CONTEXT, context.extortion, thresholds.get(IN_CONTEXT), reached)
        rows.insert(1, row)
    return f'<dl class="scores">{"".join(rows)}</dl>'


def _score(label: Label, name: str, score: float, threshold: float | None, reached: bool) -> str:
    width = 100 * min(max(float(score), 0.0), 1.0)
    tick = (
        ""
        if threshold is None
        else f'<rect class="tick" x="{100 * threshold - 0.6:.1f}" width="1.2" height="10"/>'
    )
    return (
        f'<div class="{"reached" if reached else "below"} {label}"><dt>{name}</dt><dd>'
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="fill" y="2" width="{width:.1f}" height="6"/>{tick}</svg>'
        f"{ltr(probability(float(score)), 'number')}</dd></div>"
    )


def _origin(message: Message) -> str:
    """Where the message stands in the evidence."""
    parts = [f"{both('المعرّف', 'id')} {isolated(message.id, 'path')}"]
    if message.source is not None:
        parts.append(f"{both('الملف', 'file')} {isolated(message.source.file, 'path')}")
        parts.append(f"{both('الموضع', 'place')} {isolated(message.source.locator, 'path')}")
        parts.extend(f'<span class="warning">{shown(warning)}</span>' for warning in message.source.warnings)
    return ' <span class="dot">·</span> '.join(f"<span>{part}</span>" for part in parts)
