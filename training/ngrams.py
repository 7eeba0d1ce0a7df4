"""The baseline to beat: a linear model on character n-grams of the normalised text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from detector.normalise import normalise
from detector.records import Label
from training.corpus import Example


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
