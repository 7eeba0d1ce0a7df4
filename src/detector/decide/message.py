"""What scores make of a message: flags at the thresholds, the verdict, the phrases that carry a label."""

import re
from collections.abc import Mapping
from itertools import accumulate, groupby

import numpy as np
from numpy.typing import NDArray

from detector.records import SPAN_LABELS, Label, Scores, Span, Verdict

_WORD = re.compile(r"\S+")
_BEFORE, _BEHIND = re.compile(r"^[^\w$€£%@#+]+"), re.compile(r"[^\w$€£%]+$")
"""Punctuation, emoji and spaces at the edges of a phrase."""


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
    text: str,
    offsets: NDArray[np.int64],
    tags: NDArray[np.float32],
    flags: tuple[Label, ...],
    outside: float = 1.0,
) -> list[Span]:
    """Phrases of whole words that carry a flagged label, in code points of `text`.

    A word between two of one label belongs to their phrase, and a lone word beside a longer phrase of another
    label to that one.

    Args:
        text: The normalised text.
        offsets: Start and end of each word piece, shape (pieces, 2).
        tags: Probabilities of nothing and of each span label, shape (pieces, 4).
        flags: The labels whose spans are wanted.
        outside: What the probability of nothing is multiplied by: under 1 phrases are longer.
    """
    weights = np.array([outside, *(label in flags for label in SPAN_LABELS)])
    if not weights[1:].any():
        return []
    words, weighed = list(_WORD.finditer(text)), tags * weights
    labels = [_label_of(word, offsets, weighed) for word in words]
    for at in range(1, len(words) - 1):
        if labels[at] is None and labels[at - 1] is labels[at + 1]:
            labels[at] = labels[at - 1]
    _take_in_lone_words(labels)
    spans: list[Span] = []
    before = None
    for word, label in zip(words, labels, strict=True):
        if label is not None and label is before:
            spans[-1] = Span(spans[-1].start, word.end(), label)
        elif label is not None:
            spans.append(Span(word.start(), word.end(), label))
        before = label
    return [trimmed for span in spans if (trimmed := _trim(text, span)).start < trimmed.end]


def _take_in_lone_words(labels: list[Label | None]) -> None:
    """Give each lone word the label of the longer phrase beside it, if there is one."""
    runs = [(label, len(list(words))) for label, words in groupby(labels)]
    starts = list(accumulate((length for _, length in runs), initial=0))
    for at, (label, length) in enumerate(runs):
        beside = [runs[near] for near in (at - 1, at + 1) if 0 <= near < len(runs)]
        longer = [run for run in beside if run[0] is not None and run[1] > 1]
        if label is not None and length == 1 and longer:
            labels[starts[at]] = max(longer, key=lambda run: run[1])[0]


def _label_of(word: re.Match[str], offsets: NDArray[np.int64], weighed: NDArray[np.float64]) -> Label | None:
    """The label that most of a word's pieces speak for; None for nothing."""
    inside = (offsets[:, 0] < word.end()) & (offsets[:, 1] > word.start())
    best = int(weighed[inside].sum(0).argmax()) if inside.any() else 0
    return SPAN_LABELS[best - 1] if best else None


def _trim(text: str, span: Span) -> Span:
    """Leave punctuation and emoji at the edges outside."""
    phrase = text[span.start : span.end]
    start = span.start + len(phrase) - len(_BEFORE.sub("", phrase))
    return Span(start, max(start, span.start + len(_BEHIND.sub("", phrase))), span.label)
