"""What the messages of a thread add up to: is there extortion, by whom, and since when it could be known.

A demand in one message and the threat in another make extortion that no message shows alone. For each
sender the strongest signals of the last messages are weighed together with what the others say (a victim's
plea speaks against the one it answers); the weights were learnt from labelled threads and stand in the
model's manifest. Nothing here reads text.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detector.manifest import ThreadWeights
from detector.records import Finding, Label, Moment, Scores, ThreadFinding

WINDOW = 60
"""Messages back that are weighed together: extortion is pressed within a sitting or a few days."""
MAX_MOMENTS = 200
"""Flagged messages that a thread's finding lists."""
LIMIT = 6.0
"""Logits beyond this say no more."""
LEAST = 0.05
"""A message none of whose scores reaches this is no signal."""

FEATURES = ("extortion", "again", "threat", "demand", "leverage", "coupled", "answered")
"""Names of a sender's features, in the order of `features_of`."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A message whose scores are worth weighing: its place in the thread, sender and logits by label."""

    place: int
    sender: str | None
    logits: Mapping[Label, float]


def signal_of(place: int, sender: str | None, scores: Scores) -> Signal | None:
    """The signal of a message, or None where all its scores are low."""
    values = scores.as_dict()
    if max(values.values()) < LEAST:
        return None
    return Signal(place, sender, {label: _logit(values[label]) for label in Label})


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(inside / (1 - inside)), -LIMIT), LIMIT)


def features_of(sender: str | None, signals: Iterable[Signal]) -> tuple[float, ...]:
    """What speaks for a sender's messages being extortion, shape (7,), each between 0 and 2.

    The strongest extortion, the second strongest, threat, demand and leverage; demand coupled with the
    stronger of threat and leverage, also from different messages; and the others' strongest victim signal.
    """
    own: dict[Label, list[float]] = {label: [-LIMIT, -LIMIT] for label in Label}
    answered = -LIMIT
    for signal in signals:
        if signal.sender == sender:
            for label, value in signal.logits.items():
                own[label].append(value)
        else:
            answered = max(answered, signal.logits[Label.VICTIM])
    extortion = sorted(own[Label.EXTORTION])
    threat, demand, leverage = (max(own[label]) for label in (Label.THREAT, Label.DEMAND, Label.LEVERAGE))
    coupled = min(demand, max(threat, leverage))
    logits = (extortion[-1], extortion[-2], threat, demand, leverage, coupled, answered)
    return tuple(1 + logit / LIMIT for logit in logits)


class ThreadWatch:
    """Weighs a thread's messages as they come; memory does not grow with the thread."""

    def __init__(self, thread: str, weights: ThreadWeights, threshold: float) -> None:
        self._thread = thread
        self._weights = [weights.weights[name] for name in FEATURES]
        self._bias = weights.bias
        self._threshold = threshold
        self._signals: deque[Signal] = deque()
        self._senders: dict[str | None, int] = {}
        self._moments: list[Moment] = []
        self._messages = 0
        self._best = 0.0
        self._extorter: str | None = None
        self._knowable_at: str | None = None

    def add(self, finding: Finding) -> None:
        """Take the thread's next message."""
        self._messages += 1
        message = finding.message
        self._senders[message.sender] = self._senders.get(message.sender, 0) + 1
        if finding.flags and len(self._moments) < MAX_MOMENTS:
            moment = Moment(message.id, message.sent_at, message.sender, finding.flags, finding.details)
            self._moments.append(moment)
        if finding.scores and (signal := signal_of(self._messages, message.sender, finding.scores)):
            self._signals.append(signal)
            self._weigh(message.id)

    def _weigh(self, message_id: str) -> None:
        while self._signals[0].place <= self._messages - WINDOW:
            self._signals.popleft()
        for sender in {signal.sender for signal in self._signals}:
            probability = self._probability(features_of(sender, self._signals))
            if probability > self._best:
                self._best, self._extorter = probability, sender
        if self._knowable_at is None and self._best >= self._threshold:
            self._knowable_at = message_id

    def _probability(self, features: Sequence[float]) -> float:
        total = sum(weight * value for weight, value in zip(self._weights, features, strict=True))
        return 1 / (1 + math.exp(-(total + self._bias)))

    def finding(self) -> ThreadFinding:
        """What the thread adds up to so far. Sender and target are named only where it is flagged."""
        flagged = self._best >= self._threshold
        others = {sender: count for sender, count in self._senders.items() if sender != self._extorter}
        return ThreadFinding(
            thread=self._thread,
            extortion=self._best,
            flagged=flagged,
            extorter=self._extorter if flagged else None,
            target=max(others, key=lambda sender: others[sender]) if flagged and others else None,
            knowable_at=self._knowable_at,
            labels_over_time=tuple(self._moments),
            messages=self._messages,
        )
