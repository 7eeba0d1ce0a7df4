"""A demand in one message and the threat in the next are read again as one text."""

from collections.abc import Sequence

from detector.decide import FEATURES, Recent, ThreadWatch, joined, latest
from detector.decide.context import CHARACTERS, MESSAGES, SENDERS
from detector.follow import OPEN_THREADS, Followed
from detector.manifest import ThreadWeights
from detector.records import Finding, Message, OperatingPoint, Scores, ThreadFinding

CALM = Scores(0.01, 0.01, 0.01, 0.01, 0.01)
DEMAND = Scores(extortion=0.1, threat=0.05, demand=0.97, leverage=0.05, victim=0.01)
LEVERAGE = Scores(extortion=0.1, threat=0.1, demand=0.02, leverage=0.98, victim=0.01)
TOGETHER = Scores(extortion=0.96, threat=0.5, demand=0.9, leverage=0.9, victim=0.01)
WEIGHTS = ThreadWeights(
    weights=dict.fromkeys(FEATURES, 0.0) | {"together": 10.0},
    bias=-14.0,
    thresholds=dict.fromkeys(OperatingPoint, 0.5),
)


def _watch(thread: str) -> ThreadWatch:
    return ThreadWatch(thread, WEIGHTS, 0.5)


def _finding(sender: str, text: str, scores: Scores, thread: str = "chat") -> Finding:
    return Finding(Message(text, f"{thread}/{text}", thread, sender), scores)


class _Reader:
    """Scores of texts that are read together, all the same; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[Scores]:
        self.asked += texts
        return [TOGETHER] * len(texts)


def test_a_demand_after_leverage_is_read_with_it() -> None:
    recent = Recent()

    assert recent.add("a", "صورك عندي", LEVERAGE) is None
    assert recent.add("b", "شنو", CALM) is None
    assert recent.add("a", "باچر تجي", DEMAND) == "صورك عندي\nباچر تجي"


def test_demands_without_any_threat_are_not_read_again() -> None:
    recent = Recent()

    assert [recent.add("a", text, DEMAND) for text in ("جيب خبز", "وحليب", "وبيض")] == [None] * 3


def test_small_talk_after_a_threat_is_not_read_again() -> None:
    recent = Recent()
    recent.add("a", "صورك عندي", LEVERAGE)

    assert recent.add("a", "شلونك", CALM) is None


def test_what_is_read_together_is_bounded() -> None:
    texts = ["ن" * 150] * 10

    assert len(joined(latest(texts))) <= CHARACTERS + 150
    assert len(latest(["لا"] * 10)) == MESSAGES


def test_a_thread_keeps_its_last_senders_only() -> None:
    recent = Recent()
    recent.add("first", "صورك عندي", LEVERAGE)
    for number in range(SENDERS):
        recent.add(str(number), "هلا", CALM)

    assert recent.add("first", "باچر تجي", DEMAND) is None


def test_context_scores_stand_beside_scores_and_weigh_in_the_thread() -> None:
    read, told = _Reader(), list[ThreadFinding]()
    followed = Followed(_watch, read, told.append)

    found = followed.add([_finding("a", "صورك عندي", LEVERAGE), _finding("a", "باچر تجي", DEMAND)])
    followed.end()

    assert [one.context_scores for one in found] == [None, TOGETHER]
    assert [one.scores for one in found] == [LEVERAGE, DEMAND]
    assert read.asked == ["صورك عندي\nباچر تجي"]
    assert [(one.flagged, one.knowable_at) for one in told] == [(True, "chat/باچر تجي")]


def test_windows_of_a_scan_do_not_cut_the_context() -> None:
    read = _Reader()
    followed = Followed(_watch, read, lambda _: None)

    followed.add([_finding("a", "صورك عندي", LEVERAGE)])
    followed.add([_finding("a", "باچر تجي", DEMAND)])

    assert read.asked == ["صورك عندي\nباچر تجي"]


def test_messages_without_a_thread_are_left_as_they_are() -> None:
    read = _Reader()
    finding = Finding(Message("باچر تجي", "1"), DEMAND)

    assert Followed(_watch, read, lambda _: None).add([finding]) == [finding]
    assert read.asked == []


def test_of_too_many_threads_the_one_longest_silent_is_told() -> None:
    told: list[ThreadFinding] = []
    followed = Followed(_watch, _Reader(), told.append)

    followed.add([_finding("a", "هلا", CALM, str(number)) for number in range(OPEN_THREADS + 2)])

    assert [one.thread for one in told] == ["0", "1"]
    assert followed.ended_early == 2
