"""Linear models of character n-grams: the baseline to beat, and the branch beside the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from detector.normalise import normalise
from detector.records import Label
from training.corpus import Example

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


def fit_branch(examples: list[Example]) -> Characters:
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


def save_branch(branch: Characters, folder: Path) -> None:
    """Write the branch (arrays only, no pickle)."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / FILE, grams=branch.grams, weights=branch.weights, bias=branch.bias)


def load_branch(folder: Path) -> Characters:
    """The branch that `save_branch` wrote."""
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        return Characters(arrays["grams"], arrays["weights"], arrays["bias"])


class NgramModel:
    """Tf-idf of character 2- to 5-grams and logistic regression, for one label."""

    def __init__(self, label: Label, seed: int = 0) -> None:
        self._label = label
        self._tfidf = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True, dtype=np.float32
        )
        self._linear = LogisticRegression(C=10.0, max_iter=1000, solver="liblinear", random_state=seed)

    def fit(self, examples: Sequence[Example]) -> "NgramModel":
        """Learn from the examples that know the label."""
        known = [example for example in examples if self._label in example.labels]
        matrix = self._tfidf.fit_transform([normalise(example.text).text for example in known])
        self._linear.fit(matrix, [example.labels[self._label] for example in known])
        return self

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probability of the label for each text, shape (texts,)."""
        matrix = self._tfidf.transform([normalise(text).text for text in texts])
        scores: NDArray[np.float64] = self._linear.predict_proba(matrix)[:, 1]
        return scores
