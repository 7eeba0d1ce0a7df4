"""What a sender's messages add up to, also where no message shows it alone."""

import pytest

from detector.decide import FEATURES, ThreadWatch, Window, features_of, signal_of
from detector.decide.bounds import WINDOW
from detector.decide.thread import MAX_MOMENTS
from detector.manifest import Weighing
from detector.records import Finding, Kind, Label, Message, OperatingPoint, Scores

WEIGHTS = Weighing(
    weights=dict.fromkeys(FEATURES, 0.0)
    | {"extortion": 3.0, "again": 1.0, "threat": 0.5, "demand": 0.5}
    | {"leverage": 1.0, "coupled": 5.0, "plea_of_others": 2.0},
    bias=-10.5,
    thresholds=dict.fromkeys(OperatingPoint, 0.5),
)
CALM = Scores(0.01, 0.01, 0.01, 0.01, 0.01)
DEMAND = Scores(extortion=0.3, threat=0.05, demand=0.97, leverage=0.05, victim=0.01)
LEVERAGE = Scores(extortion=0.3, threat=0.3, demand=0.02, leverage=0.98, victim=0.01)
PLEA = Scores(extortion=0.02, threat=0.01, demand=0.05, leverage=0.01, victim=0.95)


def _watched(*messages: tuple[str, Scores | None]) -> ThreadWatch:
    watch = ThreadWatch("chat", WEIGHTS, 0.5)
    for number, (sender, scores) in enumerate(messages, 1):
        flags = (Label.DEMAND,) if scores and scores.demand > 0.5 else ()
        watch.add(Finding(Message("…", str(number), "chat", sender), scores, flags))
    return watch


def test_leverage_in_one_message_and_a_demand_in_another_add_up() -> None:
    found = _watched(
        ("a", CALM), ("b", CALM), ("a", LEVERAGE), ("b", PLEA), ("a", DEMAND), ("b", PLEA)
    ).finding()

    assert found.flagged
    assert (found.extorter, found.target, found.knowable_at, found.messages) == ("a", "b", "5", 6)


def test_the_same_signals_of_two_senders_do_not_add_up() -> None:
    found = _watched(("a", LEVERAGE), ("b", DEMAND)).finding()

    assert not found.flagged
    assert (found.extorter, found.target, found.knowable_at) == (None, None, None)


def test_the_message_named_is_of_the_sender_named() -> None:
    strong = Scores(extortion=0.99, threat=0.99, demand=0.99, leverage=0.99, victim=0.0)
    weaker = Scores(extortion=0.9, threat=0.9, demand=0.9, leverage=0.9, victim=0.0)

    found = _watched(("a", weaker), ("b", CALM), ("b", strong)).finding()

    assert (found.extorter, found.knowable_at) == ("b", "3")


def test_of_equal_senders_the_first_is_named() -> None:
    sure = Scores(1.0, 1.0, 1.0, 1.0, 0.0)

    names = {_watched(("b", sure), ("a", sure), ("c", sure)).finding().extorter for _ in range(20)}

    assert names == {"b"}


def test_among_several_others_nobody_is_called_the_target() -> None:
    found = _watched(("c", CALM), ("a", LEVERAGE), ("b", PLEA), ("a", DEMAND)).finding()

    assert found.flagged
    assert found.target is None


def test_messages_without_a_sender_are_counted_and_not_weighed() -> None:
    watch = ThreadWatch("chat", WEIGHTS, 0.5)
    for number, scores in enumerate((LEVERAGE, DEMAND, DEMAND), 1):
        watch.add(Finding(Message("…", str(number), "chat"), scores, (Label.DEMAND,)))

    found = watch.finding()

    assert (found.flagged, found.messages, found.extortion) == (False, 3, 0.0)


@pytest.mark.parametrize(("kind", "target"), [(Kind.CALL, "b"), (Kind.TEXT, None)])
def test_a_call_without_a_sender_is_no_third_person(kind: Kind, target: str | None) -> None:
    watch = _watched(("a", LEVERAGE), ("b", PLEA), ("a", DEMAND))
    watch.add(Finding(Message("…", "9", "chat", kind=kind), None))

    assert watch.finding().target == target


def test_signals_that_lie_far_apart_do_not_add_up() -> None:
    calm = [("b", CALM)] * WINDOW

    assert not _watched(("a", LEVERAGE), *calm, ("a", DEMAND), ("b", CALM)).finding().flagged


def test_a_plea_speaks_against_whom_it_answers() -> None:
    signals = [one for one in (signal_of(1, "a", DEMAND, None), signal_of(2, "b", PLEA, None)) if one]

    answered = FEATURES.index("plea_of_others")
    assert features_of("a", signals)[answered] > 1
    assert features_of("b", signals)[answered] < 1


def test_who_presses_again_and_again_is_told_from_who_does_once() -> None:
    hard = Scores(extortion=0.9, threat=0.8, demand=0.9, leverage=0.1, victim=0.01)
    signals = [one for at in range(4) if (one := signal_of(at, "a", hard if at < 3 else DEMAND, None))]

    found = dict(zip(FEATURES, features_of("a", signals), strict=True))

    assert found["extortion"] == found["third"] == found["in_context_third"] > 1 > found["fourth"]


def test_a_plea_and_messages_read_together_meet_at_the_weaker_of_both() -> None:
    signals = [one for one in (signal_of(1, "a", DEMAND, None), signal_of(2, "b", PLEA, None)) if one]

    found = dict(zip(FEATURES, features_of("a", signals), strict=True))

    assert found["pressed_and_plea"] == found["in_context"] < found["plea_of_others"]
    assert dict(zip(FEATURES, features_of("b", signals), strict=True))["own_plea"] == found["plea_of_others"]


@pytest.mark.parametrize("scores", [Scores(0, 0, 0, 0, 0), Scores(1, 1, 1, 1, 1)])
def test_scores_of_nought_and_one_make_features_between_nought_and_two(scores: Scores) -> None:
    signal = signal_of(1, "a", Scores(0.9, *list(scores.as_dict().values())[1:]), None)

    assert signal is not None
    assert all(0 <= value <= 2 for value in features_of("a", [signal]))


def test_a_calm_message_and_one_that_is_no_text_are_no_signals() -> None:
    assert signal_of(1, "a", CALM, None) is None
    assert _watched(("a", None), ("b", CALM)).finding().extortion == 0.0


def test_memory_does_not_grow_with_the_thread() -> None:
    found = _watched(*[("a", DEMAND)] * (MAX_MOMENTS + 5)).finding()

    assert len(found.labels_over_time) == MAX_MOMENTS
    assert found.moments_left_out == 5


def test_a_window_forgets_what_lies_too_far_back() -> None:
    window = Window()
    for place in (1, 2, WINDOW + 1):
        signal = signal_of(place, str(place), DEMAND, None)
        assert signal is not None
        features = window.add(signal)

    assert list(features) == ["2", str(WINDOW + 1)]


def test_the_course_of_a_thread_names_its_flagged_messages() -> None:
    found = _watched(("a", CALM), ("a", DEMAND)).finding()

    assert [(one.id, one.sender, one.flags) for one in found.labels_over_time] == [
        ("2", "a", (Label.DEMAND,))
    ]
