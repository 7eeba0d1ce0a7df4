"""Choose real messages as presumed negatives: half of them those an n-gram model finds most like extortion.

`python -m training.silver training/config.toml` writes `silver.jsonl` to the run directory. The pool is
presumed, not known, to be free of extortion; of the messages nearest to it nothing is presumed about
threats and demands.
"""

import random
from pathlib import Path

from detector.records import Label
from training import config, corpus
from training.ngrams import NgramModel

SEED = 11


def choose(settings: config.Config) -> list[dict[str, str | bool]]:
    """Rows with `text`, `dialect`, `script` and whether they are `near` to extortion."""
    train = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "train")
    learn, _ = corpus.read_judged(Path(settings.paths.judged))
    candidates = corpus.sample_real(Path(settings.paths.pool), settings.silver.candidates, SEED)
    model = NgramModel(Label.EXTORTION).fit(train + learn)
    scores = model.score([row["text"] for row in candidates])
    order = scores.argsort()[::-1]
    near, rest = order[: settings.silver.nearest], order[settings.silver.nearest :].tolist()
    others = random.Random(SEED).sample(rest, min(settings.silver.random, len(rest)))
    keys = ("text", "dialect", "script", "source")
    return [
        {key: candidates[at].get(key, "") for key in keys} | {"near": chosen is near}
        for chosen in (near, others)
        for at in chosen
    ]


def main() -> None:
    """Write the chosen rows."""
    settings = config.from_command_line()
    rows = choose(settings)
    path = Path(settings.paths.run) / "silver.jsonl"
    corpus.write_json_lines(path, rows)
    print(f"{path}: {len(rows)} real messages, {sum(bool(row['near']) for row in rows)} of them near to extortion")


if __name__ == "__main__":
    main()
