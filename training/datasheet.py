"""Write the corpus' datasheet, all counts and figures computed from the files.

`python -m training.datasheet training/config.toml` writes `README.md` to the corpus folder. The questions are
those of Gebru et al., Datasheets for Datasets, 2021. Figures of the shipped model and of the linear baseline
come from its `metrics.json`, where there is one.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.records import Label
from training import agreement, config, corpus, dullness, extortion_check, guide
from training.counts import ObviousWords, count
from training.pages import render
from training.rows import Row, read_rows

TEMPLATE = "datasheet.md.jinja"


def dull(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """How far label, dialect, category and voice show in length, punctuation and emoji alone."""
    messages = [row.value for row in rows if not row.is_thread]
    voiced = [one for one in messages if one.get("author")]

    def told(found: Sequence[dict[str, Any]], classes: list[str]) -> dict[str, float]:
        return dullness.tellable(
            [one["text"] for one in found], classes, [one["pair"] or one["id"] for one in found]
        )

    labels = [("rest", "extortion")[one["labels"][Label.EXTORTION]] for one in messages]
    return {
        "label": told(messages, labels),
        "dialect": told(messages, [one["dialect"] for one in messages]),
        "category": told(messages, [one["category"] for one in messages]),
        "voice": told(voiced, [one["author"] for one in voiced]),
    }


def judged_counts(settings: config.Config) -> dict[str, Any]:
    """Judgements of real messages, by category and by whether they are doubtful."""
    found = list(corpus.read_judgements(Path(settings.paths.judgements)).values())
    return {
        "messages": len(found),
        "doubtful": sum(bool(one["borderline"]) for one in found),
        "extortion": sum(one["labels"][Label.EXTORTION] for one in found),
        "victim": sum(one["labels"][Label.VICTIM] for one in found),
        "categories": Counter(one["category"] for one in found).most_common(),
    }


def check_counts() -> dict[str, Any]:
    """Cases of ExtortionCheck."""
    cases = extortion_check.cases()
    functionalities: dict[str, int] = defaultdict(int)
    for case in cases:
        functionalities[case.functionality] += 1
    return {
        "cases": len(cases),
        "functionalities": len(functionalities),
        "fewest": min(functionalities.values(), default=0),
        "varieties": len({(case.dialect, case.script) for case in cases}),
        "dialects": len({case.dialect for case in cases}),
        "arabizi": sum(case.script == "arabizi" for case in cases),
    }


def datasheet(settings: config.Config) -> str:
    """The datasheet as Markdown."""
    folder = Path(settings.paths.corpus)
    words = ObviousWords()
    rows = list(read_rows(folder))
    measured = Path(settings.paths.model) / "metrics.json"
    return render(
        TEMPLATE,
        corpus=count(rows, words),
        other=count(list(read_rows(Path(settings.paths.other_hands))), words),
        dull=dull(rows),
        judged=judged_counts(settings),
        check=check_counts(),
        agreement=agreement.figures(settings),
        metrics=json.loads(measured.read_text(encoding="utf-8")) if measured.exists() else None,
        of_project=corpus.of_project(settings.paths),
        dialects=sorted(guide.DIALECTS),
        scripts=sorted(guide.SCRIPTS),
        categories=list(guide.ALLOWED),
        labels=list(Label),
    )


def main() -> None:
    """Write the datasheet."""
    settings = config.from_command_line()
    path = Path(settings.paths.corpus) / "README.md"
    path.write_text(datasheet(settings), encoding="utf-8")
    print(f"{path}: written")


if __name__ == "__main__":
    main()
