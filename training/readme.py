"""Write the figures of the repository's README from the metrics of the model that ships.

`python -m training.readme training/config.toml` rewrites what stands between the two marks in `README.md`.
"""

import json
import sys
from pathlib import Path

from detector.manifest import read_manifest
from detector.records import OperatingPoint
from training import config
from training.pages import render

TEMPLATE = "readme.md.jinja"
BEGIN, END = "<!-- figures: make readme -->\n", "<!-- end of figures -->\n"


def figures(model: Path) -> str:
    """The figures of a model directory as a Markdown list."""
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
    )


def main() -> None:
    """Rewrite the figures."""
    settings = config.from_command_line()
    path = Path("README.md")
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}{figures(Path(settings.paths.model))}{END}{after}", encoding="utf-8")
    print(f"{path}: figures written")


if __name__ == "__main__":
    main()
