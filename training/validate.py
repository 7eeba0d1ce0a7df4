"""Check every corpus file against the annotation guide, and the split for leaks.

`python -m training.validate training/config.toml` prints each problem with file and line and exits with
status 1 if there is any.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.records import SPAN_LABELS, Label
from training import config, corpus
from training.corpus import Problem, Row

DIALECTS = frozenset(
    (
        "iraqi",
        "gulf",
        "yemeni",
        "egyptian",
        "sudanese",
        "levantine",
        "moroccan",
        "algerian",
        "tunisian",
        "libyan",
        "msa",
    )
)
SCRIPTS = frozenset(("arabic", "arabizi", "mixed"))
SHORT = {"T": Label.THREAT, "D": Label.DEMAND, "L": Label.LEVERAGE, "E": Label.EXTORTION, "V": Label.VICTIM}
EXTORTION_KINDS = (
    "sextortion_money",
    "sextortion_sexual",
    "expose_secret",
    "account_hostage",
    "data_ransom",
    "violence_for_money",
    "silence",
    "coerced_task",
    "reputation_business",
    "implicit",
)
_ALLOWED = dict.fromkeys(EXTORTION_KINDS, "TDE TDLE") | {
    "victim_report": "V",
    "victim_reply": "V",
    "threat_only": "T TL TD",
    "demand_only": "D",
    "lawful_condition": "D -",
    "platform_notice": "D",
    "scam": "D -",
    "commerce": "D -",
    "collective": "D -",
}
_UNLABELLED = (
    "joke",
    "photo_talk",
    "emotional",
    "chain_letter",
    "fiction",
    "news",
    "awareness",
    "legal",
    "chat",
)
ALLOWED = {
    category: [frozenset(SHORT[letter] for letter in letters.strip("-")) for letters in sets.split()]
    for category, sets in (_ALLOWED | dict.fromkeys(_UNLABELLED, "-")).items()
}
"""The label sets each category allows (annotation guide, table of categories)."""

_MESSAGE_KEYS = {"id", "text", "dialect", "script", "category", "pair", "labels", "spans"}
_THREAD_KEYS = {"id", "dialect", "script", "category", "messages", "extortion", "extorter"}


def schema(value: dict[str, Any], required: set[str]) -> Iterator[str]:
    """Missing keys and values outside their closed sets."""
    if missing := sorted(required - value.keys()):
        yield f"has no {', '.join(missing)}"
        return
    for key, known in (("dialect", DIALECTS), ("script", SCRIPTS), ("category", ALLOWED)):
        if value[key] not in known:
            yield f"{key} {value[key]!r} is not in the guide"


def labels(value: dict[str, Any], *, in_thread: bool) -> Iterator[str]:
    """Label names and values, and the logic between them."""
    given = value.get("labels")
    if not isinstance(given, dict) or set(given) != set(Label) or not set(given.values()) <= {0, 1}:
        yield "labels must give 0 or 1 to each of " + ", ".join(Label)
        return
    held = {Label(name) for name, one in given.items() if one}
    if Label.VICTIM in held and len(held) > 1:
        yield "victim excludes every other label"
    if not in_thread and Label.EXTORTION in held and not held >= {Label.THREAT, Label.DEMAND}:
        yield "extortion of a message alone needs threat and demand"
    if not in_thread and held not in ALLOWED.get(value["category"], [held]):
        yield f"category {value['category']} does not allow {', '.join(sorted(held)) or 'no label'}"


def spans(value: dict[str, Any]) -> Iterator[str]:
    """Spans inside the text, in a known label that the message holds, not overlapping."""
    reached = 0
    for span in sorted(value.get("spans") or (), key=lambda span: span["start"]):
        start, end, label = span["start"], span["end"], span["label"]
        if not 0 <= start < end <= len(value["text"]):
            yield f"span {start}:{end} is not inside the text of {len(value['text'])} characters"
        elif label not in SPAN_LABELS or not value["labels"].get(label):
            yield f"span {start}:{end} has label {label}, which the message does not hold"
        elif start < reached:
            yield f"span {start}:{end} overlaps the one before"
        elif value["text"][start:end].strip() != value["text"][start:end]:
            yield f"span {start}:{end} begins or ends with a space"
        reached = max(reached, end)


def message(value: dict[str, Any]) -> Iterator[str]:
    """Everything that can be wrong with a line that holds one message."""
    broken = list(schema(value, _MESSAGE_KEYS))
    yield from broken
    if not broken:
        yield from labels(value, in_thread=False)
        yield from spans(value)
        if not value["text"].strip():
            yield "the text is empty"


def thread(value: dict[str, Any]) -> Iterator[str]:
    """Everything that can be wrong with a line that holds a thread."""
    broken = list(schema(value, _THREAD_KEYS))
    yield from broken
    if broken:
        return
    extorting: Counter[str] = Counter()
    for number, one in enumerate(value["messages"], 1):
        if missing := {"sender", "text", "labels"} - one.keys():
            yield f"message {number} has no {', '.join(sorted(missing))}"
            continue
        problems = [*labels(one, in_thread=True), *spans(one)]
        yield from (f"message {number}: {what}" for what in problems)
        extorting[one["sender"]] += one["labels"].get(Label.EXTORTION, 0)
    if bool(value["extortion"]) != any(extorting.values()):
        yield "extortion of the thread and of its messages disagree"
    if value["extortion"] and not extorting[value["extorter"]]:
        yield "the extorter sends no message labelled extortion"


@dataclass(slots=True)
class _Seen:
    """Ids and texts met so far."""

    ids: dict[str, Row] = field(default_factory=dict)
    texts: dict[str, Row] = field(default_factory=dict)

    def problems(self, row: Row) -> Iterator[str]:
        """Ids and texts that stood on an earlier line."""
        keys = [(self.ids, row.value.get("id"), "id")]
        if not row.is_thread:
            keys.append((self.texts, row.value.get("text"), "text"))
        for known, value, name in keys:
            earlier = known.setdefault(str(value), row)
            if earlier is not row:
                yield f"the same {name} as {earlier.file}, line {earlier.line}"


def check(rows: list[Row]) -> Iterator[Problem]:
    """Every problem of every row."""
    seen = _Seen()
    for row in rows:
        check_one = thread if row.is_thread else message
        for what in (*check_one(row.value), *seen.problems(row)):
            yield Problem(row.file, row.line, what)


def leaks(examples: list[corpus.Example], partition: corpus.Partition) -> Iterator[str]:
    """Pairs and threads of which a part is held out and a part is not."""
    parts: dict[str, set[str]] = {}
    for example in examples:
        for key in filter(None, (example.pair, example.thread)):
            parts.setdefault(key, set()).add(partition.of(example))
    yield from (
        f"{key} straddles {', '.join(sorted(found))}" for key, found in parts.items() if len(found) > 1
    )
    known = {example.thread or example.id for example in examples}
    placed = partition.train | partition.development | partition.test
    yield from (f"{unit} is in the split but not in the corpus" for unit in sorted(placed - known))
    yield from (f"{unit} is not in the split: run `make split`" for unit in sorted(known - placed))


def main() -> None:
    """Print problems and counts."""
    settings = config.from_command_line()
    folder, split = Path(settings.paths.corpus), Path(settings.paths.split)
    try:
        rows = list(corpus.read_rows(folder))
    except json.JSONDecodeError as error:
        sys.exit(f"{folder}: a line is not JSON ({error.msg}, column {error.colno}).")
    problems = [str(problem) for problem in check(rows)]
    if not problems:
        examples = corpus.read_examples(folder)
        problems += [f"{split}: {what}" for what in leaks(examples, corpus.read_partition(split))]
    print(*problems, sep="\n")
    threads = sum(row.is_thread for row in rows)
    print(f"{len(rows) - threads} messages, {threads} threads, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
