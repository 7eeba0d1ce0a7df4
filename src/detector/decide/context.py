"""What a sender's last messages say together: a demand in one and the threat in the next are one cut up.

The model reads them again as one text where there is something to read: this message presses for something,
and a threat or leverage was near. Everything else costs nothing more.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from detector.records import Scores

MESSAGES = 6
"""Messages of one sender that are read together at most, the newest included."""
CHARACTERS = 400
"""Characters of them together at most, but for the newest; of each no more than its last so many."""
SENDERS = 200
"""Senders of a thread whose last messages are kept."""
HINT = 0.2
"""A score from which a message counts as a hint of its label."""


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


@dataclass(slots=True)
class _Said:
    """A sender's last messages, and of each whether it threatens or shows leverage."""

    texts: deque[str] = field(default_factory=lambda: deque(maxlen=MESSAGES))
    dark: deque[bool] = field(default_factory=lambda: deque(maxlen=MESSAGES))


class Recent:
    """The last messages of a thread's senders; what it keeps is bounded."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Said] = OrderedDict()

    def add(self, sender: str, text: str, scores: Scores) -> str | None:
        """Take a sender's next message; the text to read again, or None where there is no reason to."""
        said = self._senders.setdefault(sender, _Said())
        self._senders.move_to_end(sender)
        if len(self._senders) > SENDERS:
            self._senders.popitem(last=False)
        dark = max(scores.threat, scores.leverage, scores.extortion) >= HINT
        said.texts.append(text[-CHARACTERS:])
        said.dark.append(dark)
        pressing = dark or scores.demand >= HINT
        if len(said.texts) < 2 or not pressing or not any(said.dark):
            return None
        together = latest(list(said.texts))
        return joined(together) if len(together) > 1 else None
