"""Go on pretraining the encoder by masked words on real chat-like text, before it is fine-tuned.

`python -m training.adapt training/config.toml` reads the pool (evenly over dialects and scripts, never the
measure-only folders) and writes the adapted encoder to the `adapted` directory of the settings. It can be
stopped at any time and goes on from its last checkpoint. Source: Devlin et al., BERT, 2019, section 3.1
(masked words); Gururangan et al., Don't Stop Pretraining, 2020 (domain-adaptive pretraining); Wettig et
al., Should You Mask 15%?, 2023 (a quarter of the pieces is masked here).
"""

import json
import math
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoConfig, PreTrainedModel

from detector.normalise import normalise
from training import config, corpus, model

CHECKPOINT = "adapt.safetensors"
PROGRESS = "adapt.json"
IGNORED = -100
"""Target of a piece that was not masked."""


class MaskedWords(nn.Module):
    """An encoder and a head that names the masked pieces with the encoder's own embeddings."""

    encoder: PreTrainedModel

    def __init__(self, encoder: PreTrainedModel, unigram: Tensor) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dense = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.bias = nn.Parameter(unigram)

    def forward(self, input_ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the masked pieces; both inputs have shape (batch, pieces)."""
        states = self.encoder(input_ids=input_ids).last_hidden_state
        masked = targets != IGNORED
        guesses = self.norm(nn.functional.gelu(self.dense(states[masked])))
        embeddings = self.encoder.get_input_embeddings().weight
        return nn.functional.cross_entropy(guesses @ embeddings.T + self.bias, targets[masked])


class Texts:
    """Real messages as word pieces, in batches of one length: no padding and no mask of attention."""

    def __init__(self, settings: config.Config) -> None:
        self._wanted = settings.adapt
        self._tokenizer = model.load_tokenizer(settings.paths.base)
        self._tokenizer.enable_truncation(settings.finetune.max_tokens)
        self.size = self._tokenizer.get_vocab_size()
        self._mask = model.mask_of(self._tokenizer)
        rows = corpus.sample_real(Path(settings.paths.pool), self._wanted.messages, self._wanted.seed)
        self._pieces = self._encode([row["text"] for row in rows])

    def _encode(self, texts: list[str]) -> list[NDArray[np.int32]]:
        dice = random.Random(self._wanted.seed)
        found: list[NDArray[np.int32]] = []
        for at in tqdm(range(0, len(texts), 1000), "reading", unit="k", mininterval=5):
            plain = [normalise(corpus.without_marks(one, dice)).text for one in texts[at : at + 1000]]
            found += [np.array(one.ids, np.int32) for one in self._tokenizer.encode_batch(plain)]
        return [one for one in found if len(one) >= self._wanted.shortest]

    def unigram(self) -> Tensor:
        """Log frequency of each word piece, where the head starts."""
        counts = np.bincount(np.concatenate(self._pieces), minlength=self.size) + 1.0
        return torch.tensor(np.log(counts / counts.sum()), dtype=torch.float32)

    def batches(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Masked ids and targets of pass `number` over the text; the same number gives the same batches."""
        dice = np.random.default_rng(self._wanted.seed * 1000 + number)
        by_length: dict[int, list[int]] = defaultdict(list)
        for at in dice.permutation(len(self._pieces)):
            by_length[len(self._pieces[at])].append(int(at))
        chunks = [
            same[at : at + max(1, self._wanted.batch_tokens // length)]
            for length, same in by_length.items()
            for at in range(0, len(same), max(1, self._wanted.batch_tokens // length))
        ]
        for at in dice.permutation(len(chunks)):
            yield self._masked(np.stack([self._pieces[one] for one in chunks[at]]), dice)

    def _masked(self, ids: NDArray[np.int32], dice: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Of the chosen pieces eight in ten are masked, one is another piece, one stays as it is."""
        chosen = dice.random(ids.shape) < self._wanted.masked
        chosen[:, 0] = chosen[:, -1] = False
        if not chosen.any():
            chosen[:, 1] = True
        targets = np.where(chosen, ids, IGNORED).astype(np.int64)
        lot = dice.random(ids.shape)
        shown = np.where(chosen & (lot < 0.8), self._mask, ids).astype(np.int64)
        other = dice.integers(5, self.size, ids.shape)
        shown = np.where(chosen & (lot >= 0.9), other, shown)
        return torch.from_numpy(shown), torch.from_numpy(targets)


class Run:
    """A pretraining run that goes on where it was stopped."""

    def __init__(self, settings: config.Config) -> None:
        torch.manual_seed(settings.adapt.seed)
        self._settings, self._wanted = settings, settings.adapt
        self._folder = Path(settings.paths.run)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._texts = Texts(settings)
        self._device = model.device()
        encoder = model.start(settings.paths.base, dropout=0.0).encoder
        self._network = MaskedWords(encoder, self._texts.unigram()).to(self._device)
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(),
            lr=1.0,
            betas=(0.9, 0.98),
            weight_decay=self._wanted.weight_decay,
            fused=True,
        )
        self._done: dict[str, float] = {"tokens": 0, "passes": 0, "batch": 0, "seconds": 0.0, "loss": 0.0}

    def _rate(self) -> float:
        """Linear warm-up, then half a cosine to a tenth of the peak."""
        share = self._done["tokens"] / self._wanted.tokens
        if share < self._wanted.warmup:
            return self._wanted.learning_rate * max(share, 1e-3) / self._wanted.warmup
        left = (share - self._wanted.warmup) / (1 - self._wanted.warmup)
        return self._wanted.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, left))))

    def _resume(self) -> None:
        path = self._folder / PROGRESS
        if not path.exists():
            return
        self._done = json.loads(path.read_text(encoding="utf-8"))
        model.load_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)

    def _keep(self) -> None:
        """Write the checkpoint and how far it is."""
        model.save_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)
        partial = self._folder / f"{PROGRESS}.partial"
        partial.write_text(json.dumps(self._done), encoding="utf-8")
        partial.replace(self._folder / PROGRESS)

    def _step(self, ids: Tensor, targets: Tensor) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        with model.precision(self._device):
            loss = self._network(ids.to(self._device), targets.to(self._device))
        return model.descend(self._network, self._optimiser, loss)

    def train(self) -> dict[str, float]:
        """Learn until the budget of word pieces is spent; what was done comes back."""
        self._resume()
        self._network.train()
        kept = began = time.monotonic()
        spent = self._done["seconds"]
        bar = tqdm(
            total=self._wanted.tokens,
            initial=int(self._done["tokens"]),
            unit="piece",
            unit_scale=True,
            mininterval=30,
        )
        while self._done["tokens"] < self._wanted.tokens:
            for number, (ids, targets) in enumerate(self._texts.batches(int(self._done["passes"]))):
                if number < self._done["batch"]:
                    continue
                loss = self._step(ids, targets)
                self._done["tokens"] += ids.numel()
                self._done["batch"] = number + 1
                self._done["loss"] += (loss - self._done["loss"]) * (0.02 if self._done["loss"] else 1.0)
                self._done["seconds"] = spent + time.monotonic() - began
                bar.update(ids.numel())
                bar.set_postfix(loss=f"{self._done['loss']:.3f}")
                if time.monotonic() - kept > 60 * self._wanted.checkpoint_minutes:
                    self._keep()
                    kept = time.monotonic()
                if self._done["tokens"] >= self._wanted.tokens:
                    break
            else:
                self._done |= {"passes": self._done["passes"] + 1, "batch": 0}
        bar.close()
        self._keep()
        return self._done

    def save(self, folder: Path) -> None:
        """The adapted encoder with its word pieces, as `transformers` loads it (fp16 safetensors)."""
        folder.mkdir(parents=True, exist_ok=True)
        encoder = self._network.encoder
        AutoConfig.from_pretrained(self._settings.paths.base).save_pretrained(folder)
        state = {name: value.half().cpu().contiguous() for name, value in encoder.state_dict().items()}
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        base = Path(self._settings.paths.base)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            if (base / name).exists():
                shutil.copyfile(base / name, folder / name)
        (folder / "adapt.json").write_text(json.dumps(self._done, indent=1) + "\n")


def main() -> None:
    """Pretrain, or go on pretraining, and write the encoder."""
    settings = config.from_command_line()
    if not settings.adapt.tokens or not Path(settings.paths.pool).is_dir():
        why = "not there" if settings.adapt.tokens else "not read, as [adapt] tokens = 0 says"
        print(f"{settings.paths.pool}: {why}; fine-tuning starts from {settings.start}")
        return
    run = Run(settings)
    done = run.train()
    folder = Path(settings.paths.adapted)
    run.save(folder)
    minutes = done["seconds"] / 60
    print(f"{folder}: {done['tokens']:,.0f} pieces in {minutes:.0f} minutes, loss {done['loss']:.3f}")


if __name__ == "__main__":
    main()
