"""Fine-tune the encoder on labelled messages, their spans and presumed negatives.

`python -m training.finetune training/config.toml` writes the best weights by development loss to the run
directory, with a checkpoint after every epoch from which a stopped run goes on.
"""

import json
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from torch import Tensor, nn

from detector.normalise import normalise
from detector.records import SPAN_LABELS, Label
from training import config, corpus, model
from training.evasions import FAMILIES

CHECKPOINT = "checkpoint.safetensors"
AVERAGE = "average.json"

UNKNOWN = -1
"""Target of a label, or tag of a token, that is not known and not learnt from."""
UNTAGGED = 255
"""Tag of a character of which is not known whether a span holds it."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Normalised text with one tag a character, the targets of the five labels, and its pair, if any."""

    text: str
    tags: bytes
    targets: tuple[int, ...]
    pair: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of shape (batch, tokens), (batch, tokens), (batch, 5), (batch, tokens) and (contrasts, 2).

    `contrasts` holds the rows of an extortion message and of one with its words and another verdict.
    """

    input_ids: Tensor
    attention_mask: Tensor
    targets: Tensor
    tags: Tensor
    contrasts: Tensor

    def to(self, where: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(*(getattr(self, one.name).to(where, non_blocking=True) for one in fields(self)))


def tag(example: corpus.Example) -> Tagged:
    """Carry spans over to the normalised text. Unknown labels become `UNKNOWN`."""
    plain = normalise(example.text)
    tags = bytearray(len(plain.text))
    for span in example.spans:
        value = SPAN_LABELS.index(span.label) + 1
        for at, (start, end) in enumerate(zip(plain.starts, plain.ends, strict=True)):
            if start < span.end and end > span.start:
                tags[at] = value
    targets = tuple(example.labels.get(label, UNKNOWN) for label in Label)
    return Tagged(plain.text, bytes(tags), targets, example.pair)


def disguise(example: corpus.Example, dice: random.Random) -> Tagged:
    """The example spelt as by someone who dodges filters; where its spans lie then is not known."""
    family = dice.choice(list(FAMILIES))
    found = tag(replace(example, text=FAMILIES[family](example.text, dice), spans=()))
    return replace(found, tags=bytes([UNTAGGED]) * len(found.text))


def misspell(example: Tagged, dice: random.Random) -> Tagged:
    """One to three slips of the finger: a letter dropped, doubled, swapped with the next, or a space lost."""
    text, tags = list(example.text), list(example.tags)
    for _ in range(dice.randint(1, 3)):
        if len(text) < 8:
            break
        at = dice.randrange(1, len(text) - 1)
        slip = dice.choice(("drop", "double", "swap"))
        if slip == "drop":
            del text[at], tags[at]
        elif slip == "double":
            text.insert(at, text[at])
            tags.insert(at, tags[at])
        else:
            text[at], text[at + 1] = text[at + 1], text[at]
    return replace(example, text="".join(text), tags=bytes(tags))


class Batches:
    """Batches of like length within a token budget, shuffled anew each epoch."""

    def __init__(self, settings: config.Config, tokenizer: Tokenizer) -> None:
        self._settings = settings
        self._tokenizer = tokenizer
        examples = corpus.read_training(settings.paths)
        self._labelled = [example for example in examples if example.source != "silver"]
        self._tagged = [tag(example) for example in self._labelled]
        self._silver = [example for example in examples if example.source == "silver"]

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one epoch; the same number gives the same batches."""
        dice = random.Random(self._settings.finetune.seed * 1000 + number)
        chosen = [self._varied(at, dice) for at in range(len(self._labelled))]
        drawn = dice.sample(self._silver, min(len(self._silver), self._settings.silver.per_epoch))
        chosen += [tag(replace(example, text=corpus.without_marks(example.text, dice))) for example in drawn]
        batches = list(self.collate(chosen))
        dice.shuffle(batches)
        yield from batches

    def _varied(self, at: int, dice: random.Random) -> Tagged:
        """A labelled example as it is, disguised or misspelt, in the shares of the settings."""
        lot = dice.random()
        if lot < self._settings.finetune.disguised:
            return disguise(self._labelled[at], dice)
        if lot < self._settings.finetune.disguised + self._settings.finetune.noise:
            return misspell(self._tagged[at], dice)
        return self._tagged[at]

    def collate(self, examples: list[Tagged]) -> Iterator[Batch]:
        """Batches in order of length; the messages of a pair stay together."""
        cut = self._settings.finetune.max_tokens
        self._tokenizer.enable_truncation(cut)
        encoded = self._tokenizer.encode_batch([example.text for example in examples])
        groups: dict[str, list[int]] = defaultdict(list)
        for at, example in enumerate(examples):
            groups[example.pair or f"alone {at}"].append(at)
        longest = {name: max(len(encoded[at].ids) for at in group) for name, group in groups.items()}
        chunk: list[int] = []
        for name in sorted(groups, key=lambda name: longest[name]):
            size = len(chunk) + len(groups[name])
            if chunk and longest[name] * size > self._settings.finetune.batch_tokens:
                yield _tensors([encoded[i] for i in chunk], [examples[i] for i in chunk])
                chunk = []
            chunk += groups[name]
        if chunk:
            yield _tensors([encoded[i] for i in chunk], [examples[i] for i in chunk])


