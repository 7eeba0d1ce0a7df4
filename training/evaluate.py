"""Measure the model that ships, through the code that serves, beside the baseline.

`python -m training.evaluate training/config.toml` prints the tables and writes `metrics.json` to the
model directory. Proportions, F1 and recall at a false-alarm rate come with their number of cases and a 95 %
interval: Wilson's score interval for proportions; for the others the percentile bootstrap, in which the
messages of a pair or thread are drawn together.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.decide import flags_of, verdict_of
from detector.detect import Detector
from detector.normalise import normalise
from detector.records import (
    SPAN_LABELS,
    Finding,
    Label,
    OperatingPoint,
    Span,
    Verdict,
)
from detector.score import Scorer, scored
from training import config, corpus, extortion_check
from training.baselines import Baselines
from training.counts import ObviousWords
from training.evasions import disguised
from training.figures import Measure, clustered, f1, proportion
from training.judged import Judged, auc, f1_of, judged, known, overall, resampled, truth_of
from training.robustness import among_ordinary, evasions, flips, followed, through_screen

SEED = 13


def by_slice(judged: Judged, keys: Sequence[str], rounds: int) -> dict[str, dict[str, object]]:
    """F1, recall and false-alarm rate of each slice."""
    found: dict[str, dict[str, object]] = {}
    for key in sorted(set(keys)):
        part = judged.at(np.array([one == key for one in keys]))
        truth, decisions = part.truth, part.decisions
        found[key] = {
            "f1": resampled(part, f1_of, rounds),
            "recall": asdict(proportion(int((decisions & truth).sum()), int(truth.sum()))),
            "false_alarms": asdict(proportion(int((decisions & ~truth).sum()), int((~truth).sum()))),
        }
    return found


def by_category(
    examples: Sequence[corpus.Example], decisions: NDArray[np.bool_]
) -> dict[str, dict[str, object]]:
    """Recall of each kind of extortion and false-alarm rate of each category of negatives."""
    cases: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for example, decision in zip(examples, decisions, strict=True):
        cases[example.category, example.labels[Label.EXTORTION]].append(bool(decision))
    return {
        category: {"recall" if positive else "false_alarms": asdict(proportion(sum(flags), len(flags)))}
        for (category, positive), flags in sorted(cases.items())
    }


def _covered(spans: Sequence[Span], label: Label) -> set[int]:
    return {at for span in spans if span.label is label for at in range(span.start, span.end)}


def span_scores(examples: Sequence[corpus.Example], findings: Sequence[Finding]) -> dict[str, float]:
    """F1 of the characters that carry each label."""
    scores: dict[str, float] = {}
    hits, found, wanted = 0, 0, 0
    for label in SPAN_LABELS:
        pairs = [
            (_covered(example.spans, label), _covered(finding.spans, label))
            for example, finding in zip(examples, findings, strict=True)
        ]
        both = sum(len(truth & guess) for truth, guess in pairs)
        told, true = sum(len(guess) for _, guess in pairs), sum(len(truth) for truth, _ in pairs)
        scores[label.value] = round(2 * both / max(1, told + true), 4)
        hits, found, wanted = hits + both, found + told, wanted + true
    return scores | {"all": round(2 * hits / max(1, found + wanted), 4)}


def verdicts_at(detector: Detector, findings: Sequence[Finding], point: OperatingPoint) -> list[Verdict]:
    """What the scores would be called at an operating point."""
    thresholds = detector.manifest.thresholds[point]
    return [
        verdict_of(flags_of(one.scores, thresholds), one.scores) if one.scores else Verdict.NONE
        for one in findings
    ]


def real_text(detector: Detector, screened: Detector | None, folder: Path, size: int) -> dict[str, object]:
    """Flags among real messages presumed free of extortion, per verdict, at every operating point.

    And of the same messages as if they were chats of a thousand by two senders; and what of them is read, and
    of the flagged ones lost, through the screen.
    """
    texts = [row["text"] for row in corpus.sample_real(folder, size, SEED)]
    findings = detector.scan_texts(texts)
    figures: dict[str, object] = {}
    if screened:
        figures["screen"] = through_screen(screened, texts, findings)
    for point in OperatingPoint:
        verdicts = verdicts_at(detector, findings, point)
        figures[point.value] = {
            verdict.value: asdict(proportion(verdicts.count(verdict), len(verdicts)))
            for verdict in (Verdict.EXTORTION, Verdict.VICTIM)
        }
    starts = range(0, len(findings) - corpus.CHAT + 1, corpus.CHAT)
    chats = [followed(detector, _as_chat(findings[at : at + corpus.CHAT])) for at in starts]
    verdicts = [one.verdict for messages, _ in chats for one in messages]
    return figures | {
        "in_context": asdict(proportion(verdicts.count(Verdict.EXTORTION), len(verdicts))),
        "chats_of_a_thousand": asdict(proportion(sum(told.flagged for _, told in chats), len(chats))),
    }


def _as_chat(findings: Sequence[Finding]) -> list[Finding]:
    return [
        replace(one, message=replace(one.message, thread="chat", sender="ab"[at % 2]))
        for at, one in enumerate(findings)
    ]


def at_points(detector: Detector, examples: Sequence[corpus.Example]) -> dict[str, object]:
    """Precision, recall and false alarms of the verdict at each operating point."""
    truth = truth_of(examples)
    findings = detector.scan_texts([one.text for one in examples])
    figures: dict[str, object] = {}
    for point in OperatingPoint:
        verdicts = verdicts_at(detector, findings, point)
        decisions = np.array([one is Verdict.EXTORTION for one in verdicts], bool)
        hits = int((decisions & truth).sum())
        figures[point.value] = {
            "precision": asdict(proportion(hits, int(decisions.sum()))),
            "recall": asdict(proportion(hits, int(truth.sum()))),
            "false_alarms": asdict(proportion(int((decisions & ~truth).sum()), int((~truth).sum()))),
        }
    return figures


def by_part(
    detector: Detector, folder: Path, examples: Sequence[corpus.Example]
) -> dict[str, dict[str, float | None]]:
    """AUC of extortion with all that scores a message, and without one part of it each.

    Of the messages as they are, and each spelt in one of the ways of dodging filters.
    """
    scorer, calibration = Scorer(folder, detector.manifest), detector.manifest.calibration
    truth, at = truth_of(examples), list(Label).index(Label.EXTORTION)
    plain = [one.text for one in examples]
    found: dict[str, dict[str, float | None]] = defaultdict(dict)
    for spelling, texts in (("plain", plain), ("disguised", disguised(plain))):
        whole = scorer.read([normalise(text).text for text in texts])
        misspelt = scorer.read([normalise(text, respelling=False).text for text in texts])
        raw = scorer.read(texts)
        scores = {
            "everything": [scored(one, calibration).extortion for one in whole],
            "no character branch": [one.encoder[at] for one in whole],
            "no encoder": [one.characters[at] for one in whole],
            "no repair of spellings": [scored(one, calibration).extortion for one in misspelt],
            "no normalising": [scored(one, calibration).extortion for one in raw],
        }
        for name, values in scores.items():
            found[name][spelling] = auc(truth, values)
    return dict(found)


def _judge(findings: Sequence[Finding], examples: Sequence[corpus.Example]) -> Judged:
    scores = np.array([finding.scores.extortion if finding.scores else 0.0 for finding in findings])
    decisions = np.array([finding.verdict is Verdict.EXTORTION for finding in findings], bool)
    return judged(scores, decisions, examples)


def keywords(words: ObviousWords, examples: Sequence[corpus.Example], rounds: int) -> dict[str, object]:
    """What a list of words finds: a word for photo, publishing, scandal or money, and one for "or else"."""
    truth = truth_of(examples)
    decisions = np.array([words.in_text(one.text) and words.is_conditional(one.text) for one in examples])
    hits = int((decisions & truth).sum())
    return {
        "f1": resampled(judged(decisions.astype(float), decisions, examples), f1_of, rounds),
        "precision": asdict(proportion(hits, int(decisions.sum()))),
        "recall": asdict(proportion(hits, int(truth.sum()))),
    }


def of_messages(
    detector: Detector,
    baselines: Baselines,
    examples: Sequence[corpus.Example],
    rounds: int,
) -> dict[str, object]:
    """Every figure that is measured on examples, of the detector and of the baseline."""
    findings = detector.scan_texts([one.text for one in examples])
    judged, plain = _judge(findings, examples), baselines.ngrams.judge(examples)
    victims = np.array([bool(one.labels[Label.VICTIM]) for one in examples])
    return {
        "test_messages": len(examples),
        "overall": overall(judged, rounds),
        "baseline_ngrams": overall(plain, rounds),
        "baseline_keywords": keywords(baselines.words, examples, rounds),
        "victims_called_extortion": asdict(
            proportion(int(judged.decisions[victims].sum()), int(victims.sum()))
        ),
        "baseline_victims_called_extortion": asdict(
            proportion(int(plain.decisions[victims].sum()), int(victims.sum()))
        ),
        "by_dialect": by_slice(judged, [one.dialect for one in examples], rounds),
        "baseline_by_dialect": by_slice(plain, [one.dialect for one in examples], rounds),
        "by_script": by_slice(judged, [one.script for one in examples], rounds),
        "baseline_by_script": by_slice(plain, [one.script for one in examples], rounds),
        "by_category": by_category(examples, judged.decisions),
        "baseline_by_category": by_category(examples, plain.decisions),
        "spans": span_scores(examples, findings),
    }


def of_threads(detector: Detector, threads: Sequence[corpus.Thread], rounds: int) -> dict[str, object]:
    """How well threads with extortion are told from others, and whether the right sender is named.

    And how well their messages are flagged, each alone and in its context.
    """
    read = [detector.scan_messages(thread.messages) for thread in threads]
    judged = [followed(detector, findings) for findings in read]
    found = [told for _, told in judged]
    highest = [max(one.scores.extortion for one in findings if one.scores) for findings in read]
    truth = np.array([thread.extorter is not None for thread in threads], bool)
    flagged = np.array([one.flagged for one in found], bool)
    right = [one.extorter == thread.extorter for one, thread in zip(found, threads, strict=True)]
    named = np.array(right, bool) & truth & flagged
    return {
        "threads": len(threads),
        "median_messages": float(np.median([len(one.messages) for one in threads])) if threads else None,
        "auc": auc(truth, [one.extortion for one in found]),
        "auc_of_the_highest_message": auc(truth, highest),
        "recall": asdict(proportion(int((flagged & truth).sum()), int(truth.sum()))),
        "false_alarms": asdict(proportion(int((flagged & ~truth).sum()), int((~truth).sum()))),
        "right_sender_of_the_flagged": asdict(proportion(int(named.sum()), int((flagged & truth).sum()))),
        "messages_alone": of_their_messages(read, threads, rounds),
        "messages_in_context": of_their_messages([messages for messages, _ in judged], threads, rounds),
    }


def of_their_messages(
    read: Sequence[Sequence[Finding]], threads: Sequence[corpus.Thread], rounds: int
) -> dict[str, object]:
    """How well messages of threads are flagged that are extortion where they stand."""
    truth = np.array([one[Label.EXTORTION] for thread in threads for one in thread.labels], bool)
    decisions = np.array([Label.EXTORTION in one.flags for messages in read for one in messages], bool)
    clusters = [thread.id for thread in threads for _ in thread.labels]
    hits = int((decisions & truth).sum())
    return {
        "f1": asdict(clustered(lambda at: f1(decisions[at], truth[at]), clusters, rounds)),
        "precision": asdict(proportion(hits, int(decisions.sum()))),
        "recall": asdict(proportion(hits, int(truth.sum()))),
    }


def of_check(detector: Detector) -> dict[str, dict[str, dict[str, float]]]:
    """ExtortionCheck's tables."""
    table = extortion_check.measure(extortion_check.of_model(detector), extortion_check.cases())
    return {group: {name: asdict(value) for name, value in rows.items()} for group, rows in table.items()}


