"""A scan reads everything, scores what is text, counts what it read and keeps the order."""

import json
from pathlib import Path

import pytest

from detector import Detector, Finding, Kind, Label, Message, Unread, Verdict
from detector.judge import NO_SENDER, TRUNCATED
from detector.read import ReadOptions
from detector.records import DetailKind, OperatingPoint, ThreadFinding

DEMO = Path(__file__).parent / "exports" / "demo"
EXPECTED = Path(__file__).parent / "cases" / "demo_expected.jsonl"


@pytest.fixture(scope="module")
def demo(detector: Detector) -> list[Finding]:
    return list(detector.scan(DEMO, ReadOptions(tz="Asia/Baghdad")))


def _locators(findings: list[Finding]) -> set[tuple[str, str]]:
    sources = [one.message.source for one in findings if one.message.source]
    return {(Path(source.file).name, source.locator) for source in sources}


def test_every_expected_message_of_the_demo_is_found_at_its_place(demo: list[Finding]) -> None:
    cases = map(json.loads, EXPECTED.read_text(encoding="utf-8").splitlines())

    wanted = {(Path(case["file"]).name, case["locator"]) for case in cases}

    assert wanted <= _locators(demo)


def test_the_demo_blackmailer_is_flagged_and_the_friends_are_not(demo: list[Finding]) -> None:
    flagged = [one for one in demo if one.verdict is Verdict.EXTORTION]

    files = [one.message.source.file for one in flagged if one.message.source]

    assert sum("WhatsApp_iraq" in file for file in files) >= 3
    assert sum("Egypt" in file for file in files) <= 4


def test_the_counts_of_every_demo_file_add_up(detector: Detector) -> None:
    scan = detector.scan(DEMO)
    findings = list(scan)

    run = scan.run()

    assert all(count.adds_up for count in run.files)
    assert run.messages == len(findings)
    assert run.flagged == sum(finding.flagged for finding in findings)
    assert sum(run.verdicts.values()) == len(findings)


def test_spans_are_slices_of_the_original_text_with_a_flagged_label(demo: list[Finding]) -> None:
    spans = [(one, span) for one in demo for span in one.spans]

    assert spans
    for one, span in spans:
        assert span.label in one.flags
        assert 0 <= span.start < span.end <= len(one.message.text)
        assert one.message.text[span.start : span.end].strip()


def test_a_victim_has_no_spans(demo: list[Finding]) -> None:
    assert not [one.spans for one in demo if one.verdict is Verdict.VICTIM and one.spans]


def test_what_is_no_text_is_passed_on_without_scores(demo: list[Finding]) -> None:
    others = [one for one in demo if one.message.kind is not Kind.TEXT]

    assert {one.message.kind for one in others} >= {Kind.MEDIA, Kind.DELETED}
    assert all(one.scores is None and one.verdict is Verdict.NONE and not one.flags for one in others)


def test_a_higher_operating_point_flags_no_more(demo: list[Finding]) -> None:
    strict = Detector.load(operating_point="high-precision").scan(DEMO, ReadOptions(tz="Asia/Baghdad"))

    assert sum(one.flagged for one in strict) <= sum(one.flagged for one in demo)


def test_messages_of_a_program_keep_their_order_and_ids(detector: Detector) -> None:
    messages = [Message(text, id=text) for text in ("هلا", "", "شلونك 😂", "\ud800 كسر")]

    findings = detector.scan_messages(messages)

    assert [finding.message for finding in findings] == messages
    assert all(finding.scores for finding in findings)


def test_a_message_of_five_megabytes_is_scored_on_its_beginning_and_says_so(detector: Detector) -> None:
    (finding,) = detector.scan_texts(["كلام " * 1_000_000])

    assert finding.scores is not None
    assert finding.message.source is not None
    assert finding.message.source.warnings == (TRUNCATED,)


def test_what_ligatures_stand_for_is_bounded_too(detector: Detector) -> None:
    ligature = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"

    long, short = detector.scan_texts([ligature * 4_000, f"{ligature} هلا"])

    assert long.message.source is not None
    assert long.message.source.warnings == (TRUNCATED,)
    assert short.message.source is None


