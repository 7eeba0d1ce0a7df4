"""Time the detector beside what one would take today, in one run on one chat of invented messages.

`python -m training.bench training/config.toml [MESSAGES]` (200,000 without a number) writes a JSON Lines chat
put together from the corpus to a temporary folder: lengths as in the corpus, three messages in ten repeated,
as in real chats. Then, one after the other: `detector scan` from that file to findings in Parquet; and on the
first 500 messages a BERT-base of random weights in a `transformers` pipeline, the same in ONNX Runtime in
single precision, and a character n-gram model. Each prints messages a second and its ratio to the pipeline.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline

from detector import Detector
from detector.records import Label
from training import config, corpus, model
from training.graph import lay
from training.ngrams import NgramModel

MESSAGES = 200_000
SAMPLE = 500
REPEATED = 0.3
"""Share of messages that were sent before: greetings, laughter, thanks."""
BASE = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12, "intermediate_size": 3072}
LONGEST = 128
BATCH = 32
ONCE = 300
"""Single messages that are timed one by one."""


def chat(folder: Path, size: int) -> Iterator[str]:
    """Invented messages: two halves of different corpus messages each, or one that was sent before."""
    dice = random.Random(1)
    texts = [example.text.split() for example in corpus.read_examples(folder)]
    often = [" ".join(words) for words in texts if len(words) <= 3]
    for _ in range(size):
        if dice.random() < REPEATED:
            yield dice.choice(often)
        else:
            one, other = dice.choice(texts), dice.choice(texts)
            yield " ".join([*one[: (len(one) + 1) // 2], *other[len(other) // 2 :]])


def rate(score: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Messages a second, after a few that do not count."""
    score(texts[:8])
    began = time.perf_counter()
    score(texts)
    return len(texts) / (time.perf_counter() - began)


def of_scan(file: Path, folder: Path, size: int) -> tuple[float, float]:
    """Messages a second of `detector scan` end to end, start-up included, and its largest memory in MB."""
    command = [sys.executable, "-m", "detector.cli", "scan", str(file), "--out", str(folder / "out.parquet")]
    began = time.perf_counter()
    highest = 0.0
    with subprocess.Popen([*command, "--quiet"]) as scan:  # noqa: S603 - our own module
        while scan.poll() is None:
            highest = max(highest, _memory(scan.pid))
            time.sleep(0.05)
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


def of_runtime(settings: config.Config, folder: Path) -> Callable[[Sequence[str]], object]:
    """The same shape in ONNX Runtime, single precision, texts sorted by length into batches of 32."""
    pieces = model.load_tokenizer(settings.paths.base)
    pieces.enable_truncation(LONGEST)
    shape = BertConfig(vocab_size=pieces.get_vocab_size(), **BASE)
    onnx.save(lay(model.build(shape).eval()), folder / "base.onnx")
    session = onnxruntime.InferenceSession(str(folder / "base.onnx"), providers=["CPUExecutionProvider"])

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
    """Milliseconds of a single message in process: the median, and the 99th percentile."""
    taken = []
    for text in texts[:ONCE]:
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


def main() -> None:
    """Measure and print."""
    size = int(sys.argv.pop(2)) if len(sys.argv) > 2 else MESSAGES
    settings = config.from_command_line()
    print(f"{os.cpu_count()} processors, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        texts = list(chat(Path(settings.paths.corpus), size))
        with (folder / "chat.jsonl").open("w", encoding="utf-8") as out:
            out.writelines(json.dumps({"text": text, "thread": "chat"}) + "\n" for text in texts)
        sample = texts[:SAMPLE]
        peers = {
            "BERT-base, transformers pipeline": of_pipeline(settings),
            "BERT-base, ONNX Runtime fp32, sorted": of_runtime(settings, folder),
            "character n-grams, scikit-learn": of_ngrams(settings),
        }
        rates = {peer: rate(score, sample) for peer, score in peers.items()}
        own, memory = of_scan(folder / "chat.jsonl", folder, size)
    first = next(iter(rates.values()))
    for peer, value in {**rates, f"detector scan, {size:,} messages end to end": own}.items():
        print(f"{peer:<50}{value:>10.1f} messages/s{value / first:>10.1f} times the pipeline")
    middle, slowest = latencies(Detector.load(jobs=1), sample)
    print(f"scan: {memory:.0f} MB at most; explain: {start_up():.2f} s from nothing")
    print(f"single message: median {middle:.1f} ms, 99th percentile {slowest:.1f} ms")


if __name__ == "__main__":
    main()
