"""What a run of epochs leaves in its folder: a log, a checkpoint, the best weights and those of the last.

A run that was stopped goes on after the last epoch of the log; where settings or data are others by then, it
begins anew. When all are done, averages are tried, and one that the development split finds better than every
epoch takes the place of the best weights: the mean of the last epochs (Izmailov et al., Averaging Weights
Leads to Wider Optima and Better Generalization, 2018), and, of a run that began with a network which knew the
task, half of that mean, or of the last epoch, and half of the weights it began with (Wortsman et al., Robust
Fine-Tuning of Zero-Shot Models, 2022).
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import load_file

from training import config, corpus, model, restore
from training.batches import Batch
from training.objective import assess

MEASURE = "average_precision"
Weights = dict[str, torch.Tensor]


def learnt_from(settings: config.Config, networks: Iterable[str]) -> str:
    """A digest of all that a run learns from: settings, corpus, split, real messages and earlier networks."""
    digest = sha256(repr((settings.finetune, settings.distil, settings.start)).encode())
    paths = settings.paths
    folders = (paths.corpus, paths.judgements)
    files = [path for folder in folders for path in sorted(Path(folder).glob("*.jsonl"))]
    files += [Path(paths.split), Path(paths.judged), Path(paths.run) / corpus.SILVER]
    files += [restore.weights_of(Path(folder)) for folder in networks]
    for path in files:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run makes of its epochs, and of what.

    `averaged` is how many of the last epochs are averaged, `start` the folder of the earlier network that
    the run begins with, if it does, `source` the digest of all that it learns from.
    """

    averaged: int
    start: str = ""
    source: str = ""


class Epochs:
    """The epochs of a run in a folder; all its files and folders there begin with `prefix`.

    `best` is where the weights go that the development split finds best.
    """

    def __init__(self, folder: Path, prefix: str, best: Path, plan: Plan) -> None:
        self._folder = folder
        self._prefix = prefix
        self._best = best
        self._plan = plan
        self.log: list[dict[str, float]] = []

    def resume(self, network: model.ExtortionModel, optimiser: torch.optim.Optimizer) -> int:
        """How many epochs are done; network and optimiser are left as the last one left them."""
        if self._progress.exists():
            told = json.loads(self._progress.read_text(encoding="utf-8"))
            if told["learnt_from"] == self._plan.source:
                self.log = told["epochs"]
                model.load_checkpoint(network, optimiser, self._checkpoint(len(self.log)))
            else:
                print(f"{self._progress}: of other settings or data; the run begins anew", flush=True)
                self._forget()
        return len(self.log)

    def _forget(self) -> None:
        """Remove what an earlier run left here, its best weights excepted."""
        for path in (self._progress, self._told, *self._folder.glob(f"{self._prefix}checkpoint-*")):
            path.unlink(missing_ok=True)
        for path in self._folder.glob(f"{self._prefix}epoch-*"):
            shutil.rmtree(path)

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
            model.tell_origin(self._best, replace(origin, epochs=len(self.log) + 1))
        self.log.append(result)
        model.save(network, self._of(len(self.log)))
        shutil.rmtree(self._of(len(self.log) - self._plan.averaged), ignore_errors=True)
        model.save_checkpoint(network, optimiser, self._checkpoint(len(self.log)))
        told = {"learnt_from": self._plan.source, "epochs": self.log}
        unfinished = self._progress.with_suffix(".partial")
        unfinished.write_text(json.dumps(told, indent=1), encoding="utf-8")
        unfinished.replace(self._progress)
        self._checkpoint(len(self.log) - 1).unlink(missing_ok=True)

    def average(self, network: model.ExtortionModel, development: list[Batch]) -> None:
        """Assess the averages, once, and write one that is better than every epoch as the best weights.

        The network is left with the last average. A lone epoch without an earlier network has none.
        """
        folders = [self._of(len(self.log) - back) for back in range(self._plan.averaged)]
        kept = [load_file(one / model.WEIGHTS) for one in folders if one.is_dir()]
        if self._told.exists():
            return
        best, results = max(one[MEASURE] for one in self.log), {}
        for name, weights in self._averages(kept):
            network.load_state_dict(weights)
            results[name] = assess(network, development)
            print(name, json.dumps(results[name]), flush=True)
            if results[name][MEASURE] > best:
                best = results[name][MEASURE]
                model.save(network, self._best)
                origin = replace(model.origin_of(self._best), epochs=len(self.log), average=name)
                model.tell_origin(self._best, origin)
        self._told.write_text(json.dumps(results, indent=1), encoding="utf-8")

    def _averages(self, kept: list[Weights]) -> Iterator[tuple[str, Weights]]:
        began = restore.earlier(Path(self._plan.start)).state_dict() if self._plan.start else None
        if kept and began:
            yield "half its last epoch, half what it began with", _mean([kept[0], began])
        if len(kept) > 1:
            last = _mean(kept)
            yield f"the mean of its last {len(kept)} epochs", last
            if began:
                name = f"half the mean of its last {len(kept)} epochs, half what it began with"
                yield name, _mean([last, began])

    @property
    def _progress(self) -> Path:
        return self._folder / f"{self._prefix}progress.json"

    @property
    def _told(self) -> Path:
        return self._folder / f"{self._prefix}average.json"

    def _checkpoint(self, number: int) -> Path:
        return self._folder / f"{self._prefix}checkpoint-{number}.safetensors"

    def _of(self, number: int) -> Path:
        return self._folder / f"{self._prefix}epoch-{number}"


def _mean(weights: list[Weights]) -> Weights:
    return {name: torch.stack([one[name] for one in weights]).mean(0) for name in weights[0]}
