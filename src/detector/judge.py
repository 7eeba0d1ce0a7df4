"""Windows of messages → findings: normalise, screen, score, decide, and what rules add.

While the network reads one window the next is taken and normalised, and the one before it used.
"""

import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

from detector.decide import Context, flags_of, in_context, spans_of, verdict_of
from detector.decide.context import MESSAGES as TOGETHER
from detector.details import amounts_of, channels_of, deadlines_of, references_of
from detector.manifest import Manifest
from detector.normalise import Normalised, normalise
from detector.records import (
    Detail,
    Finding,
    Kind,
    Label,
    Message,
    OperatingPoint,
    Scores,
    Screening,
    Source,
    Span,
    Verdict,
)
from detector.score import REMEMBERED, SHORT, Reading, Scorer
from detector.screen import Screen

MAX_DETAILS = 50
"""Details that a finding lists at most."""
MAX_CHARACTERS = 20_000
"""Of a longer message, ligatures written out, only the beginning is scored, and its finding says so."""
NO_SENDER = "no sender is named: the message is not weighed with the others of its thread"
TRUNCATED = f"only the first {MAX_CHARACTERS} characters were scored"
BESIDE = 6
"""Messages before and after a flagged one, in its thread and window, that are read though screened."""
_STRANGE = re.compile(
    r"[^\W\d_\u0000-\u024f\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u1e00-\u1eff\ufb50-\ufdff\ufe70-\ufeff]"
)
"""A letter neither of the Arabic nor of the Latin script."""

Looked = tuple[Message, Normalised]
"""A message of text, and what of it is read."""


class Judge:
    """Makes findings of messages at an operating point.

    With a screen only the messages are read that it does not hold to be harmless, those beside one that is
    then flagged, and those that neither network was made for.
    """

    def __init__(
        self, manifest: Manifest, scorer: Scorer, point: OperatingPoint, screen: Screen | None = None
    ) -> None:
        self.manifest = manifest
        self.point = point
        self._scorer = scorer
        self._screen = screen

    def at(self, point: OperatingPoint) -> "Judge":
        """The same loaded model at another operating point."""
        return Judge(self.manifest, self._scorer, point, self._screen)

    @property
    def screening(self) -> Screening | None:
        """How messages are screened; None where all are read."""
        known = self.manifest.screen
        return known[self.point] if known and self._screen else None

    def findings(
        self, windows: Iterable[Sequence[Message]], *, leave: bool = False
    ) -> Iterator[list[Finding]]:
        """Findings of windows of messages, in their order.

        Who breaks off waits for the window that is being read, or, with `leave`, does not: a program that
        ends need not, a service would have work that it does not know of.
        """
        reader = ThreadPoolExecutor(1)
        try:
            before: tuple[Sequence[Message], list[Looked], Future[list[Reading | None]]] | None = None
            for window in windows:
                texts = (one for one in window if one.kind is Kind.TEXT)
                looked = [(message, _normalised(message.text)) for message in texts]
                readings = reader.submit(self._read, looked)
                if before:
                    yield self._found(*before)
                before = window, looked, readings
            if before:
                yield self._found(*before)
        finally:
            reader.shutdown(wait=not leave, cancel_futures=True)

    def judge_in_context(self, asked: Sequence[tuple[Finding, Context]]) -> list[Finding]:
        """Findings judged again, each given what was said before it.

        Extortion is flagged by its score in context, the other labels by the message alone: what was said
        earlier is no threat or demand of this message.
        """
        together = self.scores([context.text for _, context in asked])
        return [
            self._in_context(finding, scores, context)
            for (finding, context), scores in zip(asked, together, strict=True)
        ]

    def scores(self, texts: Sequence[str]) -> list[Scores]:
        """Calibrated probabilities of texts, in their order."""
        readings = self._scorer.read([as_read(text).text for text in texts])
        return [self._scorer.score(reading) for reading in readings]

    def _in_context(self, finding: Finding, together: Scores, context: Context) -> Finding:
        assert finding.scores is not None, "only what was read has a context"
        weighing = self.manifest.context
        scores = in_context(weighing, finding.scores, together, context.answered)
        extorts = scores.extortion >= weighing.thresholds[self.point]
        others = tuple(flag for flag in finding.flags if flag is not Label.EXTORTION)
        flags = (Label.EXTORTION, *others) if extorts else others
        verdict = verdict_of(flags, replace(finding.scores, extortion=scores.extortion))
        again = replace(
            finding, context_scores=scores, read_with=context.earlier, flags=flags, verdict=verdict
        )
        if bool(flags) != bool(finding.flags):
            again = replace(again, details=details_in(finding.message.text, all_kinds=bool(flags)))
        if (verdict is Verdict.VICTIM) != (finding.verdict is Verdict.VICTIM):
            normalised = _normalised(finding.message.text)
            (reading,) = self._scorer.read([normalised.text])
            spans = self._spans(finding.message.text, normalised, reading, flags, verdict)
            again = replace(again, spans=spans)
        return again

    def _read(self, looked: Sequence[Looked]) -> list[Reading | None]:
        """What the network says of messages; None of those that the screen lets pass unread."""
        texts = [normalised.text for _, normalised in looked]
        if self._screen is None or self.screening is None:
            return [*self._scorer.read(texts)]
        near = self._screen.score(texts) >= self.screening.threshold
        wanted = [at for at, one in enumerate(looked) if near[at] or _warnings(*one)]
        read = dict(zip(wanted, self._scorer.read([texts[at] for at in wanted]), strict=True))
        flagged = [at for at, reading in read.items() if self._speaks(reading)]
        messages = [message for message, _ in looked]
        further = sorted((_beside(messages, flagged) | _said_before(messages, flagged)) - read.keys())
        read |= zip(further, self._scorer.read([texts[at] for at in further]), strict=True)
        return [read.get(at) for at in range(len(looked))]

    def _speaks(self, reading: Reading) -> bool:
        """Whether more than a demand is flagged: every second message asks for something."""
        flags = flags_of(self._scorer.score(reading), self.manifest.thresholds[self.point])
        return any(flag is not Label.DEMAND for flag in flags)

    def _found(
        self,
        messages: Sequence[Message],
        looked: Sequence[Looked],
        readings: "Future[list[Reading | None]]",
    ) -> list[Finding]:
        read = iter(zip(looked, readings.result(), strict=True))
        found: list[Finding] = []
        for message in messages:
            if message.kind is Kind.TEXT:
                (_, normalised), reading = next(read)
                found.append(self._finding(message, normalised, reading))
            else:
                found.append(Finding(message, None))
        return found

    def _finding(self, message: Message, normalised: Normalised, reading: Reading | None) -> Finding:
        if reading is None:
            details = details_in(message.text, all_kinds=False)
            return Finding(message, None, details=details, screened=True)
        scores = self._scorer.score(reading)
        flags = flags_of(scores, self.manifest.thresholds[self.point])
        verdict = verdict_of(flags, scores)
        spans = self._spans(message.text, normalised, reading, flags, verdict)
        details = details_in(message.text, all_kinds=bool(flags))
        return Finding(_told(message, normalised), scores, flags, verdict, spans, details)

    def _spans(
        self, text: str, normalised: Normalised, reading: Reading, flags: tuple[Label, ...], verdict: Verdict
    ) -> tuple[Span, ...]:
        """Phrases that carry a flagged label, in code points of the message; a victim's carry none."""
        tokens, shown = reading.tokens, () if verdict is Verdict.VICTIM else flags
        marked = spans_of(normalised.text, tokens.offsets, tokens.tags, shown, self.manifest.outside)
        places = (normalised.original(one.start, one.end) for one in marked)
        whole = ((start, _with_marks(text, end)) for start, end in places)
        return tuple(Span(*place, one.label) for place, one in zip(whole, marked, strict=True))


