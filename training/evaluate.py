"""Measure the model that ships, through the code that serves, beside the baseline.

`python -m training.evaluate training/config.toml` prints the tables and writes `metrics.json` to the
model directory. Every proportion comes with its number of cases and a 95 % interval: Wilson's score
interval for proportions, the percentile bootstrap for F1.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detector.normalise import normalise
from detector.records import SPAN_LABELS, Finding, Label, Span, Verdict
from detector.scan import Detector
from detector.score import Scorer
from training import config, corpus
from training.ngrams import NgramModel

Z = 1.959964
"""Of the normal distribution, for 95 %."""
HARD_NEGATIVES = "hard negatives"


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, the number of cases behind it, and the bounds of its 95 % interval."""

    value: float
    cases: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.cases}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a system says of the test messages whose label is known: scores, decisions and the truth."""

    scores: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    truth: NDArray[np.bool_]


def proportion(hits: int, cases: int) -> Measure:
    """A proportion with Wilson's score interval (Wilson 1927).

    >>> proportion(0, 10)
    Measure(value=0.0, cases=10, low=0.0, high=0.2775)
    """
    if not cases:
        return Measure(float("nan"), 0, 0.0, 1.0)
    share = hits / cases
    middle = (share + Z * Z / (2 * cases)) / (1 + Z * Z / cases)
    half = Z * np.sqrt(share * (1 - share) / cases + Z * Z / (4 * cases * cases)) / (1 + Z * Z / cases)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Measure(round(share, 4), cases, round(float(low), 4), round(float(high), 4))


def f1(decisions: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall."""
    hits = float((decisions & truth).sum())
    return 2 * hits / max(1.0, float(decisions.sum() + truth.sum()))


def bootstrapped(figure: Callable[[NDArray[np.int64]], float], cases: int, rounds: int) -> Measure:
    """A figure of resampled cases with its percentile interval."""
    dice = np.random.default_rng(0)
    values = [figure(dice.integers(0, cases, cases)) for _ in range(rounds)] if cases else [float("nan")]
    low, high = np.percentile(values, [2.5, 97.5])
    return Measure(round(figure(np.arange(cases)), 4), cases, round(float(low), 4), round(float(high), 4))


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
    return Judged(scores, decisions, np.array([bool(one.labels[Label.EXTORTION]) for one in examples]))


def _baseline(settings: config.Config, examples: Sequence[corpus.Example]) -> Judged:
    """The character n-gram model, trained on the same messages, its threshold chosen on development."""
    paths = settings.paths
    model = NgramModel(Label.EXTORTION).fit(corpus.read_training(paths))
    held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
    held = [one for one in held if Label.EXTORTION in one.labels]
    scores = model.score([one.text for one in held])
    truth = np.array([bool(one.labels[Label.EXTORTION]) for one in held])
    threshold = max(np.unique(scores), key=lambda at: f1(scores >= at, truth))
    found = model.score([one.text for one in examples])
    return Judged(
        found, found >= threshold, np.array([bool(one.labels[Label.EXTORTION]) for one in examples])
    )


def measure(settings: config.Config) -> dict[str, object]:
    """All figures, as they go to `metrics.json`."""
    paths, rounds = settings.paths, settings.evaluate.bootstrap
    test = corpus.read_part(Path(paths.corpus), Path(paths.split), "test")
    test = [one for one in test if Label.EXTORTION in one.labels]
    detector = Detector.load(paths.model)
    findings = detector.scan_texts([one.text for one in test])
    judged, baseline = _judge(findings, test), _baseline(settings, test)
    hard = np.array([one.source == "corpus" for one in test])
    victims = np.array([bool(one.labels[Label.VICTIM]) for one in test])
    accused = sum(judged.decisions[victims])
    figures: dict[str, object] = {
        "model": detector.manifest.version,
        "operating_point": detector.operating_point.value,
        "test_messages": len(test),
        "overall": overall(judged, hard, rounds),
        "auc_of_branches": branches(detector, Path(paths.model), test),
        "baseline_ngrams": overall(baseline, hard, rounds),
        "victims_called_extortion": asdict(proportion(int(accused), int(victims.sum()))),
        "by_dialect": by_slice(judged, [one.dialect for one in test], rounds),
        "baseline_by_dialect": by_slice(baseline, [one.dialect for one in test], rounds),
        "by_script": by_slice(judged, [one.script for one in test], rounds),
        "baseline_by_script": by_slice(baseline, [one.script for one in test], rounds),
        "by_category": by_category(test, judged.decisions),
        "baseline_by_category": by_category(test, baseline.decisions),
        "spans": span_scores(test, findings),
    }
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
