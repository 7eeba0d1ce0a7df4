"""A judge reads one window while the one before it is used."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import cast

import pytest

from detector import Detector, Message
from detector.judge import Judge
from detector.records import OperatingPoint
from detector.score import Scorer


class _Slow:
    """A scorer that reads until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go, self.done = Event(), Event(), Event()

    def read(self, texts: Sequence[str]) -> list[object]:
        """Nothing, and late."""
        self.begun.set()
        self.go.wait(20)
        self.done.set()
        return []


def test_whoever_breaks_off_does_not_wait_for_what_is_being_read(detector: Detector) -> None:
    scorer = _Slow()
    judge = Judge(detector.manifest, cast("Scorer", scorer), OperatingPoint.BALANCED, None)

    def windows() -> Iterator[list[Message]]:
        yield [Message("هلا")]
        scorer.begun.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(judge.findings(windows()))

    assert not scorer.done.is_set()
    scorer.go.set()
