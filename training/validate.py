"""Check every corpus file against the annotation guide, the corpus against its floors, the split for leaks.

`python -m training.validate training/config.toml` prints each problem with file and line and exits with
status 1 if there is any. The floors are those of `floors.toml` in the corpus folder; a corpus without that
file has none. The test set by other hands is checked too, and that no text of it is nearly one of the corpus.
"""

import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.normalise import normalise
from detector.records import SPAN_LABELS, Label
from training import config, corpus
from training.corpus import Problem, Row
from training.counts import OBVIOUS_WORDS, ObviousWords, count
from training.duplicates import near_duplicates
from training.guide import ALLOWED, DIALECTS, SCRIPTS

_REAL_ID = re.compile(r"\w+:[0-9a-f]{16}")
FLOORS = "floors.toml"
LARGEST_PAIR = 5
SHORT_TEXT = 30
"""Characters up to which a text may stand in the corpus and in the other hands' test set: greetings do."""

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
    given = value.get("spans") or []
    if not all(isinstance(span, dict) and {"start", "end", "label"} <= span.keys() for span in given):
        yield "a span has no start, end or label"
        return
    for span in sorted(given, key=lambda span: span["start"]):
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


def read(folder: Path) -> tuple[list[Row], list[Problem]]:
    """The rows of a folder and the lines that are no JSON object."""
    rows: list[Row] = []
    broken: list[Problem] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                broken.append(Problem(path.name, number, f"is not JSON ({error.msg}, column {error.colno})"))
                continue
            if isinstance(value, dict):
                rows.append(Row(path.name, number, value))
            else:
                broken.append(Problem(path.name, number, "is JSON, but no object"))
    return rows, broken


def large_pairs(rows: list[Row]) -> Iterator[Problem]:
    """Messages of a pair that holds more than an extortion message and a few contrasts."""
    held: Counter[str] = Counter()
    for row in rows:
        pair = None if row.is_thread else row.value["pair"]
        held[pair or ""] += 1
        if pair and held[pair] == LARGEST_PAIR + 1:
            yield Problem(row.file, row.line, f"pair {pair} holds more than {LARGEST_PAIR} messages")


def repeats(rows: list[Row]) -> Iterator[Problem]:
    """Messages that are nearly the same as an earlier one and not joined with it in a pair."""
    alone = [row for row in rows if not row.is_thread]
    for one, other in near_duplicates([normalise(row.value["text"]).text for row in alone]):
        first, second = alone[one], alone[other]
        if first.value["pair"] is None or first.value["pair"] != second.value["pair"]:
            yield Problem(
                second.file, second.line, f"nearly the same text as {first.file}, line {first.line}"
            )


def judgement(value: dict[str, Any]) -> Iterator[str]:
    """Everything that can be wrong with a judgement of a real message."""
    if missing := sorted({"id", "category", "labels", "borderline"} - value.keys()):
        yield f"has no {', '.join(missing)}"
        return
    if not _REAL_ID.fullmatch(str(value["id"])):
        yield "the id must be the source and 16 hexadecimal digits of the text's SHA-256"
    if "text" in value:
        yield "third-party text must stay outside the repository"
    if value["category"] not in ALLOWED:
        yield f"category {value['category']!r} is not in the guide"
    elif not value["borderline"]:
        yield from labels(value, in_thread=False)


def opinion(value: dict[str, Any], known: set[str]) -> Iterator[str]:
    """Everything that can be wrong with a second annotator's opinion."""
    if missing := sorted({"id", "first", "second"} - value.keys()):
        yield f"has no {', '.join(missing)}"
        return
    if value["id"] not in known:
        yield f"the corpus has no message {value['id']}"
    for which in ("first", "second"):
        if set(value[which]) != set(Label) or not set(value[which].values()) <= {0, 1}:
            yield f"{which} must give 0 or 1 to each of " + ", ".join(Label)


