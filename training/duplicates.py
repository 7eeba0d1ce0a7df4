"""Find texts that are nearly the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, triu
from sklearn.feature_extraction.text import CountVectorizer

NEAR = 0.5
"""Jaccard similarity of character 5-grams above which two texts count as one."""
BLOCK = 1000
"""Texts whose candidates take some hundred megabytes; those of 70,000 at once took more than 24 GB."""


def near_duplicates(texts: Sequence[str], block: int = BLOCK) -> list[tuple[int, int]]:
    """Pairs of positions whose texts share more than half of their character 5-grams, the lower one first.

    Exact. Two sets that share more than half have a common element among the rarest third of the smaller one
    and the rarer half of the larger one, so only those are joined, of `block` texts at once (prefix filter;
    Xiao et al., Efficient Similarity Joins for Near Duplicate Detection, 2008).
    """
    if not texts:
        return []
    matrix = csr_matrix(CountVectorizer(analyzer=_grams, dtype=np.int32).fit_transform(texts))
    order = matrix.getnnz(axis=1).argsort(kind="stable")
    matrix = _by_rarity(matrix[order])
    sizes = matrix.getnnz(axis=1)
    probed, indexed = _first(matrix, sizes // 2 + 1), _first(matrix, sizes // 3 + 1)
    columns = probed.T.tocsr()
    found: list[tuple[int, int]] = []
    for start in range(0, len(texts), block):
        candidates = triu(indexed[start : start + block] @ columns, k=start + 1).tocoo()
        one, other = candidates.row + start, candidates.col
        near = sizes[one] > NEAR * sizes[other]
        one, other = one[near], other[near]
        shared = np.asarray(matrix[one].multiply(matrix[other]).sum(axis=1)).ravel()
        near = shared > NEAR * (sizes[one] + sizes[other] - shared)
        found += zip(order[one[near]].tolist(), order[other[near]].tolist(), strict=True)
    return sorted((min(pair), max(pair)) for pair in found)


def _grams(text: str) -> set[str]:
    """Character 5-grams of the text with two spaces at both ends."""
    padded = f"  {text}  "
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


def _by_rarity(matrix: csr_matrix) -> csr_matrix:
    """The matrix with its columns in order of how few rows have them."""
    frequency = np.asarray(matrix.sum(axis=0)).ravel()
    rank = np.empty(len(frequency), np.int32)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    ranked = csr_matrix((matrix.data, rank[matrix.indices], matrix.indptr), shape=matrix.shape)
    ranked.sort_indices()
    return ranked


def _first(matrix: csr_matrix, wanted: NDArray[np.int64]) -> csr_matrix:
    """Of each row its first columns, as many as are wanted of it."""
    sizes = matrix.getnnz(axis=1)
    place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], sizes)
    kept = place < np.repeat(wanted, sizes)
    rows = np.repeat(np.arange(len(sizes)), sizes)[kept]
    return csr_matrix((matrix.data[kept], (rows, matrix.indices[kept])), shape=matrix.shape)
