"""Score messages by what the encoder knows of extortion before it is fine-tuned.

`python -m training.probe training/config.toml` embeds labelled messages with the encoder that fine-tuning
starts from (the mean of its last states), fits a logistic regression on the training split, chooses its
threshold on the development split, and writes its scores of the test split and of other hands to the run
directory, for `training.evaluate` to compare with. Source: Alain and Bengio, Understanding intermediate
layers using linear classifier probes, 2016.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer
from torch import nn

from detector.manifest import NETWORK
from detector.normalise import normalise
from detector.records import Label
from detector.runtime import of_one_length
from training import config, corpus, model
from training.baselines import Probe, best_threshold, truth_of

BATCH_TOKENS = 4096


@torch.no_grad()
def embed(encoder: nn.Module, tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.float32]:
    """The mean of the last states of each text, shape (texts, hidden)."""
    pieces = [one.ids for one in tokenizer.encode_batch([normalise(text).text for text in texts])]
    where = model.device()
    found: dict[int, NDArray[np.float32]] = {}
    for same in of_one_length([len(ids) for ids in pieces], BATCH_TOKENS):
        ids = torch.tensor([pieces[at] for at in same], device=where)
        with model.precision(where):
            states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        found |= zip(same, states.float().mean(1).cpu().numpy(), strict=True)
    return np.array([found[at] for at in range(len(pieces))], np.float32)


def main() -> None:
    """Embed, fit, choose, score."""
    settings = config.from_command_line()
    paths = settings.paths
    if (Path(settings.start) / NETWORK).is_file():
        print(f"{settings.start}: a model that was fine-tuned; there is no untouched encoder to probe")
        return
    tokenizer = model.load_tokenizer(settings.start)
    tokenizer.enable_truncation(settings.finetune.max_tokens)
    encoder = model.start(settings.start).encoder.eval().to(model.device())
    parts = {
        part: corpus.read_part(Path(paths.corpus), Path(paths.split), part)
        for part in ("train", "development", "test")
    }
    parts["other_hands"] = corpus.read_examples(Path(paths.other_hands))
    known = {name: [one for one in part if Label.EXTORTION in one.labels] for name, part in parts.items()}
    states = {name: embed(encoder, tokenizer, [one.text for one in part]) for name, part in known.items()}
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    linear.fit(states["train"], truth_of(known["train"]))
    scores = {name: linear.predict_proba(one)[:, 1] for name, one in states.items() if len(one)}
    threshold = best_threshold(scores["development"], truth_of(known["development"]))
    told = {
        one.id: round(float(score), 6)
        for name in ("test", "other_hands")
        if known[name]
        for one, score in zip(known[name], scores[name], strict=True)
    }
    run = Path(paths.run)
    run.mkdir(parents=True, exist_ok=True)
    Probe(threshold, told).write(run)
    print(f"{run}: {len(told)} messages scored by a linear probe of {settings.start}")


if __name__ == "__main__":
    main()
