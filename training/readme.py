"""Write the figures of the repository's README from the metrics of the model that ships.

`python -m training.readme training/config.toml` rewrites what stands between the two marks in `README.md`.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from detector.manifest import read_manifest
from detector.records import Label, OperatingPoint
from training import config, corpus
from training.counts import ObviousWords
from training.pages import render

TEMPLATE = "readme.md.jinja"
BEGIN, END = "<!-- figures: make readme -->\n", "<!-- end of figures -->\n"


def figures(settings: config.Config) -> str:
    """The figures of the model that the settings make, as a Markdown list."""
    paths = settings.paths
    model, words = Path(paths.model), ObviousWords()
    own = corpus.read_part(Path(paths.corpus), Path(paths.split), "test")
    sets = (corpus.read_examples(Path(paths.other_hands)), own)
    metrics = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    manifest = read_manifest(model)
    if metrics["model"] != manifest.version or manifest.screen is None:
        sys.exit(f"{model}: not evaluated or without a screen.\nExpected both.\nRun `make screen evaluate`.")
    return render(
        TEMPLATE,
        metrics=metrics,
        other=metrics["other_hands"],
        heldout=metrics["real_heldout"][OperatingPoint.BALANCED],
        measure=metrics["real_measure"][OperatingPoint.BALANCED],
        manifest=manifest,
        screen=manifest.screen[OperatingPoint.BALANCED],
        without_words=[_without(words, examples) for examples in sets],
    )


def _without(words: ObviousWords, examples: Sequence[corpus.Example]) -> float:
    """Share of the extortion messages that a list of obvious words finds nothing in."""
    texts = [one.text for one in examples if one.labels.get(Label.EXTORTION)]
    return sum(not words.in_text(text) for text in texts) / max(1, len(texts))


def main() -> None:
    """Rewrite the figures."""
    settings = config.from_command_line()
    path = Path("README.md")
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}{figures(settings)}{END}{after}", encoding="utf-8")
    print(f"{path}: figures written")


if __name__ == "__main__":
    main()