def test_one_text_in_place_of_a_list_is_refused(detector: Detector) -> None:
    with pytest.raises(TypeError, match="a list of texts"):
        detector.scan_texts("ادفع")


def test_unreadable_inputs_are_told_and_the_rest_is_read(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "b.jsonl").write_text('{"text": "هلا"}\n', encoding="utf-8")
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "d.txt").write_bytes(b"")
    told: list[Unread] = []

    scan = detector.scan(tmp_path, on_unread=told.append)
    findings = list(scan)

    assert [finding.message.text for finding in findings] == ["هلا"]
    assert {Path(one.file).name for one in told} == {"a.bin", "c.zip", "d.txt"}
    assert scan.run().unread == 3


def test_a_score_is_flagged_at_the_threshold_of_its_operating_point(demo: list[Finding]) -> None:
    point, manifest = OperatingPoint.BALANCED, Detector.load().manifest
    thresholds = manifest.thresholds[point]

    for one in demo:
        if one.scores:
            reached = {
                label: score >= thresholds[Label(label)] for label, score in one.scores.as_dict().items()
            }
            if one.context_scores:
                reached[Label.EXTORTION] = one.context_scores.extortion >= manifest.context.thresholds[point]
            assert one.flags == tuple(label for label in Label if reached[label])
    assert any(one.context_scores for one in demo)


def test_progress_counts_every_byte_once_and_only_when_it_is_scored(
    detector: Detector, tmp_path: Path
) -> None:
    lines = (f"13/03/2024, 21:07 - دانة: رسالة {number}" for number in range(9000))
    (tmp_path / "chat.txt").write_text("\n".join(lines), encoding="utf-8")
    told: list[int] = []

    scan = detector.scan([tmp_path, DEMO], on_progress=told.append)
    next(iter(scan))
    assert not told
    list(scan := detector.scan([tmp_path, DEMO], on_progress=told.append))

    assert sum(told) == scan.size
    assert sum(size > 0 for size in told) > 6


def test_every_thread_is_told_once_and_counted(detector: Detector) -> None:
    told: list[ThreadFinding] = []
    scan = detector.scan(DEMO, on_thread=told.append)

    findings = list(scan)

    assert sorted(one.thread for one in told) == sorted({one.message.thread or "" for one in findings} - {""})
    assert sum(one.messages for one in told) == sum(one.message.thread is not None for one in findings)
    assert scan.run().threads_flagged == sum(one.flagged for one in told)


def test_the_demo_blackmailer_is_the_sender_whose_messages_add_up(detector: Detector) -> None:
    told: list[ThreadFinding] = []

    findings = list(detector.scan(DEMO / "WhatsApp_iraq", on_thread=told.append))

    (thread,) = told
    assert thread.flagged
    assert thread.extorter == "أبو سيف"
    assert thread.target != thread.extorter
    assert thread.knowable_at in {one.message.id for one in findings}


def test_details_lie_in_code_points_of_the_original(demo: list[Finding]) -> None:
    found = [(one, detail) for one in demo for detail in one.details]

    assert {detail.kind for _, detail in found} >= {DetailKind.AMOUNT, DetailKind.DEADLINE}
    assert all(0 <= detail.start < detail.end <= len(one.message.text) for one, detail in found)


def test_a_phone_number_is_told_also_of_a_message_without_a_flag(detector: Detector) -> None:
    calm, _ = detector.scan_texts(["رقمي الجديد +44 7700 900123", "صباح الخير عندي 500 دولار"])

    assert not calm.flags
    assert [(one.kind, one.value) for one in calm.details] == [(DetailKind.PHONE, "+447700900123")]


@pytest.mark.parametrize(
    ("text", "warned"),
    [("שלח לי את הכסף עד מחר", True), ("ادفع قبل باچر", False), ("sift flous", False), ("😀😀", False)],
)
def test_a_script_that_was_not_learnt_is_told(detector: Detector, text: str, warned: bool) -> None:
    (finding,) = detector.scan_texts([text])

    warnings = finding.message.source.warnings if finding.message.source else ()
    assert any("has not learnt" in one for one in warnings) is warned


