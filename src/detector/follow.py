"""Follow the threads of a scan: judge messages again given what was said before, and weigh it all.

Two passes over a window of messages: all are scored alone first, and then those of them together that
press for something where a threat was near. So the cost grows only where there is a signal.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from detector.decide import Context, Recent, ThreadWatch
from detector.records import Finding, ThreadFinding

OPEN_THREADS = 5_000
"""Threads followed at once. One that is silent while so many others speak is told, and begins anew."""


@dataclass(slots=True)
class _Thread:
    watch: ThreadWatch
    recent: Recent = field(default_factory=Recent)


class Followed:
    """Threads that are being followed.

    Args:
        watch: Makes what weighs a thread, given its name.
        judge: Judges findings again, each in its context.
        tell: Called with what a thread adds up to when it is ended.
    """

    def __init__(
        self,
        watch: Callable[[str], ThreadWatch],
        judge: Callable[[Sequence[tuple[Finding, Context]]], Sequence[Finding]],
        tell: Callable[[ThreadFinding], None],
    ) -> None:
        self._watch = watch
        self._judge = judge
        self._tell = tell
        self._open: OrderedDict[str, _Thread] = OrderedDict()
        self.ended_early = 0

    def add(self, findings: Sequence[Finding]) -> list[Finding]:
        """Take the next messages, in order; they come back judged in context where there is one."""
        found = list(findings)
        asked = {at: (one, context) for at, one in enumerate(found) if (context := self._recall(one))}
        for at, again in zip(asked, self._judge(list(asked.values())) if asked else (), strict=True):
            found[at] = again
        self._weigh(found)
        return found

    def add_again(self, findings: Sequence[Finding]) -> list[Finding]:
        """Take the next messages, judged in context by an earlier scan; they come back with `read_with`."""
        contexts = [self._recall(one) for one in findings]
        found = [
            replace(one, read_with=context.earlier) if context and one.context_scores else one
            for one, context in zip(findings, contexts, strict=True)
        ]
        self._weigh(found)
        return found

    def end(self) -> None:
        """End all threads, the one longest silent first."""
        while self._open:
            self._end_oldest()

    def _weigh(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            if finding.message.thread is not None:
                self._open[finding.message.thread].watch.add(finding)
        while len(self._open) > OPEN_THREADS:
            self.ended_early += 1
            self._end_oldest()

    def _recall(self, finding: Finding) -> Context | None:
        """What this message is to be read with, if anything."""
        message = finding.message
        if message.thread is None:
            return None
        thread = self._open.get(message.thread) or _Thread(self._watch(message.thread))
        self._open[message.thread] = thread
        self._open.move_to_end(message.thread)
        if finding.scores is None or message.forwarded:
            return None
        return thread.recent.add(message, finding.scores)

    def _end_oldest(self) -> None:
        _, thread = self._open.popitem(last=False)
        self._tell(thread.watch.finding())
