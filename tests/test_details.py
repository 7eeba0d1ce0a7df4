"""Details are found as the cases say, in code points of the original text."""

import json
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.judge import MAX_DETAILS, details_in

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "details.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_details_are_found_as_the_case_says(case: dict[str, object]) -> None:
    text = str(case["text"])

    found = details_in(text)

    assert [[one.kind.value, text[one.start : one.end], one.value] for one in found] == case["details"]


@given(st.text(alphabet="٠١٥5029 الفمليونقبلساعهk$@.:/+-دينارm3asa", max_size=80))
def test_any_text_is_taken_and_every_detail_lies_inside_it(text: str) -> None:
    found = details_in(text)

    assert all(0 <= one.start < one.end <= len(text) for one in found)


@pytest.mark.parametrize("piece", ["5$ ", "077 ", "@abc ", "9", "مليون ", "قبل 3 "])
def test_a_very_long_message_takes_no_more_than_its_length_asks(piece: str) -> None:
    def once(length: int) -> float:
        began = thread_time()
        assert len(details_in((piece * length)[:length])) <= MAX_DETAILS
        return thread_time() - began

    def seconds(length: int) -> float:
        return min(once(length) for _ in range(3))

    assert seconds(20_000) < 30 * seconds(2_500)