def _contrasts(examples: list[Tagged]) -> list[tuple[int, int]]:
    """Rows of each extortion message with those of its pair that are none."""
    at = list(Label).index(Label.EXTORTION)
    return [
        (one, other)
        for one, first in enumerate(examples)
        for other, second in enumerate(examples)
        if first.pair and first.pair == second.pair and (first.targets[at], second.targets[at]) == (1, 0)
    ]


def _token_tag(tags: bytes, start: int, end: int) -> int:
    """The tag most of a token's characters carry; `UNKNOWN` for special tokens and where it is not known."""
    inside = tags[start:end]
    if not inside or inside[0] == UNTAGGED:
        return UNKNOWN
    return max(set(inside), key=lambda value: (inside.count(value), value))


def _tensors(encoded: list, examples: list[Tagged]) -> Batch:  # type: ignore[type-arg]
    length = max(len(one.ids) for one in encoded)
    ids = torch.ones(len(encoded), length, dtype=torch.long)
    mask = torch.zeros(len(encoded), length, dtype=torch.long)
    tags = torch.full((len(encoded), length), UNKNOWN, dtype=torch.long)
    for row, (one, example) in enumerate(zip(encoded, examples, strict=True)):
        n = len(one.ids)
        ids[row, :n] = torch.tensor(one.ids)
        mask[row, :n] = 1
        tags[row, :n] = torch.tensor([_token_tag(example.tags, *offset) for offset in one.offsets])
    targets = torch.tensor([example.targets for example in examples], dtype=torch.float32)
    contrasts = torch.tensor(_contrasts(examples), dtype=torch.long).reshape(-1, 2)
    return Batch(ids, mask, targets, tags, contrasts)


def loss(network: model.ExtortionModel, batch: Batch, wanted: config.Finetune) -> Tensor:
    """Mean binary cross-entropy of the known labels, plus that of the token tags and of the contrasts.

    Of a pair the extortion's logit shall be the higher one: what the two share cancels out, and what is
    left to learn from is what makes the difference. Source: Burges et al., Learning to Rank using Gradient
    Descent, 2005.
    """
    message, token = network(batch.input_ids, batch.attention_mask)
    known = (batch.targets != UNKNOWN).float()
    binary = nn.functional.binary_cross_entropy_with_logits(
        message, batch.targets.clamp(min=0), reduction="none"
    )
    tags = nn.functional.cross_entropy(token.flatten(0, 1), batch.tags.flatten(), ignore_index=UNKNOWN)
    total = (binary * known).sum() / known.sum() + wanted.span_weight * torch.nan_to_num(tags)
    if len(batch.contrasts):
        extortion = message[:, list(Label).index(Label.EXTORTION)]
        ahead = extortion[batch.contrasts[:, 0]] - extortion[batch.contrasts[:, 1]]
        share = len(batch.contrasts) / len(message)
        total = total + wanted.contrast_weight * share * nn.functional.softplus(-ahead).mean()
    return total


@torch.no_grad()
def assess(network: model.ExtortionModel, batches: list[Batch]) -> dict[str, float]:
    """Message loss and average precision of extortion on the development split."""
    network.eval()
    logits, targets = [], []
    where = next(network.parameters()).device
    for batch in (one.to(where) for one in batches):
        logits.append(network(batch.input_ids, batch.attention_mask)[0].float().cpu())
        targets.append(batch.targets.cpu())
    scores, truth = torch.cat(logits), torch.cat(targets)
    known = truth != UNKNOWN
    binary = nn.functional.binary_cross_entropy_with_logits(scores, truth.clamp(min=0), reduction="none")
    sure = known[:, 0]
    precision = average_precision_score(truth[sure, 0].numpy(), scores[sure, 0].numpy())
    return {"loss": float(binary[known].mean()), "average_precision": float(precision)}


