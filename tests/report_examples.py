"""Invented findings and a run record for the report tests, and any finding at all for properties."""

from dataclasses import replace

from hypothesis import strategies as st

from detector.records import (
    Detail,
    DetailKind,
    FileCount,
    Finding,
    Kind,
    Label,
    Message,
    OperatingPoint,
    Run,
    Scores,
    Source,
    Span,
    Verdict,
)

THREAT = "أنشر ملفات الشركة كلها"
DEMAND = "حوّل 500 قبل الجمعة"
TEXT = f"😀 {DEMAND}، وإلا {THREAT}"
SOURCE = Source("chats/export.txt", "a" * 64, "line 7", warnings=("day and month could be swapped",))

HIGH = Scores(extortion=0.975, threat=0.931, demand=0.9927, leverage=0.31, victim=0.004)
LOW = Scores(extortion=0.02, threat=0.03, demand=0.05, leverage=0.01, victim=0.01)


def spans_of(text: str) -> tuple[Span, ...]:
    """The demand and the threat of `TEXT`, wherever they stand in the text."""
    phrases = ((DEMAND, Label.DEMAND), (THREAT, Label.THREAT))
    return tuple(
        Span(text.index(phrase), text.index(phrase) + len(phrase), label)
        for phrase, label in phrases
        if phrase in text
    )


def details_of(text: str) -> tuple[Detail, ...]:
    """The amount and the deadline of `TEXT`, wherever they stand in the text."""
    phrases = (
        ("500", DetailKind.AMOUNT, "500"),
        ("قبل الجمعة", DetailKind.DEADLINE, "friday"),
    )
    return tuple(
        Detail(text.index(phrase), text.index(phrase) + len(phrase), kind, value)
        for phrase, kind, value in phrases
        if phrase in text
    )


def flagged(text: str = TEXT, **of_message: object) -> Finding:
    """A message scored high for extortion."""
    flags = (Label.EXTORTION, Label.THREAT, Label.DEMAND)
    return Finding(
        _message(text, of_message), HIGH, flags, Verdict.EXTORTION, spans_of(text), details_of(text)
    )


def in_context(text: str = DEMAND, **of_message: object) -> Finding:
    """A message scored low alone and high for extortion given what was said before it."""
    context = replace(LOW, extortion=0.8765)
    earlier = (Message("ملفات الشركة كلها عندي", "a:line 3"), Message("تتذكر الهارد؟", "a:line 5"))
    flags, spans = (Label.EXTORTION,), ()
    return Finding(
        _message(text, of_message), LOW, flags, Verdict.EXTORTION, spans, details_of(text), context, earlier
    )


def quiet(text: str = "وصلت الطلبية", **of_message: object) -> Finding:
    """A message scored low for everything."""
    return Finding(_message(text, of_message), LOW)


def media() -> Finding:
    """An entry that is no text, with all that a source may tell of it."""
    details = {
        "kind": Kind.MEDIA,
        "attachment": "IMG-1.jpg",
        "edited": True,
        "reply_to": "m-1",
        "direction": "sent",
    }
    return Finding(_message("", details), None)


def _message(text: str, details: dict[str, object]) -> Message:
    usual = Message(text, "m-1", "ورشة", "مستخدم أ", "2024-03-12T21:07:00+03:00", source=SOURCE)
    return replace(usual, **details)  # type: ignore[arg-type]


FILE = FileCount(
    file="chats/export.txt",
    sha256="a" * 64,
    size=812,
    format="whatsapp-android",
    unit="lines",
    units=12,
    messages={"text": 8, "media": 1},
    continuations=1,
    system=1,
    headers=0,
    blank=0,
    unread=1,
    flagged=1,
)

RUN = Run(
    tool="extortion-detector",
    version="0.1.0",
    command=("detector", "scan", "chats/", "--out", "case 1"),
    settings={"tz": "Asia/Baghdad", "format": None},
    model="test-model",
    model_files={"model.onnx": "b" * 64},
    operating_point=OperatingPoint.BALANCED,
    thresholds={label.value: 0.5 for label in Label},
    context_threshold=0.4,
    thread_threshold=0.6,
    started_at="2026-03-01T10:00:00+00:00",
    ended_at="2026-03-01T10:00:42+00:00",
    files=(FILE,),
    messages=9,
    flagged=1,
    threads_flagged=1,
    verdicts={"extortion": 1, "none": 8},
    unread=1,
    notes=("The order of day and month was declared.",),
)

# JSON writes two lone surrogates that stand side by side as the pair they would have been: not told apart.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=60).filter(
    lambda text: text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass") == text
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """Any finding: hostile text, any scores, spans in order."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True)))
    label = draw(st.sampled_from([Label.THREAT, Label.DEMAND, Label.LEVERAGE]))
    spans = tuple(Span(start, end, label) for start, end in zip(cuts[::2], cuts[1::2], strict=False))
    scores = Scores(*(draw(st.floats(0, 1)) for _ in Label))
    verdict = draw(st.sampled_from(Verdict))
    message = Message(text, draw(texts), draw(texts), draw(texts), draw(texts), source=SOURCE)
    return Finding(message, scores, (Label.EXTORTION,), verdict, spans)
