"""The hand-laid graph says what the network says, and its 8-bit form hardly anything else."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from transformers import BertConfig, DistilBertConfig, RobertaConfig

from detector.manifest import NETWORK
from training import model, quantise, restore
from training.distil import student_of
from training.graph import lay

SIZE = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 128, "vocab_size": 400}


@pytest.fixture(scope="module")
def network() -> model.ExtortionModel:
    torch.manual_seed(1)
    return model.build(BertConfig(num_hidden_layers=4, **SIZE)).eval()


def _run(made: onnx.ModelProto, ids: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    names = {one.name for one in session.get_inputs()}
    given = {"input_ids": ids, "code_points": np.zeros((len(ids), 4), np.int64)}
    return list(session.run(["message", "token"], {name: given[name] for name in names}))


@pytest.mark.parametrize("family", [BertConfig, RobertaConfig])
def test_the_graph_says_what_the_network_says(family: type[BertConfig]) -> None:
    torch.manual_seed(2)
    network = model.build(family(num_hidden_layers=2, pad_token_id=1, **SIZE)).eval()
    ids = np.random.default_rng(0).integers(5, 400, (3, 17))

    found = _run(lay(network), ids)

    with torch.no_grad():
        wanted = network(torch.from_numpy(ids), torch.ones(3, 17, dtype=torch.long))
    for one, other in zip(found, wanted, strict=True):
        assert np.abs(one - other.numpy()).max() < 1e-4


@pytest.mark.parametrize("family", [BertConfig, RobertaConfig])
def test_a_graph_gives_the_network_back(family: type[BertConfig], tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = model.build(family(num_hidden_layers=2, pad_token_id=1, **SIZE)).eval()
    onnx.save(lay(network), tmp_path / NETWORK)

    again = restore.earlier(tmp_path)

    ids = torch.from_numpy(np.random.default_rng(0).integers(5, 400, (3, 17)))
    with torch.no_grad():
        wanted, found = (one(ids, torch.ones_like(ids)) for one in (network, again))
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(one, other)


def test_what_eight_bits_left_of_the_weights_comes_back(
    network: model.ExtortionModel, tmp_path: Path
) -> None:
    dice = np.random.default_rng(1)
    texts = [dice.integers(5, 400, length).tolist() for length in (5, 9, 12, 20) * 5]
    onnx.save(lay(network), tmp_path / "exact.onnx")
    quantise.quantise(tmp_path / "exact.onnx", tmp_path / NETWORK, texts)

    again = restore.earlier(tmp_path).state_dict()

    for name, value in network.state_dict().items():
        if "token_type" not in name and "position" not in name:  # the graph has them added up
            assert (again[name] - value).abs().mean() <= 0.02 * value.abs().mean()


def test_a_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Expected model\.safetensors of a run, or model\.onnx"):
        restore.earlier(tmp_path)


def test_another_architecture_is_refused_with_what_is_expected(network: model.ExtortionModel) -> None:
    strange = model.ExtortionModel(network.encoder)
    before = strange.encoder.config
    strange.encoder.config = DistilBertConfig()
    try:
        with pytest.raises(ValueError, match="Expected one of bert"):
            lay(strange)
    finally:
        strange.encoder.config = before


def test_eight_bits_change_little_and_not_with_the_batch(
    network: model.ExtortionModel, tmp_path: Path
) -> None:
    dice = np.random.default_rng(0)
    texts = [dice.integers(5, 400, length).tolist() for length in (5, 9, 12, 20) * 5]
    onnx.save(lay(network), tmp_path / "exact.onnx")
    quantise.quantise(tmp_path / "exact.onnx", tmp_path / "small.onnx", texts)
    small = onnx.load(tmp_path / "small.onnx")
    ids = dice.integers(5, 400, (8, 12))

    together = _run(small, ids)[0]

    alone = np.concatenate([_run(small, one[None])[0] for one in ids])
    exact = _run(lay(network), ids)[0]
    assert np.abs(together - alone).max() < 1e-6
    assert np.abs(together - exact).max() < 0.1 * np.abs(exact).max()
    assert (tmp_path / "small.onnx").stat().st_size < 0.5 * (tmp_path / "exact.onnx").stat().st_size


@pytest.mark.parametrize("rows", [32, 33])
def test_products_of_two_neighbouring_weights_fit_into_16_bits(rows: int) -> None:
    weight = np.random.default_rng(0).normal(size=(rows, 16)).astype(np.float32)

    numbers, steps = quantise.integers(weight)

    sizes = np.abs(np.pad(numbers.astype(int), ((0, rows % 2), (0, 0))))
    assert 255 * sizes.reshape(-1, 2, 16).sum(1).max() < 2**15
    assert np.abs(numbers * steps - weight).max() <= 0.501 * steps.max()


def test_outliers_are_moved_into_the_weights() -> None:
    dice = np.random.default_rng(0)
    seen = dice.normal(size=(400, 32)).astype(np.float32)
    seen[:, 3] *= 100
    weight = dice.normal(size=(32, 16)).astype(np.float32)

    factors = quantise.choose(seen, weight).factors

    assert factors is not None
    assert factors.argmax() == 3


def test_a_student_begins_with_every_second_layer(network: model.ExtortionModel) -> None:
    student = student_of(network, 2)

    theirs, own = network.state_dict(), student.state_dict()
    for at, source in ((0, 1), (1, 3)):
        name = "encoder.encoder.layer.{}.output.dense.weight"
        assert torch.equal(own[name.format(at)], theirs[name.format(source)])
    assert torch.equal(own["message.weight"], theirs["message.weight"])


def test_layers_that_do_not_divide_are_refused(network: model.ExtortionModel) -> None:
    with pytest.raises(ValueError, match="Expected a divisor"):
        student_of(network, 3)
