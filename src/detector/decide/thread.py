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
MAX_MOMENTS = 100
"""Flagged messages that a thread's finding lists."""
LIMIT = 6.0
"""Logits beyond this say no more."""
LEAST = 0.05
"""A message none of whose scores reaches this is no signal."""

FEATURES = ("extortion", "again", "threat", "demand", "leverage", "coupled", "answered", "together")
"""Names of a sender's features, in the order of `features_of`."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A message whose scores are worth weighing: its place in the thread, sender and logits by label.

    `together` is the logit of extortion of the sender's last messages read as one text.
    """

    place: int
    sender: str
    logits: Mapping[Label, float]
    together: float


def signal_of(place: int, sender: str, scores: Scores, context: Scores | None) -> Signal | None:
    """The signal of a message, or None where all its scores are low; without a context it is its own."""
    values = scores.as_dict()
    if max(values.values()) < LEAST:
        return None
    together = _logit((context or scores).extortion)
    return Signal(place, sender, {label: _logit(values[label]) for label in Label}, together)


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(inside / (1 - inside)), -LIMIT), LIMIT)


def features_of(sender: str, signals: Iterable[Signal]) -> tuple[float, ...]:
    """What speaks for a sender's messages being extortion, shape (8,), each between 0 and 2.

    The strongest extortion, the second strongest, threat, demand and leverage; demand coupled with the
    stronger of threat and leverage, also from different messages; the others' strongest victim signal; and
    the strongest extortion of messages read together.
    """
    own: dict[Label, list[float]] = {label: [-LIMIT, -LIMIT] for label in Label}
    answered = together = -LIMIT
    for signal in signals:
        if signal.sender == sender:
            together = max(together, signal.together)
            for label, value in signal.logits.items():
                own[label].append(value)
        else:
            answered = max(answered, signal.logits[Label.VICTIM])
    extortion = sorted(own[Label.EXTORTION])
    threat, demand, leverage = (max(own[label]) for label in (Label.THREAT, Label.DEMAND, Label.LEVERAGE))
    coupled = min(demand, max(threat, leverage))
    logits = (extortion[-1], extortion[-2], threat, demand, leverage, coupled, answered, together)
    return tuple(1 + logit / LIMIT for logit in logits)


class Window:
    """The signals of a thread's last messages."""

    def __init__(self) -> None:
        self._signals: deque[Signal] = deque()

    def add(self, signal: Signal) -> dict[str, tuple[float, ...]]:
        """Take a signal; the features of every sender in the window, in the order in which they wrote."""
        self._signals.append(signal)
        while self._signals[0].place <= signal.place - WINDOW:
            self._signals.popleft()
        senders = dict.fromkeys(one.sender for one in self._signals)
        return {sender: features_of(sender, self._signals) for sender in senders}


@dataclass(slots=True)
class _Sender:
    """What is known of one sender of a thread."""

    highest: float = 0.0
    crossed_at: str | None = None


class ThreadWatch:
    """Weighs a thread's messages as they come; what it keeps is bounded, but for one score a sender."""

    def __init__(self, thread: str, weights: ThreadWeights, threshold: float) -> None:
        self._thread = thread
        self._weights = weights
        self._threshold = threshold
        self._window = Window()
        self._senders: dict[str | None, _Sender] = {}
        self._moments: list[Moment] = []
        self._left_out = 0
        self._messages = 0

    def add(self, finding: Finding) -> None:
        """Take the thread's next message. Messages without a sender are counted and not weighed."""
        self._messages += 1
        message = finding.message
        self._senders.setdefault(message.sender, _Sender())
        if finding.flags:
            self._note(finding)
        if message.sender is None or finding.scores is None:
            return
        if signal := signal_of(self._messages, message.sender, finding.scores, finding.context_scores):
            for name, features in self._window.add(signal).items():
                self._weigh(self._senders[name], features, message.id)

    def _note(self, finding: Finding) -> None:
        if len(self._moments) == MAX_MOMENTS:
            self._left_out += 1
            return
        message = finding.message
        moment = Moment(message.id, message.sent_at, message.sender, finding.flags, finding.details)
        self._moments.append(moment)

    def _weigh(self, sender: _Sender, features: Sequence[float], message_id: str) -> None:
        sender.highest = max(sender.highest, thread_score(self._weights, features))
        if sender.crossed_at is None and sender.highest >= self._threshold:
            sender.crossed_at = message_id

    def finding(self) -> ThreadFinding:
        """What the thread adds up to so far. Senders are named only where it is flagged.

        The target is the only other sender; among several nothing says who is meant.
        """
        known = {name: one for name, one in self._senders.items() if name is not None}
        first = max(known, key=lambda name: known[name].highest) if known else None
        highest = known[first].highest if first is not None else 0.0
        flagged = first is not None and highest >= self._threshold
        others = [name for name in self._senders if name != first]
        return ThreadFinding(
            thread=self._thread,
            extortion=highest,
            flagged=flagged,
            extorter=first if flagged else None,
            target=others[0] if flagged and len(others) == 1 else None,
            knowable_at=known[first].crossed_at if flagged and first is not None else None,
            labels_over_time=tuple(self._moments),
            moments_left_out=self._left_out,
            messages=self._messages,
        )


def thread_score(weights: ThreadWeights, features: Sequence[float]) -> float:
    """How far a sender's features speak for extortion, 0 to 1.

    Raises:
        KeyError: The weights lack a feature of `FEATURES`.
    """
    total = sum(weights.weights[name] * value for name, value in zip(FEATURES, features, strict=True))
    return 1 / (1 + math.exp(-(total + weights.bias)))
