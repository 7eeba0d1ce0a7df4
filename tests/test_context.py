"""A demand in one message and the threat in the next are read again as one text."""

from collections.abc import Sequence
from dataclasses import replace

from detector.decide import (
    CONTEXT_FEATURES,
    FEATURES,
    Context,
    Recent,
    ThreadWatch,
    in_context,
    joined,
    latest,
)
from detector.decide.bounds import WINDOW
from detector.decide.context import CHARACTERS, MESSAGES, SENDERS
from detector.follow import OPEN_THREADS, Followed
from detector.manifest import Weighing
from detector.records import FORWARDED, Finding, Message, OperatingPoint, Scores, Source, ThreadFinding

CALM = Scores(0.01, 0.01, 0.01, 0.01, 0.01)
DEMAND = Scores(extortion=0.1, threat=0.05, demand=0.97, leverage=0.05, victim=0.01)
LEVERAGE = Scores(extortion=0.1, threat=0.1, demand=0.02, leverage=0.98, victim=0.01)
PLEA = Scores(extortion=0.02, threat=0.01, demand=0.05, leverage=0.01, victim=0.95)
TOGETHER = Scores(extortion=0.96, threat=0.5, demand=0.9, leverage=0.9, victim=0.01)
WEIGHTS = Weighing(
    weights=dict.fromkeys(FEATURES, 0.0) | {"in_context": 10.0},
    bias=-14.0,
    thresholds=dict.fromkeys(OperatingPoint, 0.5),
)


def _watch(thread: str) -> ThreadWatch:
    return ThreadWatch(thread, WEIGHTS, 0.5)


def _finding(sender: str, text: str, scores: Scores, thread: str = "chat") -> Finding:
    return Finding(Message(text, f"{thread}/{text}", thread, sender), scores)


