"""Quantise the exported network to 8 bits so that a text's scores do not depend on its batch.

`python -m training.quantise training/config.toml` writes `model.onnx` and `tokenizer.json` to the model
directory. ONNX Runtime's own dynamic quantisation takes one activation scale for the whole tensor, and
so a message's score depends on the messages beside it. Here every word piece has its own scale (its
largest activation), every output channel of a weight matrix and every row of an embedding table too.

Source: per-token activations and per-channel weights, Dettmers et al., LLM.int8(), 2022, section 2.1.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper
from tokenizers import Tokenizer

from detector.manifest import NETWORK, TOKENIZER
from detector.normalise import normalise
from training import config, corpus

MICROSOFT = "com.microsoft"
EMBEDDING_BLOCK = 32
"""Numbers of an embedding row that share a scale; a whole row has outliers."""
SMALLEST = 4096
"""Weights with fewer elements stay in single precision: they cost nothing and matter most."""


@dataclass(slots=True)
class _Rewriter:
    """Replaces the large constant products and look-ups of a graph, node by node."""

    weights: dict[str, NDArray[np.float32]]
    added: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    quantised: set[str] = field(default_factory=set)

    def rewrite(self, node: NodeProto) -> Iterator[NodeProto]:
        """The nodes that take a node's place."""
        if node.op_type == "MatMul" and self._large(node.input[1]):
            yield from self._product(node.input[0], node.input[1], node.output[0])
        elif node.op_type == "Gather" and self._large(node.input[0]) and self._of_rows(node):
            yield from self._look_up(node)
        else:
            yield node

    def _large(self, name: str) -> bool:
        weight = self.weights.get(name)
        own = name.startswith("characters.")
        return weight is not None and weight.ndim == 2 and weight.size >= SMALLEST and not own

    def _of_rows(self, node: NodeProto) -> bool:
        """Whether a Gather looks up, by word piece, rows that fall into whole blocks."""
        by_piece = node.input[1] == "input_ids"
        return bool(by_piece and self.weights[node.input[0]].shape[1] % EMBEDDING_BLOCK == 0)

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.added[name] = value
        return name

    def _quantised_input(self, name: str) -> Iterator[NodeProto]:
        """Unsigned 8-bit activations `name.u8` and the scale of each row, `name.scale`."""
        if name in self.quantised:
            return
        self.quantised.add(name)
        last = self._constant("last_axis", np.array([-1], np.int64))
        share = self._constant("one_127th", np.array(1 / 127, np.float32))
        least = self._constant("least_scale", np.array(1e-12, np.float32))
        one, zero = self._units()
        yield helper.make_node("Abs", [name], [f"{name}.abs"])
        yield helper.make_node("ReduceMax", [f"{name}.abs", last], [f"{name}.max"], keepdims=1)
        yield helper.make_node("Mul", [f"{name}.max", share], [f"{name}.share"])
        yield helper.make_node("Max", [f"{name}.share", least], [f"{name}.scale"])
        yield helper.make_node("Div", [name, f"{name}.scale"], [f"{name}.scaled"])
        yield helper.make_node("QuantizeLinear", [f"{name}.scaled", one, zero], [f"{name}.u8"])

    def _units(self) -> tuple[str, str]:
        one = self._constant("unit_scale", np.array(1, np.float32))
        return one, self._constant("zero_point", np.array(128, np.uint8))

    def _product(self, left: str, weight: str, output: str) -> Iterator[NodeProto]:
        """`left @ weight` as u8 x s8, the only 8-bit product that is fast on CPUs without AMX."""
        yield from self._quantised_input(left)
        values = self.weights[weight]
        scale = np.maximum(np.abs(values).max(0) / 127, 1e-12).astype(np.float32)
        integers = np.clip(np.round(values / scale), -127, 127).astype(np.int8)
        one, zero = self._units()
        inputs = [
            f"{left}.u8",
            self._constant(f"{weight}.s8", integers),
            one,
            self._constant(f"{weight}.scale", scale),
            zero,
        ]
        yield helper.make_node("MatMulIntegerToFloat", inputs, [f"{output}.rows"], domain=MICROSOFT)
        yield helper.make_node("Mul", [f"{output}.rows", f"{left}.scale"], [output])

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


def quantise(source: Path, target: Path) -> None:
    """Write the 8-bit form of an ONNX graph."""
    graph_model = onnx.load(source)
    graph = graph_model.graph
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    rewriter = _Rewriter(weights)
    nodes = [new for node in graph.node for new in rewriter.rewrite(node)]
    used = {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    kept += [numpy_helper.from_array(np.asarray(value), name) for name, value in rewriter.added.items()]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    graph_model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.save(graph_model, target)


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
    """Quantise, then compare on the development split."""
    settings = config.from_command_line()
    run, folder = Path(settings.paths.run), Path(settings.paths.model)
    folder.mkdir(parents=True, exist_ok=True)
    quantise(run / "fp32.onnx", folder / NETWORK)
    shutil.copyfile(run / "tokenizer.json", folder / TOKENIZER)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.enable_truncation(settings.finetune.max_tokens)
    held = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "development")
    change = mean_change(run / "fp32.onnx", folder / NETWORK, tokenizer, [one.text for one in held])
    size = (folder / NETWORK).stat().st_size / 1e6
    print(f"{folder / NETWORK}: {size:.1f} MB, probabilities change by {change:.4f} on average")
    if change > settings.quantise.largest_loss:
        sys.exit(f"Expected at most {settings.quantise.largest_loss}: quantise fewer weights.")


if __name__ == "__main__":
    main()
