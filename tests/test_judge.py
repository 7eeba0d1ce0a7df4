"""A judge reads one window while the one before it is used."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Event, Timer
from typing import cast

import pytest

from detector import Detector, Finding, Message
from detector.decide import CONTEXT_FEATURES, Context
from detector.detect import models_folder
from detector.judge import Judge
from detector.manifest import Weighing
from detector.records import DetailKind, Label, OperatingPoint, Scores, Verdict
from detector.score import Scorer

ALONE = "حول 500 الف دينار لو الصور كلها تنزل"
CALM = Scores(extortion=0.01, threat=0.01, demand=0.01, leverage=0.01, victim=0.01)
EARLIER = Message("صورك عندي", id="7")


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


@pytest.mark.parametrize("leave", [True, False])
def test_whoever_breaks_off_waits_for_what_is_being_read_or_leaves_it(
    detector: Detector, leave: bool
) -> None:
    scorer = _Slow()
    judge = Judge(detector.manifest, cast("Scorer", scorer), OperatingPoint.BALANCED, None)

    def windows() -> Iterator[list[Message]]:
        yield [Message("هلا")]
        scorer.begun.wait()
        if not leave:
            Timer(0.2, scorer.go.set).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(judge.findings(windows(), leave=leave))

    assert scorer.done.is_set() is not leave
    scorer.go.set()


@pytest.fixture
def in_context(detector: Detector) -> Callable[[Finding, float], Finding]:
    """Judges a finding again, given the extortion that it gets in context (its logit)."""

    def judged(finding: Finding, logit: float) -> Finding:
        always = Weighing(dict.fromkeys(CONTEXT_FEATURES, 0.0), logit, dict.fromkeys(OperatingPoint, 0.5))
        manifest = replace(detector.manifest, context=always)
        judge = Judge(manifest, Scorer(models_folder() / "default", manifest), OperatingPoint.BALANCED, None)
        (again,) = judge.judge_in_context([(finding, Context(finding.message.text, (EARLIER,), 0.0))])
        return again

    return judged


def test_extortion_of_a_message_is_flagged_by_what_was_said_before(
    in_context: Callable[[Finding, float], Finding],
) -> None:
    finding = Finding(Message("حول 500 الف دينار"), CALM)

    again = in_context(finding, 3.0)

    assert (again.flags, again.verdict) == ((Label.EXTORTION,), Verdict.EXTORTION)
    assert again.scores == CALM
    assert again.context_scores is not None
    assert again.read_with == (EARLIER,)
    assert again.context_scores.extortion == pytest.approx(0.9526, abs=1e-4)
    assert DetailKind.AMOUNT in {one.kind for one in again.details}


def test_context_takes_the_flag_of_extortion_away_and_leaves_the_others(
    detector: Detector, in_context: Callable[[Finding, float], Finding]
) -> None:
    (finding,) = detector.scan_texts([ALONE])
    only = replace(finding, flags=(Label.EXTORTION,))

    again, unflagged = in_context(finding, -3.0), in_context(only, -3.0)

    assert again.flags == tuple(flag for flag in finding.flags if flag is not Label.EXTORTION)
    assert (again.spans, again.scores) == (finding.spans, finding.scores)
    assert (unflagged.flags, unflagged.verdict, unflagged.details) == ((), Verdict.NONE, ())


def test_a_victims_message_that_is_extortion_in_context_gets_its_phrases(
    detector: Detector, in_context: Callable[[Finding, float], Finding]
) -> None:
    (finding,) = detector.scan_texts([ALONE])
    assert finding.scores is not None
    pleading = replace(finding.scores, extortion=0.2, victim=0.9)
    flags = (*finding.flags, Label.VICTIM)
    victim = replace(finding, scores=pleading, flags=flags, verdict=Verdict.VICTIM, spans=())

    again, still = in_context(victim, 6.0), in_context(victim, -3.0)

    assert (again.verdict, again.spans) == (Verdict.EXTORTION, finding.spans)
    assert again.spans
    assert (still.verdict, still.spans) == (Verdict.VICTIM, ())
