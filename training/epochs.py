"""What a run of epochs leaves in its folder: a log, a checkpoint, the best weights and those of the last.

A run that was stopped goes on after the last epoch of the log. When all are done, averages are tried, and
one that the development split finds better than every epoch takes the place of the best weights: the mean
of the last epochs (Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization,
2018), and, of a run that began with a network which knew the task, half of that mean and half of the weights
it began with (Wortsman et al., Robust Fine-Tuning of Zero-Shot Models, 2022).
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from training import model
from training.batches import Batch
from training.objective import assess

MEASURE = "average_precision"
Weights = dict[str, torch.Tensor]


class Epochs:
    """The epochs of a run in a folder; all its files and folders there begin with `prefix`.

    `best` is where the weights go that the development split finds best, `averaged` how many of the last
    epochs are averaged, `start` the folder of the fine-tuned network that the run began with, if it did.
    """

    def __init__(self, folder: Path, prefix: str, best: Path, averaged: int, start: str = "") -> None:
        self._folder = folder
        self._prefix = prefix
        self._best = best
        self._averaged = averaged
        self._start = start
        self.log: list[dict[str, float]] = []

    def resume(self, network: model.ExtortionModel, optimiser: torch.optim.Optimizer) -> int:
        """How many epochs are done; network and optimiser are left as the last one left them."""
        if self._progress.exists():
            self.log = json.loads(self._progress.read_text(encoding="utf-8"))
            model.load_checkpoint(network, optimiser, self._checkpoint)
        return len(self.log)

    def keep(
        self,
        network: model.ExtortionModel,
        optimiser: torch.optim.Optimizer,
        result: dict[str, float],
        origin: model.Origin,
    ) -> None:
        """Write what an epoch made, and as the best weights if no earlier epoch was better."""
        if result[MEASURE] > max((one[MEASURE] for one in self.log), default=-1.0):
            model.save(network, self._best)
            model.tell_origin(self._best, origin)
        self.log.append(result)
        model.save(network, self._of(len(self.log)))
        shutil.rmtree(self._of(len(self.log) - self._averaged), ignore_errors=True)
        model.save_checkpoint(network, optimiser, self._checkpoint)
        self._progress.write_text(json.dumps(self.log, indent=1), encoding="utf-8")

    def average(self, network: model.ExtortionModel, development: list[Batch]) -> None:
        """Assess the averages, once, and write one that is better than every epoch as the best weights.

        The network is left with the last average. With fewer than two epochs kept nothing is done.
        """
        told = self._folder / f"{self._prefix}average.json"
        folders = [self._of(len(self.log) - back) for back in range(self._averaged)]
        kept = [load_file(one / model.WEIGHTS) for one in folders if one.is_dir()]
        if told.exists() or len(kept) < 2:
            return
        best, results = max(one[MEASURE] for one in self.log), {}
        for name, weights in self._averages(kept):
            network.load_state_dict(weights)
            results[name] = assess(network, development)
            print(name, json.dumps(results[name]), flush=True)
            if results[name][MEASURE] > best:
                best = results[name][MEASURE]
                model.save(network, self._best)
                origin = replace(model.origin_of(self._best), average=name)
                model.tell_origin(self._best, origin)
        told.write_text(json.dumps(results, indent=1), encoding="utf-8")

    def _averages(self, kept: list[Weights]) -> Iterator[tuple[str, Weights]]:
        last = _mean(kept)
        yield f"the mean of its last {len(kept)} epochs", last
        if self._start:
            began = load_file(Path(self._start) / model.WEIGHTS)
            yield (
                f"half the mean of its last {len(kept)} epochs, half what it began with",
                _mean([last, began]),
            )

    @property
    def _progress(self) -> Path:
        return self._folder / f"{self._prefix}progress.json"

    @property
    def _checkpoint(self) -> Path:
        return self._folder / f"{self._prefix}checkpoint.safetensors"

    def _of(self, number: int) -> Path:
        return self._folder / f"{self._prefix}epoch-{number}"


def _mean(weights: list[Weights]) -> Weights:
    return {name: torch.stack([one[name] for one in weights]).mean(0) for name in weights[0]}
