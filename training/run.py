"""All steps in order: from labelled messages to a calibrated, exported and evaluated model with its card.

`python -m training.run training/config.toml`. Each step is a process of its own and talks to the next
through files, so that a stopped run goes on where it was: `finetune` from its last epoch. With a student
(`[distil]`) its teacher can be shipped too, as the large model.
"""

import subprocess
import sys
import time
from pathlib import Path

from training import config

LEARN = ("validate", "silver", "adapt", "finetune", "distil", "characters")
SHIP = ("export", "quantise", "calibrate", "evaluate", "card")


def steps(settings: config.Config) -> list[tuple[str, ...]]:
    """The steps' names, with `large` for those that make the large model."""
    large = [(step, config.LARGE) for step in SHIP] if settings.distil.layers and settings.paths.large else []
    return [*((step,) for step in LEARN), *large, *((step,) for step in SHIP)]


def main() -> None:
    """Run the steps; stop at the first that fails."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m training.run training/config.toml")
    for step, *size in steps(config.load(Path(sys.argv[1]))):
        began = time.monotonic()
        print("==", step, *size, flush=True)
        command = [sys.executable, "-m", f"training.{step}", sys.argv[1], *size]
        status = subprocess.run(command, check=False).returncode  # noqa: S603 - our own modules
        if status:
            sys.exit(f"{step} failed with status {status}; what it said stands above.")
        print(f"== {step} took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
