"""Fit the character branch: linear models of character n-grams, one for each label, in one table.

`python -m training.characters training/config.toml` writes `characters.npz` to the run directory. Word
pieces and n-grams know different things: the encoder's logits and the branch's are combined when the
model is calibrated, and both come out of one ONNX graph (`training.export`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from detector.normalise import normalise
from detector.records import Label
from training import config, corpus

FILE = "characters.npz"
SHORTEST, LONGEST = 2, 5
FEATURES = 40_000


@dataclass(frozen=True, slots=True)
class Characters:
    """N-grams, their weights and the biases.

    `grams` has one n-gram a row, shape (features,). `weights`, shape (features, 6), holds idf times the
    coefficient of each label and, last, idf squared. With p the 0/1 presence of the n-grams, the logit
    of label i is `p @ weights[:, i] / sqrt(p @ weights[:, 5]) + bias[i]`: tf-idf of unit length.
    """

    grams: NDArray[np.str_]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


def fit(examples: list[corpus.Example]) -> Characters:
    """The branch learnt from the examples that know each label."""
    tfidf = TfidfVectorizer(
        analyzer="char",
        ngram_range=(SHORTEST, LONGEST),
        min_df=3,
        max_features=FEATURES,
        binary=True,
        lowercase=False,
        dtype=np.float32,
    )
    matrix = tfidf.fit_transform([f" {normalise(example.text).text} " for example in examples])
    columns, biases = [], []
    for label in Label:
        known = np.array([at for at, example in enumerate(examples) if label in example.labels])
        linear = LogisticRegression(C=10.0, max_iter=1000, solver="liblinear", random_state=0)
        linear.fit(matrix[known], [examples[at].labels[label] for at in known])
        columns.append(linear.coef_[0] * tfidf.idf_)
        biases.append(linear.intercept_[0])
    weights = np.stack([*columns, tfidf.idf_**2], axis=1).astype(np.float32)
    return Characters(tfidf.get_feature_names_out().astype(str), weights, np.array(biases, np.float32))


def save(branch: Characters, folder: Path) -> None:
    """Write the branch (arrays only, no pickle)."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / FILE, grams=branch.grams, weights=branch.weights, bias=branch.bias)


def load(folder: Path) -> Characters:
    """The branch that `save` wrote."""
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        return Characters(arrays["grams"], arrays["weights"], arrays["bias"])


def main() -> None:
    """Fit on everything the encoder is fine-tuned on."""
    settings = config.from_command_line()
    branch = fit(corpus.read_training(settings.paths))
    save(branch, Path(settings.paths.run))
    print(f"{Path(settings.paths.run) / FILE}: {len(branch.grams)} n-grams")


if __name__ == "__main__":
    main()
