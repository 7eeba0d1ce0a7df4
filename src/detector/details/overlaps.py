"""Details that do not overlap."""

from collections.abc import Iterable

from detector.records import Detail


def without_overlaps(found: Iterable[Detail]) -> list[Detail]:
    """In order, of those that overlap the one that begins first, of equal ones the longest."""
    kept: list[Detail] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
