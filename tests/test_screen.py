"""A screen picks the messages that are read: nothing flagged is lost here, and the record tells of it."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from detector import Detector, Finding, Message, ModelError
from detector.cli import main
from detector.detect import models_folder
from detector.manifest import read_manifest, write_manifest
from detector.normalise import normalise
from detector.read import ReadOptions
from detector.screen import Screen
from detector.serve import create_app

DEMO = Path(__file__).parent / "exports" / "demo"
MODEL = models_folder() / "default"


@pytest.fixture(scope="module")
def screened() -> Detector:
    return Detector.load(screen=True)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    cases = Path(__file__).parent / "cases" / "normalise.jsonl"
    lines = cases.read_text(encoding="utf-8").splitlines()
    return [normalise(json.loads(line)["text"]).text for line in lines]


def test_a_text_has_the_same_score_whatever_stands_beside_it(texts: list[str]) -> None:
    screen = Screen(MODEL)

    together = screen.score([*texts, *texts[:5]])

    assert np.allclose(together[: len(texts)], [screen.score([text])[0] for text in texts], atol=1e-6)
    assert np.array_equal(together[len(texts) :], together[:5])


def test_what_is_too_long_for_the_screen_is_read() -> None:
    assert math.isinf(Screen(MODEL).score(["كلام " * 200])[0])


def test_everything_flagged_in_the_demo_is_read_and_has_the_same_scores(
    detector: Detector, screened: Detector
) -> None:
    options = ReadOptions(tz="Asia/Baghdad")
    everything = list(detector.scan(DEMO, options))
    picked = list(screened.scan(DEMO, options))

    assert [one.message.id for one in picked] == [one.message.id for one in everything]
    assert any(one.screened for one in picked)
    for one, other in zip(picked, everything, strict=True):
        assert not (one.screened and other.flagged)
        if one.scores and other.scores:
            assert one.scores.as_dict() == pytest.approx(other.scores.as_dict(), abs=1e-6)
            assert (one.flags, one.verdict, one.spans) == (other.flags, other.verdict, other.spans)


def test_what_was_not_read_has_no_scores_and_the_run_record_counts_it(screened: Detector) -> None:
    scan = screened.scan(DEMO)
    passed = [one for one in scan if one.screened]

    run = scan.run()

    assert {(one.scores, one.flags, one.verdict.value) for one in passed} == {(None, (), "none")}
    assert run.screen is not None
    assert run.screen.screened == len(passed) > 0
    assert run.screen.screening == screened.screening
    assert any(note.startswith(f"Screened messages: {len(passed)}.") for note in run.notes)
    assert sum(run.verdicts.values()) == run.messages - len(passed)


def test_a_phone_number_is_told_of_though_its_message_was_not_read(screened: Detector) -> None:
    text = "صباح الخير +9647701234567"

    (finding,) = screened.scan_messages([Message(text, id="1")])

    assert finding.screened
    assert [one.value for one in finding.details] == ["+9647701234567"]


def test_without_being_asked_for_nothing_is_screened(detector: Detector) -> None:
    (finding,) = detector.scan_texts(["صباح الخير"])

    assert finding == Finding(finding.message, finding.scores)
    assert finding.scores is not None
    assert not finding.screened


def test_a_model_without_a_screen_says_so(tmp_path: Path) -> None:
    for path in MODEL.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "manifest.json").unlink()
    write_manifest(replace(read_manifest(MODEL), screen=None), tmp_path)

    with pytest.raises(ModelError) as caught:
        Detector.load(tmp_path, screen=True)

    assert str(caught.value) == (
        f"{tmp_path}: this model has no screen.\n"
        "Expected one, since --screen asks for it.\n"
        "Leave --screen out, or make one with `make screen`."
    )


def test_a_service_reads_everything(screened: Detector) -> None:
    with pytest.raises(ModelError, match="The detector screens messages"):
        create_app(screened)


def test_what_stands_beside_a_flagged_message_is_read(screened: Detector) -> None:
    threat = "حول خمسمية دولار قبل المغرب والا صورك توصل لاهلك كلهم"
    texts = ["هلا شلونك", "زين الحمد لله", threat, "هلا", "صباح الخير"]

    alone = screened.scan_messages(Message(text, id=str(at)) for at, text in enumerate(texts))
    together = screened.scan_messages(
        Message(text, id=str(at), thread="chat", sender="a") for at, text in enumerate(texts)
    )

    assert any(one.screened for one in alone)
    assert not any(one.screened for one in together)


def test_a_script_that_neither_network_knows_is_read_and_told_of(screened: Detector) -> None:
    (finding,) = screened.scan_texts(["שלום מה שלומך היום"])

    assert not finding.screened
    assert finding.message.source is not None
    assert any("script" in warning for warning in finding.message.source.warnings)


def test_the_command_line_screens_and_its_reports_say_which(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["scan", str(DEMO), "--screen", "--out", str(tmp_path / "case")])

    assert done.exit_code in (0, 1)
    assert "What the screen holds to be harmless was not read by the model" in done.output
    run = json.loads((tmp_path / "case" / "run.json").read_text(encoding="utf-8"))
    lines = (tmp_path / "case" / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    told = [line for line in map(json.loads, lines) if line.get("screened")]
    assert run["screen"]["screened"] == len(told) > 0
    assert all(line["scores"] is None for line in told)
    assert "not read by the model" in (tmp_path / "case" / "report.html").read_text(encoding="utf-8")


def test_a_cluster_reads_everything(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["scan", str(tmp_path), "--engine", "ray", "--screen"])

    assert done.exit_code == 2
    assert "--screen is for --engine local" in done.output
