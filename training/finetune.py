"""Fine-tune the encoder on labelled messages, their spans and presumed negatives.

`python -m training.finetune training/config.toml` writes the best weights, by average precision on the
development split, to the run directory, with a checkpoint after every epoch from which a stopped run goes on.
"""

from pathlib import Path

import torch

from training import config, corpus, model, restore
from training.tuning import Run


def main() -> None:
    """Train, or go on training; nothing where the student has another teacher."""
    settings = config.from_command_line()
    if settings.distil.layers and settings.distil.teacher:
        print(f"[distil] teacher = {settings.distil.teacher}: no other is fine-tuned")
        return
    torch.manual_seed(settings.finetune.seed)
    paths, earlier = settings.paths, settings.finetune.warm_start
    network = restore.earlier(Path(earlier)) if earlier else model.start(settings.start)
    held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
    Run(settings, network, corpus.read_training(paths), held).train()


if __name__ == "__main__":
    main()
