"""The network: any Hugging Face encoder with a message head and a token head.

Message logits, shape (batch, 5), come from the mean of the token states; token logits, shape
(batch, tokens, 4), say of each word piece: nothing, threat, demand or leverage.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from detector.records import SPAN_LABELS, Label

TAGS = len(SPAN_LABELS) + 1
WEIGHTS = "model.safetensors"


def device() -> torch.device:
    """Where to train: the first GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(where: torch.device) -> torch.autocast:
    """Half precision (bfloat16) on a GPU; on a processor it is slower, so single precision there."""
    return torch.autocast(where.type, dtype=torch.bfloat16, enabled=where.type == "cuda")


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
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        highest = (states + (mask - 1) * 1e4).amax(1)
        pooled = torch.cat([mean, highest], dim=-1)
        return self.message(self.dropout(pooled)), self.token(self.dropout(states))


def start(base: str) -> ExtortionModel:
    """A model whose encoder starts from a directory or hub name, its heads at random."""
    extra: dict[str, Any] = (
        {"add_pooling_layer": False} if AutoConfig.from_pretrained(base).model_type == "bert" else {}
    )
    return ExtortionModel(AutoModel.from_pretrained(base, dtype=torch.float32, **extra))


def load_tokenizer(base: str) -> Tokenizer:
    """The word pieces of an encoder in a directory or on the hub."""
    path = Path(base) / "tokenizer.json"
    return Tokenizer.from_file(str(path)) if path.exists() else Tokenizer.from_pretrained(base)


def save(model: ExtortionModel, folder: Path) -> None:
    """Write the encoder's configuration and all weights (safetensors, no pickle)."""
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.config.save_pretrained(folder)
    save_file(
        {name: value.cpu().contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS
    )


def load(folder: Path) -> ExtortionModel:
    """The model that `save` wrote, in evaluation mode."""
    settings = AutoConfig.from_pretrained(folder)
    extra: dict[str, Any] = {"add_pooling_layer": False} if settings.model_type == "bert" else {}
    model = ExtortionModel(AutoModel.from_config(settings, **extra))
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()


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
