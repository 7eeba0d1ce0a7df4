"""Fit calibration and thresholds on the development split, with the quantised model that ships.

`python -m training.calibrate training/config.toml` writes `manifest.json` to the model directory. The
probabilities are calibrated to the corpus, where extortion is as frequent as the manifest's `prior` says;
the thresholds are chosen with real messages beside it as further negatives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from detector.decide import flags_of, spans_of, verdict_of
from detector.manifest import (
    NETWORK,
    SCREEN,
    TOKENIZER,
    Calibration,
    Manifest,
    Weighing,
    sha256_of,
    version_of,
    write_manifest,
)
from detector.normalise import NORMALISER_VERSION, normalise
from detector.records import SPAN_LABELS, Label, OperatingPoint, Span, Verdict
from detector.score import Reading, Scorer, scored
from training import config, corpus
from training.operating_points import exceeded_by, rounded, thresholds
from training.thread_weights import with_threads

SEED = 12
OUTSIDE = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Weights of the tag that says a word is outside every phrase, to choose from."""
FloatArray = NDArray[np.float64]


def fit(logits: FloatArray, truth: NDArray[np.int64]) -> Calibration:
    """Platt scaling of the two branches' logits, shape (messages, 2), slightly regularised."""
    linear = LogisticRegression(C=10.0).fit(logits, truth)
    encoder, characters = (round(float(weight), 6) for weight in linear.coef_[0])
    return Calibration(encoder, characters, round(float(linear.intercept_[0]), 6))


def _provisional(settings: config.Config) -> Manifest:
    """A manifest without calibration, to score with."""
    folder = Path(settings.paths.model)
    nothing = Weighing({}, 0.0, dict.fromkeys(OperatingPoint, 0.5))
    return Manifest(
        name=folder.name,
        version="",
        normaliser=NORMALISER_VERSION,
        max_tokens=settings.finetune.max_tokens,
        prior=0.5,
        calibration=dict.fromkeys(Label, Calibration()),
        thresholds=dict.fromkeys(OperatingPoint, dict.fromkeys(Label, 0.5)),
        context=nothing,
        threads=nothing,
        files={name: sha256_of(folder / name) for name in (NETWORK, TOKENIZER)},
    )


def _real_negatives(settings: config.Config) -> list[corpus.Example]:
    """Real messages that training did not see, as many of the pool as of the sets labelled for other ends.

    Those of one source stand together, as a chat keeps to its subjects. None where there is no pool.
    """
    paths, wanted = settings.paths, settings.calibrate.real_messages
    learnt = {example.text for example in corpus.read_training(paths)}
    judged = corpus.read_judgements(Path(paths.judgements))
    found: list[dict[str, str]] = []
    for folder in (Path(paths.pool), Path(paths.labelled)):
        rows = corpus.sample_real(folder, wanted, SEED) if folder.is_dir() else []
        fresh = [one for one in rows if one["text"] not in learnt and corpus.real_id(one) not in judged]
        found += fresh[: wanted // 2]
    found.sort(key=lambda row: row["source"])
    none = {Label.EXTORTION: 0, Label.VICTIM: 0}
    return [corpus.Example(f"real-{at}", row["text"], none, source="pool") for at, row in enumerate(found)]


def _known(examples: Sequence[corpus.Example], label: Label) -> NDArray[np.int64]:
    return np.array([at for at, example in enumerate(examples) if label in example.labels])


def _outside(held: Sequence[corpus.Example], readings: Sequence[Reading], manifest: Manifest) -> float:
    """The weight with which marked characters agree best with those of the development split (F1)."""
    marked = []
    for example, reading in zip(held, readings, strict=True):
        scores = scored(reading, manifest.calibration)
        flags = flags_of(scores, manifest.thresholds[OperatingPoint.BALANCED])
        shown = () if verdict_of(flags, scores) is Verdict.VICTIM else flags
        if any(example.labels.get(label) for label in SPAN_LABELS):
            marked.append((_characters(example.spans), normalise(example.text), reading.tokens, shown))
    agreement: dict[float, float] = {}
    for outside in OUTSIDE:
        both = told = true = 0
        for truth, normalised, tokens, shown in marked:
            found = spans_of(normalised.text, tokens.offsets, tokens.tags, shown, outside)
            guess = _characters(Span(*normalised.original(one.start, one.end), one.label) for one in found)
            both, told, true = both + len(guess & truth), told + len(guess), true + len(truth)
        agreement[outside] = 2 * both / max(1, told + true)
    return max(OUTSIDE, key=agreement.__getitem__)


def _characters(spans: Iterable[Span]) -> set[tuple[Label, int]]:
    return {(span.label, at) for span in spans for at in range(span.start, span.end)}


def calibrated(manifest: Manifest, scorer: Scorer, settings: config.Config) -> Manifest:
    """The manifest with calibration and thresholds fitted on the development split."""
    paths = settings.paths
    held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
    real = _real_negatives(settings)
    examples = held + real
    readings = scorer.read([normalise(example.text).text for example in examples])
    logits = np.array([[reading.encoder, reading.characters] for reading in readings], np.float64)
    calibration: dict[Label, Calibration] = {}
    points: dict[OperatingPoint, dict[Label, float]] = {point: {} for point in OperatingPoint}
    for column, label in enumerate(Label):
        own, every = _known(held, label), _known(examples, label)
        truth = np.array([examples[at].labels[label] for at in every])
        step = fit(logits[own, :, column], np.array([held[at].labels[label] for at in own]))
        combined = logits[every, :, column] @ np.array([step.encoder, step.characters]) + step.bias
        scores = 1 / (1 + np.exp(-combined))
        calibration[label] = step
        real_scores = scores[[examples[at].source == "pool" for at in every]].tolist()
        least = exceeded_by(settings.calibrate.real_messages_flagged, real_scores)
        for point, value in thresholds(scores, truth, least, settings.calibrate).items():
            points[point][label] = rounded(value)
    prior = float(np.mean([held[at].labels[Label.EXTORTION] for at in _known(held, Label.EXTORTION)]))
    done = replace(manifest, prior=round(prior, 4), calibration=calibration, thresholds=points)
    done = replace(done, outside=_outside(held, readings[: len(held)], done))
    return with_threads(done, scorer, [one.text for one in real], settings)


def main() -> None:
    """Write the manifest."""
    settings = config.from_command_line()
    folder = Path(settings.paths.model)
    provisional = _provisional(settings)
    manifest = calibrated(provisional, Scorer(folder, provisional), settings)
    (folder / SCREEN).unlink(missing_ok=True)  # taught by what another calibration flags
    write_manifest(replace(manifest, version=version_of(manifest)), folder)
    for point in OperatingPoint:
        levels = ", ".join(f"{label} {manifest.thresholds[point][label]:.3f}" for label in Label)
        print(f"{point}: {levels}")


if __name__ == "__main__":
    main()
