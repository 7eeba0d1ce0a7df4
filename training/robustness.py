"""How far verdicts hold: spelt to dodge filters, among ordinary talk, in 8 bits, and through the screen."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from detector.detect import Detector
from detector.judge import Judge
from detector.manifest import NETWORK, TOKENIZER
from detector.records import Finding, Label, ThreadFinding, Verdict
from detector.score import Scorer
from training import config, corpus
from training.evasions import FAMILIES
from training.figures import proportion


def evasions(detector: Detector, examples: Sequence[corpus.Example]) -> dict[str, dict[str, object]]:
    """Recall of the same extortion messages as they are, and spelt in each of the ways of dodging filters."""
    texts = [one.text for one in examples if one.labels[Label.EXTORTION]]
    found: dict[str, dict[str, object]] = {}
    for family, change in FAMILIES.items():
        spelt = [change(text, random.Random(f"{family}/{at}")) for at, text in enumerate(texts)]
        changed = [at for at, text in enumerate(texts) if spelt[at] != text]
        plain = detector.scan_texts([texts[at] for at in changed])
        disguised = detector.scan_texts([spelt[at] for at in changed])
        found[family] = {
            name: asdict(proportion(sum(_accuses(one) for one in findings), len(findings)))
            for name, findings in (("plain", plain), ("disguised", disguised))
        }
    return found


def among_ordinary(detector: Detector, examples: Sequence[corpus.Example]) -> dict[str, dict[str, object]]:
    """How often messages are called extortion alone, and with an ordinary message before and after them.

    Of extortion and of the rest, each beside two of the chat messages of the same dialect and script that
    get no verdict alone: this measures what company does to a message, not what is thought of the company.
    """
    chat = [one for one in examples if one.category == corpus.ORDINARY and not any(one.labels.values())]
    ordinary: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one, finding in zip(chat, detector.scan_texts([one.text for one in chat]), strict=True):
        if finding.verdict is Verdict.NONE:
            ordinary[one.dialect, one.script].append(one.text)
    dice = random.Random(len(examples))
    found: dict[str, dict[str, object]] = {}
    for name, extortion in (("extortion", 1), ("rest", 0)):
        chosen = [
            one
            for one in examples
            if one.labels[Label.EXTORTION] == extortion and len(ordinary[one.dialect, one.script]) > 2
        ]
        beside = [dice.sample(ordinary[one.dialect, one.script], 2) for one in chosen]
        together = [
            f"{before}\n{one.text}\n{after}" for one, (before, after) in zip(chosen, beside, strict=True)
        ]
        alone = [one.text for one in chosen]
        found[name] = {
            kind: asdict(proportion(sum(_accuses(one) for one in detector.scan_texts(texts)), len(texts)))
            for kind, texts in (("alone", alone), ("among", together))
        }
    return found


def _accuses(finding: Finding) -> bool:
    return finding.verdict is Verdict.EXTORTION


def flips(
    detector: Detector, settings: config.Config, seed: int, examples: Sequence[corpus.Example]
) -> dict[str, object]:
    """How often the network in single precision gives another verdict than its 8-bit form that ships."""
    folder = Path(settings.paths.heldout)
    rows = corpus.sample_real(folder, settings.evaluate.flips, seed) if folder.is_dir() else []
    groups = {
        "real": [row["text"] for row in rows],
        "extortion": [one.text for one in examples if one.labels[Label.EXTORTION]],
        "rest": [one.text for one in examples if not one.labels[Label.EXTORTION]],
    }
    exact = _in_single_precision(detector, settings)
    return {
        name: asdict(
            proportion(
                sum(
                    one.verdict is not other.verdict
                    for one, other in zip(exact.scan_texts(texts), detector.scan_texts(texts), strict=True)
                ),
                len(texts),
            )
        )
        for name, texts in groups.items()
    }


def _in_single_precision(detector: Detector, settings: config.Config) -> Detector:
    """The same detector with the network that was exported."""
    with TemporaryDirectory() as name:
        (Path(name) / NETWORK).symlink_to(settings.exported.resolve())
        (Path(name) / TOKENIZER).symlink_to((Path(settings.paths.model) / TOKENIZER).resolve())
        scorer = Scorer(Path(name), detector.manifest)
    return Detector(Judge(detector.manifest, scorer, detector.operating_point))


def through_screen(
    screened: Detector, texts: Sequence[str], findings: Sequence[Finding]
) -> dict[str, object]:
    """What of messages is read through the screen, and how many of the flagged ones are lost by it."""
    unread = [one.screened for one in screened.scan_texts(texts)]
    lost = [passed for passed, one in zip(unread, findings, strict=True) if one.flagged]
    return {
        "read": asdict(proportion(unread.count(False), len(unread))),
        "flagged_lost": asdict(proportion(sum(lost), len(lost))),
    }


def followed(detector: Detector, findings: Sequence[Finding]) -> tuple[list[Finding], ThreadFinding]:
    """The messages of one thread, each judged in its context, and what they add up to."""
    told: list[ThreadFinding] = []
    thread = detector.follow(told.append)
    in_context = thread.add(findings)
    thread.end()
    return in_context, told[0]
