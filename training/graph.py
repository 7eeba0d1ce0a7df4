"""Lay the ONNX graph of a BERT encoder and its heads by hand, in single precision.

Against the graph that `torch.onnx` writes: one product gives query, key and value; attention is one node
and takes no mask, since texts of one length share a batch; and positions and the token type are one table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from detector.records import SPAN_LABELS, Label
from training.model import ExtortionModel

MICROSOFT = "com.microsoft"
OPSET = 20
OLDEST_IR = 10
"""Version of the file format: what ONNX Runtime 1.22 reads."""
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert")
"""Architectures that differ in nothing but where positions begin."""


@dataclass(slots=True)
class Graph:
    """Nodes and constants of a graph that is being laid."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Keep a constant; its name comes back."""
        self.constants[name] = np.ascontiguousarray(value)
        return name

    def node(
        self, kind: str, inputs: Sequence[str], output: str, domain: str = "", **settings: object
    ) -> str:
        """Add a node with one output; its name comes back."""
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **settings))
        return output

    def integers(self, *values: int) -> str:
        """A constant list of integers, as shapes and axes are told."""
        return self.constant("integers_" + "_".join(map(str, values)), np.array(values, np.int64))


class _Layer:
    """Lays parts of one network; weights are named as in its state."""

    def __init__(self, network: ExtortionModel) -> None:
        self.graph = Graph()
        self._weights = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
        self._epsilon = float(network.encoder.config.layer_norm_eps)

    def weight(self, name: str) -> NDArray[np.float32]:
        value: NDArray[np.float32] = self._weights[name]
        return value

    def product(self, of: str, names: Sequence[str], output: str) -> str:
        """A linear layer; of several layers with the same input one, their outputs side by side."""
        weight = np.concatenate([self.weight(f"{name}.weight") for name in names]).T
        bias = np.concatenate([self.weight(f"{name}.bias") for name in names])
        graph = self.graph
        graph.node("MatMul", [of, graph.constant(f"{output}.weight", weight)], f"{output}.product")
        return graph.node("Add", [f"{output}.product", graph.constant(f"{output}.bias", bias)], output)

    def norm(self, of: str, name: str, output: str) -> str:
        """Layer normalisation."""
        scale = self.graph.constant(f"{output}.scale", self.weight(f"{name}.weight"))
        shift = self.graph.constant(f"{output}.shift", self.weight(f"{name}.bias"))
        return self.graph.node(
            "LayerNormalization", [of, scale, shift], output, epsilon=self._epsilon, axis=-1
        )

    def embeddings(self, offset: int) -> str:
        """States before the first layer; `offset` is the position of the first word piece."""
        graph, name = self.graph, "encoder.embeddings"
        words = graph.constant("words", self.weight(f"{name}.word_embeddings.weight"))
        places = self.weight(f"{name}.position_embeddings.weight")[offset:]
        kind = self.weight(f"{name}.token_type_embeddings.weight")[0]
        graph.node("Gather", [words, "input_ids"], "words.found")
        graph.node("Shape", ["input_ids"], "pieces", start=1, end=2)
        graph.node(
            "Slice",
            [graph.constant("places", places + kind), graph.integers(0), "pieces", graph.integers(0)],
            "places.taken",
        )
        graph.node("Add", ["words.found", "places.taken"], "embedded")
        return self.norm("embedded", f"{name}.LayerNorm", "states.0")

    def layer(self, of: str, number: int, heads: int) -> str:
        """One transformer layer (Vaswani et al., 2017; BERT normalises after each sum)."""
        graph, name, at = self.graph, f"encoder.encoder.layer.{number}", f"layer.{number}"
        parts = [f"{at}.{part}" for part in ("query", "key", "value")]
        asked = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        mixed = self.product(of, asked, f"{at}.asked")
        graph.nodes.append(helper.make_node("Split", [mixed], parts, axis=-1, num_outputs=3))
        graph.node("MultiHeadAttention", parts, f"{at}.attended", MICROSOFT, num_heads=heads)
        told = self.product(f"{at}.attended", [f"{name}.attention.output.dense"], f"{at}.told")
        graph.node("Add", [told, of], f"{at}.sum")
        middle = self.norm(f"{at}.sum", f"{name}.attention.output.LayerNorm", f"{at}.middle")
        wide = self.product(middle, [f"{name}.intermediate.dense"], f"{at}.wide")
        graph.node("Gelu", [wide], f"{at}.active", MICROSOFT)
        narrow = self.product(f"{at}.active", [f"{name}.output.dense"], f"{at}.narrow")
        graph.node("Add", [narrow, middle], f"{at}.end")
        return self.norm(f"{at}.end", f"{name}.output.LayerNorm", f"states.{number + 1}")

    def heads(self, of: str) -> None:
        """Message logits from the mean and the highest of the states, token logits from each state."""
        graph = self.graph
        graph.node("ReduceMean", [of, graph.integers(1)], "mean", keepdims=0)
        graph.node("ReduceMax", [of, graph.integers(1)], "highest", keepdims=0)
        graph.nodes.append(helper.make_node("Concat", ["mean", "highest"], ["pooled"], axis=-1))
        self.product("pooled", ["message"], "message")
        self.product(of, ["token"], "token")


def lay(network: ExtortionModel) -> onnx.ModelProto:
    """The graph of a network: `input_ids`, shape (batch, pieces), to `message` and `token` logits.

    Raises:
        ValueError: The encoder is of another architecture than `FAMILIES`, or has another activation.
    """
    settings = network.encoder.config
    activation = getattr(settings, "hidden_act", "nothing known")
    if settings.model_type not in FAMILIES or activation != "gelu":
        raise ValueError(
            f"The encoder is a {settings.model_type} with {activation}.\n"
            f"Expected one of {', '.join(FAMILIES)}, with gelu.\n"
            "Name another base in training/config.toml."
        )
    parts = _Layer(network)
    state = parts.embeddings(0 if settings.model_type == "bert" else settings.pad_token_id + 1)
    for number in range(settings.num_hidden_layers):
        state = parts.layer(state, number, settings.num_attention_heads)
    parts.heads(state)
    graph = parts.graph
    shapes = {"message": ["batch", len(Label)], "token": ["batch", "pieces", len(SPAN_LABELS) + 1]}
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "extortion",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "pieces"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
            [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=OLDEST_IR,
    )
