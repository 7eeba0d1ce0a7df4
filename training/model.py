"""The network: any Hugging Face encoder with a message head and a token head.

Message logits, shape (batch, 5), come from the mean of the token states; token logits, shape
(batch, tokens, 4), say of each word piece: nothing, threat, demand or leverage.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from detector.records import SPAN_LABELS, Label

TAGS = len(SPAN_LABELS) + 1
WEIGHTS = "model.safetensors"
ORIGIN = "origin.json"


def device() -> torch.device:
    """Where to train: the first GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(where: torch.device) -> torch.autocast:
    """Half precision (bfloat16) where it is faster: on GPUs, and on processors that multiply it natively."""
    native = torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    return torch.autocast(where.type, dtype=torch.bfloat16, enabled=where.type == "cuda" or bool(native))


@dataclass(frozen=True, slots=True)
class Outputs:
    """Logits of messages and tokens, and the states they come from."""

    message: Tensor
    token: Tensor
    states: tuple[Tensor, ...]


class ExtortionModel(nn.Module):
    """One encoder, two heads."""

    encoder: PreTrainedModel

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dropout = nn.Dropout(0.1)
        self.message = nn.Linear(2 * hidden, len(Label))
        self.token = nn.Linear(hidden, TAGS)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Message logits (batch, 5) and token logits (batch, tokens, 4)."""
        found = self.outputs(input_ids, attention_mask)
        return found.message, found.token

    def outputs(self, input_ids: Tensor, attention_mask: Tensor) -> Outputs:
        """The logits, and the states before the first and after every layer, (batch, tokens, hidden) each."""
        found = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        states = found.last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        highest = (states + (mask - 1) * 1e4).amax(1)
        pooled = torch.cat([mean, highest], dim=-1)
        return Outputs(
            self.message(self.dropout(pooled)), self.token(self.dropout(states)), found.hidden_states
        )


def _settings(kind: str, dropout: float) -> dict[str, Any]:
    """How an encoder of a kind is made.

    On a processor attention is computed step by step: the gradient of the fused kernel takes longer there.
    """
    extra: dict[str, Any] = {"add_pooling_layer": False} if kind == "bert" else {}
    if device().type == "cpu":
        extra["attn_implementation"] = "eager"
    return extra | {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}


def start(base: str, dropout: float = 0.1) -> ExtortionModel:
    """A model whose encoder starts from a directory or hub name, its heads at random."""
    kind = AutoConfig.from_pretrained(base).model_type
    return ExtortionModel(AutoModel.from_pretrained(base, dtype=torch.float32, **_settings(kind, dropout)))


def build(settings: PretrainedConfig, dropout: float = 0.1) -> ExtortionModel:
    """A model of an encoder's configuration, all weights at random."""
    made = _settings(settings.model_type, dropout)
    attention = {
        name: made.pop(name) for name in ("add_pooling_layer", "attn_implementation") if name in made
    }
    settings.update(made)
    return ExtortionModel(AutoModel.from_config(settings, **attention))


def load_tokenizer(base: str) -> Tokenizer:
    """The word pieces of an encoder in a directory or on the hub."""
    path = Path(base) / "tokenizer.json"
    return Tokenizer.from_file(str(path)) if path.exists() else Tokenizer.from_pretrained(base)


def mask_of(tokenizer: Tokenizer) -> int:
    """The number of the word piece that stands for a hidden one.

    Raises:
        ValueError: The vocabulary has none.
    """
    masks = [tokenizer.token_to_id(name) for name in ("<mask>", "[MASK]")]
    found = [one for one in masks if one is not None]
    if not found:
        raise ValueError("The base model's word pieces have no mask.\nExpected <mask> or [MASK].")
    return found[0]


def save(model: ExtortionModel, folder: Path) -> None:
    """Write the encoder's configuration and all weights (safetensors, no pickle)."""
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.config.save_pretrained(folder)
    save_file(
        {name: value.cpu().contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """How weights came about: what they started from, whether that had learnt the task before, who taught.

    `epochs` are those that they have seen; the learning rate may have been planned for more. `average` says
    of which weights they are the mean, if they are one.
    """

    start: str
    warm: bool
    epochs: int
    learning_rate: float
    second_opinion: bool = False
    average: str = ""


def tell_origin(folder: Path, origin: Origin) -> None:
    """Write beside weights how they came about."""
    (folder / ORIGIN).write_text(json.dumps(asdict(origin), indent=1) + "\n", encoding="utf-8")


def origin_of(folder: Path) -> Origin:
    """How the weights of a folder came about."""
    return Origin(**json.loads((folder / ORIGIN).read_text(encoding="utf-8")))


def load(folder: Path, dropout: float = 0.1) -> ExtortionModel:
    """The model that `save` wrote, in evaluation mode; `dropout` is for those who go on training it."""
    model = build(AutoConfig.from_pretrained(folder), dropout)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()


def descend(network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
    """One step against the gradient of a loss, clipped to a norm of one; the loss comes back."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def linear_rate(share: float, warmup: float) -> float:
    """Share of the peak learning rate when so much of a run is done: linear up, then linear down to zero."""
    return min(share / warmup, max(0.0, (1 - share) / (1 - warmup)))


MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What AdamW remembers of each weight."""


def save_checkpoint(network: nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """Write weights and what the optimiser remembers of them beside the old file, then in its place."""
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    for name, weight in network.named_parameters():
        state |= {f"{name}|{key}": optimiser.state[weight][key] for key in MOMENTS}
    partial = path.with_name(f"{path.name}.partial")
    save_file(state, partial)
    partial.replace(path)


def load_checkpoint(network: nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """Bring weights and optimiser to where `save_checkpoint` left them."""
    state = load_file(path)
    names = [name for name, _ in network.named_parameters()]
    network.load_state_dict({name: value for name, value in state.items() if "|" not in name})
    moments = {at: {key: state[f"{name}|{key}"] for key in MOMENTS} for at, name in enumerate(names)}
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
