"""What the page needs of the findings, kept in bounded memory while they stream through.

Per thread a tally, and for the messages with the highest scores an excerpt: the message with what was said
before and after it in the same thread.
"""

import heapq
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field, replace

from detector.records import Finding, ThreadFinding, Verdict

MAX_FLAGGED = 1_000
"""Flagged messages on a page; more make it slow to open."""

CONTEXT = 3
"""Messages shown before and after a flagged one."""

OPEN_THREADS = 5_000
"""Threads whose last messages are kept at a time, in case the next one is flagged."""

MAX_FLAGGED_CHARACTERS = 20_000
MAX_CONTEXT_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the page shows it: its text perhaps cut, its place in the run and in its thread."""

    finding: Finding
    order: int
    place: int
    cut_characters: int = 0


@dataclass(slots=True)
class Passage:
    """A flagged message with its surroundings."""

    line: Line
    before: tuple[Line, ...]
    after: list[Line] = field(default_factory=list)

    def is_whole(self, messages: int) -> bool:
        """Whether nothing of its surroundings is missing in a thread of so many messages.

        Something is when other threads came between, more than are kept open.
        """
        starts = len(self.before) == min(CONTEXT, self.line.place - 1)
        return starts and len(self.after) == min(CONTEXT, messages - self.line.place)


@dataclass(slots=True)
class ThreadTally:
    """What a thread held. Times are of flagged messages, in the order they came."""

    messages: int = 0
    extortion_senders: Counter[str | None] = field(default_factory=Counter)
    victim_senders: Counter[str | None] = field(default_factory=Counter)
    first_flagged_at: str | None = None
    last_flagged_at: str | None = None
    adds_up: ThreadFinding | None = None

    @property
    def flagged(self) -> int:
        """Messages with verdict extortion or victim."""
        return self.extortion_senders.total() + self.victim_senders.total()

    def count(self, finding: Finding) -> None:
        """Take one message into account."""
        self.messages += 1
        if not finding.flagged:
            return
        senders = self.extortion_senders if finding.verdict is Verdict.EXTORTION else self.victim_senders
        senders[finding.message.sender] += 1
        sent_at = finding.message.sent_at
        if sent_at is not None:
            self.first_flagged_at = self.first_flagged_at or sent_at
            self.last_flagged_at = sent_at


@dataclass(slots=True)
class _OpenThread:
    """The last messages of a thread, and the passages that wait for the next."""

    recent: deque[Line] = field(default_factory=lambda: deque(maxlen=CONTEXT))
    waiting: list[Passage] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Consecutive messages of a thread, at least one of them flagged.

    `flagged_places` are those whose full card is shown, `gap` counts the messages left out before it.
    """

    lines: tuple[Line, ...]
    flagged_places: frozenset[int]
    gap: int
    is_whole: bool


def score_of(finding: Finding) -> float:
    """The score of the label that made the verdict."""
    if finding.scores is None or finding.verdict is Verdict.NONE:
        return 0.0
    if finding.verdict is Verdict.EXTORTION and finding.context_scores is not None:
        return float(finding.context_scores.extortion)
    return float(finding.scores.as_dict()[finding.verdict])


