"""A new model is held against the shipped one, slice by slice."""

import pytest

from training.compare import changes, unmeasured

OLD = {
    "overall": {"f1": {"value": 0.7, "cases": 100, "low": 0.65, "high": 0.75}},
    "baseline_ngrams": {"f1": {"value": 0.6, "cases": 100, "low": 0.5, "high": 0.7}},
    "by_category": {"joke": {"false_alarms": {"value": 0.1, "cases": 40, "low": 0.05, "high": 0.2}}},
    "auc": 0.9,
}


def _new(f1: float, alarms: float, cases: int = 100) -> dict[str, object]:
    return {
        "overall": {"f1": {"value": f1, "cases": cases, "low": 0.0, "high": 1.0}},
        "baseline_ngrams": {"f1": {"value": 0.0, "cases": 100, "low": 0.0, "high": 1.0}},
        "by_category": {"joke": {"false_alarms": {"value": alarms, "cases": 40, "low": 0.0, "high": 1.0}}},
    }


def test_a_figure_within_the_old_interval_is_no_worse() -> None:
    assert [one.worse for one in changes(OLD, _new(0.66, 0.19))] == [False, False]


def test_less_recall_and_more_false_alarms_are_worse() -> None:
    assert {one.name: one.worse for one in changes(OLD, _new(0.6, 0.3))} == {
        "overall/f1": True,
        "by_category/joke/false_alarms": True,
    }


def test_fewer_false_alarms_are_not_worse() -> None:
    assert not any(one.worse for one in changes(OLD, _new(0.9, 0.0)))


def test_figures_of_other_messages_are_not_compared() -> None:
    (f1, _) = sorted(changes(OLD, _new(0.1, 0.1, cases=99)), key=lambda one: one.name, reverse=True)

    assert not f1.same_cases
    assert not f1.worse


@pytest.mark.parametrize(
    ("name", "worse"),
    [("among_ordinary/rest/among", True), ("among_ordinary/extortion/among", False)],
)
def test_more_of_the_rest_called_extortion_among_ordinary_talk_is_worse(name: str, worse: bool) -> None:
    old = {name: {"value": 0.055, "cases": 900, "low": 0.04, "high": 0.07}}
    new = {name: {"value": 0.217, "cases": 900, "low": 0.19, "high": 0.25}}

    (change,) = changes(old, new)

    assert change.worse is worse


def test_a_figure_that_the_new_model_was_not_measured_by_is_named() -> None:
    new = {"overall": {"f1": {"value": None, "cases": 0, "low": 0.0, "high": 1.0}}}

    assert unmeasured(OLD, new) == ["by_category/joke/false_alarms", "overall/f1"]


def test_a_functionality_named_real_is_better_when_more_of_it_is_right() -> None:
    old = {"real_debt": {"value": 0.84, "cases": 136, "low": 0.73, "high": 0.91}}
    new = {"real_debt": {"value": 0.98, "cases": 136, "low": 0.9, "high": 1.0}}

    (change,) = changes(old, new)

    assert not change.worse