def test_windows_that_are_scored_while_others_are_read_keep_their_order(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"هلا {number}" for number in range(23)]
    at_once = detector.scan_texts(texts)
    monkeypatch.setattr("detector.scan.WINDOW_MESSAGES", 4)

    in_windows = detector.scan_texts(texts)

    assert [one.message for one in in_windows] == [one.message for one in at_once]
    assert [one.verdict for one in in_windows] == [one.verdict for one in at_once]


def test_ids_are_unique_whatever_ids_the_input_has(detector: Detector, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    given = ("a", "a#2", "a", "a", "b")
    path.write_text("".join(json.dumps({"id": one, "text": "هلا"}) + "\n" for one in given), encoding="utf-8")

    found = [one.message.id for one in detector.scan(path)]

    assert found == ["a", "a#2", "a#3", "a#4", "b"]


def test_of_several_tables_one_without_the_declared_column_is_unread(
    detector: Detector, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("Was,Wer\nهلا,x\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("Text,Wer\nهلا,x\n", encoding="utf-8")
    unread: list[Unread] = []

    found = list(detector.scan(tmp_path, ReadOptions(columns={"Was": "text"}), on_unread=unread.append))

    assert [one.message.text for one in found] == ["هلا"]
    assert [one.file for one in unread] == [str(tmp_path / "b.csv")]
    assert unread[0].reason.startswith("there is no column 'Was'")


def test_chats_of_two_phones_with_one_name_are_two_threads(detector: Detector, tmp_path: Path) -> None:
    sms = (
        '<?xml version="1.0" encoding="UTF-8"?><smses count="1"><sms address="0770" date="1710270000000" '
        'type="2" body="{}" contact_name="سيف" /></smses>'
    )
    for phone, text in (("a", "صورك عندي"), ("b", "دزلي ٥٠٠ الف")):
        (tmp_path / phone).mkdir()
        for part in ("1", "2"):
            path = tmp_path / phone / f"sms-{part}.xml"
            path.write_text(sms.format(f"{text} {part}"), encoding="utf-8")

    scan = detector.scan(tmp_path)
    found = [one.message for one in scan]

    first = found[0].thread
    assert [one.thread for one in found] == [first, first, *[f"{first} [{tmp_path / 'b'}]"] * 2]
    assert any("1 threads have the name of one in another" in note for note in scan.run().notes)


def test_the_record_tells_which_columns_of_a_table_were_read(detector: Detector, tmp_path: Path) -> None:
    table = tmp_path / "chat.csv"
    table.write_text("Sender,Message,Mood\nسلمى,هلا,happy\n", encoding="utf-8")

    scan = detector.scan(table)
    list(scan)

    assert scan.run().files[0].columns == {"Sender": "sender", "Message": "text", "Mood": None}


def test_an_id_that_is_the_place_of_another_message_gives_way(detector: Detector, tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    ids = (f"{chat}:line 2", None, f"{chat}:line 2", None)
    chat.write_text("".join(json.dumps({"text": "هلا", "id": one}) + "\n" for one in ids), encoding="utf-8")

    found = [finding.message.id for finding in detector.scan(chat)]

    assert len(set(found)) == 4
    assert found[1] == f"{chat}:line 2"


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_text_that_is_none_is_named(detector: Detector, nothing: object) -> None:
    with pytest.raises(TypeError, match="text 2 is no string"):
        detector.scan_texts(["هلا", nothing])  # type: ignore[list-item]


def test_a_message_of_a_thread_without_a_sender_says_so(detector: Detector) -> None:
    alone, unnamed, named = detector.scan_messages(
        [Message("هلا"), Message("هلا", thread="t"), Message("هلا", thread="t", sender="a")]
    )

    assert [one.message.source for one in (alone, named)] == [None, None]
    assert unnamed.message.source is not None
    assert unnamed.message.source.warnings == (NO_SENDER,)


def test_a_marked_phrase_ends_with_the_vowel_marks_of_its_last_letter_and_before_emoji(
    detector: Detector,
) -> None:
    text = "حَوِّلِي خَمْسَمِئَةِ دُولَارٍ وَإِلَّا صُوَرُكِ تَصِلُ لِأَهْلِكِ 😀"

    (finding,) = detector.scan_texts([text])

    assert finding.spans
    assert finding.spans[-1].end == text.index(" 😀")
