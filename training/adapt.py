"""Go on pretraining the encoder on real chat-like text, before it is fine-tuned.

`python -m training.adapt training/config.toml` reads the pool (evenly over dialects and scripts, never the
measure-only folders) and writes the adapted encoder to the `adapted` directory of the settings. It can be
stopped at any time and goes on from its last checkpoint.

Some word pieces are masked and to be named; some are replaced by others that go with a neighbour, and of
every piece left the encoder says whether it is the one that was written. The second task learns from all
pieces rather than a few, which tells when there are millions of them and not billions. Sources: Gururangan
et al., Don't Stop Pretraining, 2020 (domain-adaptive pretraining); Devlin et al., BERT, 2019, section 3.1
(masked words); Clark et al., ELECTRA, 2020 (replaced words; here bigrams take the place of its generator).
"""

import json
import math
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


class Guesser(nn.Module):
    """An encoder with two heads: one names masked pieces, one says which pieces were replaced."""

    encoder: PreTrainedModel

    def __init__(self, encoder: PreTrainedModel, unigram: Tensor) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dense = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.bias = nn.Parameter(unigram)
        self.replaced = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 1))

    def forward(self, batch: "Altered") -> tuple[Tensor, Tensor]:
        """Mean cross-entropy of the masked pieces, and of the question whether a piece was replaced."""
        states = self.encoder(input_ids=batch.shown).last_hidden_state
        names = batch.names.flatten()
        masked = (names != IGNORED).nonzero().squeeze(1)
        guesses = self.norm(nn.functional.gelu(self.dense(states.flatten(0, 1).index_select(0, masked))))
        embeddings = self.encoder.get_input_embeddings().weight
        naming = nn.functional.cross_entropy(guesses @ embeddings.T + self.bias, names[masked])
        asked = (batch.replaced != IGNORED).float()
        told, truth = self.replaced(states).squeeze(-1).float(), batch.replaced.clamp(min=0).float()
        telling = nn.functional.binary_cross_entropy_with_logits(told, truth, asked, reduction="sum")
        telling = telling / asked.sum()
        return naming, telling


@dataclass(frozen=True, slots=True)
class Altered:
    """Tensors of shape (batch, pieces): what is shown, names of the masked, and 1 where replaced, else 0."""

    shown: Tensor
    names: Tensor
    replaced: Tensor

    def to(self, where: torch.device) -> "Altered":
        """The same batch on another device."""
        return Altered(self.shown.to(where), self.names.to(where), self.replaced.to(where))


class Bigrams:
    """Draws a piece by how often it follows another in the text."""

    def __init__(self, pieces: Sequence[NDArray[np.int32]], size: int) -> None:
        before = np.concatenate([one[:-1] for one in pieces])
        self._after = np.concatenate([one[1:] for one in pieces])[np.argsort(before, kind="stable")]
        self._count = np.bincount(before, minlength=size)
        self._start = np.cumsum(self._count) - self._count

    def draw(self, before: NDArray[np.int32], dice: np.random.Generator) -> NDArray[np.int32]:
        """For each piece one that follows it somewhere, or any piece where none does."""
        known = self._count[before] > 0
        at = self._start[before] + (dice.random(before.shape) * self._count[before]).astype(np.int64)
        anywhere = dice.integers(0, len(self._after), before.shape)
        return self._after[np.where(known, at, anywhere)]


class Texts:
    """Real messages as word pieces, in batches of one length: no padding and no mask of attention."""

    def __init__(self, settings: config.Config) -> None:
        self._wanted = settings.adapt
        self._tokenizer = model.load_tokenizer(settings.paths.base)
        self._tokenizer.enable_truncation(settings.finetune.max_tokens)
        self.size = self._tokenizer.get_vocab_size()
        masks = [self._tokenizer.token_to_id(name) for name in ("<mask>", "[MASK]")]
        self._mask = next(one for one in masks if one is not None)
        rows = corpus.sample_real(Path(settings.paths.pool), self._wanted.messages, self._wanted.seed)
        self._pieces = self._encode([row["text"] for row in rows])
        self._forward = Bigrams(self._pieces, self.size)
        self._backward = Bigrams([one[::-1] for one in self._pieces], self.size)

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

    def batches(self, number: int) -> Iterator[Altered]:
        """Altered texts of pass `number` over the pool; the same number gives the same batches."""
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
            yield self._altered(np.stack([self._pieces[one] for one in chunks[at]]), dice)

    def _altered(self, ids: NDArray[np.int32], dice: np.random.Generator) -> Altered:
        """Mask some pieces, and replace some by what goes with the piece before or the piece after."""
        lot = dice.random(ids.shape)
        lot[:, 0] = lot[:, -1] = 1.0
        masked = lot < self._wanted.masked
        if not masked.any():
            masked[:, 1] = True
        other = ~masked & (lot < self._wanted.masked + self._wanted.replaced)
        forward = self._forward.draw(np.roll(ids, 1, axis=1), dice)
        backward = self._backward.draw(np.roll(ids, -1, axis=1), dice)
        drawn = np.where(dice.random(ids.shape) < 0.5, forward, backward)
        shown = np.where(masked, self._mask, np.where(other, drawn, ids))
        replaced = np.where(masked, IGNORED, shown != ids)
        replaced[:, 0] = replaced[:, -1] = IGNORED
        return Altered(
            *(
                torch.from_numpy(one.astype(np.int64))
                for one in (shown, np.where(masked, ids, IGNORED), replaced)
            )
        )


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
        self._network = Guesser(encoder, self._texts.unigram()).to(self._device)
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(),
            lr=1.0,
            betas=(0.9, 0.98),
            weight_decay=self._wanted.weight_decay,
            fused=True,
        )
        self._done: dict[str, float] = {"tokens": 0, "passes": 0, "batch": 0, "seconds": 0.0}
        self._done |= {"masked": 0.0, "replaced": 0.0}

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
        self._done = json.loads(path.read_text())
        model.load_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)

    def _keep(self) -> None:
        """Write the checkpoint and how far it is."""
        model.save_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)
        (self._folder / PROGRESS).write_text(json.dumps(self._done))

    def _step(self, batch: Altered) -> tuple[float, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        with model.precision(self._device):
            naming, telling = self._network(batch.to(self._device))
            loss = naming + self._wanted.replaced_weight * telling
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimiser.step()
        return float(naming.detach()), float(telling.detach())

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
            for number, batch in enumerate(self._texts.batches(int(self._done["passes"]))):
                if number < self._done["batch"]:
                    continue
                for name, loss in zip(("masked", "replaced"), self._step(batch), strict=True):
                    self._done[name] += (loss - self._done[name]) * (0.02 if self._done[name] else 1.0)
                self._done["tokens"] += batch.shown.numel()
                self._done["batch"] = number + 1
                self._done["seconds"] = spent + time.monotonic() - began
                bar.update(batch.shown.numel())
                bar.set_postfix({name: f"{self._done[name]:.3f}" for name in ("masked", "replaced")})
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
    losses = f"{done['masked']:.3f} (masked) and {done['replaced']:.3f} (replaced)"
    print(f"{folder}: {done['tokens']:,.0f} pieces in {minutes:.0f} minutes, losses {losses}")


if __name__ == "__main__":
    main()