def measure(settings: config.Config) -> dict[str, object]:
    """All figures, as they go to `metrics.json`: those of the corpus' own split first."""
    paths, rounds = settings.paths, settings.evaluate.bootstrap
    detector, baselines = Detector.load(paths.model), Baselines.of(settings)
    screened = Detector.load(paths.model, screen=True) if detector.manifest.screen else None
    test = known(corpus.read_part(Path(paths.corpus), Path(paths.split), "test"))
    partition = corpus.read_partition(Path(paths.split))
    threads = [one for one in corpus.read_threads(Path(paths.corpus)) if one.id in partition.test]
    figures: dict[str, object] = {
        "model": detector.manifest.version,
        "operating_point": detector.operating_point.value,
    }
    figures |= of_messages(detector, baselines, test, rounds)
    figures["threads"] = of_threads(detector, threads, rounds)
    figures["points"] = at_points(detector, test)
    other = known(corpus.read_examples(Path(paths.other_hands)))
    if other:
        figures["other_hands"] = of_messages(detector, baselines, other, rounds) | {
            "threads": of_threads(detector, corpus.read_threads(Path(paths.other_hands)), rounds),
            "points": at_points(detector, other),
        }
    last = other or test
    figures["auc_by_part"] = by_part(detector, Path(paths.model), last)
    figures["evasions"] = evasions(detector, last)
    figures["among_ordinary"] = among_ordinary(detector, last)
    if settings.exported.exists():
        figures["flips"] = flips(detector, settings, SEED, last)
    figures["extortion_check"] = of_check(detector)
    for name, folder in (("heldout", paths.heldout), ("measure", paths.measure)):
        if Path(folder).is_dir():
            size = settings.evaluate.real_messages
            figures[f"real_{name}"] = real_text(detector, screened, Path(folder), size)
    if real := corpus.read_judged(Path(paths.judged))[1]:
        flags = _judge(detector.scan_texts([one.text for one in real]), real)
        figures["real_judged_heldout"] = by_category(real, flags.decisions)
    return figures


def show(figures: dict[str, object], indent: str = "") -> None:
    """Print the figures, one a line."""
    for name, value in figures.items():
        if isinstance(value, dict) and value.keys() == {"value", "cases", "low", "high"}:
            print(f"{indent}{name:<28}{Measure(**value)}")
        elif isinstance(value, dict):
            print(f"{indent}{name}")
            show(value, indent + "  ")
        else:
            print(f"{indent}{name:<28}{value}")


def main() -> None:
    """Measure, print and write."""
    settings = config.from_command_line()
    figures = measure(settings)
    show(figures)
    path = Path(settings.paths.model) / "metrics.json"
    text = json.dumps(figures, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
