"""Write the model card from the manifest and the metrics, nothing by hand.

`python -m training.card training/config.toml` writes `README.md` to the model directory. The sections are
those that ROOST's Coop asks of a signal: data, taxonomy, annotation, benchmarks, bias, guidance, links.
"""

import json
import sys
from pathlib import Path
from typing import Any

from detector.manifest import MANIFEST, NETWORK, read_manifest
from detector.records import Label, OperatingPoint
from training import config, corpus, model, restore, rivals
from training.pages import render

TEMPLATE = "card.md.jinja"


def precision_at(recall: float, alarms: float, rarity: int) -> float:
    """Share of true flags where one message in `rarity` is extortion (Bayes' rule)."""
    prior = 1 / rarity
    flagged = recall * prior + alarms * (1 - prior)
    return recall * prior / flagged if flagged else 0.0


def counts(settings: config.Config) -> dict[str, int]:
    """How much of the corpus is in each part."""
    partition = corpus.read_partition(Path(settings.paths.split))
    parts = [partition.of(example) for example in corpus.read_examples(Path(settings.paths.corpus))]
    return {part: parts.count(part) for part in ("train", "development", "test")}


def presumed(run: Path) -> int:
    """How many real messages were presumed to be harmless."""
    path = run / corpus.SILVER
    return path.read_bytes().count(b"\n") if path.exists() else 0


def negatives(settings: config.Config) -> int:
    """The most real messages that thresholds are chosen with: half of each folder that is there."""
    folders = (settings.paths.pool, settings.paths.labelled)
    return settings.calibrate.real_messages // 2 * sum(Path(one).is_dir() for one in folders)


def card(settings: config.Config) -> str:
    """The card as Markdown."""
    folder = Path(settings.paths.model)
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    manifest = read_manifest(folder)
    if metrics["model"] != manifest.version:
        sys.exit(
            f"{folder}: metrics.json is of model {metrics['model']}, not of {manifest.version}: run evaluate."
        )
    check = metrics["extortion_check"]
    rows = [*check.get("by_functionality", {}).items(), *check.get("by_spelling", {}).items()]
    adapted = Path(settings.start) / "adapt.json"
    own = not (settings.distil.layers and settings.distil.teacher)
    judged = Path(settings.paths.judged)
    judgements = corpus.read_judgements(Path(settings.paths.judgements))
    return render(
        TEMPLATE,
        manifest=manifest,
        encoder=json.loads((settings.network / "config.json").read_text(encoding="utf-8")),
        teacher=model.origin_of(settings.teacher) if own else None,
        student=model.origin_of(settings.network) if settings.distil.layers else None,
        teacher_layers=restore.earlier(settings.teacher).encoder.config.num_hidden_layers,
        adapted=json.loads(adapted.read_text(encoding="utf-8")) if adapted.exists() else None,
        metrics=metrics,
        rivals=rivals.current(settings),
        sets=[metrics, metrics["other_hands"]] if "other_hands" in metrics else [metrics],
        check=sorted(rows, key=lambda row: row[1]["value"]),
        alarms=metrics.get("real_heldout", {}).get(metrics["operating_point"], {}).get("extortion"),
        judged=sum(not one["borderline"] for one in judgements.values()) + len(corpus.read_judged(judged)[0]),
        labels=list(Label),
        points=list(OperatingPoint),
        parts=counts(settings),
        presumed=presumed(Path(settings.paths.run)),
        negatives=negatives(settings),
        of_project=corpus.of_project(settings.paths),
        settings=settings,
        size=f"{(folder / NETWORK).stat().st_size / 1e6:.1f}",
        manifest_file=MANIFEST,
        precision_at=precision_at,
    )


def main() -> None:
    """Write the card."""
    settings = config.from_command_line()
    path = Path(settings.paths.model) / "README.md"
    path.write_text(card(settings), encoding="utf-8")
    print(f"{path}: written")


if __name__ == "__main__":
    main()
