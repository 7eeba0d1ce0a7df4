"""Quantise the exported network to 8 bits so that a text's scores do not depend on its batch.

`python -m training.quantise training/config.toml` writes `model.onnx` and `tokenizer.json` to the model
directory. ONNX Runtime's dynamic quantisation takes one activation scale for the whole tensor, and so a
message's score depends on the messages beside it. Here every activation has a scale that was measured
beforehand on the training texts: it is the same for every text, and costs nothing at run time.

What is lost is kept small by moving the outliers of an activation's channels into the weights that follow,
where each output channel has its own scale. How far, and how much of the range is clipped, is chosen for
each product by the error it makes on those texts. Rows of the embedding table are 8 bits in blocks.

Sources: Jacob et al., Quantization and Training of Neural Networks, 2018 (static scales); Xiao et al.,
SmoothQuant, 2023 (moving outliers; equation 4); Lin et al., AWQ, 2024 (choosing by the error of a product).
"""

import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper
from tokenizers import Tokenizer

from detector.manifest import NETWORK, TOKENIZER
from detector.normalise import normalise
from training import config, corpus

MICROSOFT = "com.microsoft"
EMBEDDING_BLOCK = 32
"""Numbers of an embedding row that share a scale; a whole row has outliers."""
SMALLEST = 4096
"""Weights with fewer elements stay in single precision: they cost nothing and matter most."""
ROWS = 1024
"""Word pieces' activations that are kept of each product, to choose its scales by."""
STRENGTHS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""How much of a channel's outliers goes into the weights: the exponent alpha of SmoothQuant."""
KEPT = (1.0, 0.9, 0.8, 0.7)
"""Shares of the activations' range that are told apart; what lies outside is clipped."""
WORTH = 0.9
"""Moving outliers costs a multiplication: it is done where the error falls below this share."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Product:
    """A product with a constant: the names of its nodes, input, weight, bias and output."""

    multiply: str
    input: str
    weight: str
    bias: str
    output: str


@dataclass(frozen=True, slots=True)
class Scales:
    """How a product is quantised: channel factors, if any, and the activation's scale and zero point."""

    factors: Floats | None
    scale: np.float32
    zero: np.uint8


def products(graph: onnx.GraphProto) -> list[Product]:
    """The products with large constant weights, each followed by the sum with a constant bias."""
    sizes = {one.name: tuple(one.dims) for one in graph.initializer}
    sums = {node.input[0]: node for node in graph.node if node.op_type == "Add" and node.input[1] in sizes}
    return [
        Product(node.output[0], node.input[0], node.input[1], after.input[1], after.output[0])
        for node in graph.node
        if node.op_type == "MatMul"
        and len(sizes.get(node.input[1], ())) == 2
        and np.prod(sizes[node.input[1]]) >= SMALLEST
        and not node.output[0].startswith("characters.")
        and (after := sums.get(node.output[0])) is not None
    ]


