"""The progress of a scan on the terminal: bytes done, messages a second, how many were flagged."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from detector.records import Finding
from detector.scan import Scan


class Progress:
    """A progress bar by bytes that tells messages a second, and who was flagged."""

    def __init__(self, bar: "tqdm[None]") -> None:
        self._bar = bar
        self._messages = 0
        self._flagged = 0

    def begin(self, work: Scan) -> None:
        """The bar's end, once the inputs are known."""
        self._bar.reset(total=work.size)

    def advance(self, size: int) -> None:
        """So many more bytes are done."""
        self._bar.update(size)

    def counted(self, findings: Scan) -> Iterator[Finding]:
        """The findings, counted as they pass."""
        for finding in findings:
            self._messages += 1
            self._flagged += finding.flagged
            if self._messages % 64 == 0:
                seconds = max(self._bar.format_dict["elapsed"], 1e-6)
                rate = self._messages / seconds
                self._bar.set_postfix_str(
                    f"{self._messages} messages, {rate:.0f}/s, {self._flagged} flagged", refresh=False
                )
            yield finding


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A progress bar on standard error, unless it is no terminal or the user wants quiet."""
    form = "{desc} {percentage:3.0f}% {bar:24} {elapsed}<{remaining} {postfix}"
    with tqdm(
        total=0, desc="Scanning", bar_format=form, disable=True if quiet else None, file=sys.stderr
    ) as bar:
        yield Progress(bar)
