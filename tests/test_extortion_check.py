"""ExtortionCheck holds what it promises, and scores any function."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from training import extortion_check
from training.evasions import FAMILIES
from training.figures import proportion
from training.guide import DIALECTS


@pytest.fixture(scope="module")
def cases() -> list[extortion_check.Case]:
    return extortion_check.cases()


def test_it_is_as_large_as_promised(cases: list[extortion_check.Case]) -> None:
    functionalities = Counter(case.functionality for case in cases)

    assert len(cases) >= 4000
    assert len(functionalities) >= 40
    assert min(functionalities.values()) >= 40
    assert {case.dialect for case in cases} == DIALECTS
    assert {case.script for case in cases} == {"arabic", "arabizi"}


def test_every_case_has_its_own_id_and_a_known_contrast(cases: list[extortion_check.Case]) -> None:
    known = extortion_check.read_functionalities()

    assert len({case.id for case in cases}) == len(cases)
    assert {case.contrast for case in cases} <= known.keys()
    assert not any("{" in case.text for case in cases)


def test_a_functionality_stands_beside_one_of_the_other_verdict() -> None:
    known = extortion_check.read_functionalities()

    assert all(known[one.contrast].extortion != one.extortion for one in known.values())


def test_every_variety_has_every_functionality() -> None:
    known = extortion_check.read_functionalities()

    for path in extortion_check.FOLDER.glob("*.toml"):
        if path.name != extortion_check.FUNCTIONALITIES:
            assert list(extortion_check.problems(path, known)) == [], path.name


def test_one_who_calls_everything_extortion_fails_every_harmless_functionality(
    cases: list[extortion_check.Case],
) -> None:
    def always(texts: Sequence[str]) -> list[bool]:
        return [True] * len(texts)

    table = extortion_check.measure(always, cases)

    known = extortion_check.read_functionalities()
    for name, value in table["by_functionality"].items():
        assert value.value == float(known[name].extortion)
    assert table["by_spelling"].keys() == FAMILIES.keys()
    assert table["accused"]["victims accused"].value == 1.0


def test_no_spelling_case_is_spelt_as_before(cases: list[extortion_check.Case]) -> None:
    plain = {case.id: case.text for case in cases}

    for case in cases:
        if case.functionality in FAMILIES:
            assert case.text != plain[case.id.removesuffix(f"/{case.functionality}")]


def test_an_interval_is_that_of_as_many_cases_as_templates(cases: list[extortion_check.Case]) -> None:
    def always(texts: Sequence[str]) -> list[bool]:
        return [True] * len(texts)

    (joke,) = [extortion_check.measure(always, [case for case in cases if case.functionality == "joke"])]

    found = joke["by_functionality"]["joke"]
    assert found.cases == 136
    assert found.high == pytest.approx(proportion(0, 68).high)


def test_the_command_scores_a_function_by_name(tmp_path: Path) -> None:
    out = tmp_path / "table.json"

    done = CliRunner().invoke(
        extortion_check.main, ["score", "--function", "builtins:bool", "--out", str(out)]
    )

    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text())["overall"]["extortion found"]["value"] == 1.0
    assert "victims accused" in done.output
