"""Learn from labelled threads how to weigh a message in its context, and what a sender's add up to.

Real messages, put together as chats, hold the thresholds up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold

from detector.decide import (
    CONTEXT_FEATURES,
    FEATURES,
    LIMIT,
    Recent,
    Window,
    context_features,
    in_context,
    signal_of,
)
from detector.manifest import Manifest, Weighing
from detector.normalise import normalise
from detector.records import Label, Message, OperatingPoint, Scores
from detector.score import Scorer, scored
from training import config, corpus
from training.operating_points import exceeded_by, rounded, thresholds

FEWEST_THREADS = 10
"""Threads of either kind in the development split from which weights can be learnt."""
FEWEST_IN_CONTEXT = 50
"""Messages with a context, of either kind, from which weights can be learnt."""
REGULARITY = 3.0
"""The inverse of the strength with which weights are kept small."""
FOLDS = 5
THREAD_BETA = 0.5
"""Recall counts half as much as precision where threads are flagged: a flagged thread names a person."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A thread's messages alone, and by place what those with a context are read with: scores, the answer."""

    thread: corpus.Thread
    alone: Sequence[Scores]
    together: Mapping[int, tuple[Scores, float]]


def _read(thread: corpus.Thread, scorer: Scorer, manifest: Manifest) -> _Read:
    recent = Recent()
    alone = _scores([message.text for message in thread.messages], scorer, manifest)
    asked = {
        at: context
        for at, (message, scores) in enumerate(zip(thread.messages, alone, strict=True))
        if (context := recent.add(message, scores))
    }
    texts = _scores([context.text for context in asked.values()], scorer, manifest)
    together = zip(asked.items(), texts, strict=True)
    return _Read(thread, alone, {at: (scores, context.answered) for (at, context), scores in together})


def _scores(texts: Sequence[str], scorer: Scorer, manifest: Manifest) -> list[Scores]:
    readings = scorer.read([normalise(text).text for text in texts])
    return [scored(reading, manifest.calibration) for reading in readings]


def _logistic(features: Sequence[Sequence[float]], truth: Sequence[int], names: Sequence[str]) -> Weighing:
    """Features weighed by logistic regression, as yet without thresholds."""
    linear = LogisticRegression(C=REGULARITY, max_iter=1000).fit(np.array(features), truth)
    weights = {name: round(float(one), 4) for name, one in zip(names, linear.coef_[0], strict=True)}
    return Weighing(weights, round(float(linear.intercept_[0]), 4), {})


Weighed = tuple[tuple[float, ...], int]
"""The features of a message that has a context, and whether it is extortion."""


def _weighed(read: _Read) -> list[Weighed]:
    return [
        (context_features(read.alone[at], *one), read.thread.labels[at][Label.EXTORTION])
        for at, one in read.together.items()
    ]


def _context_fitted(messages: Iterable[Sequence[Weighed]]) -> Weighing:
    every = [one for part in messages for one in part]
    return _logistic([features for features, _ in every], [truth for _, truth in every], CONTEXT_FEATURES)


def _context_weights(
    reads: Sequence[_Read], real: Sequence[_Read], alone: Weighing, settings: config.Config
) -> tuple[Weighing, list[Weighing]]:
    """How a message is weighed in its context, and for each thread weights that were not fitted on it.

    The thresholds are chosen by the latter (five folds), balanced so that no more real messages are flagged,
    put together as chats, than the settings allow. With too few messages to learn from it is `alone`.
    """
    messages = [_weighed(read) for read in reads]
    truth = [extorts for part in messages for _, extorts in part]
    if len(reads) < FEWEST_THREADS or min(truth.count(1), truth.count(0)) < FEWEST_IN_CONTEXT:
        return alone, [alone] * len(reads)
    apart = [alone] * len(reads)
    for learn, rest in KFold(FOLDS, shuffle=True, random_state=0).split(reads):
        fitted = _context_fitted(messages[at] for at in learn)
        for at in rest:
            apart[at] = fitted
    unseen = [
        weighing.score(CONTEXT_FEATURES, features)
        for weighing, part in zip(apart, messages, strict=True)
        for features, _ in part
    ]
    done = _context_fitted(messages)
    own = alone.thresholds[OperatingPoint.BALANCED]
    benign = [_as_flagged(read, at, done, own) for read in real for at in range(len(read.alone))]
    least = exceeded_by(settings.calibrate.real_messages_flagged, benign)
    chosen = thresholds(np.array(unseen), np.array(truth), least, settings.calibrate)
    return replace(done, thresholds={point: rounded(one) for point, one in chosen.items()}), apart


