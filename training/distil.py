"""Teach a network of fewer layers what the fine-tuned one knows.

`python -m training.distil training/config.toml` writes the student's best weights to the run directory. It
starts from every second layer of the teacher's, and learns from the labels, from the teacher's
probabilities, also of real messages without labels, and from the teacher's states after each of those
layers. Where the settings name a second opinion, the probabilities are the mean of both networks'. Sources:
Hinton et al., Distilling the Knowledge in a Neural Network, 2015 (also of several teachers); Furlanello et
al., Born-Again Neural Networks, 2018 (an earlier student teaches); Jiao et al., TinyBERT, 2020 (states); Sun
et al., Patient Knowledge Distillation, 2019 (every second layer).
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from training import config, corpus, model, restore
from training.batches import HALF, UNKNOWN, Batch, Batches, tag
from training.epochs import Epochs, Plan, learnt_from
from training.objective import assess, loss


def student_of(teacher: model.ExtortionModel, layers: int) -> model.ExtortionModel:
    """A network with evenly spaced layers of the teacher's, its last included, and all its other weights.

    Raises:
        ValueError: The teacher's layers are no multiple of those wanted.
    """
    deep = int(teacher.encoder.config.num_hidden_layers)
    if deep % layers:
        raise ValueError(f"{layers} layers of {deep}.\nExpected a divisor.\nCorrect [distil] layers.")
    settings = teacher.encoder.config.to_dict() | {"num_hidden_layers": layers}
    student = model.build(type(teacher.encoder.config).from_dict(settings), dropout=0.0)
    step = deep // layers
    state = teacher.state_dict()
    for name in student.state_dict():
        parts = name.split(".layer.")
        if len(parts) == 2:
            number, rest = parts[1].split(".", 1)
            source = f"{parts[0]}.layer.{(int(number) + 1) * step - 1}.{rest}"
            state[name] = teacher.state_dict()[source]
    student.load_state_dict({name: state[name] for name in student.state_dict()})
    return student


def imitation(
    own: model.Outputs, opinions: Sequence[model.Outputs], batch: Batch, wanted: config.Config
) -> Tensor:
    """How far the student is from the mean of the opinions, and from the states of the first, the teacher.

    An opinion on the other side than a known label is not followed: the messages written to mislead an
    earlier network mislead those that give the opinions too.
    """
    real, taught = batch.attention_mask.float(), opinions[0]
    probabilities = torch.stack([one.message.float().sigmoid() for one in opinions]).mean(0)
    apart_from_label = (batch.targets != UNKNOWN) & ((probabilities > HALF) != (batch.targets > HALF))
    soft = nn.functional.binary_cross_entropy_with_logits(
        own.message.float(), probabilities, weight=(~apart_from_label).float()
    )
    marked = torch.stack([one.token.float().softmax(-1) for one in opinions]).mean(0)
    tags = -(marked * own.token.float().log_softmax(-1)).sum(-1)
    total = soft + wanted.finetune.span_weight * (tags * real).sum() / real.sum()
    step = (len(taught.states) - 1) // (len(own.states) - 1)
    apart = [
        1 - nn.functional.cosine_similarity(one.float(), taught.states[at * step].float(), dim=-1)
        for at, one in enumerate(own.states)
        if at
    ]
    states = sum((one * real).sum() / real.sum() for one in apart) / len(apart)
    return wanted.distil.soft_weight * total + wanted.distil.hidden_weight * states


class Run:
    """A run that can be stopped after any epoch and goes on from there."""

    def __init__(self, settings: config.Config) -> None:
        torch.manual_seed(settings.distil.seed)
        self._settings, self._wanted = settings, settings.distil
        self._device = model.device()
        run = Path(settings.paths.run)
        self._teacher = restore.earlier(settings.teacher).to(self._device)
        second = self._wanted.second_opinion
        self._second = restore.earlier(Path(second)).to(self._device) if second else None
        self._student = self._beginner().to(self._device)
        limit = self._wanted.batch_tokens
        examples = corpus.read_training(settings.paths)
        self._batches = Batches(settings, model.load_tokenizer(settings.paths.base), limit, examples)
        self._optimiser = torch.optim.AdamW(
            self._student.parameters(), lr=1.0, weight_decay=settings.finetune.weight_decay, fused=True
        )
        start = self._wanted.warm_start
        source = learnt_from(settings, filter(None, (str(settings.teacher), second, start)))
        self._epochs = Epochs(
            run, "student-", run / config.STUDENT, Plan(self._wanted.averaged, start, source)
        )

    def _beginner(self) -> model.ExtortionModel:
        """The student before it has learnt: an earlier one where the settings name it.

        Raises:
            ValueError: The earlier one has another number of layers than the settings want.
        """
        if not self._wanted.warm_start:
            return student_of(self._teacher, self._wanted.layers)
        earlier = restore.earlier(Path(self._wanted.warm_start), dropout=0.0)
        layers = int(earlier.encoder.config.num_hidden_layers)
        if layers != self._wanted.layers:
            raise ValueError(
                f"{self._wanted.warm_start} has {layers} layers.\n"
                f"Expected {self._wanted.layers}.\n"
                "Correct [distil] layers or warm_start."
            )
        return earlier

    def train(self) -> None:
        """Run the epochs that are left, then try the average of the last."""
        paths = self._settings.paths
        held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
        development = list(self._batches.collate([tag(example) for example in held]))
        share = self._wanted.rehearsed
        if share < 1:
            known = self._batches.rehearse(self._student, share)
            print(f"{known:,} messages are known by heart; an epoch shows {share:.0%} of them", flush=True)
        done = self._epochs.resume(self._student, self._optimiser)
        for epoch in range(done, self._wanted.epochs):
            began = time.monotonic()
            batches = list(self._batches.epoch(epoch, self._wanted.presumed))
            self._student.train()
            total = self._epoch(epoch, batches)
            result = assess(self._student, development) | {"train_loss": total / len(batches)}
            result["seconds"] = time.monotonic() - began
            self._epochs.keep(self._student, self._optimiser, result, self._origin())
            print(f"epoch {epoch + 1}/{self._wanted.epochs}", json.dumps(result), flush=True)
        self._epochs.average(self._student, development)

    def _epoch(self, epoch: int, batches: Sequence[Batch]) -> float:
        total = 0.0
        for at, batch in enumerate(batches, 1):
            done = (epoch + at / len(batches)) / self._wanted.epochs
            rate = self._wanted.learning_rate * model.linear_rate(done, self._settings.finetune.warmup)
            for group in self._optimiser.param_groups:
                group["lr"] = rate
            value = self._step(batch.to(self._device))
            total += value
            if at % 50 == 0:
                print(f"epoch {epoch + 1} step {at} of {len(batches)} loss {total / at:.4f}", flush=True)
        return total

    def _step(self, batch: Batch) -> float:
        teachers = [one for one in (self._teacher, self._second) if one is not None]
        assert not any(one.training for one in teachers), "in training mode it says something else each time"
        with model.precision(self._device):
            with torch.no_grad():
                opinions = [one.outputs(batch.input_ids, batch.attention_mask) for one in teachers]
            own = self._student.outputs(batch.input_ids, batch.attention_mask)
        value = loss(own.message, own.token, batch, self._settings.finetune)
        value = value + imitation(own, opinions, batch, self._settings)
        return model.descend(self._student, self._optimiser, value)

    def _origin(self) -> model.Origin:
        wanted = self._wanted
        start = wanted.warm_start or str(self._settings.teacher)
        warm, second = bool(wanted.warm_start), bool(wanted.second_opinion)
        return model.Origin(start, warm, wanted.epochs, wanted.learning_rate, second)


def main() -> None:
    """Teach, or go on teaching."""
    settings = config.from_command_line()
    if not settings.distil.layers:
        print("[distil] layers = 0: the fine-tuned network itself is what ships")
        return
    Run(settings).train()


if __name__ == "__main__":
    main()
