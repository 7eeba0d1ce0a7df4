"""How far a second annotator, who saw only texts and the guide, agrees with the corpus.

`python -m training.agreement training/config.toml` prints Krippendorff's alpha of each label with its 95 %
interval and the confusions. Source: Krippendorff, Content Analysis, 2004, chapter 11 (nominal data).
"""

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
from numpy.typing import NDArray

from detector.records import Label
from training import config
from training.figures import Measure
from training.guide import SHORT
from training.rows import read_rows

ROUNDS = 500
"""Bootstrap rounds."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """The labels of one message by the corpus as it was annotated first and by the second annotator."""

    id: str
    category: str
    first: dict[str, int]
    second: dict[str, int]


def opinions(settings: config.Config) -> list[Opinion]:
    """Every message that was annotated twice."""
    folder = Path(settings.paths.second)
    category = {row.value["id"]: row.value["category"] for row in read_rows(Path(settings.paths.corpus))}
    return [
        Opinion(value["id"], category.get(value["id"], "removed"), value["first"], value["second"])
        for value in (row.value for row in read_rows(folder))
    ]


def alpha(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Krippendorff's alpha of two annotators' nominal values; not a number where neither ever varies."""
    if len(set(first.tolist()) | set(second.tolist())) < 2:
        return float("nan")
    return float(krippendorff.alpha(np.stack([first, second]), level_of_measurement="nominal"))


def alphas(found: list[Opinion]) -> dict[str, Measure]:
    """Alpha of each label with its percentile bootstrap interval."""
    dice = np.random.default_rng(0)
    measured = {}
    for label in Label:
        first = np.array([one.first[label] for one in found])
        second = np.array([one.second[label] for one in found])
        draws = (dice.integers(0, len(found), len(found)) for _ in range(ROUNDS))
        low, high = np.nanpercentile([alpha(first[at], second[at]) for at in draws], [2.5, 97.5])
        value = alpha(first, second)
        measured[label.value] = Measure(
            round(value, 3), len(found), round(float(low), 3), round(float(high), 3)
        )
    return measured


def letters(labels: dict[str, int]) -> str:
    """Label letters as in the guide's table, "-" for none."""
    return "".join(letter for letter, label in SHORT.items() if labels[label]) or "-"


def confusions(found: list[Opinion]) -> list[tuple[str, int]]:
    """How often the label sets differ, as "category: first → second", the most frequent first."""
    differing = (one for one in found if one.first != one.second)
    counts = Counter(f"{one.category}: {letters(one.first)} → {letters(one.second)}" for one in differing)
    return counts.most_common()


def figures(settings: config.Config) -> dict[str, Any] | None:
    """Everything the datasheet prints of the second annotation; None where there was none."""
    found = opinions(settings)
    if not found:
        return None
    same = sum(one.first == one.second for one in found)
    return {
        "messages": len(found),
        "same_label_set": same,
        "alpha": {label: asdict(value) for label, value in alphas(found).items()},
        "confusions": confusions(found),
    }


def main() -> None:
    """Print the agreement."""
    settings = config.from_command_line()
    found = opinions(settings)
    if not found:
        sys.exit(
            f"{settings.paths.second}: no opinions of a second annotator.\n"
            'Expected lines such as {"id": "…", "first": {labels}, "second": {labels}} in *.jsonl.\n'
            "Write them, or name their folder in [paths] second."
        )
    for label, value in alphas(found).items():
        print(f"{label:<12}{value}")
    for what, count in confusions(found):
        print(f"{count:>4}  {what}")


if __name__ == "__main__":
    main()
