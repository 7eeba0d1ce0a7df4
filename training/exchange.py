"""Messages that nobody wrote: a marked phrase gives way to one of another message that bears the same label.

Whether a message extorts hangs on a harm and a price standing together, not on which words the two are said
in. A network that knows its training messages by heart can only tell them apart by the first. Source:
Andreas, Good-Enough Compositional Data Augmentation, 2020.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from detector.records import Label, Span
from training.corpus import Example

HALF = 0.5
FEWEST = 20
"""Phrases that must be there to choose from."""
PRICE_ALONE = frozenset({"demand_only", "commerce", "scam", "collective"})
"""Categories in which any other demand would be as harmless: nothing hangs on its being met."""
HARM_ALONE = "threat_only"
"""Category in which any other threat would be as much without a price."""


def exchangeable(example: Example) -> list[Span]:
    """The phrases of a message that others with the same label could stand for, its own labels unchanged."""
    labels = example.labels
    if labels.get(Label.EXTORTION):
        return list(example.spans)
    if example.category in PRICE_ALONE and not (labels.get(Label.THREAT) or labels.get(Label.LEVERAGE)):
        return [span for span in example.spans if span.label is Label.DEMAND]
    if example.category == HARM_ALONE and not labels.get(Label.DEMAND):
        return [span for span in example.spans if span.label is Label.THREAT]
    return []


class Phrases:
    """The exchangeable phrases of messages, by dialect, script and label."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._kept: dict[tuple[str, str, Label], list[str]] = defaultdict(list)
        for example in examples:
            for span in exchangeable(example):
                phrase = example.text[span.start : span.end]
                self._kept[example.dialect, example.script, span.label].append(phrase)

    def exchange(self, example: Example, dice: random.Random) -> Example:
        """The example with each exchangeable phrase, or every second of several, taken from elsewhere.

        It is no longer like the messages of its pair, so it leaves it. Without phrases it stays as it is.
        """
        old = exchangeable(example)
        chosen = [span for span in old if len(old) == 1 or dice.random() < HALF]
        text, spans = "", []
        end = 0
        for span in sorted(example.spans, key=lambda one: one.start):
            text += example.text[end : span.start]
            known = self._kept.get((example.dialect, example.script, span.label), ())
            swapped = span in chosen and len(known) >= FEWEST
            phrase = dice.choice(known) if swapped else example.text[span.start : span.end]
            spans.append(Span(len(text), len(text) + len(phrase), span.label))
            text, end = text + phrase, span.end
        text += example.text[end:]
        return example if text == example.text else replace(example, text=text, spans=tuple(spans), pair=None)
