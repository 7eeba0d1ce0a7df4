"""How networks are run: one thread a session, texts of one length together, so that nothing is padded."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnxruntime


def open_session(path: Path, without: Sequence[str] = ()) -> onnxruntime.InferenceSession:
    """A network on one thread; `without` names optimisations of ONNX Runtime to leave out.

    What ONNX Runtime would report of its use to its makers is switched off for the whole process.
    """
    onnxruntime.disable_telemetry_events()  # for programs that had started it before this package
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # batches differ in shape, so a plan would never be used again
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=list(without)
    )


def of_one_length(lengths: Sequence[int], pieces: int) -> Iterator[list[int]]:
    """Places of texts of one length, together no more than so many word pieces; the longest first."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for at, length in enumerate(lengths):
        by_length[length].append(at)
    for length in sorted(by_length, reverse=True):
        size = max(1, pieces // max(1, length))
        same = by_length[length]
        yield from (same[at : at + size] for at in range(0, len(same), size))
