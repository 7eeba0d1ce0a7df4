"""The page: it executes nothing, loads nothing, shows texts exactly and claims nothing about persons."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given

from detector.records import Finding, Label, Scores, Span, Unread, Verdict
from detector.report.html_page import HtmlFile
from detector.report.html_page.excerpts import Excerpts, Line, join_passages
from detector.report.html_page.markup import moment, shown
from detector.report.html_page.message import context_message, flagged_message, highlighted
from detector.report.html_page.page import PageContent, page
from detector.report.visible import show_hidden
from tests.report_examples import DEMAND, FILE, HIGH, RUN, THREAT, findings, flagged, in_context, media, quiet

CLAIMS = (
    r"\b(extorted|blackmailed|threatened|demanded|committed)\b",
    r"\b(suspect|culprit|perpetrator|criminal|guilty|offender|extortionist|blackmailer)s?\b",
    r"\b(proves|confirms|establishes) that\b",
    r"قام(ت)? ب",
    r"(^|\s)(ابتزّ|هدّد|هدد|طالب)(ت|ه|ها)?\s",
    r"المبتز|الجاني|المتهم|المجرم|المشتبه|مذنب",
)
"""Sentences that say what a person did or is; a report says what the data shows."""


class Parts(HTMLParser):
    """Elements with their attributes, and the text outside the style sheet."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[str] = []
        self.text = ""
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br"):
            self._inside.append(tag)
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what is open."""
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        if "style" not in self._inside:
            self.text += data
        if "mark" in self._inside:
            self.marks[-1] += data


def parse(markup: str) -> Parts:
    parts = Parts()
    parts.feed(markup)
    parts.close()
    return parts


def page_of(*added: Finding, max_flagged: int = 1_000, unread: tuple[Unread, ...] = ()) -> str:
    excerpts = Excerpts(max_flagged)
    for finding in added:
        excerpts.add(finding)
    return "".join(page(PageContent(RUN, excerpts, list(unread))))


def conversation(*flagged_places: int, messages: int) -> list[Finding]:
    return [
        (flagged if place in flagged_places else quiet)(f"رسالة-{place}-", id=f"m-{place}")
        for place in range(1, messages + 1)
    ]


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></main><iframe src='http://example.test'>",
    "&lt;b&gt; <!-- ]]> {{7*7}}",
    "javascript:alert(1) http://example.test/",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_message_is_shown_and_never_becomes_markup(text: str) -> None:
    hostile = flagged(text, sender=text, thread=text, id=text, attachment=text, reply_to=text, sent_at=text)
    harmless = flagged("x", sender="x", thread="x", id="x", attachment="x", reply_to="x", sent_at="x")

    attacked, plain = parse(page_of(hostile)), parse(page_of(harmless))

    assert text in attacked.text
    assert attacked.elements == plain.elements


def test_the_page_forbids_scripts_and_loading() -> None:
    policies = [
        attributes["content"]
        for tag, attributes in parse(page_of(flagged())).elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_the_page_loads_nothing_and_links_only_inside_itself() -> None:
    markup = page_of(flagged(), media(), unread=(Unread("a.txt", "line 1", "broken"),))
    elements = parse(markup).elements

    names = {name for _, attributes in elements for name in attributes}
    links = [str(attributes["href"]) for _, attributes in elements if "href" in attributes]
    targets = {attributes.get("id") for _, attributes in elements}
    assert not names & {"src", "srcset", "action", "style", "data", "poster", "background"}
    assert not {tag for tag, _ in elements} & {"script", "link", "iframe", "object", "img", "form", "base"}
    assert not any(name.startswith("on") for name in names)
    assert all(link.startswith("#") and link[1:] in targets for link in links)
    assert not re.search(r"https?:|@import|url\(", markup)


def test_the_page_is_arabic_and_runs_from_right_to_left() -> None:
    assert ("html", {"lang": "ar", "dir": "rtl"}) in parse(page_of()).elements


def test_a_character_that_would_reverse_the_text_is_shown_as_a_token() -> None:
    markup = shown("a\N{RIGHT-TO-LEFT OVERRIDE}b\N{ZERO WIDTH SPACE}c\x07")

    assert parse(markup).text == "a‹U+202E›b‹U+200B›c‹U+0007›"


def test_an_emoji_of_several_stays_whole_and_a_joiner_elsewhere_is_shown() -> None:
    joiner = "\N{ZERO WIDTH JOINER}"

    assert show_hidden(f"👩{joiner}🔧") == f"👩{joiner}🔧"
    assert show_hidden(f"ab{joiner}c") == "ab‹U+200D›c"


def test_no_hidden_character_of_a_whole_page_is_left() -> None:
    text = "نص\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT MARK}\N{SOFT HYPHEN}\ud83d"

    markup = page_of(flagged(text, sender=text, thread=text, id=text))

    assert show_hidden(markup) == markup


def test_phrases_are_marked_at_their_exact_place_also_after_an_emoji() -> None:
    parts = parse(highlighted(flagged()))

    marked = [
        (attributes["class"], text) for (_, attributes), text in zip(parts.elements, parts.marks, strict=True)
    ]
    assert marked == [("demand", "حوّل 500 قبل الجمعة"), ("threat", THREAT)]


@given(findings())
def test_any_text_is_shown_whole_and_any_phrase_marked_exactly(finding: Finding) -> None:
    text, ends = finding.message.text, [end for span in finding.spans for end in (span.start, span.end)]

    parts = parse(highlighted(finding))

    pieces = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    assert parts.text == "".join(show_hidden(piece) for piece in pieces)
    assert parts.marks == [show_hidden(text[span.start : span.end]) for span in finding.spans]
    assert {tag for tag, _ in parts.elements} <= {"mark", "span"}


def test_a_flagged_message_lists_its_amount_and_its_deadline() -> None:
    text = re.sub(r"\s+", " ", parse(page_of(flagged())).text)

    assert "amount 500" in text
    assert "deadline friday" in text


def test_a_flagged_message_stands_between_the_three_before_and_the_three_after() -> None:
    text = parse(page_of(*conversation(6, messages=12))).text

    assert [place for place in range(1, 13) if f"رسالة-{place}-" in text] == [3, 4, 5, 6, 7, 8, 9]


def test_surroundings_that_overlap_are_shown_once_and_in_order() -> None:
    text = parse(page_of(*conversation(4, 6, messages=9))).text

    assert re.findall(r"رسالة-(\d+)-", text) == [str(place) for place in range(1, 10)]


def test_messages_left_out_between_two_excerpts_are_counted() -> None:
    text = parse(page_of(*conversation(1, 12, messages=12))).text

    assert "messages not shown: 4" in text


def test_surroundings_come_from_the_same_thread_only() -> None:
    mixed = [quiet("غيرها", thread="b"), flagged("هنا", thread="a"), quiet("غيرها", thread="b")]

    assert "غيرها" not in parse(page_of(*mixed)).text


def test_messages_without_a_thread_have_no_surroundings() -> None:
    text = parse(page_of(quiet("رسالة-1-", thread=None), flagged(thread=None))).text

    assert "رسالة-1-" not in text


def test_a_thread_that_fell_out_of_memory_is_said_to_be_incomplete() -> None:
    excerpts = Excerpts(open_threads=1)
    for name in ("a", "b", "a"):
        excerpts.add(flagged(thread=name))

    whole = {
        name: join_passages(kept, excerpts.tallies[name].messages)
        for name, kept in excerpts.passages().items()
    }
    assert [excerpt.is_whole for excerpt in whole["b"]] == [True]
    assert [excerpt.is_whole for excerpt in whole["a"]] == [False]


def test_of_more_flagged_messages_than_fit_the_highest_scores_are_shown_and_the_page_says_so() -> None:
    scores = {"منخفضة": 0.6, "عالية": 0.99, "وسطى": 0.8}
    added = [
        replace(flagged(text, thread=text), scores=replace(HIGH, extortion=score))
        for text, score in scores.items()
    ]

    text = parse(page_of(*added, max_flagged=2)).text

    assert "shows the 2 with the highest scores" in text
    body = text.partition("Flagged messages in context")[2]
    assert "عالية" in body
    assert "وسطى" in body
    assert "منخفضة" not in body


def test_a_very_long_message_is_cut_with_a_note() -> None:
    text = parse(page_of(flagged("س" * 30_000))).text

    assert "Cut here: 10,000 more characters" in text


def test_a_demand_beside_a_flagged_message_has_its_badge_and_its_phrase() -> None:
    demand = replace(
        quiet(DEMAND), verdict=Verdict.DEMAND, flags=(Label.DEMAND,), spans=(Span(0, 3, Label.DEMAND),)
    )
    beside, calm = (context_message(Line(one, 1, 1)) for one in (demand, quiet()))

    assert 'class="badge demand"' in beside
    assert f'<mark class="demand">{DEMAND[:3]}</mark>' in beside
    assert "badge" not in calm
    assert "<mark" not in calm


def test_a_time_without_a_zone_is_said_to_be_local() -> None:
    assert "local time, zone unknown" in parse(moment("2024-03-12T21:07:00")).text
    assert parse(moment("2024-03-12T21:07:00+03:00")).text == (
        "2024-03-12 21:07:00+03:00 (2024-03-12 18:07:00 UTC)"
    )


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yesterday"])
def test_a_time_beyond_the_calendar_is_shown_as_it_stands(sent_at: str) -> None:
    assert sent_at[:4] in parse(moment(sent_at)).text


def test_the_page_tells_scores_thresholds_hashes_counts_and_notes() -> None:
    text = parse(page_of(flagged())).text

    for fact in (
        "0.975",
        "test-model",
        "b" * 64,
        "a" * 64,
        "balanced",
        RUN.notes[0],
        "threshold for threads0.6",
        "line 7",
        "Asia/Baghdad",
    ):
        assert fact in text


def test_the_english_page_counts_with_english_commas() -> None:
    markup = page_of(flagged(), media())

    assert '<span class="ar">، </span><span class="en" lang="en" dir="ltr">, </span>' in markup
    assert "، <" not in markup.replace('<span class="ar">، </span>', "")


def test_a_score_just_below_one_is_not_shown_as_one() -> None:
    excerpts = Excerpts()
    excerpts.add(replace(flagged(), scores=Scores(0.99999, 0.00001, 1.0, 0.0, 0.5)))
    ((passage,),) = excerpts.passages().values()

    text = parse(flagged_message(passage.line, {})).text
    assert ">0.999" in text
    assert "<0.001" in text


def test_unread_places_are_listed_and_the_rest_counted() -> None:
    text = parse(page_of(unread=(Unread("a.txt", "line 1", "broken"),))).text
    without = parse(page_of()).text

    assert "broken" in text
    assert "more, all in unread.jsonl" not in text
    assert "And 1 more, all in unread.jsonl" in without


def test_a_file_whose_counts_do_not_add_up_is_said_so_at_the_head() -> None:
    run = replace(RUN, files=(replace(FILE, units=13),))

    text = parse("".join(page(PageContent(run, Excerpts(), [])))).text

    assert "The counts of some files do not add up" in text


def test_what_the_columns_of_a_table_were_read_as_stands_beside_it() -> None:
    run = replace(RUN, files=(replace(FILE, columns={"<b>Body</b>": "text", "Mood": None}),))

    text = parse("".join(page(PageContent(run, Excerpts(), [])))).text

    assert "<b>Body</b> = text" in text
    assert "Columns not read: Mood" in " ".join(text.split())


def test_a_page_without_flagged_messages_does_not_say_that_there_are_none() -> None:
    assert "That does not mean that the chats hold no extortion." in parse(page_of(quiet())).text


def test_the_page_says_that_it_is_no_proof_and_that_scores_are_no_posterior_odds() -> None:
    text = parse(page_of()).text

    assert "it is not proof" in text
    assert "not posterior odds for rare events" in text


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_page_makes_no_claim_about_a_person(claim: str) -> None:
    victim = replace(flagged("س"), verdict=Verdict.VICTIM)

    text = parse(page_of(flagged("س"), victim, media(), unread=(Unread("a", "b", "c"),))).text

    assert not re.search(claim, text, re.IGNORECASE)


def test_the_file_has_its_name_when_the_run_is_finished(tmp_path: Path) -> None:
    report = HtmlFile(tmp_path / "report.html")
    report.add(flagged())
    report.add_unread(Unread("a.txt", "line 1", "broken"))
    report.finish(RUN)

    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_card_shows_what_decided_extortion_in_its_context() -> None:
    card = flagged_message(Line(in_context(), 1, 1), {"extortion": 0.4, "in context": 0.3})
    alone, together = re.findall(r'<div class="(?:reached|below) extortion">.*?</div>', card)

    assert alone.startswith('<div class="below ')
    assert "0.020" in alone
    assert "tick" not in alone
    assert together.startswith('<div class="reached ')
    assert "extortion in context" in together
    assert "0.876" in together
    assert 'class="tick" x="29.4"' in together


def test_a_card_shows_what_a_score_in_context_rests_on() -> None:
    card = flagged_message(Line(in_context(), 1, 1), {})
    _, _, rest = card.partition("read with what its sender said before")

    said = re.findall(r"<li>.*?</li>", rest)

    for one, line in zip(in_context().read_with, said, strict=True):
        assert one.id in line
        assert one.text in line
    assert "read-with" not in flagged_message(Line(flagged(), 1, 1), {})
