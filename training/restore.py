"""Bring the network of a shipped model back to where it can be trained.

Who retrains on messages of their own has the 8-bit graph that ships, not the checkpoints of the run that made
it. Here its weights are read out of the graph: whole numbers times their scales, without the outliers that
quantising moved between activations and weights. What rounding took does not come back; learning goes on from
there all the same. `warm_start` in training/config.toml may name such a model (`"models/default"`) as well as
a folder of a run.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from transformers import BertConfig

from detector.manifest import NETWORK
from training import model

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]


def weights_of(folder: Path) -> Path:
    """The file that holds the weights of an earlier network: of a run's folder, else of a shipped model.

    Raises:
        FileNotFoundError: The folder holds neither.
    """
    for name in (model.WEIGHTS, NETWORK):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{folder}: no network is there.\n"
        f"Expected {model.WEIGHTS} of a run, or {NETWORK} of a model that ships.\n"
        "Correct warm_start in training/config.toml."
    )


def earlier(folder: Path, dropout: float = 0.1) -> model.ExtortionModel:
    """An earlier network, in evaluation mode; `dropout` is for those who go on training it.

    Raises:
        FileNotFoundError: The folder holds none.
    """
    path = weights_of(folder)
    return model.load(folder, dropout) if path.name == model.WEIGHTS else restored(path, dropout)


def restored(path: Path, dropout: float = 0.1) -> model.ExtortionModel:
    """The network of a graph that `training.graph` laid, quantised or not, without its character branch.

    Whatever it was, it is a BERT now: positions count from the first word piece, and the one token type that
    the graph knows is part of them.
    """
    graph = onnx.load(path).graph
    held = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in graph.initializer}
    words, places, wide = _table(held), held["places"], _product(held, "layer.0.wide")
    layers = sum(name.endswith(".middle.scale") for name in held)
    heads = {one.i for node in graph.node if node.op_type == "MultiHeadAttention" for one in node.attribute}
    (epsilon,) = {
        one.f
        for node in graph.node
        if node.op_type == "LayerNormalization"
        for one in node.attribute
        if one.name == "epsilon"
    }
    network = model.build(
        BertConfig(
            vocab_size=len(words),
            hidden_size=words.shape[1],
            num_hidden_layers=layers,
            num_attention_heads=max(heads),
            intermediate_size=wide.shape[1],
            max_position_embeddings=len(places),
            layer_norm_eps=epsilon,
        ),
        dropout,
    )
    state = _state(held, words, layers)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    return network.eval()


def _state(held: Weights, words: Floats, layers: int) -> dict[str, Floats]:
    """The weights by the names that PyTorch has for them."""
    at = "encoder.embeddings"
    state: dict[str, Floats] = {
        f"{at}.word_embeddings.weight": words,
        f"{at}.position_embeddings.weight": held["places"],
        f"{at}.token_type_embeddings.weight": np.zeros((2, words.shape[1]), np.float32),
    }
    state |= _norm(held, "states.0", f"{at}.LayerNorm")
    for head in ("message", "token"):
        state |= _linear(held, head, (head,))
    for number in range(layers):
        of, to = f"layer.{number}", f"encoder.encoder.layer.{number}"
        asked = tuple(f"{to}.attention.self.{part}" for part in ("query", "key", "value"))
        state |= _linear(held, f"{of}.asked", asked)
        state |= _linear(held, f"{of}.told", (f"{to}.attention.output.dense",))
        state |= _linear(held, f"{of}.wide", (f"{to}.intermediate.dense",))
        state |= _linear(held, f"{of}.narrow", (f"{to}.output.dense",))
        state |= _norm(held, f"{of}.middle", f"{to}.attention.output.LayerNorm")
        state |= _norm(held, f"states.{number + 1}", f"{to}.output.LayerNorm")
    return state


def _product(held: Weights, name: str) -> Floats:
    """The weight of a product, shape (inputs, outputs), as it was before it was quantised."""
    if f"{name}.weight" in held:
        return held[f"{name}.weight"]
    found: Floats = held[f"{name}.weight.s8"] * held[f"{name}.weight.scale"]
    factors = held.get(f"{name}.factors")  # what activations are multiplied by
    return found if factors is None else found * factors[:, None]


def _table(held: Weights) -> Floats:
    """The embeddings of the word pieces, shape (pieces, hidden)."""
    if "words" in held:
        return held["words"]
    found: Floats = held["words.s8"] * held["words.scale"]
    return found.reshape(len(found), -1)


def _linear(held: Weights, name: str, parts: tuple[str, ...]) -> dict[str, Floats]:
    """One linear layer, or several that the graph has side by side."""
    weights = np.split(_product(held, name).T, len(parts))
    biases = np.split(held[f"{name}.bias"], len(parts))
    state: dict[str, Floats] = {}
    for part, weight, bias in zip(parts, weights, biases, strict=True):
        state |= {f"{part}.weight": weight, f"{part}.bias": bias}
    return state


def _norm(held: Weights, name: str, to: str) -> dict[str, Floats]:
    return {f"{to}.weight": held[f"{name}.scale"], f"{to}.bias": held[f"{name}.shift"]}
