"""Choose real messages as presumed negatives: many of them those a model finds most like extortion.

`python -m training.silver training/config.toml` writes `silver.jsonl` to the run directory. The pool is
presumed, not known, to be free of extortion and of its victims; of the messages nearest to them nothing is
presumed about threats and demands. The ranking model is an earlier one where the settings name it, else
a linear model of n-grams.
"""

import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.detect import Detector
from detector.errors import ModelError
from detector.records import Label
from training import config, corpus
from training.ngrams import NgramModel


def alarm(texts: list[str], settings: config.Config) -> NDArray[np.float64]:
    """How much each text looks like extortion or its victim, shape (texts,)."""
    detector = _ranker(settings.silver.ranker)
    if detector:
        findings = detector.scan_texts(texts)
        return np.array(
            [max(one.scores.extortion, one.scores.victim) if one.scores else 0.0 for one in findings]
        )
    train = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "train")
    learn, _ = corpus.read_judged(Path(settings.paths.judged))
    return NgramModel(Label.EXTORTION).fit(train + learn).score(texts)


def _ranker(folder: str) -> Detector | None:
    """The model that ranks; none where the settings name none, or one made for an earlier normaliser."""
    if not folder:
        return None
    try:
        return Detector.load(folder)
    except ModelError as error:
        print(f"{error}\nSo n-grams rank instead of it.")
        return None


def choose(settings: config.Config) -> list[dict[str, str | float | bool]]:
    """Rows with `id`, `text`, `dialect`, `script`, `source`, `alarm` and whether they are `near`.

    The nearest come first, the most alarming before the others: what to judge by hand next.
    """
    judged = corpus.read_judgements(Path(settings.paths.judgements))
    drawn = corpus.sample_real(Path(settings.paths.pool), settings.silver.candidates, settings.silver.seed)
    candidates = [row for row in drawn if corpus.real_id(row) not in judged]
    alarms = alarm([row["text"] for row in candidates], settings)
    order = alarms.argsort()[::-1]
    near, rest = order[: settings.silver.nearest], order[settings.silver.nearest :].tolist()
    others = random.Random(settings.silver.seed).sample(rest, min(settings.silver.random, len(rest)))
    keys = ("text", "dialect", "script", "source")
    return [
        {"id": corpus.real_id(candidates[at])}
        | {key: candidates[at].get(key, "") for key in keys}
        | {"alarm": round(float(alarms[at]), 4), "near": chosen is near}
        for chosen in (near, others)
        for at in chosen
    ]


def main() -> None:
    """Write the chosen rows."""
    settings = config.from_command_line()
    if not Path(settings.paths.pool).is_dir():
        print(f"{settings.paths.pool}: not there; no real messages are presumed to be harmless")
        return
    rows = choose(settings)
    path = Path(settings.paths.run) / corpus.SILVER
    corpus.write_json_lines(path, rows)
    near = sum(bool(row["near"]) for row in rows)
    print(f"{path}: {len(rows)} real messages, {near} of them near to extortion")


if __name__ == "__main__":
    main()
