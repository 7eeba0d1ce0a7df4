"""What a message costs `detector scan --screen` in chats of growing length, and what memory it takes.

`python -m training.scale training/config.toml [MESSAGES ...]` (10,000, 100,000, 1,000,000 and 5,000,000
without numbers) scans chats of those lengths, made as `training.bench` makes them, one after the other, and
prints for each the seconds, messages a second, processor microseconds a message and the largest resident
memory, start-up included.
"""

import os
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from training import config
from training.bench import chat, of_scan, write_chat

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def _processor_seconds() -> float:
    """Seconds that ended children had of all processors so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    sizes = [int(number) for number in sys.argv[2:]] or SIZES
    del sys.argv[2:]
    settings = config.from_command_line()
    print(f"{os.cpu_count()} processors; detector scan --screen", flush=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            write_chat(chat(settings, size), folder / "chat.jsonl")
            before = _processor_seconds()
            rate, memory = of_scan(folder / "chat.jsonl", folder / f"{size}.parquet", size, "--screen")
            each = 1e6 * (_processor_seconds() - before) / size
            print(
                f"{size:>9,} messages {size / rate:>8.1f} s {rate:>7.0f} messages/s "
                f"{each:>6.0f} µs of a processor each {memory:>5.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
