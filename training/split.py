"""Hold out whole groups of the corpus: pairs, threads and near-duplicates never straddle the split.

`python -m training.split training/config.toml` keeps every id where the committed file has it and places
only new ones, so that figures compare over time.
"""

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from detector.normalise import normalise
from training import config, corpus
from training.duplicates import near_duplicates
from training.schema import malformed


class _Groups:
    """Disjoint sets of unit ids (union-find with path halving)."""

    def __init__(self, units: Iterable[str]) -> None:
        self._parent = {unit: unit for unit in units}

    def find(self, unit: str) -> str:
        while self._parent[unit] != unit:
            self._parent[unit] = self._parent[self._parent[unit]]
            unit = self._parent[unit]
        return unit

    def join(self, one: str, other: str) -> None:
        self._parent[self.find(one)] = self.find(other)


def group(examples: list[corpus.Example]) -> dict[str, list[str]]:
    """Group name to unit ids (a message, or a thread as a whole) that must stay together."""
    units = [example.thread or example.id for example in examples]
    groups = _Groups(units)
    pairs: dict[str, str] = {}
    for example, unit in zip(examples, units, strict=True):
        if example.pair:
            groups.join(unit, pairs.setdefault(example.pair, unit))
    for one, other in near_duplicates([normalise(example.text).text for example in examples]):
        if min(len(examples[one].text), len(examples[other].text)) > 15:
            groups.join(units[one], units[other])
    found: dict[str, list[str]] = defaultdict(list)
    for unit in dict.fromkeys(units):
        found[groups.find(unit)].append(unit)
    return found


@dataclass(frozen=True, slots=True)
class _Shares:
    """Shares of new units that are held out."""

    test: float
    development: float


def place(
    examples: list[corpus.Example], old: corpus.Partition | None, settings: config.Split
) -> corpus.Partition:
    """Old units stay where they are; new ones follow their group's, training first, or are dealt per dialect.

    A new unit that is nearly the same as one that was learnt from must not be tested on.
    """
    dialect = {example.thread or example.id: example.dialect for example in examples}
    parts: dict[str, set[str]] = {"development": set(), "test": set(), "train": set()}
    threads = {example.thread for example in examples if example.thread}
    fresh: dict[tuple[bool, str], list[list[str]]] = defaultdict(list)
    for units in group(examples).values():
        new = [unit for unit in units if old is None or not _held_by(old, unit)]
        for unit in units:
            if old and (part := _held_by(old, unit)):
                parts[part].add(unit)
        if not new:
            continue
        if old and (beside := [part for unit in units if (part := _held_by(old, unit))]):
            parts["train" if "train" in beside else beside[0]].update(new)
        else:
            most = Counter(dialect[unit] for unit in units).most_common(1)[0][0]
            fresh[bool(threads.intersection(units)), most].append(units)
    dice = random.Random(settings.seed)
    for in_threads, name in sorted(fresh):
        shares = (
            _Shares(settings.threads_test, settings.threads_development)
            if in_threads
            else _Shares(settings.test, settings.development)
        )
        _deal(fresh[in_threads, name], parts, shares, dice)
    return corpus.Partition(*(frozenset(parts[name]) for name in ("train", "development", "test")))


def _held_by(partition: corpus.Partition, unit: str) -> str | None:
    """The part that holds a unit, if any does."""
    held = {"test": partition.test, "development": partition.development, "train": partition.train}
    return next((part for part, ids in held.items() if unit in ids), None)


def _deal(groups: list[list[str]], parts: dict[str, set[str]], shares: _Shares, dice: random.Random) -> None:
    """Deal one dialect's groups in random order until each held-out part has its share."""
    groups = sorted(groups)
    dice.shuffle(groups)
    total = sum(map(len, groups))
    dealt = Counter[str]()
    for units in groups:
        small = len(units) <= max(4, total // 50)
        if small and dealt["test"] < shares.test * total:
            part = "test"
        elif small and dealt["development"] < shares.development * total:
            part = "development"
        else:
            part = "train"
        dealt[part] += len(units)
        parts[part].update(units)


def main() -> None:
    """Write the split file."""
    settings = config.from_command_line()
    _, problems = malformed(Path(settings.paths.corpus))
    if problems:
        sys.exit(
            "\n".join([*problems, f"{len(problems)} problems; nothing is split before they are mended."])
        )
    examples = corpus.read_examples(Path(settings.paths.corpus))
    path = Path(settings.paths.split)
    old = corpus.read_partition(path) if path.exists() else None
    partition = place(examples, old, settings.split)
    parts = {field.name: sorted(getattr(partition, field.name)) for field in fields(partition)}
    path.write_text(json.dumps(parts, indent=0) + "\n", encoding="utf-8")
    print(Counter(partition.of(example) for example in examples))


if __name__ == "__main__":
    main()
