"""Teach a very small network which messages the model flags, so that in bulk the rest need not be read.

`python -m training.screen training/config.toml` writes `screen.onnx` to the model directory and what it loses
to the manifest. The network reads the model's word pieces: an embedding, three convolutions, the last over
every second piece, the highest and the mean of what they find (Kim, Convolutional Neural Networks for
Sentence Classification, 2014; Yu and Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, 2016).
It learns from what the model that ships says of training texts, disguised ones and real ones. At each
operating point its threshold is the highest that keeps nearly everything that the model flags in the
development split, also spelt to dodge filters; what is lost is then counted on messages of the test split
and of other hands, spelt likewise.
"""

import math
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from detector.decide import flags_of, verdict_of
from detector.detect import Detector
from detector.judge import as_read
from detector.manifest import SCREEN, Manifest, read_manifest, sha256_of, write_manifest
from detector.records import Finding, Label, Message, OperatingPoint, Scores, Screening
from detector.runtime import of_one_length
from detector.screen import LONGEST, Screen
from training import config, corpus, model
from training.evasions import FAMILIES
from training.figures import proportion
from training.graph import OLDEST_IR, OPSET
from training.robustness import followed

FLAGGED = (Label.EXTORTION, Label.VICTIM)
"""What is to be read. A demand or a harsh word alone is no reason: public talk is full of both."""
READ_ALL = -1e6
"""A threshold that every message reaches."""