class _Judge:
    """Gives every finding that is judged in context the same scores; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, asked: Sequence[tuple[Finding, Context]]) -> list[Finding]:
        self.asked += [context.text for _, context in asked]
        return [replace(finding, context_scores=TOGETHER) for finding, _ in asked]


def test_a_demand_after_leverage_is_read_with_it() -> None:
    recent = Recent()

    assert recent.add(Message("صورك عندي", sender="a"), LEVERAGE) is None
    assert recent.add(Message("شنو", sender="b"), CALM) is None
    assert recent.add(Message("باچر تجي", sender="a"), DEMAND) == Context(
        "صورك عندي\nباچر تجي", (Message("صورك عندي", sender="a"),), answered=CALM.victim
    )


def test_a_faint_demand_without_any_threat_is_not_read_again() -> None:
    recent = Recent()
    faint = replace(DEMAND, demand=0.4)

    assert [recent.add(Message(text, sender="a"), faint) for text in ("جيب خبز", "وحليب", "وبيض")] == [
        None
    ] * 3


def test_an_outright_demand_is_read_with_what_was_shown_before_however_harmless_it_seemed() -> None:
    recent = Recent()
    shown = Message("شوفي هاي الصورة", sender="a")

    assert recent.add(shown, CALM) is None
    assert recent.add(Message("حولي ٥٠٠", sender="a"), DEMAND) == Context(
        "شوفي هاي الصورة\nحولي ٥٠٠", (shown,), answered=0.0
    )


def test_small_talk_after_a_threat_is_not_read_again() -> None:
    recent = Recent()
    recent.add(Message("صورك عندي", sender="a"), LEVERAGE)

    assert recent.add(Message("شلونك", sender="a"), CALM) is None


def test_what_is_read_together_is_bounded() -> None:
    texts = ["ن" * 150] * 10

    assert len(joined(latest(texts))) <= CHARACTERS + 150
    assert len(latest(["لا"] * 10)) == MESSAGES


def test_a_thread_keeps_its_last_senders_only() -> None:
    recent = Recent()
    recent.add(Message("صورك عندي", sender="first"), LEVERAGE)
    for number in range(SENDERS):
        recent.add(Message("هلا", sender=str(number)), CALM)

    assert recent.add(Message("باچر تجي", sender="first"), DEMAND) is None


def test_context_scores_stand_beside_scores_and_weigh_in_the_thread() -> None:
    judge, told = _Judge(), list[ThreadFinding]()
    followed = Followed(_watch, judge, told.append)

    found = followed.add([_finding("a", "صورك عندي", LEVERAGE), _finding("a", "باچر تجي", DEMAND)])
    followed.end()

    assert [one.context_scores for one in found] == [None, TOGETHER]
    assert [one.scores for one in found] == [LEVERAGE, DEMAND]
    assert judge.asked == ["صورك عندي\nباچر تجي"]
    assert [(one.flagged, one.knowable_at) for one in told] == [(True, "chat/باچر تجي")]


def test_windows_of_a_scan_do_not_cut_the_context() -> None:
    judge = _Judge()
    followed = Followed(_watch, judge, lambda _: None)

    followed.add([_finding("a", "صورك عندي", LEVERAGE)])
    followed.add([_finding("a", "باچر تجي", DEMAND)])

    assert judge.asked == ["صورك عندي\nباچر تجي"]


def test_messages_without_a_thread_are_left_as_they_are() -> None:
    judge = _Judge()
    finding = Finding(Message("باچر تجي", "1"), DEMAND)

    assert Followed(_watch, judge, lambda _: None).add([finding]) == [finding]
    assert judge.asked == []


def test_of_too_many_threads_the_one_longest_silent_is_told() -> None:
    told: list[ThreadFinding] = []
    followed = Followed(_watch, _Judge(), told.append)

    followed.add([_finding("a", "هلا", CALM, str(number)) for number in range(OPEN_THREADS + 2)])

    assert [one.thread for one in told] == ["0", "1"]
    assert followed.ended_early == 2


def test_what_the_others_answered_speaks_in_context() -> None:
    recent = Recent()
    recent.add(Message("صورك عندي", sender="a"), LEVERAGE)
    recent.add(Message("الله يخليك لا تنشر", sender="b"), PLEA)

    asked = recent.add(Message("باچر تجي", sender="a"), DEMAND)

    assert asked is not None
    assert asked.answered == PLEA.victim
    weighing = replace(
        WEIGHTS, weights=dict.fromkeys(CONTEXT_FEATURES, 0.0) | {"plea_of_others": 20.0}, bias=-20.0
    )
    assert in_context(weighing, DEMAND, TOGETHER, asked.answered).extortion > 0.9
    assert in_context(weighing, DEMAND, TOGETHER, 0.01).extortion < 0.1


def test_in_context_only_extortion_is_of_the_message_the_rest_is_of_the_joined_text() -> None:
    weighing = replace(WEIGHTS, weights=dict.fromkeys(CONTEXT_FEATURES, 0.0), bias=0.0)

    assert in_context(weighing, DEMAND, TOGETHER, 0.0) == replace(TOGETHER, extortion=0.5)


def test_what_was_said_long_ago_in_a_busy_group_is_no_context() -> None:
    recent = Recent()
    recent.add(Message("صورك عندي", sender="a"), LEVERAGE)
    recent.add(Message("الله يخليك لا تنشر", sender="b"), PLEA)
    for number in range(WINDOW):
        recent.add(Message("هلا", sender=str(number % 3)), CALM)

    assert recent.add(Message("باچر تجي", sender="a"), DEMAND) is None
    again = recent.add(Message("لا تنسى", sender="a"), LEVERAGE)
    assert again is not None
    assert (again.text, again.answered) == ("باچر تجي\nلا تنسى", CALM.victim)


def test_what_a_victim_passes_on_is_not_held_against_her() -> None:
    passed_on = Source("result.json", "", "/messages/1", warnings=(FORWARDED,))
    judge, told = _Judge(), list[ThreadFinding]()
    followed = Followed(_watch, judge, told.append)
    given = [_finding("salma", "صورك عندي", LEVERAGE), _finding("salma", "باچر تجي", DEMAND)]

    followed.add([replace(one, message=replace(one.message, source=passed_on)) for one in given])
    followed.end()

    assert judge.asked == []
    assert [(one.flagged, one.extorter, one.messages) for one in told] == [(False, None, 2)]
