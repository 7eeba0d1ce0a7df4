"""A message given what was said before it: a demand in one and the threat in the next are one cut up.

The model reads a sender's last messages again as one text where there is something to read: this message
presses for something, however faintly, and one of them threatens or shows leverage; or it demands outright,
for what is shown before a demand may seem harmless by itself. Everything else costs nothing more. What it
says of them is weighed with what it says of the message alone and with what the others answered; the weights
were learnt from labelled threads and stand in the model's manifest.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from detector.decide.bounds import LEAST, WINDOW, logit, scaled
from detector.manifest import Weighing
from detector.records import Label, Message, Scores

MESSAGES = 6
"""Messages of one sender that are read together at most, the newest included."""
CHARACTERS = 400
"""Characters of them together at most, but for the newest; of each no more than its last so many."""
SENDERS = 200
"""Senders of a thread whose last messages are kept."""
DARK = 0.2
"""A score of extortion, threat or leverage that one of the messages must reach, unless this one demands:"""
DEMANDS = 0.5

CONTEXT_FEATURES = (
    *(f"alone_{label}" for label in Label),
    *(f"together_{label}" for label in Label),
    "plea_of_others",
)
"""Names of what a message is weighed by in context, in the order of `context_features`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a message is read with: the sender's last messages as one text, this one the last of them.

    `earlier` are those before this one, oldest first, of long ones only their end; `answered` is the highest
    victim score of the others' last messages.
    """

    text: str
    earlier: tuple[Message, ...]
    answered: float


def context_features(alone: Scores, together: Scores, answered: float) -> tuple[float, ...]:
    """What speaks for a message being extortion in its context, shape (11,), each between 0 and 2."""
    values = (*alone.as_dict().values(), *together.as_dict().values(), answered)
    return tuple(scaled(logit(value)) for value in values)


def in_context(weighing: Weighing, alone: Scores, together: Scores, answered: float) -> Scores:
    """Scores in context: extortion of the message given what was said, other labels of the joined text."""
    features = context_features(alone, together, answered)
    return replace(together, extortion=weighing.score(CONTEXT_FEATURES, features))


def latest(texts: Sequence[str]) -> Sequence[str]:
    """The last of a sender's messages that are read together, oldest first."""
    length = 0
    for back, text in enumerate(reversed(texts[-MESSAGES:])):
        length += len(text)
        if back and length > CHARACTERS:
            return texts[-back:]
    return texts[-MESSAGES:]


def joined(texts: Sequence[str]) -> str:
    """Messages as one text, each on a line of its own."""
    return "\n".join(texts)


@dataclass(frozen=True, slots=True)
class _Said:
    """A message: its place in the thread, and how far it threatens or shows leverage, or is a victim's."""

    place: int
    message: Message
    dark: float
    plea: float


class Recent:
    """The last messages of a thread's senders; what it keeps is bounded."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, deque[_Said]] = OrderedDict()
        self._place = 0

    def add(self, message: Message, scores: Scores) -> Context | None:
        """Take the next message; what to read it with, or None where there is no reason to."""
        if message.sender is None:
            return None
        self._place += 1
        own = self._senders.setdefault(message.sender, deque(maxlen=MESSAGES))
        self._senders.move_to_end(message.sender)
        if len(self._senders) > SENDERS:
            self._senders.popitem(last=False)
        dark = max(scores.threat, scores.leverage, scores.extortion)
        end = replace(message, text=message.text[-CHARACTERS:])
        own.append(_Said(self._place, end, dark, scores.victim))
        near = self._near(own)
        if max(dark, scores.demand) < LEAST:
            return None
        if max(one.dark for one in near) < DARK and scores.demand < DEMANDS:
            return None
        together = latest([one.message.text for one in near])
        if len(together) == 1:
            return None
        earlier = tuple(one.message for one in near[-len(together) : -1])
        return Context(joined(together), earlier, self._answered(own))

    def _near(self, said: Iterable[_Said]) -> list[_Said]:
        return [one for one in said if one.place > self._place - WINDOW]

    def _answered(self, own: deque[_Said]) -> float:
        others = (said for said in self._senders.values() if said is not own)
        return max((one.plea for said in others for one in self._near(said)), default=0.0)
