"""What the messages of a thread add up to: is there extortion, by whom, and since when it could be known.

A demand in one message and the threat in another make extortion that no message shows alone. For each
sender the strongest signals of the last messages are weighed together with what the others say (a victim's
plea speaks against the one it answers); the weights were learnt from labelled threads and stand in the
model's manifest. Nothing here reads text.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from detector.decide.bounds import LEAST, LIMIT, WINDOW, logit, scaled
from detector.manifest import Weighing
from detector.records import Finding, Kind, Label, Moment, Scores, ThreadFinding

MAX_MOMENTS = 100
"""Flagged messages that a thread's finding lists."""

FEATURES = (
    "extortion",
    "again",
    "third",
    "fourth",
    "threat",
    "demand",
    "leverage",
    "coupled",
    "in_context",
    "in_context_again",
    "in_context_third",
    "plea_of_others",
    "pressed_and_plea",
    "own_plea",
)
"""Names of a sender's features, in the order of `features_of`."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A message whose scores are worth weighing: its place in the thread, sender and logits by label.

    `in_context` is the logit of extortion in context.
    """

    place: int
    sender: str
    logits: Mapping[Label, float]
    in_context: float


def signal_of(place: int, sender: str, scores: Scores, context: Scores | None) -> Signal | None:
    """The signal of a message, or None where all its scores are low; without a context it is its own."""
    values = scores.as_dict()
    if max(values.values()) < LEAST:
        return None
    in_context = logit((context or scores).extortion)
    return Signal(place, sender, {label: logit(values[label]) for label in Label}, in_context)


def features_of(sender: str, signals: Iterable[Signal]) -> tuple[float, ...]:
    """What speaks for a sender's messages being extortion, shape (14,), each between 0 and 2.

    The four strongest of extortion: who extorts presses more than once. The strongest threat, demand and
    leverage; demand coupled with the stronger of threat and leverage, also from different messages. The three
    strongest of extortion in context. The others' strongest victim signal, and the weaker of that and the
    strongest in context. The sender's own victim signal, which speaks against it.
    """
    own: dict[Label, list[float]] = {label: [-LIMIT] * 4 for label in Label}
    plea, in_context = -LIMIT, [-LIMIT] * 3
    for signal in signals:
        if signal.sender == sender:
            in_context.append(signal.in_context)
            for label, value in signal.logits.items():
                own[label].append(value)
        else:
            plea = max(plea, signal.logits[Label.VICTIM])
    pressed = nlargest(4, own[Label.EXTORTION])
    threat, demand, leverage = (max(own[label]) for label in (Label.THREAT, Label.DEMAND, Label.LEVERAGE))
    coupled = min(demand, max(threat, leverage))
    in_context = nlargest(3, in_context)
    both = min(in_context[0], plea)
    logits = (*pressed, threat, demand, leverage, coupled, *in_context, plea, both, max(own[Label.VICTIM]))
    return tuple(map(scaled, logits))


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

    def __init__(self, thread: str, weights: Weighing, threshold: float) -> None:
        self._thread = thread
        self._weights = weights
        self._threshold = threshold
        self._window = Window()
        self._senders: dict[str | None, _Sender] = {}
        self._moments: list[Moment] = []
        self._left_out = 0
        self._messages = 0

    def add(self, finding: Finding) -> None:
        """Take the thread's next message.

        Messages without a sender, and those passed on by one, whose words they are not, are counted and not
        weighed.
        """
        self._messages += 1
        message = finding.message
        if message.sender is not None or message.kind is Kind.TEXT:
            self._senders.setdefault(message.sender, _Sender())
        if finding.flags:
            self._note(finding)
        if message.sender is None or message.forwarded or finding.scores is None:
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
        sender.highest = max(sender.highest, self._weights.score(FEATURES, features))
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
