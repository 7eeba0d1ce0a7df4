"""The weights of a run's last epochs, and their average where it is better than any of them.

Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import load_file

from training import model
from training.batches import Batch
from training.objective import assess


class LastEpochs:
    """Folders of weights, one an epoch, of which only the last `most` are kept."""

    def __init__(self, folder: Path, prefix: str, most: int) -> None:
        self._folder = folder
        self._prefix = prefix
        self._most = most

    def keep(self, network: model.ExtortionModel, number: int) -> None:
        """Write the weights of an epoch, and drop those too old to be averaged."""
        model.save(network, self._of(number))
        shutil.rmtree(self._of(number - self._most), ignore_errors=True)

    def average(
        self,
        network: model.ExtortionModel,
        log: Sequence[dict[str, float]],
        development: list[Batch],
        best: Path,
    ) -> None:
        """Assess the mean of the kept weights, once, and write it to `best` if no epoch of the log is better.

        The network is left with the mean. With fewer than two epochs kept nothing is done.
        """
        told = self._folder / f"{self._prefix}average.json"
        folders = [self._of(len(log) - back) for back in range(self._most)]
        kept = [load_file(one / model.WEIGHTS) for one in folders if one.is_dir()]
        if told.exists() or len(kept) < 2:
            return
        network.load_state_dict({name: sum(one[name] for one in kept) / len(kept) for name in kept[0]})
        result = assess(network, development)
        if result["average_precision"] > max(entry["average_precision"] for entry in log):
            model.save(network, best)
        told.write_text(json.dumps(result))
        print(f"average of {len(kept)} epochs", json.dumps(result), flush=True)

    def _of(self, number: int) -> Path:
        return self._folder / f"{self._prefix}epoch-{number}"
