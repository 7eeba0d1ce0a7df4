"""Measure the model that ships, through the code that serves, beside the baseline.

`python -m training.evaluate training/config.toml` prints the tables and writes `metrics.json` to the
model directory. Every proportion comes with its number of cases and a 95 % interval: Wilson's score
interval for proportions, the percentile bootstrap for F1.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detector.normalise import normalise
from detector.records import SPAN_LABELS, Finding, Label, Span, Verdict
from detector.scan import Detector
from detector.score import Scorer
from training import config, corpus, extortion_check
from training.figures import Measure, bootstrapped, f1, proportion
from training.ngrams import NgramModel

HARD_NEGATIVES = "hard negatives"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a system says of the test messages whose label is known: scores, decisions and the truth."""

    scores: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    truth: NDArray[np.bool_]


def recall_at(judged: Judged, hard: NDArray[np.bool_], share: float) -> Measure:
    """Recall at the threshold that flags at most `share` of the hard negatives."""
    negatives = np.sort(judged.scores[hard & ~judged.truth])[::-1]
    threshold = negatives[int(share * len(negatives))]
    found = judged.scores[judged.truth] > threshold
    return proportion(int(found.sum()), len(found))


def calibration_error(scores: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017)."""
    bin_of = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [
        abs(scores[bin_of == one].mean() - truth[bin_of == one].mean()) * (bin_of == one).mean()
        for one in np.unique(bin_of)
    ]
    return round(float(sum(gaps)), 4)


def overall(judged: Judged, hard: NDArray[np.bool_], rounds: int) -> dict[str, object]:
    """The headline figures of one system."""
    truth, decisions = judged.truth, judged.decisions
    return {
        "f1": asdict(bootstrapped(lambda at: f1(decisions[at], truth[at]), len(truth), rounds)),
        "precision": asdict(proportion(int((decisions & truth).sum()), int(decisions.sum()))),
        "recall": asdict(proportion(int((decisions & truth).sum()), int(truth.sum()))),
        "auc": round(float(roc_auc_score(truth, judged.scores)), 4),
        "recall_at_1_percent": asdict(recall_at(judged, hard, 0.01)),
        "recall_at_5_percent": asdict(recall_at(judged, hard, 0.05)),
        "calibration_error": calibration_error(judged.scores, truth),
    }


def by_slice(judged: Judged, keys: Sequence[str], rounds: int) -> dict[str, dict[str, object]]:
    """F1, recall and false-alarm rate of each slice."""
    found: dict[str, dict[str, object]] = {}
    for key in sorted(set(keys)):
        at = np.array([one == key for one in keys])
        truth, decisions = judged.truth[at], judged.decisions[at]
        found[key] = {
            "f1": asdict(bootstrapped(lambda i, d=decisions, t=truth: f1(d[i], t[i]), len(truth), rounds)),  # type: ignore[misc]
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


def real_text(detector: Detector, folder: Path, size: int, seed: int) -> dict[str, object]:
    """Flags among real messages presumed free of extortion, per verdict."""
    texts = [row["text"] for row in corpus.sample_real(folder, size, seed)]
    verdicts = [finding.verdict for finding in detector.scan_texts(texts)]
    return {
        verdict.value: asdict(proportion(verdicts.count(verdict), len(verdicts)))
        for verdict in (Verdict.EXTORTION, Verdict.VICTIM)
    }


def branches(detector: Detector, folder: Path, examples: Sequence[corpus.Example]) -> dict[str, float]:
    """AUC of extortion that each branch of the network reaches alone: what the other one adds."""
    readings = Scorer(folder, detector.manifest).read([normalise(example.text).text for example in examples])
    truth = [example.labels[Label.EXTORTION] for example in examples]
    at = list(Label).index(Label.EXTORTION)
    return {
        "encoder": round(float(roc_auc_score(truth, [one.encoder[at] for one in readings])), 4),
        "characters": round(float(roc_auc_score(truth, [one.characters[at] for one in readings])), 4),
    }


def _judge(findings: Sequence[Finding], examples: Sequence[corpus.Example]) -> Judged:
    scores = np.array([finding.scores.extortion if finding.scores else 0.0 for finding in findings])
    decisions = np.array([finding.verdict is Verdict.EXTORTION for finding in findings])
    return Judged(scores, decisions, _truth(examples))


class Baseline:
    """The character n-gram model, trained on the same messages, its threshold chosen on development."""

    def __init__(self, settings: config.Config) -> None:
        paths = settings.paths
        self._model = NgramModel(Label.EXTORTION).fit(corpus.read_training(paths))
        held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
        held = [one for one in held if Label.EXTORTION in one.labels]
        scores = self._model.score([one.text for one in held])
        truth = _truth(held)
        self._threshold = max(np.unique(scores), key=lambda at: f1(scores >= at, truth))

    def judge(self, examples: Sequence[corpus.Example]) -> Judged:
        """What the baseline says of the examples."""
        scores = self._model.score([one.text for one in examples])
        return Judged(scores, scores >= self._threshold, _truth(examples))


def _truth(examples: Sequence[corpus.Example]) -> NDArray[np.bool_]:
    return np.array([bool(one.labels[Label.EXTORTION]) for one in examples])


def of_messages(
    detector: Detector, baseline: Baseline, examples: Sequence[corpus.Example], rounds: int
) -> dict[str, object]:
    """Every figure that is measured on labelled messages, of the detector and of the baseline."""
    known = [one for one in examples if Label.EXTORTION in one.labels]
    findings = detector.scan_texts([one.text for one in known])
    judged, plain = _judge(findings, known), baseline.judge(known)
    hard = np.array([one.source == "corpus" for one in known])
    victims = np.array([bool(one.labels[Label.VICTIM]) for one in known])
    return {
        "test_messages": len(known),
        "overall": overall(judged, hard, rounds),
        "baseline_ngrams": overall(plain, hard, rounds),
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


def of_threads(detector: Detector, threads: Sequence[corpus.Thread]) -> dict[str, object]:
    """How well threads with extortion are told from others, and whether the right sender is named."""
    found, highest = [], []
    for thread in threads:
        findings = detector.scan_messages(thread.messages)
        watch = detector.watch(thread.id)
        for finding in findings:
            watch.add(finding)
        found.append(watch.finding())
        highest.append(max(one.scores.extortion for one in findings if one.scores))
    truth = np.array([thread.extorter is not None for thread in threads], bool)
    flagged = np.array([one.flagged for one in found], bool)
    right = [one.extorter == thread.extorter for one, thread in zip(found, threads, strict=True)]
    named = np.array(right, bool) & truth & flagged
    return {
        "threads": len(threads),
        "auc": _auc(truth, [one.extortion for one in found]),
        "auc_of_the_highest_message": _auc(truth, highest),
        "recall": asdict(proportion(int((flagged & truth).sum()), int(truth.sum()))),
        "false_alarms": asdict(proportion(int((flagged & ~truth).sum()), int((~truth).sum()))),
        "right_sender_of_the_flagged": asdict(proportion(int(named.sum()), int((flagged & truth).sum()))),
    }


def of_check(detector: Detector) -> dict[str, dict[str, dict[str, float]]]:
    """ExtortionCheck's tables."""
    table = extortion_check.measure(extortion_check.of_model(detector), extortion_check.cases())
    return {group: {name: asdict(value) for name, value in rows.items()} for group, rows in table.items()}


