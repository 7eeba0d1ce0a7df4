"""Fit calibration and thresholds on the development split, with the quantised model that ships.

`python -m training.calibrate training/config.toml` writes `manifest.json` to the model directory. The
probabilities are calibrated to the corpus, where extortion is as frequent as the manifest's `prior` says;
the thresholds are chosen with real messages beside it as further negatives.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import StratifiedKFold

from detector.decide import (
    FEATURES,
    Recent,
    Window,
    flags_of,
    signal_of,
    spans_of,
    thread_score,
    verdict_of,
)
from detector.manifest import (
    NETWORK,
    SCREEN,
    TOKENIZER,
    Calibration,
    Manifest,
    ThreadWeights,
    sha256_of,
    write_manifest,
)
from detector.normalise import NORMALISER_VERSION, normalise
from detector.records import SPAN_LABELS, Label, Message, OperatingPoint, Scores, Span, Verdict
from detector.score import Reading, Scorer, scored
from training import config, corpus

SEED = 12
FEWEST_THREADS = 10
"""Threads with extortion in the development split from which weights can be learnt."""
THREAD_BETA = 0.5
"""Recall counts half as much as precision where threads are flagged: a flagged thread names a person."""
OUTSIDE = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Weights of the tag that says a word is outside every phrase, to choose from."""
FloatArray = NDArray[np.float64]


def fit(logits: FloatArray, truth: NDArray[np.int64]) -> Calibration:
    """Platt scaling of the two branches' logits, shape (messages, 2), slightly regularised."""
    linear = LogisticRegression(C=10.0).fit(logits, truth)
    encoder, characters = (round(float(weight), 6) for weight in linear.coef_[0])
    return Calibration(encoder, characters, round(float(linear.intercept_[0]), 6))


def thresholds(
    scores: FloatArray, truth: NDArray[np.int64], least: float, wanted: config.Calibrate, beta: float = 1.0
) -> dict[OperatingPoint, float]:
    """A threshold for each operating point.

    Balanced: the highest threshold whose F-measure, in which recall counts `beta` times as much as precision,
    is as good as the best but for the margin of the settings; yet not under `least`, where too many real
    messages would be flagged. High precision: the lowest threshold that reaches the wanted precision, and not
    under balanced. High recall: the highest that keeps the wanted recall, and not over balanced.
    """
    precision, recall, at = precision_recall_curve(truth, scores)
    precision, recall = precision[:-1], recall[:-1]
    both = (1 + beta**2) * precision * recall
    measure = both / np.maximum(beta**2 * precision + recall, 1e-9)
    exact = np.flatnonzero(precision >= wanted.precision)
    complete = np.flatnonzero(recall >= wanted.recall)
    good = np.flatnonzero(measure >= measure.max() - wanted.margin)
    balanced = max(float(at[good[-1]]), least)
    return {
        OperatingPoint.BALANCED: balanced,
        OperatingPoint.HIGH_PRECISION: max(balanced, float(at[exact[0]])) if len(exact) else 1.0,
        OperatingPoint.HIGH_RECALL: min(balanced, float(at[complete[-1]])),
    }


def _exceeded_by(share: float, scores: Sequence[float]) -> float:
    """The lowest threshold that at most a share of the scores reaches; nought without scores."""
    allowed = int(share * len(scores))
    return float(np.nextafter(sorted(scores, reverse=True)[allowed], 2.0)) if len(scores) else 0.0


@dataclass(frozen=True, slots=True)
class _Course:
    """A thread as the detector follows it: each sender's features whenever a signal came, and who extorts."""

    features: dict[str, list[tuple[float, ...]]]
    extorter: str | None


def _course(thread: corpus.Thread, scorer: Scorer, manifest: Manifest) -> _Course:
    """The features of a thread's senders in the order in which `ThreadWatch` weighs them."""
    window, recent = Window(), Recent()
    alone = _scores([message.text for message in thread.messages], scorer, manifest)
    asked = [
        recent.add(str(message.sender), message.text, scores)
        for message, scores in zip(thread.messages, alone, strict=True)
    ]
    together = iter(_scores([text for text in asked if text is not None], scorer, manifest))
    contexts = [None if text is None else next(together) for text in asked]
    found: dict[str, list[tuple[float, ...]]] = {str(one.sender): [] for one in thread.messages}
    for place, (message, scores, context) in enumerate(zip(thread.messages, alone, contexts, strict=True), 1):
        if signal := signal_of(place, str(message.sender), scores, context):
            for sender, features in window.add(signal).items():
                found[sender].append(features)
    return _Course(found, thread.extorter)


def _scores(texts: Sequence[str], scorer: Scorer, manifest: Manifest) -> list[Scores]:
    readings = scorer.read([normalise(text).text for text in texts])
    return [scored(reading, manifest.calibration) for reading in readings]