class Network(nn.Module):
    """Word pieces, shape (texts, pieces), to a logit each: how near a text is to being flagged."""

    def __init__(self, pieces: int, wanted: config.Screening) -> None:
        super().__init__()
        self.embedding = nn.Embedding(pieces, wanted.width)
        self.first = nn.Conv1d(wanted.width, wanted.channels, 3, padding=1)
        self.second = nn.Conv1d(wanted.channels, wanted.channels, 3, padding=1)
        self.third = nn.Conv1d(wanted.channels, wanted.channels, 3, padding=2, dilation=2)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(2 * wanted.channels, 1)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Logits, shape (texts,)."""
        states = self.dropout(self.embedding(input_ids)).transpose(1, 2)
        states = torch.relu(self.first(states))
        states = states + torch.relu(self.second(states))
        states = states + torch.relu(self.third(states))
        pooled = torch.cat([states.amax(-1), states.mean(-1)], dim=-1)
        logits: Tensor = self.out(self.dropout(pooled)).squeeze(-1)
        return logits


@dataclass(frozen=True, slots=True)
class Lesson:
    """Normalised texts, what the model says of each, and which message each was made from."""

    texts: Sequence[str]
    scores: Sequence[Scores]
    origins: Sequence[str]


def lesson(detector: Detector, texts: Iterable[tuple[str, str]]) -> Lesson:
    """What the model that ships says of texts, given with their origins; of equal ones only the first."""
    made = {as_read(text).text: (text, origin) for text, origin in reversed(list(texts))}
    scores = detector.score([text for text, _ in made.values()])
    return Lesson(list(made), scores, [origin for _, origin in made.values()])


def spelt(examples: Sequence[corpus.Example], families: int) -> Iterator[tuple[str, str]]:
    """Each text as it is, and in so many of the ways of dodging filters, with its pair, thread or id."""
    for example in examples:
        origin = example.pair or example.thread or example.id
        yield example.text, origin
        dice = random.Random(example.id)
        for family in dice.sample(list(FAMILIES), families):
            yield FAMILIES[family](example.text, dice), origin


def nearness(scores: Scores, thresholds: dict[Label, float]) -> float:
    """How near a message is to a verdict of extortion or victim, 0 to 1; one half at a threshold."""
    values = scores.as_dict()
    apart = max(_logit(values[label]) - _logit(thresholds[label]) for label in FLAGGED)
    return float(1 / (1 + np.exp(-apart)))


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(inside / (1 - inside)))


def flagged(manifest: Manifest, point: OperatingPoint, scores: Sequence[Scores]) -> NDArray[np.bool_]:
    """Which messages the model flags at an operating point, shape (messages,)."""
    thresholds = manifest.thresholds[point]
    found = (Finding(Message(""), one, verdict=verdict_of(flags_of(one, thresholds), one)) for one in scores)
    return np.array([one.flagged for one in found], bool)


def fit(texts: Sequence[str], targets: Sequence[float], settings: config.Config) -> Network:
    """A network that has learnt how near texts are to being flagged."""
    wanted = settings.screen
    torch.manual_seed(wanted.seed)
    dice = random.Random(wanted.seed)
    tokenizer = model.load_tokenizer(settings.paths.base)
    tokenizer.enable_truncation(LONGEST)
    pieces = [one.ids for one in tokenizer.encode_batch_fast(list(texts))]
    network = Network(tokenizer.get_vocab_size(), wanted)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1.0, weight_decay=wanted.weight_decay, fused=True)
    batches = list(of_one_length([len(ids) for ids in pieces], wanted.batch_tokens))
    for epoch in range(wanted.epochs):
        dice.shuffle(batches)
        total = 0.0
        for at, batch in enumerate(batches, 1):
            done = (epoch + at / len(batches)) / wanted.epochs
            for group in optimiser.param_groups:
                group["lr"] = wanted.learning_rate * model.linear_rate(done, 0.1)
            ids = torch.tensor([pieces[one] for one in batch])
            truth = torch.tensor([targets[one] for one in batch])
            value = nn.functional.binary_cross_entropy_with_logits(network(ids), truth)
            total += model.descend(network, optimiser, value)
        print(f"epoch {epoch + 1}/{wanted.epochs} loss {total / len(batches):.4f}", flush=True)
    return network.eval()


def lay(network: Network) -> onnx.ModelProto:
    """The graph: `input_ids`, shape (texts, pieces), to `score`, shape (texts,); embeddings in 16 bits."""
    state = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    state["embedding.weight"] = state["embedding.weight"].astype(np.float16)
    state["out.weight"] = np.ascontiguousarray(state["out.weight"].T)
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Cast", ["embedding.weight"], "embeddings", {"to": TensorProto.FLOAT}),
        ("Gather", ["embeddings", "input_ids"], "words", {}),
        ("Transpose", ["words"], "states", {"perm": [0, 2, 1]}),
        ("Conv", ["states", "first.weight", "first.bias"], "first", {"pads": [1, 1]}),
        ("Relu", ["first"], "found", {}),
        ("Conv", ["found", "second.weight", "second.bias"], "second", {"pads": [1, 1]}),
        ("Relu", ["second"], "further", {}),
        ("Add", ["found", "further"], "both", {}),
        ("Conv", ["both", "third.weight", "third.bias"], "third", {"pads": [2, 2], "dilations": [2]}),
        ("Relu", ["third"], "wider", {}),
        ("Add", ["both", "wider"], "all", {}),
        ("ReduceMax", ["all", "last"], "highest", {"keepdims": 0}),
        ("ReduceMean", ["all", "last"], "mean", {"keepdims": 0}),
        ("Concat", ["highest", "mean"], "pooled", {"axis": -1}),
        ("MatMul", ["pooled", "out.weight"], "product", {}),
        ("Add", ["product", "out.bias"], "logits", {}),
        ("Squeeze", ["logits", "last"], "score", {}),
    )
    constants = {**state, "last": np.array([-1], np.int64)}
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **extra) for kind, inputs, output, extra in steps],
        "screen",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "pieces"])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["texts"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=OLDEST_IR)


def threshold(scores: NDArray[np.float32], share: float) -> float:
    """The highest threshold, rounded down, under which no more than a share of the scores lie.

    Of none, `READ_ALL`. Texts too long for the screen have no score that is finite, and are always read.
    """
    finite = np.sort(scores[np.isfinite(scores)])
    return math.floor(1e4 * float(finite[int(share * len(finite))])) / 1e4 if len(finite) else READ_ALL


def learnt(detector: Detector, settings: config.Config) -> Network:
    """A network taught by what the model says of training texts and of real ones."""
    wanted, paths = settings.screen, settings.paths
    train = corpus.read_part(Path(paths.corpus), Path(paths.split), "train")
    real = corpus.sample_real(Path(paths.pool), wanted.real_messages, wanted.seed)
    taught = lesson(
        detector, [*spelt(train, wanted.spellings), *((row["text"], corpus.real_id(row)) for row in real)]
    )
    thresholds = dict(detector.manifest.thresholds[OperatingPoint.BALANCED])
    return fit(taught.texts, [nearness(one, thresholds) for one in taught.scores], settings)


def screenings(folder: Path, settings: config.Config) -> dict[OperatingPoint, Screening]:
    """Thresholds chosen on the development split, and what they lose of the test split and of other hands."""
    paths, spellings, screen = settings.paths, settings.screen.spellings_tried, Screen(folder)
    detector = Detector.load(folder)
    development, test = (
        corpus.read_part(Path(paths.corpus), Path(paths.split), part) for part in ("development", "test")
    )
    others = corpus.read_examples(Path(paths.other_hands))
    chosen = lesson(detector, spelt(development, spellings))
    unseen = lesson(detector, spelt(test + others, spellings))
    near, scores, origins = screen.score(chosen.texts), screen.score(unseen.texts), np.array(unseen.origins)
    found: dict[OperatingPoint, Screening] = {}
    for point in OperatingPoint:
        least = threshold(near[flagged(detector.manifest, point, chosen.scores)], settings.screen.lost)
        asked = flagged(detector.manifest, point, unseen.scores)
        lost, count = int((scores[asked] < least).sum()), int(asked.sum())
        high = proportion(lost, count, independent=len(set(origins[asked]))).high
        found[point] = Screening(least, count, lost, high, threads=0, threads_lost=0)
    return found


def with_threads(
    screening: Screening, folder: Path, point: OperatingPoint, settings: config.Config
) -> Screening:
    """The same with the threads that the model flags at a point, and how many it misses so."""
    paths = settings.paths
    held = corpus.read_partition(Path(paths.split)).test
    threads = [one for one in corpus.read_threads(Path(paths.corpus)) if one.id in held]
    threads += corpus.read_threads(Path(paths.other_hands))
    every, screened = (Detector.load(folder, operating_point=point, screen=one) for one in (False, True))
    found = [thread for thread in threads if _flags(every, thread)]
    lost = sum(not _flags(screened, thread) for thread in found)
    return replace(screening, threads=len(found), threads_lost=lost)


def _flags(detector: Detector, thread: corpus.Thread) -> bool:
    _, told = followed(detector, detector.scan_messages(thread.messages))
    return told.flagged


def add(folder: Path, found: dict[OperatingPoint, Screening]) -> None:
    """Write to a model's manifest how its screen is used."""
    manifest = read_manifest(folder)
    files = {**manifest.files, SCREEN: sha256_of(folder / SCREEN)}
    write_manifest(replace(manifest, files=files, screen=found), folder)


def main() -> None:
    """Teach, if none is given, and measure in a copy of the model directory, then add the screen to it."""
    settings = config.from_command_line()
    folder = Path(settings.paths.model)
    taught = settings.screen.network
    if not taught and not Path(settings.paths.pool).is_dir():
        print(f"{settings.paths.pool}: not there; without real messages the model gets no screen")
        return
    with TemporaryDirectory() as name:
        copy = Path(shutil.copytree(folder, Path(name) / folder.name))
        if taught:
            shutil.copyfile(taught, copy / SCREEN)
        else:
            onnx.save(lay(learnt(Detector.load(copy), settings)), copy / SCREEN)
        found = screenings(copy, settings)
        add(copy, found)
        found = {point: with_threads(one, copy, point, settings) for point, one in found.items()}
        shutil.move(copy / SCREEN, folder / SCREEN)
    add(folder, found)
    for point, one in found.items():
        print(f"{point}: {asdict(one)}")


if __name__ == "__main__":
    main()
