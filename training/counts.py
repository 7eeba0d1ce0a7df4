"""Count what a folder of labelled messages and threads holds."""

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.normalise import normalise
from detector.records import Label
from training.rows import Row

OBVIOUS_WORDS = Path(__file__).parent / "data" / "obvious_words.txt"
"""The project's list, whatever corpus is counted: figures by it can be compared."""
_CONDITION = re.compile(
    r"\b(?:و?الا|ولا|لو|اذا|ان ما|wella|wlla|walla|wla|wela|ila|ida|iza|law|sinon|otherwise)\b", re.IGNORECASE
)
SHARED = 0.5
"""Share of the shorter message's words that the two sides of a contrast have in common."""


class ObviousWords:
    """Words for photo, publishing, scandal and money, by which a simple filter would look for extortion."""

    def __init__(self) -> None:
        lines = OBVIOUS_WORDS.read_text(encoding="utf-8").splitlines()
        stems = {normalise(line).text for line in lines if line.strip() and not line.startswith("#")}
        choices = "|".join(sorted(map(re.escape, stems), key=len, reverse=True))
        self._pattern = re.compile(rf"\b\w{{0,3}}(?:{choices})", re.IGNORECASE)

    def is_conditional(self, text: str) -> bool:
        """Whether a text says "or else" or "if not" in some dialect, or in Arabizi."""
        return bool(_CONDITION.search(normalise(text).text))

    def in_text(self, text: str) -> bool:
        """Whether a text holds one of them."""
        return bool(self._pattern.search(normalise(text).text))


def contrasts(messages: Sequence[dict[str, Any]]) -> int:
    """How many pairs hold an extortion message and another with at least half of the same words."""
    pairs: dict[str, list[dict[str, Any]]] = {}
    for one in messages:
        if one["pair"]:
            pairs.setdefault(one["pair"], []).append(one)
    return sum(_is_contrast(found) for found in pairs.values())


def _is_contrast(pair: Sequence[dict[str, Any]]) -> bool:
    words: dict[int, list[set[str]]] = {0: [], 1: []}
    for one in pair:
        words[one["labels"][Label.EXTORTION]].append(set(normalise(one["text"]).text.split()))
    return any(
        len(one & other) >= SHARED * min(len(one), len(other)) for one in words[1] for other in words[0]
    )


def count(rows: Sequence[Row], words: ObviousWords) -> dict[str, Any]:
    """Counts of the messages and threads of a folder."""
    messages = [row.value for row in rows if not row.is_thread]
    threads = [row.value for row in rows if row.is_thread]
    extortion = [one for one in messages if one["labels"][Label.EXTORTION]]
    rest = [one for one in messages if not one["labels"][Label.EXTORTION]]
    return {
        "messages": len(messages),
        "extortion": len(extortion),
        "labels": {label: sum(one["labels"][label] for one in messages) for label in Label},
        "spans": sum(len(one["spans"] or ()) for one in messages),
        "contrasts": contrasts(messages),
        "implicit": sum(one["category"] == "implicit" for one in extortion),
        "without_obvious_words": sum(not words.in_text(one["text"]) for one in extortion),
        "voices": len({one["author"] for one in messages if one.get("author")}),
        "length": {"extortion": _median_length(extortion), "rest": _median_length(rest)},
        "threads": len(threads),
        "threads_with_extortion": sum(one["extortion"] for one in threads),
        "thread_messages": sum(len(one["messages"]) for one in threads),
        "dialect_script": Counter((one["dialect"], one["script"]) for one in messages),
        "cells": Counter((one["dialect"], one["category"]) for one in messages),
        "thread_dialects": Counter(one["dialect"] for one in threads),
    }


def _median_length(messages: Sequence[dict[str, Any]]) -> int:
    return round(statistics.median(len(one["text"]) for one in messages)) if messages else 0
