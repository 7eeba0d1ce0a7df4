"""A model directory that is not what its manifest says is refused, with all three parts of the reason."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from detector import Detector, ModelError
from detector.detect import models_folder
from detector.manifest import (
    NETWORK,
    SCREEN,
    TOKENIZER,
    Calibration,
    read_manifest,
    verify,
    version_of,
    write_manifest,
)
from detector.records import Label

DEFAULT = models_folder() / "default"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "copy"))


def test_the_default_model_is_as_its_manifest_says() -> None:
    assert verify(DEFAULT).name == "default"


def test_the_version_is_that_of_all_that_verdicts_hang_on() -> None:
    manifest = read_manifest(DEFAULT)

    other = replace(manifest, calibration=dict.fromkeys(Label, Calibration()))

    assert version_of(manifest) == manifest.version
    assert version_of(other) != manifest.version
    assert version_of(replace(manifest, screen=None)) == manifest.version


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = read_manifest(DEFAULT)

    write_manifest(manifest, tmp_path)

    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, SCREEN])
def test_an_altered_file_is_refused(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as stream:
        stream.write(b" ")

    with pytest.raises(ModelError) as refusal:
        Detector.load(copy)

    where, expected, remedy = str(refusal.value).splitlines()
    assert where.startswith(f"{copy / name}: sha256 ")
    assert expected.startswith("Expected ")
    assert remedy.startswith("The file is incomplete or altered")


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refusal:
        Detector.load(tmp_path)

    assert str(refusal.value) == (
        f"{tmp_path}: there is no manifest.json.\n"
        "Expected a model directory with model.onnx, tokenizer.json and manifest.json.\n"
        "Name one with --model DIR, or leave it out to use the model of the package."
    )


@pytest.mark.parametrize(("part", "what"), [("context", "messages in context"), ("threads", "threads")])
def test_weights_for_other_features_are_refused(copy: Path, part: str, what: str) -> None:
    value = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    value[part]["weights"] = {"together": 1.0}
    (copy / "manifest.json").write_text(json.dumps(value), encoding="utf-8")

    with pytest.raises(ModelError) as refusal:
        Detector.load(copy)

    where, expected, remedy = str(refusal.value).splitlines()
    assert where == f"{copy}: weighs {what} by together."
    assert expected.startswith("Expected weights for ")
    assert remedy.startswith("Run `make calibrate`")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', "{", "null"])
def test_a_manifest_of_another_shape_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")

    with pytest.raises(ModelError, match="no manifest that this version understands"):
        Detector.load(copy)


def test_a_model_for_another_normaliser_is_refused(copy: Path) -> None:
    value = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(value | {"normaliser": 999}), encoding="utf-8")

    with pytest.raises(ModelError, match="made for normaliser 999"):
        Detector.load(copy)
