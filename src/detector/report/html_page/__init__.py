"""Flagged messages as one page: right to left, self-contained, without scripts, fit for print."""

from pathlib import Path

from detector.records import Finding, Run, ThreadFinding, Unread
from detector.report.html_page.excerpts import MAX_FLAGGED, Excerpts
from detector.report.html_page.inputs import MAX_UNREAD
from detector.report.html_page.page import PageContent, page
from detector.report.partial import PartialFile

__all__ = ["HtmlFile"]


class HtmlFile:
    """Collects what the page shows and writes it when the run is finished.

    Wants all findings, also those not flagged, for the messages around flagged ones.
    """

    def __init__(self, path: Path, max_flagged: int = MAX_FLAGGED) -> None:
        self._file = PartialFile(path)
        self._excerpts = Excerpts(max_flagged)
        self._unread: list[Unread] = []

    def add(self, finding: Finding) -> None:
        """Take the next message."""
        self._excerpts.add(finding)

    def add_unread(self, unread: Unread) -> None:
        """Keep it if it is among the first."""
        if len(self._unread) < MAX_UNREAD:
            self._unread.append(unread)

    def add_thread(self, finding: ThreadFinding) -> None:
        """Keep what a flagged thread adds up to."""
        self._excerpts.add_thread(finding)

    def finish(self, run: Run) -> None:
        """Write the page and give the file its name."""
        self._file.write_all(page(PageContent(run, self._excerpts, self._unread)))
        self._file.finish()

    def abandon(self) -> None:
        """Close the file, which is still empty."""
        self._file.abandon()
