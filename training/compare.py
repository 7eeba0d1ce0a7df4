"""Compare a new model's figures with those of the shipped one, slice by slice.

`python -m training.compare OLD NEW` takes two `metrics.json` and prints what changed. A slice fails where the
new figure lies outside the old one's 95 % interval on the wrong side; any failure makes the exit status 1.
`make gate` compares the working tree with the last commit. Slices whose number of cases changed are of
other messages, or, like precision, shares of what a model flags: they are printed and never fail.
So are figures that the new model was not measured by.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LESS_IS_BETTER = (
    "false_alarms",
    "called_extortion",
    "accused",
    "among_ordinary/rest/",
    "real_heldout/",
    "real_measure/",
    "flips/",
)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of both models: its name, the values, and the old one's interval and cases."""

    name: str
    old: float
    new: float
    low: float
    high: float
    same_cases: bool

    @property
    def worse(self) -> bool:
        """Whether the new figure lies outside the old interval, on the wrong side."""
        if not self.same_cases:
            return False
        less = any(word in self.name for word in LESS_IS_BETTER)
        return self.new > self.high if less else self.new < self.low

    def __str__(self) -> str:
        state = "WORSE" if self.worse else "other cases" if not self.same_cases else "ok"
        bounds = f"[{self.low:.3f}, {self.high:.3f}]"
        return f"{state:<12}{self.name:<70}{self.old:.3f} {bounds} -> {self.new:.3f}"


def figures(of: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every figure that has a value and an interval, with its name; those of the baselines are left out."""
    for key, value in of.items():
        here = f"{name}/{key}" if name else key
        if not isinstance(value, dict) or "baseline" in key:
            continue
        if not {"value", "cases", "low", "high"} <= value.keys():
            yield from figures(value, here)
        elif value["value"] is not None:
            yield here, value


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Every figure that both have."""
    measured = dict(figures(new))
    for name, one in figures(old):
        if other := measured.get(name):
            same = one["cases"] == other["cases"]
            yield Change(name, one["value"], other["value"], one["low"], one["high"], same)


def unmeasured(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of the figures that only the old model has, sorted."""
    return sorted(dict(figures(old)).keys() - dict(figures(new)).keys())


def main() -> None:
    """Print the changes; fail where a slice got worse."""
    if len(sys.argv) != 3:
        sys.exit("Usage: python -m training.compare OLD/metrics.json NEW/metrics.json")
    old, new = (json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:])
    found = sorted(changes(old, new), key=lambda one: (not one.worse, one.name))
    for one in found:
        print(one)
    for name in unmeasured(old, new):
        print(f"{'not measured':<12} {name}")
    worse = sum(one.worse for one in found)
    print(f"{len(found)} figures, {worse} of them worse than the shipped model's interval allows")
    sys.exit(bool(worse))


if __name__ == "__main__":
    main()
