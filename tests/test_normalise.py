"""Texts come out as the cases say, and every character knows where it came from."""

import json
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.normalise import normalise

CASES = Path(__file__).parent / "cases"


def _cases(name: str) -> list[object]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    return [
        pytest.param(case["text"], case["normalised"], id=case["name"]) for case in map(json.loads, lines)
    ]


@pytest.mark.parametrize(("text", "wanted"), _cases("normalise.jsonl"))
def test_a_text_comes_out_as_its_case_says(text: str, wanted: str) -> None:
    assert normalise(text).text == wanted


@pytest.mark.parametrize(("text", "wanted"), _cases("known_failures.jsonl"))
@pytest.mark.xfail(strict=True, reason="an evasion that this version does not undo")
def test_a_known_failure_still_fails(text: str, wanted: str) -> None:
    assert normalise(text).text == wanted


_CHAT = st.text(
    alphabet=st.one_of(
        st.sampled_from("ابتدفعلوسصورك ةىآأإﻻﷲ٠٥۵ـًّ.*_-@abcFLOUS305\n\u200f\u200b\u202e"),
        st.characters(),
        st.characters(min_codepoint=0x600, max_codepoint=0x6FF),
        st.characters(min_codepoint=0x300, max_codepoint=0x36F),
    ),
    max_size=60,
)


@given(_CHAT)
def test_offsets_lie_inside_the_text_and_never_go_back(text: str) -> None:
    found = normalise(text)

    assert len(found.text) == len(found.starts) == len(found.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))
    assert list(found.starts) == sorted(found.starts)
    assert list(found.ends) == sorted(found.ends)


@given(st.lists(st.sampled_from(["ادفع", "الفلوس", "flous", "500", "صورك"]), min_size=1, max_size=6))
def test_a_word_that_needs_no_repair_maps_to_itself(words: list[str]) -> None:
    text = " ".join(words)

    found = normalise(text)

    assert found.text == text
    assert found.original(0, len(text)) == (0, len(text))


def test_a_phrase_leads_back_to_its_code_points_through_every_kind_of_change() -> None:
    text = "هلا\N{ZERO WIDTH SPACE} 😂 ف.ل.و.س ادف\N{ARABIC TATWEEL}\N{ARABIC TATWEEL}ع ﷼"

    found = normalise(text)

    at = found.text.index("فلوس ادفع ريال")
    start, end = found.original(at, len(found.text))
    assert text[start:end] == "ف.ل.و.س ادف\N{ARABIC TATWEEL}\N{ARABIC TATWEEL}ع ﷼"


def test_a_very_long_text_takes_time_in_proportion_to_its_length() -> None:
    def once(length: int) -> float:
        text = "a-" * 2 * length + "ف." * length + "@" * length + "0" * length
        began = thread_time()
        normalise(text)
        return thread_time() - began

    def seconds(length: int) -> float:
        return min(once(length) for _ in range(3))

    assert seconds(80_000) < 30 * seconds(10_000)
