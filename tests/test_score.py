"""A text's scores are its own: alone, in any batch, in any order, with any number of threads."""

import json
import os
import platform
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from detector import Detector, Finding, Label
from detector.detect import models_folder
from detector.judge import Judge
from detector.manifest import NETWORK, read_manifest
from detector.normalise import normalise
from detector.records import OperatingPoint
from detector.score import Scorer

MODEL = models_folder() / "default"
CORPUS = Path(__file__).parents[1] / "training" / "data"


@pytest.fixture(scope="module")
def detector() -> Detector:
    """A detector that remembers nothing: what a reading depends on shows only where it is made each time."""
    manifest = read_manifest(MODEL)
    return Detector(Judge(manifest, Scorer(MODEL, manifest, remembered=0), OperatingPoint.BALANCED))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    lines = (CORPUS / "iraqi.jsonl").read_text(encoding="utf-8").splitlines()
    mixed = [json.loads(line)["text"] for line in lines[:60]]
    return [*mixed, "", "هلا", "ادفع " * 400, "\N{ZERO WIDTH SPACE}", mixed[0]]


def _largest_difference(one: list[Finding], other: list[Finding]) -> float:
    return max(
        abs(first.scores.as_dict()[label] - second.scores.as_dict()[label])
        for first, second in zip(one, other, strict=True)
        for label in Label
        if first.scores and second.scores
    )


def test_a_message_alone_scores_as_in_a_batch(detector: Detector, texts: list[str]) -> None:
    together = detector.scan_texts(texts)

    alone = [detector.scan_texts([text])[0] for text in texts]

    assert _largest_difference(together, alone) < 1e-6


def test_a_text_that_comes_twice_is_read_once_and_found_twice(detector: Detector) -> None:
    findings = detector.scan_texts(["ادفع الان", "هلا", "ادفـــع الآن"])

    assert [finding.message.id for finding in findings] == ["1", "2", "3"]
    assert findings[0].scores == findings[2].scores


def test_the_order_of_messages_does_not_change_their_scores(detector: Detector, texts: list[str]) -> None:
    order = list(range(len(texts)))
    random.Random(3).shuffle(order)
    shuffled = detector.scan_texts([texts[at] for at in order])

    together = detector.scan_texts(texts)

    assert _largest_difference([together[at] for at in order], shuffled) < 1e-6


def test_one_thread_scores_as_two(texts: list[str]) -> None:
    one, two = Detector.load(jobs=1), Detector.load(jobs=2)

    assert _largest_difference(one.scan_texts(texts), two.scan_texts(texts)) < 1e-6


def test_a_repeated_text_gets_the_same_scores(detector: Detector, texts: list[str]) -> None:
    findings = detector.scan_texts(texts)

    assert findings[0].scores == findings[-1].scores


def test_short_texts_are_remembered_and_those_not_asked_for_longest_forgotten() -> None:
    scorer = Scorer(MODEL, read_manifest(MODEL), remembered=2)
    long = "حول الفلوس اليوم قبل الساعة عشرة بالليل"

    read = {text: scorer.read([text])[0] for text in ("هلا", "زين", long)}
    kept = scorer.read(["هلا"])[0]
    scorer.read(["شلونك"])

    assert scorer.read(["هلا"])[0] is kept
    assert scorer.read([long])[0] is not scorer.read([long])[0]
    forgotten = scorer.read(["زين"])[0]
    assert np.array_equal(forgotten.encoder, read["زين"].encoder)
    assert np.array_equal(kept.tokens.tags, read["هلا"].tokens.tags)


def test_threads_that_read_at_once_get_what_each_would_alone(texts: list[str]) -> None:
    scorer = Scorer(MODEL, read_manifest(MODEL), remembered=4)
    plain = [normalise(text).text for text in texts]
    alone = [one.encoder for one in scorer.read(plain)]

    with ThreadPoolExecutor(4) as pool:
        readings = list(pool.map(lambda _: scorer.read(plain), range(8)))

    for found in readings:
        assert all(np.array_equal(one.encoder, other) for one, other in zip(found, alone, strict=True))


def test_no_texts_give_no_findings(detector: Detector) -> None:
    assert detector.scan_texts([]) == []


def test_a_threat_at_the_end_of_a_long_text_is_read(detector: Detector) -> None:
    threat = "حولي ٥٠٠ دولار والا صورك توصل لاهلك"
    (alone,) = detector.scan_texts([threat])

    (long,) = detector.scan_texts(["صباح الخير شلونكم اليوم كلش زين. " * 40 + threat])

    assert alone.scores is not None
    assert long.scores is not None
    assert long.scores.threat > alone.scores.threat / 4
    assert any(span.start > 1000 for span in long.spans)


def test_no_product_overflows_on_processors_that_add_two_in_16_bits() -> None:
    graph = onnx.load(models_folder() / "default" / NETWORK).graph
    weights = [numpy_helper.to_array(one) for one in graph.initializer if one.name.endswith("weight.s8")]

    pairs = [np.abs(weight.astype(int)).reshape(-1, 2, weight.shape[1]).sum(1).max() for weight in weights]

    assert len(weights) == 24
    assert max(pairs) * 255 < 2**15


@pytest.mark.skipif(
    shutil.which("qemu-x86_64") is None or platform.machine() != "x86_64",
    reason="needs qemu-user, which plays an older processor",
)
def test_a_processor_without_vnni_gives_the_same_scores(detector: Detector) -> None:
    text = "حول خمسمية قبل المغرب والا اخوك يشوف الصور"
    command = ["qemu-x86_64", "-cpu", "Haswell", sys.executable, "-m", "detector.cli", "explain", text]

    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)

    scores = json.loads(done.stdout)["scores"]
    (finding,) = detector.scan_texts([text])
    assert finding.scores is not None
    assert scores == pytest.approx(finding.scores.as_dict(), abs=1e-6)


def test_nothing_is_kept_to_be_reported_to_the_makers_of_the_runtime(tmp_path: Path) -> None:
    silent = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}  # where these are set, nothing would be kept
    outside = {name: value for name, value in os.environ.items() if name not in silent}
    program = "from detector import Detector; Detector.load().scan_texts(['صباح الخير'])"

    command = [sys.executable, "-c", program]
    subprocess.run(command, env=outside | {"HOME": str(tmp_path)}, check=True, capture_output=True)

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
