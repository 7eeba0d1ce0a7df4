"""Fit calibration and thresholds on the development split, with the quantised model that ships.

`python -m training.calibrate training/config.toml` writes `manifest.json` to the model directory. The
probabilities are calibrated to the corpus, where nearly half the messages are extortion; the thresholds
are chosen with real messages beside it as further negatives.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from detector.decide import FEATURES, features_of, signal_of
from detector.manifest import (
    NETWORK,
    TOKENIZER,
    Calibration,
    Manifest,
    ThreadWeights,
    sha256_of,
    write_manifest,
)
from detector.normalise import NORMALISER_VERSION, normalise
from detector.records import Label, OperatingPoint
from detector.score import Scorer, scored
from training import config, corpus

SEED = 12
FEWEST_THREADS = 10
"""Threads with extortion in the development split from which weights can be learnt."""
FloatArray = NDArray[np.float64]


def fit(logits: FloatArray, truth: NDArray[np.int64]) -> Calibration:
    """Platt scaling of the two branches' logits, shape (messages, 2), slightly regularised."""
    linear = LogisticRegression(C=10.0).fit(logits, truth)
    encoder, characters = (round(float(weight), 6) for weight in linear.coef_[0])
    return Calibration(encoder, characters, round(float(linear.intercept_[0]), 6))


def thresholds(
    scores: FloatArray, truth: NDArray[np.int64], wanted: config.Calibrate
) -> dict[OperatingPoint, float]:
    """Best F1; the lowest threshold that reaches the wanted precision; the highest that keeps the recall."""
    precision, recall, at = precision_recall_curve(truth, scores)
    precision, recall = precision[:-1], recall[:-1]
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    exact = np.flatnonzero(precision >= wanted.precision)
    complete = np.flatnonzero(recall >= wanted.recall)
    balanced = float(at[int(f1.argmax())])
    return {
        OperatingPoint.BALANCED: balanced,
        OperatingPoint.HIGH_PRECISION: max(balanced, float(at[exact[0]])) if len(exact) else 1.0,
        OperatingPoint.HIGH_RECALL: min(balanced, float(at[complete[-1]])),
    }


def _thread_weights(manifest: Manifest, scorer: Scorer, settings: config.Config) -> ThreadWeights:
    """Weights of a sender's features, learnt from the development split's threads.

    Of each thread every sender is a case; the one who extorts is to be told from the others. With too few
    threads to learn from, all features weigh the same.
    """
    partition = corpus.read_partition(Path(settings.paths.split))
    threads = [
        one for one in corpus.read_threads(Path(settings.paths.corpus)) if one.id in partition.development
    ]
    cases, truth, owner = [], [], []
    for number, thread in enumerate(threads):
        readings = scorer.read([normalise(message.text).text for message in thread.messages])
        made = (
            signal_of(place, message.sender, scored(reading, manifest.calibration))
            for place, (message, reading) in enumerate(zip(thread.messages, readings, strict=True))
        )
        signals = [one for one in made if one]
        for sender in sorted({message.sender or "" for message in thread.messages}):
            cases.append(features_of(sender, signals))
            truth.append(int(sender == thread.extorter))
            owner.append(number)
    if sum(truth) < FEWEST_THREADS:
        same = dict.fromkeys(FEATURES, 2.0)
        return ThreadWeights(same, -8.0, dict.fromkeys(OperatingPoint, 0.5))
    linear = LogisticRegression(C=1.0).fit(np.array(cases), truth)
    found = linear.predict_proba(np.array(cases))[:, 1]
    highest = np.array([max(found[np.array(owner) == at]) for at in range(len(threads))])
    held = np.array([int(thread.extorter is not None) for thread in threads])
    return ThreadWeights(
        weights={name: round(float(one), 4) for name, one in zip(FEATURES, linear.coef_[0], strict=True)},
        bias=round(float(linear.intercept_[0]), 4),
        thresholds={
            point: round(value, 6) for point, value in thresholds(highest, held, settings.calibrate).items()
        },
    )


def _provisional(settings: config.Config) -> Manifest:
    """A manifest without calibration, to score with."""
    folder = Path(settings.paths.model)
    return Manifest(
        name=folder.name,
        version=_version(folder),
        normaliser=NORMALISER_VERSION,
        max_tokens=settings.finetune.max_tokens,
        prior=0.5,
        calibration=dict.fromkeys(Label, Calibration()),
        thresholds=dict.fromkeys(OperatingPoint, dict.fromkeys(Label, 0.5)),
        threads=ThreadWeights({}, 0.0, dict.fromkeys(OperatingPoint, 0.5)),
        files={name: sha256_of(folder / name) for name in (NETWORK, TOKENIZER)},
    )


def _version(folder: Path) -> str:
    """The first twelve digits of the network's hash: a version cannot be forgotten."""
    return sha256_of(folder / NETWORK)[:12]


def _real_negatives(settings: config.Config) -> list[corpus.Example]:
    """Real messages of the pool that training did not choose."""
    learnt = {example.text for example in corpus.read_silver(Path(settings.paths.run))}
    rows = corpus.sample_real(Path(settings.paths.pool), 2 * settings.calibrate.real_messages, SEED)
    fresh = [row["text"] for row in rows if row["text"] not in learnt][: settings.calibrate.real_messages]
    none = {Label.EXTORTION: 0, Label.VICTIM: 0}
    return [corpus.Example(f"real-{at}", text, none, source="pool") for at, text in enumerate(fresh)]


def _known(examples: Sequence[corpus.Example], label: Label) -> NDArray[np.int64]:
    return np.array([at for at, example in enumerate(examples) if label in example.labels])


def calibrated(manifest: Manifest, scorer: Scorer, settings: config.Config) -> Manifest:
    """The manifest with calibration and thresholds fitted on the development split."""
    paths = settings.paths
    held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
    real = _real_negatives(settings) if Path(paths.pool).is_dir() else []
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
        for point, value in thresholds(scores, truth, settings.calibrate).items():
            points[point][label] = round(value, 6)
    prior = float(np.mean([held[at].labels[Label.EXTORTION] for at in _known(held, Label.EXTORTION)]))
    done = replace(manifest, prior=round(prior, 4), calibration=calibration, thresholds=points)
    return replace(done, threads=_thread_weights(done, scorer, settings))


def main() -> None:
    """Write the manifest."""
    settings = config.from_command_line()
    folder = Path(settings.paths.model)
    provisional = _provisional(settings)
    manifest = calibrated(provisional, Scorer(folder, provisional), settings)
    write_manifest(manifest, folder)
    for point in OperatingPoint:
        levels = ", ".join(f"{label} {manifest.thresholds[point][label]:.3f}" for label in Label)
        print(f"{point}: {levels}")


if __name__ == "__main__":
    main()
