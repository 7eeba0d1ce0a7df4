"""Time the detector beside what one would take today, in one run and on one chat.

`python -m training.bench training/config.toml [MESSAGES]` (200,000 without a number) writes a JSON Lines chat
to a temporary folder: pieces of real messages that were held out, or where there are none of the corpus, as
long as messages of chats; three in ten are short and were sent before. Then, one after the other:
`detector scan` from that file to findings in Parquet, with and without the screen; and on the first 2,000
messages a BERT-base of random weights in a `transformers` pipeline, the same in ONNX Runtime in single
precision and in 8 bits, and a character n-gram model. Each prints messages a second and its ratio to the
pipeline. Then what the stages of a scan take, how near the network comes to what the machine multiplies at
most, the time of a single message, memory, and start-up.
"""

import json
import math
import os
import random
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline

from detector import Detector
from detector.detect import models_folder
from detector.manifest import NETWORK, TOKENIZER, read_manifest
from detector.normalise import normalise
from detector.read import InputFile, ReadOptions, discover, open_chat
from detector.records import Finding, Label, Message, Unread
from detector.report.parquet import ParquetFile
from detector.scan import WINDOW_MESSAGES
from detector.score import BATCH_TOKENS, Scorer
from detector.screen import Screen
from training import config, corpus, model
from training.graph import MICROSOFT, OLDEST_IR, OPSET, lay
from training.ngrams import NgramModel

MESSAGES = 200_000
SAMPLE = 2_000
STAGED = 20_000
"""Messages that the stages of a scan are timed on."""
SOURCES = 100_000
"""Messages whose pieces make the chat."""
WORDS = 6.25
"""Mean length of a chat message: the corpus of "What's up, Switzerland?" (Ueberwasser and Stark, 2017) has
some five million words in 800,000 WhatsApp messages."""
SHORT = 3
REPEATED = 0.3
"""Share of messages that were sent before, of up to three words: greetings, laughter, thanks."""
BASE = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12, "intermediate_size": 3072}
LONGEST = 128
BATCH = 32
MODEL = models_folder() / "default"
Result = TypeVar("Result")
ONCE = 300
"""Single messages that are timed one by one."""
PRODUCTS = 200
"""Products of 8-bit matrices that the machine's peak is measured on."""


def chat(settings: config.Config, size: int) -> Iterator[str]:
    """Messages of a chat: pieces of real ones that were held out, or where there are none of the corpus.

    They are as long as chat messages are (geometric lengths), and three in ten are short ones that come again
    and again; the others hardly ever do, however long the chat.
    """
    dice = random.Random(1)
    real = Path(settings.paths.heldout)
    if real.is_dir():
        texts = [row["text"].split() for row in corpus.sample_real(real, SOURCES, seed=1)]
    else:
        texts = [example.text.split() for example in corpus.read_examples(Path(settings.paths.corpus))]
    texts.sort(key=len)
    lengths = [len(words) for words in texts]
    often = [" ".join(words) for words in texts if len(words) <= SHORT]
    short = 1 - (1 - 1 / WORDS) ** SHORT
    for _ in range(size):
        wanted = 1 + int(math.log(1 - dice.random()) / math.log(1 - 1 / WORDS))
        if wanted <= SHORT and dice.random() < REPEATED / short:
            yield dice.choice(often)
            continue
        words = texts[dice.randrange(min(bisect_left(lengths, wanted), len(texts) - 1), len(texts))]
        start = dice.randrange(max(1, len(words) - wanted + 1))
        yield " ".join(words[start : start + wanted])


def write_chat(texts: Iterable[str], path: Path) -> None:
    """The messages of one thread as JSON Lines."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"text": text, "thread": "chat"}) + "\n" for text in texts)


def rate(score: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Messages a second, after a few that do not count."""
    score(texts[:8])
    began = time.perf_counter()
    score(texts)
    return len(texts) / (time.perf_counter() - began)


def of_scan(file: Path, out: Path, size: int, *more: str) -> tuple[float, float]:
    """Messages a second of `detector scan` end to end, start-up included, and its largest memory in MB."""
    command = [sys.executable, "-m", "detector.cli", "scan", str(file), "--out", str(out), "--quiet", *more]
    began = time.perf_counter()
    highest = 0.0
    with subprocess.Popen(command) as scan:  # noqa: S603 - our own module
        while scan.poll() is None:
            highest = max(highest, _memory(scan.pid))
            time.sleep(0.05)
    if scan.returncode:
        raise SystemExit(f"detector scan ended with status {scan.returncode}; what it said stands above.")
    return size / (time.perf_counter() - began), highest


