"""All steps in order: from labelled messages to a calibrated, exported and evaluated model with its card.

`python -m training.run training/config.toml`. Each step is a process of its own and talks to the next
through files, so that a stopped run goes on where it was: `finetune` and `distil` from their last epoch.
"""

import subprocess
import sys
import time

STEPS = (
    "validate",
    "silver",
    "adapt",
    "finetune",
    "distil",
    "characters",
    "export",
    "quantise",
    "calibrate",
    "screen",
    "probe",
    "scratch",
    "evaluate",
    "card",
)


def main() -> None:
    """Run the steps; stop at the first that fails."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m training.run training/config.toml")
    for step in STEPS:
        began = time.monotonic()
        print(f"== {step}", flush=True)
        command = [sys.executable, "-m", f"training.{step}", sys.argv[1]]
        status = subprocess.run(command, check=False).returncode  # noqa: S603 - our own modules
        if status:
            sys.exit(f"{step} failed with status {status}; what it said stands above.")
        print(f"== {step} took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