class Run:
    """A training run that can be stopped after any epoch and goes on from there."""

    def __init__(self, settings: config.Config) -> None:
        torch.manual_seed(settings.finetune.seed)
        self._settings = settings
        self._folder = Path(settings.paths.run)
        base = settings.start
        self._tokenizer = model.load_tokenizer(base)
        self._batches = Batches(settings, self._tokenizer)
        self._device = model.device()
        self._network = model.start(base).to(self._device)
        self._log: list[dict[str, float]] = []
        self._optimiser = torch.optim.AdamW(
            self._groups(), lr=1.0, weight_decay=settings.finetune.weight_decay, fused=True
        )
        self._steps = settings.finetune.epochs * sum(1 for _ in self._batches.epoch(0))

    def _groups(self) -> list[dict[str, Any]]:
        """Weights with their share of the learning rate: the heads start from nothing and learn faster."""
        network = self._network
        heads = [*network.message.parameters(), *network.token.parameters()]
        return [
            {"params": list(network.encoder.parameters()), "share": 1.0},
            {"params": heads, "share": self._settings.finetune.head_rate},
        ]

    def _rate(self, step: int) -> float:
        """Linear warm-up, then linear decay to zero."""
        wanted = self._settings.finetune
        warm = max(1, int(wanted.warmup * self._steps))
        return wanted.learning_rate * min(step / warm, max(0.0, (self._steps - step) / (self._steps - warm)))

    def _resume(self) -> int:
        """The number of epochs done, with weights and optimiser as they were left."""
        progress = self._folder / "progress.json"
        if not progress.exists():
            return 0
        self._log = json.loads(progress.read_text())
        model.load_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)
        return len(self._log)

    def _keep(self, result: dict[str, float]) -> None:
        """Write the checkpoint, and the weights if no earlier epoch was better."""
        self._folder.mkdir(parents=True, exist_ok=True)
        best = max((entry["average_precision"] for entry in self._log), default=-1.0)
        if result["average_precision"] > best:
            model.save(self._network, self._folder / "best")
        self._log.append(result)
        model.save(self._network, self._epoch(len(self._log)))
        shutil.rmtree(self._epoch(len(self._log) - self._settings.finetune.averaged), ignore_errors=True)
        model.save_checkpoint(self._network, self._optimiser, self._folder / CHECKPOINT)
        (self._folder / "progress.json").write_text(json.dumps(self._log, indent=1))

    def _epoch(self, number: int) -> Path:
        return self._folder / f"epoch-{number}"

    def average(self) -> None:
        """Average the weights of the last epochs, and keep the average if it is better on development.

        Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
        """
        told = self._folder / AVERAGE
        last = [self._epoch(len(self._log) - back) for back in range(self._settings.finetune.averaged)]
        kept = [load_file(folder / model.WEIGHTS) for folder in last if folder.is_dir()]
        if told.exists() or len(kept) < 2:
            return
        mean = {name: sum(one[name] for one in kept) / len(kept) for name in kept[0]}
        self._network.load_state_dict(mean)
        result = assess(self._network, self._development())
        if result["average_precision"] > max(entry["average_precision"] for entry in self._log):
            model.save(self._network, self._folder / "best")
        told.write_text(json.dumps(result))
        print(f"average of {len(kept)} epochs", json.dumps(result), flush=True)

    def _development(self) -> list[Batch]:
        paths = self._settings.paths
        held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
        return list(self._batches.collate([tag(example) for example in held]))

    def train(self) -> None:
        """Run the epochs that are left."""
        wanted = self._settings.finetune
        development = self._development()
        done = self._resume()
        step = done * self._steps // wanted.epochs
        for epoch in range(done, wanted.epochs):
            began, total, count = time.monotonic(), 0.0, 0
            self._network.train()
            for batch in self._batches.epoch(epoch):
                step += 1
                for group in self._optimiser.param_groups:
                    group["lr"] = group["share"] * self._rate(step)
                with model.precision(self._device):
                    value = loss(self._network, batch.to(self._device), wanted)
                self._optimiser.zero_grad(set_to_none=True)
                value.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
                self._optimiser.step()
                total, count = total + float(value.detach()), count + 1
                if count % 50 == 0:
                    print(f"epoch {epoch + 1} step {count} loss {total / count:.4f}", flush=True)
            result = assess(self._network, development) | {"train_loss": total / count}
            result["seconds"] = time.monotonic() - began
            self._keep(result)
            print(f"epoch {epoch + 1}/{wanted.epochs}", json.dumps(result), flush=True)


def main() -> None:
    """Train, or go on training."""
    run = Run(config.from_command_line())
    run.train()
    run.average()


if __name__ == "__main__":
    main()