def _memory(process: int) -> float:
    """The largest resident memory of a process so far, in MB; nought off Linux.

    What `wait4` tells of a child counts the parent's memory too, from before the child ran its program.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def of_pipeline(settings: config.Config) -> Callable[[Sequence[str]], object]:
    """A BERT-base in the pipeline that a user would take, in batches of 32 as they come."""
    pieces = model.load_tokenizer(settings.paths.base)
    words = PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        pad_token="<pad>",  # noqa: S106 - a word piece, no secret
        model_max_length=LONGEST,
    )
    network = BertForSequenceClassification(BertConfig(vocab_size=pieces.get_vocab_size(), **BASE)).eval()
    classify = pipeline("text-classification", model=network, tokenizer=words, device=-1)
    return lambda texts: classify(list(texts), batch_size=BATCH, truncation=True)


def of_runtime(
    settings: config.Config, folder: Path, *, eight_bits: bool
) -> Callable[[Sequence[str]], object]:
    """The same shape in ONNX Runtime, texts sorted by length into batches of 32.

    Eight bits are the stock way: `onnxruntime.quantization.quantize_dynamic`.
    """
    pieces = model.load_tokenizer(settings.paths.base)
    pieces.enable_truncation(LONGEST)
    shape = BertConfig(vocab_size=pieces.get_vocab_size(), **BASE)
    file = folder / "base.onnx"
    onnx.save(lay(model.build(shape).eval()), file)
    if eight_bits:
        extra = {"DefaultTensorType": TensorProto.FLOAT}  # attention is a node that it cannot see through
        quantize_dynamic(file, folder / "base.int8.onnx", extra_options=extra)
        file = folder / "base.int8.onnx"
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def score(texts: Sequence[str]) -> None:
        encoded = sorted((one.ids for one in pieces.encode_batch(list(texts))), key=len)
        for at in range(0, len(encoded), BATCH):
            part = encoded[at : at + BATCH]
            ids = np.ones((len(part), max(map(len, part))), np.int64)
            for row, one in enumerate(part):
                ids[row, : len(one)] = one
            session.run(["message"], {"input_ids": ids})

    return score


def of_ngrams(settings: config.Config) -> Callable[[Sequence[str]], object]:
    """The character n-gram model of the evaluation, trained on the corpus."""
    known = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "train")
    fitted = NgramModel(Label.EXTORTION).fit([one for one in known if Label.EXTORTION in one.labels])
    return lambda texts: fitted.score(list(texts))


def latencies(detector: Detector, texts: Sequence[str]) -> tuple[float, float]:
    """Milliseconds of a single new message in process: the median, and the 99th percentile."""
    taken = []
    for text in list(dict.fromkeys(texts))[:ONCE]:
        began = time.perf_counter()
        detector.scan_texts([text])
        taken.append(1000 * (time.perf_counter() - began))
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 99))


def start_up() -> float:
    """Seconds from nothing to the first score on the command line."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "detector.cli", "explain", "ادفع والا انشر صورك"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own module
    return time.perf_counter() - began


def timed(
    action: Callable[[], Result], clock: Callable[[], float] = time.process_time
) -> tuple[Result, float]:
    """What an action gives, and the seconds it took: of all processors together, unless by another clock."""
    began = clock()
    result = action()
    return result, clock() - began


def stages(detector: Detector, file: Path, folder: Path) -> dict[str, float]:
    """Processor seconds that each stage of a scan of a file's first messages takes."""
    source = next(one for one in discover([str(file)]) if isinstance(one, InputFile))
    messages, reading = timed(lambda: _messages(source))
    normalised, normalising = timed(lambda: [normalise(message.text).text for message in messages])
    wanted, screening = normalised, 0.0
    if detector.screening:
        least = detector.screening.threshold
        screen = Screen(MODEL)
        near, screening = timed(lambda: screen.score(normalised))
        wanted = [text for text, one in zip(normalised, near, strict=True) if one >= least]
    windows = [wanted[at : at + WINDOW_MESSAGES] for at in range(0, len(wanted), WINDOW_MESSAGES)]
    tokenizer = Tokenizer.from_file(str(MODEL / TOKENIZER))
    scorer = Scorer(MODEL, detector.manifest, remembered=0)
    _, pieces = timed(lambda: [tokenizer.encode_batch(list(dict.fromkeys(one))) for one in windows])
    _, network = timed(lambda: [scorer.read(one) for one in windows])
    findings, judging = timed(lambda: detector.scan_messages(messages))
    _, writing = timed(lambda: _write(findings, folder / "stages.parquet"))
    return {
        "reading": reading,
        "normalising": normalising,
        "screening": screening,
        "word pieces": pieces,
        "network": max(0.0, network - pieces),
        "deciding": max(0.0, judging - normalising - screening - network),
        "writing": writing,
    }


def _write(findings: Sequence[Finding], path: Path) -> None:
    report = ParquetFile(path)
    for finding in findings:
        report.add(finding)
    report.abandon()


def _messages(source: InputFile) -> list[Message]:
    chat = open_chat(source, ReadOptions())
    assert not isinstance(chat, Unread)
    records = (record for record in chat.records if isinstance(record, Message))
    return list(islice(records, STAGED))