class Excerpts:
    """Collects thread tallies and the passages with the highest scores.

    Messages without a thread stand alone and have no surroundings.
    """

    def __init__(self, max_flagged: int = MAX_FLAGGED, open_threads: int = OPEN_THREADS) -> None:
        self.tallies: dict[str | None, ThreadTally] = {}
        self.kinds: Counter[str] = Counter()
        self.flagged = 0
        self._max_flagged = max_flagged
        self._max_open = open_threads
        self._open: OrderedDict[str, _OpenThread] = OrderedDict()
        self._highest: list[tuple[float, int, Passage]] = []
        self._order = 0

    def add(self, finding: Finding) -> None:
        """Take the next message."""
        self._order += 1
        self.kinds[finding.message.kind] += 1
        tally = self.tallies.setdefault(finding.message.thread, ThreadTally())
        tally.count(finding)
        thread = self._thread(finding.message.thread)
        line = _line(finding, self._order, tally.messages, MAX_CONTEXT_CHARACTERS)
        if finding.flagged:
            self._keep(finding, tally, thread)
        thread.recent.append(line)
        for passage in thread.waiting:
            if passage.line.order != line.order:
                passage.after.append(line)
        thread.waiting = [passage for passage in thread.waiting if len(passage.after) < CONTEXT]

    def add_thread(self, finding: ThreadFinding) -> None:
        """Take what a thread adds up to; of a thread that was ended and began anew, the highest counts."""
        if not finding.flagged:
            return
        tally = self.tallies.setdefault(finding.thread, ThreadTally())
        if tally.adds_up is None or finding.extortion > tally.adds_up.extortion:
            tally.adds_up = finding

    def passages(self) -> dict[str | None, list[Passage]]:
        """The passages kept, by thread, in the order they came."""
        threads: dict[str | None, list[Passage]] = {}
        for _, _, passage in sorted(self._highest, key=lambda item: item[2].line.order):
            threads.setdefault(passage.line.finding.message.thread, []).append(passage)
        return threads

    def _thread(self, name: str | None) -> _OpenThread:
        """The open thread; one that fell out comes back without its past."""
        if name is None:
            return _OpenThread()
        thread = self._open.pop(name, None) or _OpenThread()
        self._open[name] = thread
        if len(self._open) > self._max_open:
            self._open.popitem(last=False)
        return thread

    def _keep(self, finding: Finding, tally: ThreadTally, thread: _OpenThread) -> None:
        """Keep the passage if its score is among the highest; of equal scores the earlier stays."""
        self.flagged += 1
        line = _line(finding, self._order, tally.messages, MAX_FLAGGED_CHARACTERS)
        passage = Passage(line, tuple(thread.recent))
        entry = (score_of(finding), -self._order, passage)
        if len(self._highest) < self._max_flagged:
            heapq.heappush(self._highest, entry)
        elif heapq.heappushpop(self._highest, entry) is entry:
            return
        thread.waiting.append(passage)


def _line(finding: Finding, order: int, place: int, max_characters: int) -> Line:
    cut = max(0, len(finding.message.text) - max_characters)
    if cut:
        finding = replace(
            finding, message=replace(finding.message, text=finding.message.text[:max_characters])
        )
    return Line(finding, order, place, cut)


def join_passages(passages: list[Passage], messages: int) -> list[Excerpt]:
    """The passages of one thread of so many messages as excerpts: where surroundings overlap, they are one.

    So a conversation is read once, in order, and not again around each flagged message.
    """
    lines = {line.place: line for passage in passages for line in (*passage.before, *passage.after)}
    lines |= {passage.line.place: passage.line for passage in passages}
    runs = _consecutive(lines)
    ends = [0, *(run[-1].place for run in runs)]
    return [_excerpt(run, end, passages, messages) for run, end in zip(runs, ends, strict=False)]


def stand_alone(passages: list[Passage]) -> list[Excerpt]:
    """The passages of messages without a thread: each an excerpt of one line."""
    return [Excerpt((passage.line,), frozenset({passage.line.place}), 0, True) for passage in passages]


def _excerpt(run: list[Line], end_before: int, passages: list[Passage], messages: int) -> Excerpt:
    inside = [passage for passage in passages if run[0].place <= passage.line.place <= run[-1].place]
    return Excerpt(
        tuple(run),
        frozenset(passage.line.place for passage in inside),
        gap=run[0].place - end_before - 1,
        is_whole=all(passage.is_whole(messages) for passage in inside),
    )


def _consecutive(lines: dict[int, Line]) -> list[list[Line]]:
    runs: list[list[Line]] = []
    for place in sorted(lines):
        if runs and runs[-1][-1].place == place - 1:
            runs[-1].append(lines[place])
        else:
            runs.append([lines[place]])
    return runs
