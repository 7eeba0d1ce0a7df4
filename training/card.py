"""Write the model card from the manifest and the metrics, nothing by hand.

`python -m training.card training/config.toml` writes `README.md` to the model directory. The sections are
those that ROOST's Coop asks of a signal: data, taxonomy, annotation, benchmarks, bias, guidance, links.
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detector.manifest import MANIFEST, NETWORK, read_manifest
from detector.records import Label, OperatingPoint
from training import config, corpus

TEMPLATE = "card.md.jinja"


def figure(value: dict[str, float]) -> str:
    """A figure with its interval and number of cases."""
    if not value["cases"]:
        return "–"
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}, n = {value['cases']})"


def per_ten_thousand(value: dict[str, float]) -> str:
    """A rate as a count in 10,000."""
    low, high = value["low"] * 1e4, value["high"] * 1e4
    return f"{value['value'] * 1e4:.1f} ({low:.1f} to {high:.1f}, n = {value['cases']})"


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


def render(settings: config.Config) -> str:
    """The card as Markdown."""
    folder = Path(settings.paths.model)
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown from our own figures, no message text
    )
    environment.filters |= {"figure": figure, "per_ten_thousand": per_ten_thousand}
    return environment.get_template(TEMPLATE).render(
        manifest=read_manifest(folder),
        encoder=json.loads((Path(settings.paths.run) / "best" / "config.json").read_text(encoding="utf-8")),
        metrics=metrics,
        labels=list(Label),
        points=list(OperatingPoint),
        parts=counts(settings),
        settings=settings,
        size=f"{(folder / NETWORK).stat().st_size / 1e6:.1f}",
        manifest_file=MANIFEST,
        precision_at=precision_at,
    )


def main() -> None:
    """Write the card."""
    settings = config.from_command_line()
    path = Path(settings.paths.model) / "README.md"
    path.write_text(render(settings), encoding="utf-8")
    print(f"{path}: written")


if __name__ == "__main__":
    main()
