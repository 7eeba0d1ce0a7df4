"""Fine-tuning as a run of epochs that can be stopped, for every step that fine-tunes a network."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from training import config, corpus, model
from training.batches import Batch, Batches, tag
from training.epochs import Epochs, Plan, learnt_from
from training.objective import assess, loss


class Run:
    """A training run that can be stopped after any epoch and goes on from there.

    The network learns from `examples` and is assessed on `held`.
    """

    def __init__(
        self,
        settings: config.Config,
        network: model.ExtortionModel,
        examples: Sequence[corpus.Example],
        held: Sequence[corpus.Example],
    ) -> None:
        self._settings = settings
        tokenizer = model.load_tokenizer(settings.start)
        self._batches = Batches(settings, tokenizer, settings.finetune.batch_tokens, examples)
        self._held = held
        self._device = model.device()
        self._network = network.to(self._device)
        run = Path(settings.paths.run)
        earlier = settings.finetune.warm_start
        source = learnt_from(settings, filter(None, (earlier,)))
        self._epochs = Epochs(
            run, "", run / config.TEACHER, Plan(settings.finetune.averaged, earlier, source)
        )
        self._optimiser = torch.optim.AdamW(
            self._groups(), lr=1.0, weight_decay=settings.finetune.weight_decay, fused=True
        )

    def _epoch_of(self, number: int) -> Iterator[Batch]:
        return self._batches.epoch(number, self._settings.silver.per_epoch)

    def _groups(self) -> list[dict[str, Any]]:
        """Weights with their share of the learning rate: the heads start from nothing and learn faster."""
        network = self._network
        heads = [*network.message.parameters(), *network.token.parameters()]
        return [
            {"params": list(network.encoder.parameters()), "share": 1.0},
            {"params": heads, "share": self._settings.finetune.head_rate},
        ]

    def _origin(self) -> model.Origin:
        wanted = self._settings.finetune
        start = wanted.warm_start or self._settings.start
        return model.Origin(start, bool(wanted.warm_start), wanted.epochs, wanted.learning_rate)

    def train(self) -> None:
        """Run the epochs that are left, then try the average of the last."""
        wanted = self._settings.finetune
        development = list(self._batches.collate([tag(example) for example in self._held]))
        done = self._epochs.resume(self._network, self._optimiser)
        for epoch in range(done, wanted.epochs):
            began, total, count = time.monotonic(), 0.0, 0
            self._network.train()
            batches = list(self._epoch_of(epoch))
            for batch in (one.to(self._device) for one in batches):
                share = (epoch + (count + 1) / len(batches)) / wanted.epochs
                rate = wanted.learning_rate * model.linear_rate(share, wanted.warmup)
                for group in self._optimiser.param_groups:
                    group["lr"] = group["share"] * rate
                with model.precision(self._device):
                    message, token = self._network(batch.input_ids, batch.attention_mask)
                value = loss(message, token, batch, wanted)
                total += model.descend(self._network, self._optimiser, value)
                count += 1
                if count % 50 == 0:
                    print(f"epoch {epoch + 1} step {count} loss {total / count:.4f}", flush=True)
            result = assess(self._network, development) | {"train_loss": total / count}
            result["seconds"] = time.monotonic() - began
            self._epochs.keep(self._network, self._optimiser, result, self._origin())
            print(f"epoch {epoch + 1}/{wanted.epochs}", json.dumps(result), flush=True)
        self._epochs.average(self._network, development)