def _with_marks(text: str, end: int) -> int:
    """Where a letter ends that ends at `end`, with the vowel marks that stand on it."""
    while end < len(text) and unicodedata.category(text[end]) == "Mn":
        end += 1
    return end


def _normalised(text: str) -> Normalised:
    """What of a text is read; of short ones as it was made before, if it was."""
    return _again(text) if len(text) <= SHORT else as_read(text)


def as_read(text: str) -> Normalised:
    """What of a text the model reads: its beginning, normalised."""
    return normalise(text[:MAX_CHARACTERS], longest=MAX_CHARACTERS)


_again = lru_cache(maxsize=REMEMBERED)(as_read)


def _beside(messages: Sequence[Message], places: Iterable[int]) -> set[int]:
    """Places of messages up to `BESIDE` before or after some places in the same thread."""
    threads = [message.thread for message in messages]
    members: dict[str, list[int]] = defaultdict(list)
    rank: dict[int, int] = {}
    for at, thread in enumerate(threads):
        if thread is not None:
            rank[at] = len(members[thread])
            members[thread].append(at)
    found: set[int] = set()
    for at in places:
        thread = threads[at]
        if thread is not None:
            found.update(members[thread][max(0, rank[at] - BESIDE) : rank[at] + BESIDE + 1])
    return found


def _said_before(messages: Sequence[Message], places: Iterable[int]) -> set[int]:
    """Places of the messages with which those at some places are read in context, if they are."""
    wanted, found = set(places), set[int]()
    last: dict[tuple[str, str], deque[int]] = defaultdict(lambda: deque(maxlen=TOGETHER))
    for at, message in enumerate(messages):
        if message.thread is None or message.sender is None:
            continue
        said = last[message.thread, message.sender]
        said.append(at)
        if at in wanted:
            found.update(said)
    return found


def details_in(text: str, *, all_kinds: bool = True) -> tuple[Detail, ...]:
    """What rules find in a message, in the order of their places in the text.

    Without `all_kinds` only phone numbers, handles, wallets and accounts: they matter wherever they stand,
    amounts and deadlines where something else is flagged. The rules know spellings that the lexicon does
    not, so nothing is respelt for them.
    """
    text = text[:MAX_CHARACTERS]
    found = references_of(text)
    taken = {at for one in found for at in range(one.start, one.end)}
    if all_kinds:
        normalised = normalise(text, respelling=False, longest=MAX_CHARACTERS)
        plain = normalised.text
        for one in (*amounts_of(plain), *deadlines_of(plain), *channels_of(plain)):
            start, end = normalised.original(one.start, one.end)
            if start not in taken:
                found.append(replace(one, start=start, end=end))
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))[:MAX_DETAILS]


def _told(message: Message, normalised: Normalised) -> Message:
    """The message, with warnings of what its scores, or those of its thread, do not rest on."""
    warnings = _warnings(message, normalised)
    if message.thread is not None and message.sender is None:
        warnings.append(NO_SENDER)
    if not warnings:
        return message
    source = message.source or Source("", "", "")
    return replace(message, source=replace(source, warnings=(*source.warnings, *warnings)))


def _warnings(message: Message, normalised: Normalised) -> list[str]:
    warnings = []
    if len(message.text) > MAX_CHARACTERS or not normalised.whole:
        warnings.append(TRUNCATED)
    strange = len(_STRANGE.findall(normalised.text))
    if strange and 2 * strange > sum(map(str.isalpha, normalised.text)):
        warnings.append("mostly in a script that the model has not learnt: its scores mean nothing")
    return warnings
