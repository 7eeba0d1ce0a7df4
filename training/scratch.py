"""Train a small encoder on the same messages the obvious way, with nothing pretrained.

`python -m training.scratch training/config.toml` fine-tunes weights drawn at random, of the base encoder's
width and word pieces, on the five message labels of the whole training part, without spans, contrasts and
varied spellings, and measures the network (`training.rivals`). It begins anew each time.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from detector.manifest import NETWORK
from detector.records import Label
from training import config, corpus, model, restore
from training.rivals import batches, forget, measure
from training.tuning import Run

NAME = "scratch"
LEFT_OUT = ("noise", "disguised", "among", "exchanged", "masked", "contrast_weight", "span_weight")


def beginner(start: str, layers: int) -> model.ExtortionModel:
    """A network of so many layers of an encoder's shape, or of a shipped model's, all weights at random."""
    shipped = (Path(start) / NETWORK).is_file()
    network = restore.earlier(Path(start)) if shipped else model.start(start)
    shape = network.encoder.config
    shape.num_hidden_layers = layers
    return model.build(shape)


@torch.no_grad()
def score(
    network: model.ExtortionModel, settings: config.Config, texts: Sequence[str]
) -> NDArray[np.float64]:
    """Probabilities of extortion, shape (texts,)."""
    where, at = model.device(), list(Label).index(Label.EXTORTION)
    network.eval().to(where)
    found = np.zeros(len(texts))
    tokenizer = model.load_tokenizer(settings.start)
    for places, ids in batches(tokenizer, texts, settings.finetune.max_tokens):
        with model.precision(where):
            logits = network(ids, torch.ones_like(ids))[0][:, at]
        found[places] = logits.float().sigmoid().cpu().numpy()
    return found


def main() -> None:
    """Train and measure, where the settings want such a network."""
    settings = config.from_command_line()
    paths, asked = settings.paths, settings.rivals
    if not asked.scratch_epochs:
        forget(settings, NAME)
        print("[rivals] scratch_epochs = 0: there is no network without pretraining to compare with")
        return
    wanted = replace(
        settings.finetune,
        **dict.fromkeys(LEFT_OUT, 0.0),  # type: ignore[arg-type]
        epochs=asked.scratch_epochs,
        learning_rate=asked.scratch_rate,
        head_rate=1.0,
        averaged=1,
        warm_start="",
    )
    run = Path(paths.run) / NAME
    shutil.rmtree(run, ignore_errors=True)
    learnt = corpus.read_training(paths)
    held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
    torch.manual_seed(wanted.seed)
    alone = replace(settings, paths=replace(paths, run=str(run)), finetune=wanted)
    Run(alone, beginner(settings.start, asked.scratch_layers), learnt, held).train()
    network = model.load(run / config.TEACHER)
    shutil.rmtree(run)
    real = sum(one.source == "silver" for one in learnt)
    shown = len(learnt) - real + min(real, settings.silver.per_epoch * asked.scratch_epochs)
    about = {"layers": asked.scratch_layers, "epochs": asked.scratch_epochs, "messages": shown}
    found = measure(settings, NAME, about, lambda texts: score(network, settings, texts))
    print(f"{paths.model}: a network that nobody had pretrained has an AUC of {found['test']['auc']}")


if __name__ == "__main__":
    main()
