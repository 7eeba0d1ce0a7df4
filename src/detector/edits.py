"""A replacement inside a text, as the stages of normalising make them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]`, which is not empty, by `new`."""

    start: int
    end: int
    new: str