def _as_flagged(read: _Read, at: int, weighing: Weighing, own: float) -> float:
    """The score in context of a message; of one without it 1 where it is flagged alone, else 0."""
    if at in read.together:
        return in_context(weighing, read.alone[at], *read.together[at]).extortion
    return float(read.alone[at].extortion >= own)


def _of_message_alone(points: Mapping[OperatingPoint, Mapping[Label, float]]) -> Weighing:
    """Weights by which extortion in context is that of the message alone, at the thresholds given for it."""
    weights = dict.fromkeys(CONTEXT_FEATURES, 0.0) | {f"alone_{Label.EXTORTION}": LIMIT}
    return Weighing(weights, -LIMIT, {point: points[point][Label.EXTORTION] for point in OperatingPoint})


@dataclass(frozen=True, slots=True)
class _Course:
    """A thread as the detector follows it: each sender's features whenever a signal came, and who extorts."""

    features: dict[str, list[tuple[float, ...]]]
    extorter: str | None


def _course(read: _Read, weighing: Weighing) -> _Course:
    """The features of a thread's senders in the order in which `ThreadWatch` weighs them."""
    window = Window()
    found: dict[str, list[tuple[float, ...]]] = {str(one.sender): [] for one in read.thread.messages}
    for at, (message, scores) in enumerate(zip(read.thread.messages, read.alone, strict=True)):
        context = in_context(weighing, scores, *read.together[at]) if at in read.together else None
        if signal := signal_of(at + 1, str(message.sender), scores, context):
            for sender, features in window.add(signal).items():
                found[sender].append(features)
    return _Course(found, read.thread.extorter)


def _fitted(courses: Sequence[_Course]) -> Weighing:
    """Weights by which the last features of those who extort are told from those of everybody else."""
    last = [(sender, seen[-1], one) for one in courses for sender, seen in one.features.items() if seen]
    truth = [int(sender == one.extorter) for sender, _, one in last]
    return _logistic([features for _, features, _ in last], truth, FEATURES)


def _highest(course: _Course, weights: Weighing) -> float:
    """The score of a thread as it is served: the highest of any sender at any time."""
    scores = (weights.score(FEATURES, one) for seen in course.features.values() for one in seen)
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


def _thread_weights(courses: Sequence[_Course], real: Sequence[_Course], settings: config.Config) -> Weighing:
    """Weights and thresholds learnt from the development split's threads.

    The thresholds are chosen on scores of threads that the weights were not fitted on (five folds), the
    balanced one not under what real messages reach when they are put together as long chats. With too few
    threads to learn from no thread is ever flagged, and the card says so.
    """
    held = np.array([int(one.extorter is not None) for one in courses])
    if min(held.sum(), (1 - held).sum()) < FEWEST_THREADS:
        return Weighing(dict.fromkeys(FEATURES, 0.0), 0.0, dict.fromkeys(OperatingPoint, 1.0))
    unseen = np.zeros(len(courses))
    for learn, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(courses, held):
        weights = _fitted([courses[at] for at in learn])
        unseen[rest] = [_highest(courses[at], weights) for at in rest]
    done = _fitted(courses)
    benign = [_highest(one, done) for one in real]
    least = exceeded_by(settings.calibrate.real_chats_flagged, benign)
    chosen = thresholds(unseen, held, least, settings.calibrate, THREAD_BETA)
    return replace(done, thresholds={point: rounded(one) for point, one in chosen.items()})


def with_threads(
    manifest: Manifest, scorer: Scorer, real: Sequence[str], settings: config.Config
) -> Manifest:
    """The manifest with what is learnt from threads: messages in context, then what they add up to."""
    partition = corpus.read_partition(Path(settings.paths.split))
    threads = corpus.read_threads(Path(settings.paths.corpus))
    reads = [_read(one, scorer, manifest) for one in threads if one.id in partition.development]
    chats = [_read(one, scorer, manifest) for one in _real_chats(real)]
    context, apart = _context_weights(reads, chats, _of_message_alone(manifest.thresholds), settings)
    courses = [_course(read, weighing) for read, weighing in zip(reads, apart, strict=True)]
    benign = [_course(chat, context) for chat in chats]
    return replace(manifest, context=context, threads=_thread_weights(courses, benign, settings))
