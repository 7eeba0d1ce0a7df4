"""Find texts that are nearly the same."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, triu
from sklearn.feature_extraction.text import CountVectorizer

NEAR = 0.5
"""Jaccard similarity of character 5-grams above which two texts count as one."""
BLOCK = 1000
"""Texts whose candidates take some hundred megabytes; those of 70,000 at once took more than 24 GB."""


def near_duplicates(texts: Sequence[str], block: int = BLOCK) -> list[tuple[int, int]]:
    """Pairs of positions whose texts share more than half of their character 5-grams, the lower one first.

    Exact. Two sets that share more than half have a common element among the rarer half of each, so only
    those are joined (prefix filter; Bayardo, Ma and Srikant, Scaling Up All Pairs Similarity Search, 2007),
    of `block` texts at once.
    """
    if not texts:
        return []
    matrix = csr_matrix(CountVectorizer(analyzer=_grams, dtype=np.int32).fit_transform(texts))
    sizes = matrix.getnnz(axis=1)
    rarer = _rarer_half(matrix, sizes)
    columns = rarer.T.tocsr()
    found: list[tuple[int, int]] = []
    for start in range(0, len(texts), block):
        candidates = triu(rarer[start : start + block] @ columns, k=start + 1).tocoo()
        one, other = candidates.row + start, candidates.col
        shared = np.asarray(matrix[one].multiply(matrix[other]).sum(axis=1)).ravel()
        near = shared > NEAR * (sizes[one] + sizes[other] - shared)
        found += zip(one[near].tolist(), other[near].tolist(), strict=True)
    return sorted(found)


def _grams(text: str) -> set[str]:
    """Character 5-grams of the text with two spaces at both ends."""
    padded = f"  {text}  "
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


def _rarer_half(matrix: csr_matrix, sizes: np.ndarray) -> csr_matrix:
    """Of each row the half of its columns, and one more, that the fewest rows have."""
    frequency = np.asarray(matrix.sum(axis=0)).ravel()
    rank = np.empty(len(frequency), np.int32)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    ranked = csr_matrix((matrix.data, rank[matrix.indices], matrix.indptr), shape=matrix.shape)
    ranked.sort_indices()
    place = np.arange(ranked.nnz) - np.repeat(ranked.indptr[:-1], sizes)
    kept = place <= np.repeat(sizes // 2, sizes)
    rows = np.repeat(np.arange(len(sizes)), sizes)[kept]
    return csr_matrix((ranked.data[kept], (rows, ranked.indices[kept])), shape=matrix.shape)
