"""Write what the repository's README tells of the model that ships.

`python -m training.readme training/config.toml` rewrites in `README.md` the figures between the two marks,
what its commands print, and the finding that it shows, which is one of the demo's.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detector import Detector
from detector.manifest import read_manifest
from detector.read import ReadOptions
from detector.records import Label, OperatingPoint
from detector.report import finding_as_json
from training import config, corpus
from training.counts import ObviousWords
from training.pages import render

TEMPLATE = "readme.md.jinja"
BEGIN, END = "<!-- figures: make readme -->\n", "<!-- end of figures -->\n"
DEMO = "detector scan tests/exports/demo --tz Asia/Baghdad --out demo-report"
IDENTITY = ["id", "thread", "sender", "sent_at", "kind", "text"]


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


def with_output(page: str) -> str:
    """The page with what its commands print now, and the finding it shows as the demo has it now."""
    page = re.sub(r"(?<=```console\n).*?(?=```)", lambda block: _printed(block[0]), page, flags=re.DOTALL)
    return re.sub(r"(?<=```json\n).*?(?=```)", lambda block: _finding(block[0]), page, flags=re.DOTALL)


def _printed(block: str) -> str:
    """A block of commands and their output, those of the detector with what they print now."""
    parts = block.split("$ ")
    return "$ ".join(_run(*part.partition("\n")) for part in parts)


def _run(command: str, end: str, output: str) -> str:
    if command.startswith((".venv/bin/detector explain", ".venv/bin/detector scan")):
        output = _output(command)
    elif command.startswith("make demo"):
        before, ellipsis, shown = output.partition("…\n")
        lines = _output(DEMO).splitlines(keepends=True)
        output = before + ellipsis + "".join(lines[-shown.count("\n") :])
    elif "/v1/score" in command:
        (text,) = json.loads(command.rpartition(" -d '")[2].removesuffix("'"))["messages"]
        (scores,) = Detector.load().score([text["text"]])
        told = ", ".join(f'"{label}": {value:.3f}' for label, value in scores.as_dict().items())
        output = re.sub(r'(?<="scores":\{).*?(?=\})', told, output)
    return f"{command}{end}{output}"


def _output(command: str) -> str:
    """What a command of the README prints, run beside the example chats."""
    here, programs = Path.cwd(), Path(sys.executable).parent
    with TemporaryDirectory() as folder:
        (Path(folder) / "tests").symlink_to(here / "tests")
        done = subprocess.run(  # noqa: S603 - the README's own commands
            ["bash", "-c", command.replace(".venv/bin/", "")],  # noqa: S607 - as a reader would
            cwd=folder,
            env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout + done.stderr


def _finding(shown: str) -> str:
    """The finding that the page shows, a few keys a line, scores with four digits."""
    name = json.loads(shown)["id"].rpartition("/")[2]
    findings = Detector.load().scan("tests/exports/demo", ReadOptions(tz="Asia/Baghdad"))
    (found,) = (one for one in map(finding_as_json, findings) if str(one["id"]).endswith(name))
    groups = [IDENTITY, ["scores"], ["context_scores"], ["flags", "verdict"], ["spans"], ["details"]]
    told = {key for group in groups for key in group}
    lines = [*groups, *([key] for key in found if key not in told)]
    return "{" + ",\n ".join(", ".join(_pair(key, found[key]) for key in line) for line in lines) + "}\n"


def _pair(key: str, value: Any) -> str:
    if key in {"scores", "context_scores"} and value:
        value = {label: round(score, 4) for label, score in value.items()}
    return f'"{key}": {json.dumps(value, ensure_ascii=False)}'


def main() -> None:
    """Rewrite figures and output."""
    settings = config.from_command_line()
    path = Path("README.md")
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page = f"{before}{BEGIN}{figures(settings)}{END}{after}"
    path.write_text(with_output(page), encoding="utf-8")
    print(f"{path}: figures and output written")


if __name__ == "__main__":
    main()
