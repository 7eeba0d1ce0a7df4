"""Whether a message's label, dialect, category or author shows in its length, punctuation and emoji alone.

A corpus in which it does teaches a model the wrong thing. `training.datasheet` prints what comes out.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

_MARKS = ".,،;؛:?؟!…\"'«»()-–_/\n"
_EMOJI = re.compile("[\N{WATCH}-\N{WHITE MEDIUM STAR}\U0001f004-\U0001fbff]")
LEAST = 20
"""Messages that a class needs to be told from the others; rarer ones are left out."""


def surface(text: str) -> list[float]:
    """Length, words, emoji, and each mark of punctuation: how often, and whether the text ends with it."""
    marks = Counter(text)
    bare = text.rstrip().rstrip("\N{VARIATION SELECTOR-16}")
    return [
        len(text),
        len(text.split()),
        len(_EMOJI.findall(text)),
        float(bool(_EMOJI.match(bare[-1:]))),
        *(marks[mark] for mark in _MARKS),
        *(float(bare.endswith(mark)) for mark in _MARKS),
    ]


def tellable(texts: Sequence[str], classes: Sequence[str], groups: Sequence[str]) -> dict[str, float]:
    """For each class the area under the ROC curve at which its surface tells it from the rest.

    Five-fold cross-validated with a random forest; 0.5 is chance. Messages of a group (a contrast pair)
    share a fold: a message's twin of the other class would teach the forest the wrong answer. Classes of few
    messages are left out; nothing is told where fewer than two are left.
    """
    count = Counter(classes)
    kept = [at for at, one in enumerate(classes) if count[one] >= LEAST]
    if len({classes[at] for at in kept}) < 2:
        return {}
    features = np.array([surface(texts[at]) for at in kept], np.float32)
    truth = np.array([classes[at] for at in kept])
    forest = RandomForestClassifier(200, min_samples_leaf=5, n_jobs=-1, random_state=0)
    told: NDArray[np.float64] = cross_val_predict(
        forest,
        features,
        truth,
        groups=[groups[at] for at in kept],
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    return {
        str(name): round(float(roc_auc_score(truth == name, told[:, column])), 3)
        for column, name in enumerate(np.unique(truth))
    }
