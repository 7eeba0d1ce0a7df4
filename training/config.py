"""The settings of a training run, read from a TOML file into frozen records."""

import sys
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

TEACHER, STUDENT = "best", "student"
"""Where in the run directory the weights of the fine-tuned and of the distilled network are."""


class ConfigError(Exception):
    """A setting is missing, unknown or of the wrong kind."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where data is read and results are written, relative to the working directory."""

    corpus: str
    split: str
    other_hands: str
    base: str
    judged: str
    judgements: str
    second: str
    pool: str
    labelled: str
    heldout: str
    measure: str
    run: str
    model: str

    @property
    def adapted(self) -> str:
        """Where `training.adapt` leaves the encoder it pretrained."""
        return str(Path(self.run) / "adapted")


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of new messages and of new threads that are held out; the seed orders the groups."""

    test: float
    development: float
    threads_test: float
    threads_development: float
    seed: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Which words the normaliser knows: how a training text weighs beside a real one, and the least count."""

    weight: int
    most: int
    least: int


@dataclass(frozen=True, slots=True)
class Adapt:
    """Masked-word pretraining on `messages` real messages until `tokens` word pieces were read."""

    messages: int
    tokens: int
    learning_rate: float
    warmup: float
    weight_decay: float
    batch_tokens: int
    shortest: int
    masked: float
    checkpoint_minutes: float
    seed: int


@dataclass(frozen=True, slots=True)
class Finetune:
    """How the encoder is fine-tuned; `max_tokens` and `batch_tokens` are counted in word pieces."""

    warm_start: str
    epochs: int
    averaged: int
    learning_rate: float
    head_rate: float
    warmup: float
    weight_decay: float
    batch_tokens: int
    max_tokens: int
    span_weight: float
    contrast_weight: float
    noise: float
    disguised: float
    among: float
    exchanged: float
    masked: float
    seed: int


@dataclass(frozen=True, slots=True)
class Distil:
    """How a network is taught by another; `layers` are the student's, 0 for none."""

    teacher: str
    warm_start: str
    second_opinion: str
    layers: int
    epochs: int
    averaged: int
    learning_rate: float
    batch_tokens: int
    rehearsed: float
    presumed: int
    soft_weight: float
    hidden_weight: float
    seed: int


@dataclass(frozen=True, slots=True)
class Silver:
    """How many real messages serve as presumed negatives, and the model directory that ranks them, if any."""

    ranker: str
    candidates: int
    nearest: int
    random: int
    per_epoch: int
    seed: int


@dataclass(frozen=True, slots=True)
class Quantise:
    """Training texts to choose scales by, and how much a probability may change on average."""

    texts: int
    largest_loss: float


@dataclass(frozen=True, slots=True)
class Calibrate:
    """What the operating points must reach on the development split, and the real negatives beside it."""

    margin: float
    resamples: int
    precision: float
    recall: float
    real_messages: int
    real_messages_flagged: float
    real_chats_flagged: float


@dataclass(frozen=True, slots=True)
class Screening:
    """The network that picks messages to read: one taught before, or size and lessons; what it may lose."""

    network: str
    width: int
    channels: int
    epochs: int
    learning_rate: float
    weight_decay: float
    batch_tokens: int
    real_messages: int
    spellings: int
    spellings_tried: int
    lost: float
    seed: int


@dataclass(frozen=True, slots=True)
class Rivals:
    """How much the systems learn that the model stands beside, and how large they are."""

    probe_messages: int
    scratch_layers: int
    scratch_epochs: int
    scratch_rate: float


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Real messages scored for false alarms and for flips of quantisation, bootstrap rounds for intervals."""

    real_messages: int
    flips: int
    bootstrap: int


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a training step needs to know."""

    paths: Paths
    split: Split
    lexicon: Lexicon
    adapt: Adapt
    finetune: Finetune
    distil: Distil
    silver: Silver
    quantise: Quantise
    calibrate: Calibrate
    screen: Screening
    rivals: Rivals
    evaluate: Evaluate

    @property
    def start(self) -> str:
        """The encoder that fine-tuning starts from: the adapted one where the settings ask for it."""
        return (
            self.paths.adapted if self.adapt.tokens and Path(self.paths.adapted).is_dir() else self.paths.base
        )

    @property
    def teacher(self) -> Path:
        """The network that teaches a smaller one: the one that the settings name, else the fine-tuned one."""
        return Path(self.distil.teacher or f"{self.paths.run}/{TEACHER}")

    @property
    def network(self) -> Path:
        """The network that is exported: the student where there is one, else the fine-tuned one."""
        return Path(self.paths.run) / (STUDENT if self.distil.layers else TEACHER)

    @property
    def exported(self) -> Path:
        """The exported network in single precision."""
        return Path(self.paths.run) / "fp32.onnx"


_Section = TypeVar("_Section")


def _section(kind: type[_Section], name: str, path: Path, table: dict[str, Any]) -> _Section:
    """One section of the file as its record; every setting must be there and none may be unknown."""
    types = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    wrong = sorted(types.keys() ^ table.keys())
    if wrong:
        raise ConfigError(
            f"{path}, section [{name}]: {', '.join(wrong)} is missing or unknown.\n"
            f"Expected exactly: {', '.join(types)}.\n"
            "Compare with training/config.toml, which has every setting and what it means."
        )
    for key, value in table.items():
        if not isinstance(value, types[key]) and not (types[key] is float and isinstance(value, int)):  # type: ignore[arg-type]
            raise ConfigError(
                f"{path}, section [{name}]: {key} = {value!r}.\n"
                f"Expected a value of type {types[key].__name__}.\n"  # type: ignore[union-attr]
                "Correct the line and run the step again."
            )
    return kind(**table)


def load(path: Path) -> Config:
    """The settings in a TOML file.

    Raises:
        ConfigError: A section or setting is missing, unknown or of the wrong kind.
        OSError: There is no such file.
        tomllib.TOMLDecodeError: It is no TOML.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    parts = {field.name: field.type for field in fields(Config)}
    if unknown := sorted(tables.keys() - parts.keys()):
        raise ConfigError(
            f"{path}: there is no section {', '.join(unknown)}.\n"
            f"Expected exactly: {', '.join(parts)}.\n"
            "Compare with training/config.toml, which has every setting and what it means."
        )
    return Config(**{name: _section(kind, name, path, tables.get(name, {})) for name, kind in parts.items()})  # type: ignore[arg-type]


def from_command_line() -> Config:
    """The settings named by the only argument of `python -m training.STEP CONFIG`."""
    if len(sys.argv) != 2:
        sys.exit(f"Usage: python -m training.{Path(sys.argv[0]).stem} training/config.toml")
    try:
        return load(Path(sys.argv[1]))
    except (ConfigError, OSError, tomllib.TOMLDecodeError) as error:
        sys.exit(str(error))
