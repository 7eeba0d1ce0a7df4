"""Scoring in bulk: the detector as a step of Ray Data, Hugging Face datasets, Spark and the like.

`BatchScorer` needs none of them installed. `detector.bulk.ray_run` needs the extra `ray` and is imported
only for `detector scan --engine ray`.
"""

from detector.bulk.scorer import BatchScorer

__all__ = ["BatchScorer"]