def measure(settings: config.Config) -> dict[str, object]:
    """All figures, as they go to `metrics.json`: those of the corpus' own split first."""
    paths, rounds = settings.paths, settings.evaluate.bootstrap
    detector, baseline = Detector.load(paths.model), Baseline(settings)
    test = corpus.read_part(Path(paths.corpus), Path(paths.split), "test")
    figures: dict[str, object] = {
        "model": detector.manifest.version,
        "operating_point": detector.operating_point.value,
    }
    figures |= of_messages(detector, baseline, test, rounds)
    known = [one for one in test if Label.EXTORTION in one.labels]
    figures["auc_of_branches"] = branches(detector, Path(paths.model), known)
    partition = corpus.read_partition(Path(paths.split))
    threads = [one for one in corpus.read_threads(Path(paths.corpus)) if one.id in partition.test]
    figures["threads"] = of_threads(detector, threads)
    if other := corpus.read_examples(Path(paths.other_hands)):
        written = of_messages(detector, baseline, other, rounds)
        other_threads = corpus.read_threads(Path(paths.other_hands))
        figures["other_hands"] = written | {"threads": of_threads(detector, other_threads)}
    figures["extortion_check"] = of_check(detector)
    for name, folder in (("heldout", paths.heldout), ("measure", paths.measure)):
        if Path(folder).is_dir():
            figures[f"real_{name}"] = real_text(detector, Path(folder), settings.evaluate.real_messages, 13)
    if Path(paths.judged).exists():
        real = corpus.read_judged(Path(paths.judged))[1]
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
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