def observe(
    network: ModelProto, wanted: Sequence[Product], texts: Sequence[Sequence[int]]
) -> dict[str, Floats]:
    """Activations that enter each product, shape (rows, channels): a sample, two rows of extremes first."""
    tapped = ModelProto.FromString(network.SerializeToString())
    names = list(dict.fromkeys(one.input for one in wanted))
    tapped.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(tapped.SerializeToString(), providers=["CPUExecutionProvider"])
    dice = np.random.default_rng(0)
    each = max(1, ROWS // len(texts))
    rows: dict[str, list[Floats]] = defaultdict(list)
    lows: dict[str, Floats] = {}
    highs: dict[str, Floats] = {}
    for ids in texts:
        given = {"input_ids": np.array([ids], np.int64), "code_points": np.zeros((1, 8), np.int64)}
        inputs = {one.name: given[one.name] for one in session.get_inputs()}
        for name, found in zip(names, session.run(names, inputs), strict=True):
            flat = found.reshape(-1, found.shape[-1])
            lows[name] = np.minimum(flat.min(0), lows.get(name, np.inf)).astype(np.float32)
            highs[name] = np.maximum(flat.max(0), highs.get(name, -np.inf)).astype(np.float32)
            rows[name].append(flat[dice.choice(len(flat), min(each, len(flat)), replace=False)])
    return {name: np.concatenate([[lows[name], highs[name]], *rows[name]]) for name in names}


def integers(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """8-bit weights, and the scale of each output channel.

    Two neighbours of a channel are 128 together at most: processors without VNNI add the products of two
    neighbours with unsigned 8-bit activations in 16 bits, and what does not fit there would be cut off. So
    every processor gives the same sums. Source: Intel, x86 instruction `vpmaddubsw`.
    """
    sizes = np.abs(np.pad(weight, ((0, len(weight) % 2), (0, 0))))
    largest = sizes.reshape(-1, 2, weight.shape[1]).sum(1).max(0)  # rounding adds no more than one
    scale = np.maximum(largest / 127, 1e-12).astype(np.float32)
    return np.round(weight / scale).astype(np.int8), scale


def _range(seen: Floats, kept: float) -> tuple[np.float32, np.uint8]:
    """Scale and zero point of unsigned 8-bit activations that keep a share of the range seen."""
    low, high = min(0.0, float(seen.min())) * kept, max(0.0, float(seen.max())) * kept
    scale = np.float32(max((high - low) / 255, 1e-12))
    return scale, np.uint8(np.clip(np.round(-low / scale), 0, 255))


def choose(seen: Floats, weight: Floats) -> Scales:
    """The scales with which the product of the activations seen and the weight errs least.

    Shapes (rows, channels) and (channels, outputs).
    """
    exact = seen @ weight
    tried: list[tuple[float, Scales]] = []
    for factors in (None, *(_factors(seen, weight, strength) for strength in STRENGTHS)):
        moved, rest = (seen, weight) if factors is None else (seen / factors, weight * factors[:, None])
        numbers, steps = integers(rest)
        rounded = numbers * steps
        for kept in KEPT:
            scale, zero = _range(moved, kept)
            shown = (np.clip(np.round(moved / scale) + zero, 0, 255) - zero) * scale
            error = float(np.square(shown @ rounded - exact).mean())
            tried.append((error * (WORTH if factors is None else 1.0), Scales(factors, scale, zero)))
    return min(tried, key=lambda one: one[0])[1]


def _factors(seen: Floats, weight: Floats, strength: float) -> Floats:
    """What each channel of the activations is divided by, and its weights multiplied."""
    largest = np.maximum(np.abs(seen).max(0), 1e-5) ** strength
    factors = largest / np.maximum(np.abs(weight).max(1), 1e-5) ** (1 - strength)
    found: Floats = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    return found


@dataclass(slots=True)
class _Rewriter:
    """Replaces the large constant products and look-ups of a graph, node by node."""

    weights: Mapping[str, Floats]
    scales: Mapping[str, tuple[Product, Scales]]
    added: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    def rewrite(self, node: NodeProto) -> Iterator[NodeProto]:
        """The nodes that take a node's place."""
        name = node.output[0]
        if name in self.scales:
            yield from self._product(*self.scales[name])
        elif name in {product.output for product, _ in self.scales.values()}:
            return  # the bias is part of the product
        elif node.op_type == "Gather" and self._of_rows(node):
            yield from self._look_up(node)
        else:
            yield node

    def _of_rows(self, node: NodeProto) -> bool:
        """Whether a Gather looks up, by word piece, rows of a large table that fall into whole blocks."""
        table = self.weights.get(node.input[0])
        if table is None or table.ndim != 2 or table.size < SMALLEST:
            return False
        return bool(node.input[1] == "input_ids" and table.shape[1] % EMBEDDING_BLOCK == 0)

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.added[name] = value
        return name

    def _product(self, product: Product, scales: Scales) -> Iterator[NodeProto]:
        """The product as u8 x s8, the only 8-bit one that is fast on CPUs without AMX."""
        weight, entering, name = self.weights[product.weight], product.input, product.output
        if scales.factors is not None:
            inverse = self._constant(f"{name}.factors", (1 / scales.factors).astype(np.float32))
            yield helper.make_node("Mul", [entering, inverse], [f"{name}.moved"])
            entering, weight = f"{name}.moved", weight * scales.factors[:, None]
        numbers, steps = integers(weight)
        scale = self._constant(f"{name}.activation", np.array(scales.scale))
        zero = self._constant(f"{name}.zero", np.array(scales.zero))
        yield helper.make_node("QuantizeLinear", [entering, scale, zero], [f"{name}.u8"])
        inputs = [
            f"{name}.u8",
            self._constant(f"{product.weight}.s8", numbers),
            scale,
            self._constant(f"{product.weight}.scale", steps),
            zero,
            "",
            product.bias,
        ]
        yield helper.make_node("MatMulIntegerToFloat", inputs, [name], domain=MICROSOFT)

    def _look_up(self, node: NodeProto) -> Iterator[NodeProto]:
        """Rows of an embedding table: 8-bit integers, each block of a row with its scale."""
        table, at, output = node.input[0], node.input[1], node.output[0]
        values = self.weights[table]
        blocks = values.reshape(len(values), -1, EMBEDDING_BLOCK)
        scale = np.maximum(np.abs(blocks).max(-1, keepdims=True) / 127, 1e-12).astype(np.float32)
        integers = np.clip(np.round(blocks / scale), -127, 127).astype(np.int8)
        rows = self._constant(f"{table}.s8", integers)
        scales = self._constant(f"{table}.scale", scale)
        shape = self._constant(f"{table}.shape", np.array([0, 0, values.shape[1]], np.int64))
        yield helper.make_node("Gather", [rows, at], [f"{output}.s8"])
        yield helper.make_node("Cast", [f"{output}.s8"], [f"{output}.float"], to=onnx.TensorProto.FLOAT)
        yield helper.make_node("Gather", [scales, at], [f"{output}.scale"])
        yield helper.make_node("Mul", [f"{output}.float", f"{output}.scale"], [f"{output}.blocks"])
        yield helper.make_node("Reshape", [f"{output}.blocks", shape], [output])


def quantise(source: Path, target: Path, texts: Sequence[Sequence[int]]) -> None:
    """Write the 8-bit form of an ONNX graph, its scales chosen on texts given as word pieces."""
    network = onnx.load(source)
    graph = network.graph
    wanted = products(graph)
    seen = observe(network, wanted, texts) if wanted else {}
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    scales = {one.multiply: (one, choose(seen[one.input], weights[one.weight])) for one in wanted}
    rewriter = _Rewriter(weights, scales)
    nodes = [new for node in graph.node for new in rewriter.rewrite(node)]
    used = {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    kept += [numpy_helper.from_array(np.asarray(value), name) for name, value in rewriter.added.items()]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.save(network, target)


def mean_change(one: Path, other: Path, tokenizer: Tokenizer, texts: list[str]) -> float:
    """Mean absolute difference of the label probabilities that two networks give the texts."""
    sessions = [
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in (one, other)
    ]
    changes = []
    for text in texts:
        ids = np.array([tokenizer.encode(normalise(text).text).ids], np.int64)
        inputs = {"input_ids": ids, "code_points": np.zeros((1, 8), np.int64)}
        logits = [session.run(["message"], inputs)[0] for session in sessions]
        first, second = (1 / (1 + np.exp(-one)) for one in logits)
        changes.append(np.abs(first - second).mean())
    return float(np.mean(changes))


def main() -> None:
    """Quantise by training texts, then compare on the development split."""
    settings = config.from_command_line()
    run, folder = Path(settings.paths.run), Path(settings.paths.model)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "tokenizer.json", folder / TOKENIZER)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.enable_truncation(settings.finetune.max_tokens)
    learnt = corpus.read_training(settings.paths)
    sample = random.Random(0).sample(learnt, min(settings.quantise.texts, len(learnt)))
    quantise(
        settings.exported,
        folder / NETWORK,
        [tokenizer.encode(normalise(one.text).text).ids for one in sample],
    )
    held = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "development")
    change = mean_change(settings.exported, folder / NETWORK, tokenizer, [one.text for one in held])
    size = (folder / NETWORK).stat().st_size / 1e6
    print(f"{folder / NETWORK}: {size:.1f} MB, probabilities change by {change:.4f} on average")
    if change > settings.quantise.largest_loss:
        sys.exit(f"Expected at most {settings.quantise.largest_loss}: quantise fewer weights.")


if __name__ == "__main__":
    main()
