"""A model directory as a type: what it was trained with, how it is calibrated, and what must be in it.

::

    model.onnx       the network, quantised
    tokenizer.json   its word pieces (Hugging Face `tokenizers`)
    screen.onnx      which messages the network must read in bulk work; some models have none
    manifest.json    this module's record, with the SHA-256 of the files above
    metrics.json     the evaluation, generated
    rivals.json      what other systems reach on the same messages, generated
    README.md        the model card, generated
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from detector.errors import ModelError
from detector.records import Label, OperatingPoint, Screening

MANIFEST = "manifest.json"
NETWORK = "model.onnx"
TOKENIZER = "tokenizer.json"
SCREEN = "screen.onnx"
SCHEMA = 3
"""Version of the layout of `manifest.json`."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the logits of the network's two branches make the probability of one label.

    probability = sigmoid(encoder * encoder logit + characters * character logit + bias): Platt scaling
    with two scores. Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """

    encoder: float = 1.0
    characters: float = 0.0
    bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighing:
    """How named features make a score, and from where on it counts.

    score = sigmoid(sum of weight * feature + bias): logistic regression.
    """

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[OperatingPoint, float]

    def score(self, names: Sequence[str], features: Sequence[float]) -> float:
        """The score of features given in the order of their names.

        Raises:
            KeyError: There is no weight for a name.
        """
        total = sum(self.weights[name] * value for name, value in zip(names, features, strict=True))
        return 1 / (1 + math.exp(-(total + self.bias)))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the detector must know of a model.

    `max_tokens` counts word pieces with the two special ones; longer messages are read in windows.
    `prior` is the share of extortion in the data that the probabilities are calibrated to; `outside` is what
    the probability that a word belongs to no phrase is multiplied by when phrases are marked. `context`
    weighs a message with what was said before it (`detector.decide.context`), `threads` what a sender's
    messages add up to (`detector.decide.thread`).
    """

    name: str
    version: str
    normaliser: int
    max_tokens: int
    prior: float
    calibration: Mapping[Label, Calibration]
    thresholds: Mapping[OperatingPoint, Mapping[Label, float]]
    context: Weighing
    threads: Weighing
    files: Mapping[str, str]
    outside: float = 1.0
    screen: Mapping[OperatingPoint, Screening] | None = None
    schema: int = SCHEMA


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def version_of(manifest: Manifest) -> str:
    """Twelve digits of a hash over all that verdicts hang on: network, calibration and thresholds.

    The screen is left out: it changes what is read, not what is said of it.
    """
    told = asdict(replace(manifest, name="", version="", screen=None))
    told["files"] = {name: manifest.files[name] for name in (NETWORK, TOKENIZER)}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest.json`."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model directory, its hashes not yet checked.

    Raises:
        ModelError: The file is missing or not as this version writes it.
    """
    path = folder / MANIFEST
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{folder}: there is no {MANIFEST}.\n"
            f"Expected a model directory with {NETWORK}, {TOKENIZER} and {MANIFEST}.\n"
            "Name one with --model DIR, or leave it out to use the model of the package."
        ) from None
    except ValueError:
        raise _unreadable(path) from None
    try:
        return _manifest(value)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unreadable(path) from None


def _unreadable(path: Path) -> ModelError:
    return ModelError(
        f"{path}: this is no manifest that this version understands.\n"
        f"Expected the JSON object of schema {SCHEMA} that `python -m training.calibrate` writes.\n"
        "Make the model again, or use the version of the package it was made for."
    )


def _manifest(value: dict[str, object]) -> Manifest:
    if value["schema"] != SCHEMA:
        raise ValueError(value["schema"])
    calibration = dict(value["calibration"])  # type: ignore[call-overload]
    thresholds = dict(value["thresholds"])  # type: ignore[call-overload]
    screen = dict(value.get("screen") or {})  # type: ignore[call-overload]
    return Manifest(
        name=str(value["name"]),
        version=str(value["version"]),
        normaliser=int(str(value["normaliser"])),
        max_tokens=int(str(value["max_tokens"])),
        prior=float(str(value["prior"])),
        calibration={label: Calibration(**calibration[label]) for label in Label},
        thresholds={
            point: {label: float(thresholds[point][label]) for label in Label} for point in OperatingPoint
        },
        context=_weighing(dict(value["context"])),  # type: ignore[call-overload]
        threads=_weighing(dict(value["threads"])),  # type: ignore[call-overload]
        files={str(name): str(digest) for name, digest in dict(value["files"]).items()},  # type: ignore[call-overload]
        outside=float(str(value.get("outside", 1.0))),
        screen={point: Screening(**screen[point]) for point in OperatingPoint} if screen else None,
    )


def _weighing(value: dict[str, Any]) -> Weighing:
    return Weighing(
        weights={str(name): float(weight) for name, weight in value["weights"].items()},
        bias=float(value["bias"]),
        thresholds={point: float(value["thresholds"][point]) for point in OperatingPoint},
    )


def verify(folder: Path) -> Manifest:
    """The manifest, after the hash of every file it names was compared.

    Raises:
        ModelError: The manifest cannot be read, or a file is missing or altered.
    """
    manifest = read_manifest(folder)
    for name in (NETWORK, TOKENIZER, *([SCREEN] if manifest.screen else [])):
        if name not in manifest.files:
            raise _unreadable(folder / MANIFEST)
    for name, expected in manifest.files.items():
        path = folder / name
        found = sha256_of(path) if path.is_file() else "no such file"
        if found != expected:
            raise ModelError(
                f"{path}: sha256 {found}.\n"
                f"Expected {expected}, as {MANIFEST} says.\n"
                "The file is incomplete or altered: install the model again, and do not use its scores."
            )
    return manifest
