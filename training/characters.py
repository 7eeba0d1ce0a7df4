"""Fit the character branch: linear models of character n-grams, one for each label, in one table.

`python -m training.characters training/config.toml` writes `characters.npz` to the run directory. Word
pieces and n-grams know different things: the encoder's logits and the branch's are combined when the
model is calibrated, and both come out of one ONNX graph (`training.export`).
"""

from pathlib import Path

from training import config, corpus, ngrams


def main() -> None:
    """Fit on everything the encoder is fine-tuned on."""
    settings = config.from_command_line()
    branch = ngrams.fit_branch(corpus.read_training(settings.paths))
    ngrams.save_branch(branch, Path(settings.paths.run))
    print(f"{Path(settings.paths.run) / ngrams.FILE}: {len(branch.grams)} n-grams")


if __name__ == "__main__":
    main()
