"""One pass over files: read, normalise, score, decide, in this order; reports take what comes out.

This module alone knows the order. It works in windows of messages, so that memory does not grow with
the input, but for the ids that messages bring along, and counts everything it read.
"""

import platform
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain

from detector.decide import ThreadWatch
from detector.follow import OPEN_THREADS, Followed
from detector.judge import Judge
from detector.naming import Names
from detector.read import Chat, InputFile, MissingColumnError, ReadOptions, open_chat, watched
from detector.records import (
    Finding,
    Message,
    Record,
    Run,
    Screening,
    ScreenUse,
    ThreadFinding,
    Unread,
    Verdict,
)
from detector.resume import Earlier
from detector.tally import Tally

DISTRIBUTION = "extortion-detector"
WINDOW_MESSAGES = 4096
"""Messages held at once while a file is scanned."""
WINDOW_CHARACTERS = 2_000_000


def windows_of(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Messages in windows bounded in number and in characters."""
    window: list[Message] = []
    characters = 0
    for message in messages:
        window.append(message)
        characters += len(message.text)
        if len(window) >= WINDOW_MESSAGES or characters >= WINDOW_CHARACTERS:
            yield window
            window, characters = [], 0
    if window:
        yield window


def follow(judge: Judge, tell: Callable[[ThreadFinding], None]) -> Followed:
    """What follows the threads of findings, weighs them in context, and tells what each adds up to."""
    threads = judge.manifest.threads
    threshold = threads.thresholds[judge.point]
    return Followed(lambda thread: ThreadWatch(thread, threads, threshold), judge.judge_in_context, tell)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told what while a scan runs."""

    unread: Callable[[Unread], None]
    thread: Callable[[ThreadFinding], None]
    progress: Callable[[int], None]


class Scan:
    """One pass over the inputs. Iterate once for the findings, in input order; then call `run`."""

    def __init__(
        self,
        judge: Judge,
        inputs: Sequence[InputFile | Unread],
        options: ReadOptions,
        watch: Watch,
    ) -> None:
        self._judge = judge
        self._inputs = inputs
        self._options = options
        self._watch = watch
        self._started = now()
        self._counts: list[Tally] = []
        self._verdicts: Counter[str] = Counter()
        self._unread = 0
        self._names = Names()
        self._threads = follow(judge, self._tell_thread)
        self._threads_flagged = 0
        self._screened = 0
        self._earlier = Earlier(())

    def go_on(self, earlier: Earlier) -> None:
        """Take findings from an earlier scan of the same messages, before this one begins."""
        self._earlier = earlier

    @property
    def size(self) -> int:
        """Bytes of all inputs together."""
        return sum(source.size for source in self._inputs if isinstance(source, InputFile))

    def __iter__(self) -> Iterator[Finding]:
        """Findings in input order, one for each message read."""
        for source in self._inputs:
            if isinstance(source, Unread):
                self._tell(source)
            else:
                yield from self._scan_file(source)
        self._threads.end()

    def run(self, command: Sequence[str] = ()) -> Run:
        """The record of the scan so far: counts, model, settings, times."""
        manifest, point = self._judge.manifest, self._judge.point
        counts = tuple(count.frozen() for count in self._counts)
        options, screening = self._options, self._judge.screening
        return Run(
            tool=DISTRIBUTION,
            version=version(DISTRIBUTION),
            command=tuple(command),
            settings={
                "format": options.format,
                "tz": options.tz,
                "date_order": options.date_order,
                "columns": ", ".join(f"{name}={value}" for name, value in options.columns.items()) or None,
                "python": platform.python_version(),
                "platform": platform.platform(),
            },
            model=f"{manifest.name} {manifest.version}",
            model_files=dict(manifest.files),
            operating_point=point,
            thresholds={label.value: value for label, value in manifest.thresholds[point].items()},
            context_threshold=manifest.context.thresholds[point],
            thread_threshold=manifest.threads.thresholds[point],
            started_at=self._started,
            ended_at=now(),
            files=counts,
            messages=sum(sum(count.messages.values()) for count in counts),
            flagged=self._verdicts[Verdict.EXTORTION] + self._verdicts[Verdict.VICTIM],
            verdicts={verdict.value: self._verdicts[verdict] for verdict in Verdict},
            threads_flagged=self._threads_flagged,
            unread=self._unread,
            screen=ScreenUse(self._screened, screening) if screening else None,
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        prior = self._judge.manifest.prior
        rare = (
            f"Scores of messages alone are probabilities where {prior:.0%} are extortion; ordinarily it is "
            "far rarer, and a flagged message is less likely to be extortion than its score says."
        )
        notes = [rare]
        if screening := self._judge.screening:
            notes.append(f"Screened messages: {self._screened}. {told_of(screening)}")
        if self._earlier.reused:
            notes.append(
                f"The findings of the first {self._earlier.reused} messages are those of an earlier scan, "
                "with the same model and settings, that was broken off; their input was read again."
            )
        notes += self._copies()
        notes += self._names.notes()
        if self._threads.ended_early:
            notes.append(
                f"{self._threads.ended_early} threads were told early, since {OPEN_THREADS} others had "
                "spoken after them; one that went on later is told and counted again."
            )
        return tuple(notes)

    def _copies(self) -> list[str]:
        """That files with the same bytes were read each for itself."""
        copies = len(self._counts) - len({count.source.sha256 for count in self._counts})
        if not copies:
            return []
        files = "file has" if copies == 1 else "files have"
        return [f"{copies} {files} the same bytes as another; each was read and its messages count twice."]

    def _tell(self, unread: Unread) -> None:
        self._unread += unread.units
        self._watch.unread(unread)

    def _scan_file(self, source: InputFile) -> Iterator[Finding]:
        count = Tally(source)
        self._counts.append(count)
        chat = open_chat(watched(source, count.reach), self._options)
        if isinstance(chat, Unread):
            count.unit, count.unread, count.units = "files", 1, 1
            self._tell(replace(chat, units=1))
            self._watch.progress(source.size)
            return
        count.format, count.unit = chat.format.value, chat.unit
        reached: deque[int] = deque()
        windows = self._reached(chat, count, reached)
        for findings in self._findings(windows):
            for finding in findings:
                count.flagged += finding.flagged
                self._screened += finding.screened
                self._verdicts[finding.verdict] += not finding.screened
                yield finding
            self._watch.progress(count.advance(reached.popleft()))
        self._watch.progress(count.advance(source.size))

    def _findings(self, windows: Iterator[list[Message]]) -> Iterator[list[Finding]]:
        """Findings of windows in context: those that an earlier scan has, then those of the rest."""
        for window in windows:
            known = self._earlier.of(window)
            if known is None:
                windows = chain([window], windows)
                break
            yield self._threads.add_again(known)
        for findings in self._judge.findings(windows, leave=True):
            yield self._threads.add(findings)

    def _reached(self, chat: Chat, count: Tally, reached: deque[int]) -> Iterator[list[Message]]:
        """Windows of a chat's messages; how far in the input each one ends is added to `reached`."""
        for window in windows_of(self._messages(chat, count)):
            reached.append(count.position)
            yield window

    def _tell_thread(self, finding: ThreadFinding) -> None:
        self._threads_flagged += finding.flagged
        self._watch.thread(finding)

    def _messages(self, chat: Chat, count: Tally) -> Iterator[Message]:
        """The chat's messages with unique ids; everything else is counted and told."""
        for record in self._records(chat, count):
            count.add(record)
            match record:
                case Message():
                    yield self._names.given(record, chat.format)
                case Unread():
                    self._tell(record)

    def _records(self, chat: Chat, count: Tally) -> Iterator[Record]:
        """The chat's records; of several inputs one that lacks a declared column is unread, the rest goes on.

        Raises:
            MissingColumnError: The only input lacks it.
        """
        try:
            yield from chat.records
        except MissingColumnError as error:
            if len(self._inputs) == 1:
                raise
            yield Unread(count.source.name, "file", error.reason)


def told_of(screening: Screening) -> str:
    """What a screen may lose, in words."""
    return (
        "What the screen holds to be harmless was not read by the model: it has no verdict, a demand alone "
        "may be among it, and thread scores rest on what was read. Of "
        f"{screening.flagged:,} invented messages, most of them respelt to dodge filters, that the model "
        f"calls extortion or a victim's, {screening.lost} would have been missed (95 %: up to "
        f"{screening.lost_high:.2%}), and {screening.threads_lost} of {screening.threads} flagged threads. "
        "What is flagged in context rests on what was read."
    )


def now() -> str:
    """This moment in ISO 8601, as run records tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