def copied(corpus_rows: list[Row], other_rows: list[Row]) -> Iterator[Problem]:
    """Messages of the test set by other hands that are nearly one of the corpus."""
    texts = [_texts(row) for row in (*corpus_rows, *other_rows)]
    owner = [at for at, found in enumerate(texts) for _ in found]
    flat = [text for found in texts for text in found]
    known = len(corpus_rows)
    rows = [*corpus_rows, *other_rows]
    for one, other in near_duplicates(flat):
        first, second = owner[one], owner[other]
        if first < known <= second and min(len(flat[one]), len(flat[other])) > SHORT_TEXT:
            where = f"{rows[first].file}, line {rows[first].line}"
            yield Problem(
                rows[second].file, rows[second].line, f"nearly the same text as {where} of the corpus"
            )


def _texts(row: Row) -> list[str]:
    held = row.value["messages"] if row.is_thread else [row.value]
    return [normalise(one["text"]).text for one in held]


def below_floors(rows: list[Row], folder: Path) -> Iterator[str]:
    """Floors of `floors.toml` that the corpus does not reach."""
    floors = tomllib.loads((folder / FLOORS).read_text(encoding="utf-8"))
    spoken = floors.pop("arabizi_dialects")
    held = count(rows, ObviousWords(folder / OBVIOUS_WORDS))
    extortion = max(1, held["extortion"])
    found = {
        "messages": held["messages"],
        "threads": held["threads"],
        "arabizi": sum(held["dialect_script"][dialect, "arabizi"] for dialect in spoken),
        "contrasts": held["contrasts"],
        "implicit": held["implicit"] / extortion,
        "without_obvious_words": held["without_obvious_words"] / extortion,
    }
    for dialect in sorted(DIALECTS):
        found[f"messages, {dialect}"] = sum(held["dialect_script"][dialect, script] for script in SCRIPTS)
        found |= {f"{dialect}, {category}": held["cells"][dialect, category] for category in ALLOWED}
    for name, value in found.items():
        floor = floors.get(name, floors["dialect" if name.startswith("messages, ") else "cell"])
        if value < floor:
            yield f"{name}: {value:g}, and the floor is {floor:g}"


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


def problems_of(settings: config.Config) -> tuple[list[Row], list[str]]:
    """The rows of the corpus, and what is wrong with it, its split and the other hands' test set."""
    folder, split = Path(settings.paths.corpus), Path(settings.paths.split)
    rows, broken = read(folder)
    found = [str(problem) for problem in (*broken, *check(rows))]
    other_rows, other_broken = read(Path(settings.paths.other_hands))
    found += [str(problem) for problem in (*other_broken, *check(other_rows))]
    judged_rows, judged_broken = read(Path(settings.paths.judgements))
    known = {str(row.value.get("id")) for row in rows}
    second_rows, second_broken = read(Path(settings.paths.second))
    found += [str(problem) for problem in second_broken]
    found += [
        str(Problem(row.file, row.line, what)) for row in second_rows for what in opinion(row.value, known)
    ]
    twice = Counter(row.value.get("id") for row in judged_rows)
    found += [f"{one} is judged {count} times" for one, count in twice.items() if count > 1]
    found += [str(problem) for problem in judged_broken]
    found += [str(Problem(row.file, row.line, what)) for row in judged_rows for what in judgement(row.value)]
    if found:
        return rows, found
    found += [
        str(problem)
        for problem in (*large_pairs(rows), *repeats(rows), *repeats(other_rows), *copied(rows, other_rows))
    ]
    found += [
        f"{split}: {what}" for what in leaks(corpus.read_examples(folder), corpus.read_partition(split))
    ]
    if (folder / FLOORS).exists():
        found += [f"{folder / FLOORS}: {what}" for what in below_floors(rows, folder)]
    return rows, found


def main() -> None:
    """Print problems and counts."""
    rows, problems = problems_of(config.from_command_line())
    print(*problems, sep="\n")
    threads = sum(row.is_thread for row in rows)
    print(f"{len(rows) - threads} messages, {threads} threads, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
