"""Check every corpus file against the annotation guide, the corpus against its floors, the split for leaks.

`python -m training.validate training/config.toml` prints each problem with file and line and exits with
status 1 if there is any. The floors are those of `floors.toml` in the corpus folder; a corpus without that
file has none. The test set by other hands is checked too, and that no text of it is nearly one of the corpus.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detector.normalise import normalise
from detector.records import Label
from training import config, corpus
from training.counts import ObviousWords, count
from training.duplicates import near_duplicates
from training.guide import ALLOWED, DIALECTS, SCRIPTS
from training.rows import Problem, Row
from training.schema import labels, malformed, read

_REAL_ID = re.compile(r"\w+:[0-9a-f]{16}")
FLOORS = "floors.toml"
LARGEST_PAIR = 5
SHORT_TEXT = 30
"""Characters up to which a text may stand in the corpus and in the other hands' test set: greetings do."""


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
    held = count(rows, ObviousWords())
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


def one_sided(examples: list[corpus.Example], partition: corpus.Partition) -> Iterator[str]:
    """Labels that no message, or every message, of a part has from which is learnt."""
    for part in ("train", "development"):
        held = [example.labels for example in examples if partition.of(example) == part]
        for label in Label:
            for value in {0, 1} - {one[label] for one in held if label in one}:
                yield f"no message of the {part} part has {label} {value}: nothing can be learnt of it"


def of_second(paths: config.Paths, known: set[str]) -> Iterator[Problem]:
    """What is wrong with the second annotator's opinions of messages with the known ids."""
    rows, broken = read(Path(paths.second))
    yield from broken
    for row in rows:
        for what in opinion(row.value, known):
            yield Problem(row.file, row.line, what)


def of_judgements(folder: Path) -> Iterator[str]:
    """What is wrong with the judgements of real messages."""
    rows, broken = read(folder)
    yield from map(str, broken)
    twice = Counter(row.value.get("id") for row in rows)
    yield from (f"{one} is judged {count} times" for one, count in twice.items() if count > 1)
    for row in rows:
        for what in judgement(row.value):
            yield str(Problem(row.file, row.line, what))


def of_split(folder: Path, split: Path) -> Iterator[str]:
    """What is wrong with the split of a corpus."""
    if not split.exists():
        yield f"{split}: not there: run `make split`"
        return
    examples, partition = corpus.read_examples(folder), corpus.read_partition(split)
    yield from (f"{split}: {what}" for what in (*leaks(examples, partition), *one_sided(examples, partition)))


def problems_of(settings: config.Config) -> tuple[list[Row], list[str]]:
    """The rows of the corpus, and what is wrong with it, its split and the other hands' test set."""
    paths = settings.paths
    folder = Path(paths.corpus)
    rows, found = malformed(folder)
    if not rows:
        found.append(f"{folder}: holds no message. Expected JSON Lines by the annotation guide in *.jsonl")
    other_rows, others = malformed(Path(paths.other_hands))
    known = {str(row.value.get("id")) for row in rows}
    found += [*others, *map(str, of_second(paths, known)), *of_judgements(Path(paths.judgements))]
    if found:
        return rows, found
    alike = (*large_pairs(rows), *repeats(rows), *repeats(other_rows), *copied(rows, other_rows))
    found += [*map(str, alike), *of_split(folder, Path(paths.split))]
    if (folder / FLOORS).exists():
        found += [f"{folder / FLOORS}: {what}" for what in below_floors(rows, folder)]
    return rows, found


def main() -> None:
    """Print problems and counts."""
    rows, problems = problems_of(config.from_command_line())
    for problem in problems:
        print(problem)
    threads = sum(row.is_thread for row in rows)
    print(f"{len(rows) - threads} messages, {threads} threads, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