def of_bound(texts: Sequence[str]) -> tuple[float, float]:
    """Tera-operations a second of the network's products of weights, and those of bare products of its shape.

    The bare ones are products of 8-bit matrices in ONNX Runtime, on every processor at once: what reading
    different normalised texts could reach if there were nothing else to do.
    """
    weights = [one for one in onnx.load(MODEL / NETWORK).graph.initializer if one.name.endswith("weight.s8")]
    each = 2 * sum(int(np.prod(one.dims)) for one in weights)
    scorer = Scorer(MODEL, read_manifest(MODEL), remembered=0)
    readings, seconds = timed(lambda: scorer.read(texts), time.perf_counter)
    pieces = sum(len(one.tokens.offsets) for one in readings)
    rows, inner, outer = BATCH_TOKENS, *max((tuple(one.dims) for one in weights), key=lambda dims: dims[1])
    processors = os.cpu_count() or 1
    dice = np.random.default_rng(1)
    session = _product(dice.integers(-127, 127, (inner, outer), np.int8))
    given = {"left": dice.integers(0, 255, (rows, inner), np.uint8)}
    session.run(None, given)
    with ThreadPoolExecutor(processors) as pool:
        jobs = range(PRODUCTS)
        _, bare = timed(lambda: list(pool.map(lambda _: session.run(None, given), jobs)), time.perf_counter)
    return each * pieces / seconds / 1e12, 2 * rows * inner * outer * PRODUCTS / bare / 1e12


def _product(right: NDArray[np.int8]) -> onnxruntime.InferenceSession:
    """The product of a matrix with one of 8 bits, as the network has it, on one thread."""
    inner, outer = right.shape
    constants = {
        "right": right,
        "left_scale": np.float32(0.01),
        "right_scale": np.full(outer, 0.01, np.float32),
        "left_zero": np.uint8(128),
    }
    node = helper.make_node(
        "MatMulIntegerToFloat",
        ["left", "right", "left_scale", "right_scale", "left_zero"],
        ["product"],
        domain=MICROSOFT,
    )
    made = helper.make_model(
        helper.make_graph(
            [node],
            "product",
            [helper.make_tensor_value_info("left", TensorProto.UINT8, ["rows", inner])],
            [helper.make_tensor_value_info("product", TensorProto.FLOAT, ["rows", outer])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=OLDEST_IR,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(made.SerializeToString(), options, ["CPUExecutionProvider"])


def main() -> None:
    """Measure and print."""
    size = int(sys.argv.pop(2)) if len(sys.argv) > 2 else MESSAGES
    settings = config.from_command_line()
    real = "real" if Path(settings.paths.heldout).is_dir() else "invented"
    print(f"{os.cpu_count()} processors, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{size:,} messages, pieces of {real} ones, {REPEATED:.0%} of them repeated")
    with TemporaryDirectory() as name:
        folder = Path(name)
        texts = list(chat(settings, size))
        words = sum(len(text.split()) for text in texts) / size
        print(f"{words:.1f} words a message, {len(set(texts)):,} different texts")
        sample = texts[:SAMPLE]
        rates = _rates(settings, folder, sample)
        write_chat(texts, folder / "chat.jsonl")
        memory = {}
        for title, more in (("", ()), (", with the screen", ("--screen",))):
            own, most = of_scan(folder / "chat.jsonl", folder / f"out{len(more)}.parquet", size, *more)
            rates[f"detector scan{title}, end to end"], memory[title] = own, most
        first = next(iter(rates.values()))
        for peer, value in rates.items():
            print(f"{peer:<50}{value:>10.1f} messages/s{value / first:>10.1f} times the pipeline")
        for detector in (Detector.load(), Detector.load(screen=True)):
            told = stages(detector, folder / "chat.jsonl", folder)
            shares = ", ".join(f"{stage} {taken / sum(told.values()):.0%}" for stage, taken in told.items())
            print(f"{'with the screen: ' if detector.screening else 'stages: '}{shares}")
    reached, bound = of_bound(list(dict.fromkeys(normalise(text).text for text in texts[:STAGED])))
    print(
        f"network: {reached:.2f} of {bound:.2f} T operations/s of bare 8-bit products, {reached / bound:.0%}"
    )
    middle, slowest = latencies(Detector.load(jobs=1), sample)
    memories = ", ".join(f"{value:.0f} MB{title}" for title, value in memory.items())
    print(f"scan: {memories} at most; explain: {start_up():.2f} s from nothing")
    print(f"single message: median {middle:.1f} ms, 99th percentile {slowest:.1f} ms")


def _rates(settings: config.Config, folder: Path, sample: Sequence[str]) -> dict[str, float]:
    """Messages a second of each peer."""
    peers = {
        "BERT-base, transformers pipeline": of_pipeline(settings),
        "BERT-base, ONNX Runtime fp32, sorted": of_runtime(settings, folder, eight_bits=False),
        "BERT-base, ONNX Runtime dynamic int8, sorted": of_runtime(settings, folder, eight_bits=True),
        "character n-grams, scikit-learn": of_ngrams(settings),
    }
    return {peer: rate(score, sample) for peer, score in peers.items()}


if __name__ == "__main__":
    main()
