"""Measure what the encoder knows of extortion before it is fine-tuned.

`python -m training.probe training/config.toml` embeds messages of the training part with the encoder that
fine-tuning starts from (the mean of its last states), fits a logistic regression on them, and measures it
(`training.rivals`). Source: Alain and Bengio, Understanding intermediate layers using linear classifier
probes, 2016.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from detector.manifest import NETWORK
from training import config, corpus, model
from training.judged import known, truth_of
from training.rivals import batches, forget, measure

NAME = "probe"
SEED = 6


@torch.no_grad()
def embed(encoder: nn.Module, settings: config.Config, texts: Sequence[str]) -> NDArray[np.float32]:
    """The mean of the last states of each text, shape (texts, hidden)."""
    where = model.device()
    found: dict[int, NDArray[np.float32]] = {}
    for places, ids in batches(model.load_tokenizer(settings.start), texts, settings.finetune.max_tokens):
        with model.precision(where):
            states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        found |= zip(places, states.float().mean(1).cpu().numpy(), strict=True)
    return np.array([found[at] for at in range(len(texts))], np.float32)


def main() -> None:
    """Embed, fit, measure."""
    settings = config.from_command_line()
    paths = settings.paths
    if (Path(settings.start) / NETWORK).is_file():
        forget(settings, NAME)
        print(f"{settings.start}: a model that was fine-tuned; there is no untouched encoder to probe")
        return
    encoder = model.start(settings.start).encoder.eval().to(model.device())
    learnt = known(corpus.read_part(Path(paths.corpus), Path(paths.split), "train"))
    learnt = random.Random(SEED).sample(learnt, min(settings.rivals.probe_messages, len(learnt)))
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    linear.fit(embed(encoder, settings, [one.text for one in learnt]), truth_of(learnt))

    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = linear.predict_proba(embed(encoder, settings, texts))[:, 1]
        return found

    found = measure(settings, NAME, {"messages": len(learnt)}, score)
    print(f"{paths.model}: a linear probe of {settings.start} has an AUC of {found['test']['auc']}")


if __name__ == "__main__":
    main()
