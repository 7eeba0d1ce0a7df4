"""Measure the model that ships, through the code that serves, beside the baseline.

`python -m training.evaluate training/config.toml` prints the tables and writes `metrics.json` to the
model directory. Proportions, F1 and recall at a false-alarm rate come with their number of cases and a 95 %
interval: Wilson's score interval for proportions; for the others the percentile bootstrap, in which the
messages of a pair or thread are drawn together.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

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
from detector.score import Scorer
from training import config, corpus, extortion_check
from training.baselines import Baselines, Judged, judged, truth_of
from training.counts import ObviousWords
from training.figures import Measure, calibration_error, clustered, f1, proportion
from training.robustness import among_ordinary, evasions, flips, followed, through_screen

SEED = 13


def recall_at(judged: Judged, share: float) -> float:
    """Recall at the threshold that flags at most `share` of the hard negatives; nought without any."""
    negatives = np.sort(judged.scores[judged.hard & ~judged.truth])[::-1]
    found = judged.scores[judged.truth]
    if not len(negatives) or not len(found):
        return 0.0
    return float((found > negatives[int(share * len(negatives))]).mean())


def _resampled(judged: Judged, figure: Callable[[Judged], float], rounds: int) -> dict[str, object]:
    """A figure of the judged messages with the interval of resampled pairs and threads.

    Without extortion among them there is nothing to find, and no figure.
    """
    if not judged.truth.any():
        return asdict(proportion(0, 0))
    return asdict(clustered(lambda places: figure(judged.at(places)), judged.cluster.tolist(), rounds))


def _f1(judged: Judged) -> float:
    return f1(judged.decisions, judged.truth)


def overall(judged: Judged, rounds: int) -> dict[str, object]:
    """The headline figures of one system."""
    truth, decisions = judged.truth, judged.decisions
    return {
        "f1": _resampled(judged, _f1, rounds),
        "precision": asdict(proportion(int((decisions & truth).sum()), int(decisions.sum()))),
        "recall": asdict(proportion(int((decisions & truth).sum()), int(truth.sum()))),
        "auc": _auc(truth, judged.scores.tolist()),
        "recall_at_1_percent": _resampled(judged, lambda one: recall_at(one, 0.01), rounds),
        "recall_at_5_percent": _resampled(judged, lambda one: recall_at(one, 0.05), rounds),
        "calibration_error": calibration_error(judged.scores, truth),
    }


def by_slice(judged: Judged, keys: Sequence[str], rounds: int) -> dict[str, dict[str, object]]:
    """F1, recall and false-alarm rate of each slice."""
    found: dict[str, dict[str, object]] = {}
    for key in sorted(set(keys)):
        part = judged.at(np.array([one == key for one in keys]))
        truth, decisions = part.truth, part.decisions
        found[key] = {
            "f1": _resampled(part, _f1, rounds),
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


def branches(detector: Detector, folder: Path, examples: Sequence[corpus.Example]) -> dict[str, float | None]:
    """AUC of extortion that each branch of the network reaches alone: what the other one adds."""
    readings = Scorer(folder, detector.manifest).read([normalise(example.text).text for example in examples])
    truth = truth_of(examples)
    at = list(Label).index(Label.EXTORTION)
    return {
        "encoder": _auc(truth, [one.encoder[at] for one in readings]),
        "characters": _auc(truth, [one.characters[at] for one in readings]),
    }


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
        "f1": _resampled(judged(decisions.astype(float), decisions, examples), _f1, rounds),
        "precision": asdict(proportion(hits, int(decisions.sum()))),
        "recall": asdict(proportion(hits, int(truth.sum()))),
    }


def of_messages(
    detector: Detector,
    baselines: Baselines,
    examples: Sequence[corpus.Example],
    rounds: int,
) -> dict[str, object]:
    """Every figure that is measured on labelled messages, of the detector and of the baseline."""
    known = [one for one in examples if Label.EXTORTION in one.labels]
    findings = detector.scan_texts([one.text for one in known])
    judged, plain = _judge(findings, known), baselines.ngrams.judge(known)
    victims = np.array([bool(one.labels[Label.VICTIM]) for one in known])
    return {
        "test_messages": len(known),
        "overall": overall(judged, rounds),
        "baseline_ngrams": overall(plain, rounds),
        "baseline_keywords": keywords(baselines.words, known, rounds),
        **({"baseline_probe": overall(baselines.probe.judge(known), rounds)} if baselines.probe else {}),
        "victims_called_extortion": asdict(
            proportion(int(judged.decisions[victims].sum()), int(victims.sum()))
        ),
        "baseline_victims_called_extortion": asdict(
            proportion(int(plain.decisions[victims].sum()), int(victims.sum()))
        ),
        "by_dialect": by_slice(judged, [one.dialect for one in known], rounds),
        "baseline_by_dialect": by_slice(plain, [one.dialect for one in known], rounds),
        "by_script": by_slice(judged, [one.script for one in known], rounds),
        "baseline_by_script": by_slice(plain, [one.script for one in known], rounds),
        "by_category": by_category(known, judged.decisions),
        "baseline_by_category": by_category(known, plain.decisions),
        "spans": span_scores(known, findings),
    }


def _auc(truth: NDArray[np.bool_], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve; None where all cases are of one kind."""
    return round(float(roc_auc_score(truth, scores)), 4) if 0 < truth.sum() < len(truth) else None


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
        "auc": _auc(truth, [one.extortion for one in found]),
        "auc_of_the_highest_message": _auc(truth, highest),
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
    test = corpus.read_part(Path(paths.corpus), Path(paths.split), "test")
    known = [one for one in test if Label.EXTORTION in one.labels]
    partition = corpus.read_partition(Path(paths.split))
    threads = [one for one in corpus.read_threads(Path(paths.corpus)) if one.id in partition.test]
    figures: dict[str, object] = {
        "model": detector.manifest.version,
        "operating_point": detector.operating_point.value,
    }
    figures |= of_messages(detector, baselines, test, rounds)
    figures["auc_of_branches"] = branches(detector, Path(paths.model), known)
    figures["threads"] = of_threads(detector, threads, rounds)
    figures["points"] = at_points(detector, known)
    other = corpus.read_examples(Path(paths.other_hands))
    written = [one for one in other if Label.EXTORTION in one.labels]
    if other:
        figures["other_hands"] = of_messages(detector, baselines, other, rounds) | {
            "threads": of_threads(detector, corpus.read_threads(Path(paths.other_hands)), rounds),
            "points": at_points(detector, written),
        }
    figures["evasions"] = evasions(detector, written if other else known)
    figures["among_ordinary"] = among_ordinary(detector, written if other else known)
    if settings.exported.exists():
        figures["flips"] = flips(detector, settings, SEED, written if other else known)
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
