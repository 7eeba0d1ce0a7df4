"""Export the fine-tuned network to ONNX and check that both say the same.

`python -m training.export training/config.toml` writes the graph in single precision and `tokenizer.json` to
the run directory. The graph takes `input_ids`, shape (batch, pieces), of texts of one length: there is no
padding and no mask; and `code_points`, shape (batch, characters), of the texts with a space at both ends,
filled up with zeros. It gives logits: `message`, shape (batch, 5), of the encoder, `token`, shape (batch,
pieces, 4), and `characters`, shape (batch, 5), of the character branch.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from detector.records import Label
from training import config, model
from training.graph import lay
from training.ngrams import LONGEST, SHORTEST, Characters, load_branch

TOLERANCE = 1e-4
"""Largest difference of a logit between PyTorch and ONNX Runtime, both in single precision."""


def attach(branch: Characters, path: Path) -> None:
    """Add the character branch to an exported graph.

    `TfIdfVectorizer` counts the n-grams in C++; presence, tf-idf and the linear models are one product.
    Source: ONNX operator TfIdfVectorizer, version 9.
    """
    by_length = sorted(range(len(branch.grams)), key=lambda at: (len(branch.grams[at]), at))
    lengths = [len(branch.grams[at]) for at in by_length]
    starts = [sum(n for n in lengths if n < wanted) for wanted in range(1, LONGEST + 1)]
    constants = {
        "characters.weights": branch.weights,
        "characters.bias": branch.bias,
        "characters.one": np.array(1, np.float32),
        "characters.least": np.array(1e-6, np.float32),
        "characters.split": np.array([len(Label), 1], np.int64),
    }
    nodes = [
        helper.make_node(
            "TfIdfVectorizer",
            ["code_points"],
            ["characters.counts"],
            mode="IDF",
            min_gram_length=SHORTEST,
            max_gram_length=LONGEST,
            max_skip_count=0,
            ngram_counts=starts,
            ngram_indexes=by_length,
            pool_int64s=[ord(c) for at in by_length for c in branch.grams[at]],
        ),
        helper.make_node("Min", ["characters.counts", "characters.one"], ["characters.present"]),
        helper.make_node("MatMul", ["characters.present", "characters.weights"], ["characters.sums"]),
        helper.make_node(
            "Split",
            ["characters.sums", "characters.split"],
            ["characters.dots", "characters.squares"],
            axis=-1,
        ),
        helper.make_node("Max", ["characters.squares", "characters.least"], ["characters.safe"]),
        helper.make_node("Sqrt", ["characters.safe"], ["characters.length"]),
        helper.make_node("Div", ["characters.dots", "characters.length"], ["characters.scaled"]),
        helper.make_node("Add", ["characters.scaled", "characters.bias"], ["characters"]),
    ]
    whole = onnx.load(path)
    whole.graph.node.extend(nodes)
    whole.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    whole.graph.input.append(
        helper.make_tensor_value_info("code_points", onnx.TensorProto.INT64, ["batch", "characters"])
    )
    whole.graph.output.append(
        helper.make_tensor_value_info("characters", onnx.TensorProto.FLOAT, ["batch", len(Label)])
    )
    onnx.checker.check_model(whole)
    onnx.save(whole, path)


@torch.no_grad()
def largest_difference(network: model.ExtortionModel, path: Path) -> float:
    """The largest difference of any logit over random batches of several shapes."""
    assert not network.training
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    dice = np.random.default_rng(0)
    vocabulary = int(network.encoder.config.vocab_size)
    worst = 0.0
    for shape in ((1, 2), (1, 9), (5, 33), (2, 128)):
        ids = dice.integers(0, vocabulary, shape)
        wanted = network(torch.from_numpy(ids), torch.ones(shape, dtype=torch.long))
        inputs = {"input_ids": ids, "code_points": np.zeros((len(ids), 8), np.int64)}
        found = session.run(["message", "token"], inputs)
        worst = max(worst, *(float(np.abs(a.numpy() - b).max()) for a, b in zip(wanted, found, strict=True)))
    return worst


def main() -> None:
    """Export, then compare."""
    settings = config.from_command_line()
    folder = Path(settings.paths.run)
    network = model.load(settings.network)
    assert not network.training, "a network in training mode says something else each time"
    onnx.save(lay(network), settings.exported)
    attach(load_branch(folder), settings.exported)
    model.load_tokenizer(settings.paths.base).save(str(folder / "tokenizer.json"), pretty=False)
    difference = largest_difference(network, settings.exported)
    print(f"{settings.exported}: largest difference from PyTorch {difference:.1e}")
    if difference > TOLERANCE:
        sys.exit(f"Expected at most {TOLERANCE:.0e}. The export is wrong: do not ship it.")


if __name__ == "__main__":
    main()
