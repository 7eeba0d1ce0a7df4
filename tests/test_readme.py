"""What the README prints is what the commands say, with the model that ships."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from detector import Detector
from detector.report import finding_as_json
from training import config, readme

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def _printed(start: str) -> tuple[str, str]:
    """The command that begins so, and what the README prints below it."""
    for block in _blocks("console"):
        for part in block.split("$ ")[1:]:
            command, _, output = part.partition("\n")
            if command.startswith(start):
                return command, output
    raise AssertionError(start)


def _run(command: str, folder: Path) -> str:
    """The output of a command of the README, run in a copy of its surroundings."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command.replace(".venv/bin/", "")],  # noqa: S607 - as a reader would
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


@pytest.mark.parametrize("start", [".venv/bin/detector explain", ".venv/bin/detector scan"])
def test_a_command_prints_what_the_readme_says(start: str, folder: Path) -> None:
    command, output = _printed(start)

    assert _run(command, folder) == output


def test_the_demo_prints_what_the_readme_says(folder: Path) -> None:
    _, output = _printed("make demo")
    shown = output.partition("…\n")[2]

    printed = _run("detector scan tests/exports/demo --tz Asia/Baghdad --out demo-report", folder)

    assert shown.count("\n") == 3
    assert printed.endswith(shown)


def test_the_finding_in_the_readme_is_one_of_the_demo(detector: Detector) -> None:
    (shown,) = _blocks("json")
    wanted = json.loads(shown)

    findings = [finding_as_json(one) for one in detector.scan(ROOT / "tests" / "exports" / "demo")]

    (found,) = [one for one in findings if str(one["id"]).endswith(wanted["id"].rpartition("/")[2])]
    for scores in ("scores", "context_scores"):
        assert found[scores] == pytest.approx(wanted[scores], abs=5e-3)
    for same in ("text", "verdict", "flags", "spans", "details"):
        assert found[same] == wanted[same]


def test_the_python_example_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = _blocks("python")
    monkeypatch.chdir(folder)

    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own example


def test_the_figures_of_the_readme_are_those_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # the settings' paths are relative to it
    _, _, rest = README.partition(readme.BEGIN)

    assert rest.partition(readme.END)[0] == readme.figures(config.load(Path("training/config.toml")))


def test_every_command_and_route_is_in_the_readme() -> None:
    for name in (
        "detector scan",
        "detector explain",
        "detector serve",
        "/v1/score",
        "/v1/moderations",
        "/info",
    ):
        assert name in README