def _fitted(courses: Sequence[_Course]) -> ThreadWeights:
    """Weights by which the last features of those who extort are told from those of everybody else."""
    last = [(sender, seen[-1], one) for one in courses for sender, seen in one.features.items() if seen]
    truth = [int(sender == one.extorter) for sender, _, one in last]
    linear = LogisticRegression(C=1.0).fit(np.array([features for _, features, _ in last]), truth)
    weights = {name: round(float(one), 4) for name, one in zip(FEATURES, linear.coef_[0], strict=True)}
    return ThreadWeights(weights, round(float(linear.intercept_[0]), 4), {})


def _highest(course: _Course, weights: ThreadWeights) -> float:
    """The score of a thread as it is served: the highest of any sender at any time."""
    scores = (thread_score(weights, one) for seen in course.features.values() for one in seen)
    return max(scores, default=0.0)


def _real_chats(real: Sequence[str]) -> list[corpus.Thread]:
    """Real messages as if they were chats of a thousand by two senders."""
    return [
        corpus.Thread(
            id=f"chat-{start}",
            dialect="",
            script="",
            category="chat",
            messages=tuple(
                Message(text, thread="chat", sender="ab"[at % 2])
                for at, text in enumerate(real[start : start + corpus.CHAT])
            ),
            labels=(),
            extorter=None,
        )
        for start in range(0, len(real) - corpus.CHAT + 1, corpus.CHAT)
    ]


def _thread_weights(
    manifest: Manifest, scorer: Scorer, real: Sequence[str], settings: config.Config
) -> ThreadWeights:
    """Weights and thresholds learnt from the development split's threads.

    The thresholds are chosen on scores of threads that the weights were not fitted on (five folds), the
    balanced one not under what real messages reach when they are put together as long chats. With too few
    threads to learn from no thread is ever flagged, and the card says so.
    """
    partition = corpus.read_partition(Path(settings.paths.split))
    threads = corpus.read_threads(Path(settings.paths.corpus))
    courses = [_course(one, scorer, manifest) for one in threads if one.id in partition.development]
    held = np.array([int(one.extorter is not None) for one in courses])
    if min(held.sum(), (1 - held).sum()) < FEWEST_THREADS:
        return ThreadWeights(dict.fromkeys(FEATURES, 0.0), 0.0, dict.fromkeys(OperatingPoint, 1.0))
    unseen = np.zeros(len(courses))
    for learn, rest in StratifiedKFold(5, shuffle=True, random_state=0).split(courses, held):
        weights = _fitted([courses[at] for at in learn])
        unseen[rest] = [_highest(courses[at], weights) for at in rest]
    done = _fitted(courses)
    benign = [_highest(_course(chat, scorer, manifest), done) for chat in _real_chats(real)]
    least = _exceeded_by(settings.calibrate.real_chats_flagged, benign)
    chosen = thresholds(unseen, held, least, settings.calibrate, THREAD_BETA)
    return replace(done, thresholds={point: round(one, 6) for point, one in chosen.items()})


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
    """Real messages that training did not see, as many of the pool as of the sets labelled for other ends.

    None where there is no pool.
    """
    paths, wanted = settings.paths, settings.calibrate.real_messages
    learnt = {example.text for example in corpus.read_training(paths)}
    judged = corpus.read_judgements(Path(paths.judgements))
    found: list[str] = []
    for folder in (Path(paths.pool), Path(paths.labelled)):
        rows = corpus.sample_real(folder, wanted, SEED) if folder.is_dir() else []
        fresh = [
            one["text"] for one in rows if one["text"] not in learnt and corpus.real_id(one) not in judged
        ]
        found += fresh[: wanted // 2]
    random.Random(SEED).shuffle(found)
    none = {Label.EXTORTION: 0, Label.VICTIM: 0}
    return [corpus.Example(f"real-{at}", text, none, source="pool") for at, text in enumerate(found)]


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
        least = _exceeded_by(settings.calibrate.real_messages_flagged, real_scores)
        for point, value in thresholds(scores, truth, least, settings.calibrate).items():
            points[point][label] = round(value, 6)
    prior = float(np.mean([held[at].labels[Label.EXTORTION] for at in _known(held, Label.EXTORTION)]))
    done = replace(manifest, prior=round(prior, 4), calibration=calibration, thresholds=points)
    done = replace(done, outside=_outside(held, readings[: len(held)], done))
    return replace(done, threads=_thread_weights(done, scorer, [one.text for one in real], settings))


def main() -> None:
    """Write the manifest."""
    settings = config.from_command_line()
    folder = Path(settings.paths.model)
    provisional = _provisional(settings)
    manifest = calibrated(provisional, Scorer(folder, provisional), settings)
    (folder / SCREEN).unlink(missing_ok=True)  # taught by what another calibration flags
    write_manifest(manifest, folder)
    for point in OperatingPoint:
        levels = ", ".join(f"{label} {manifest.thresholds[point][label]:.3f}" for label in Label)
        print(f"{point}: {levels}")


if __name__ == "__main__":
    main()
