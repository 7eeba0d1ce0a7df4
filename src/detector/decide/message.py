"""What scores make of a message: flags at the thresholds, the verdict, the phrases that carry a label."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detector.records import SPAN_LABELS, Label, Scores, Span, Verdict

_WORD = re.compile(r"\S+")
_EDGES = " \t\r\n.,;:!?،؛؟\"'()[]«»…"


def flags_of(scores: Scores, thresholds: Mapping[Label, float]) -> tuple[Label, ...]:
    """The labels whose score reaches its threshold, in the order of `Label`."""
    values = scores.as_dict()
    return tuple(label for label in Label if values[label] >= thresholds[label])


def verdict_of(flags: tuple[Label, ...], scores: Scores) -> Verdict:
    """Victim where flagged and above extortion; else extortion, threat, demand or none, the first flagged.

    >>> scores = Scores(extortion=0.8, threat=0.1, demand=0.1, leverage=0.1, victim=0.9)
    >>> verdict_of((Label.EXTORTION, Label.VICTIM), scores)
    <Verdict.VICTIM: 'victim'>
    """
    if Label.VICTIM in flags and scores.victim > scores.extortion:
        return Verdict.VICTIM
    for label, verdict in (
        (Label.EXTORTION, Verdict.EXTORTION),
        (Label.THREAT, Verdict.THREAT),
        (Label.DEMAND, Verdict.DEMAND),
    ):
        if label in flags:
            return verdict
    return Verdict.NONE


def spans_of(
    text: str, offsets: NDArray[np.int64], tags: NDArray[np.float32], flags: tuple[Label, ...]
) -> list[Span]:
    """Phrases of whole words that carry a flagged label, in code points of `text`.

    Args:
        text: The normalised text.
        offsets: Start and end of each word piece, shape (pieces, 2).
        tags: Probabilities of nothing and of each span label, shape (pieces, 4).
        flags: The labels whose spans are wanted.
    """
    wanted = [label in flags for label in SPAN_LABELS]
    if not any(wanted):
        return []
    allowed = tags * np.array([True, *wanted])
    spans: list[Span] = []
    for word in _WORD.finditer(text):
        inside = (offsets[:, 0] < word.end()) & (offsets[:, 1] > word.start())
        best = int(allowed[inside].sum(0).argmax()) if inside.any() else 0
        if not best:
            continue
        label = SPAN_LABELS[best - 1]
        if spans and spans[-1].label is label and not text[spans[-1].end : word.start()].strip():
            spans[-1] = Span(spans[-1].start, word.end(), label)
        else:
            spans.append(Span(word.start(), word.end(), label))
    return [trimmed for span in spans if (trimmed := _trim(text, span)).start < trimmed.end]


def _trim(text: str, span: Span) -> Span:
    """Leave punctuation at the edges outside."""
    phrase = text[span.start : span.end]
    start = span.start + len(phrase) - len(phrase.lstrip(_EDGES))
    return Span(start, max(start, span.start + len(phrase.rstrip(_EDGES))), span.label)
