"""What training makes small, and what it is judged by on the development split."""

import torch
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

from detector.records import Label
from training import config, model
from training.batches import UNKNOWN, Batch


def loss(message: Tensor, token: Tensor, batch: Batch, wanted: config.Finetune) -> Tensor:
    """Mean binary cross-entropy of the known labels, plus that of the token tags and of the contrasts.

    Of a pair the extortion's logit shall be the higher one: what the two share cancels out, and what is
    left to learn from is what makes the difference. Source: Burges et al., Learning to Rank using Gradient
    Descent, 2005.
    """
    message, token = message.float(), token.float()
    known = (batch.targets != UNKNOWN).float()
    binary = nn.functional.binary_cross_entropy_with_logits(
        message, batch.targets.clamp(min=0), reduction="none"
    )
    tags = nn.functional.cross_entropy(token.flatten(0, 1), batch.tags.flatten(), ignore_index=UNKNOWN)
    total = (binary * known).sum() / known.sum() + wanted.span_weight * torch.nan_to_num(tags)
    if len(batch.contrasts):
        extortion = message[:, list(Label).index(Label.EXTORTION)]
        ahead = extortion[batch.contrasts[:, 0]] - extortion[batch.contrasts[:, 1]]
        share = len(batch.contrasts) / len(message)
        total = total + wanted.contrast_weight * share * nn.functional.softplus(-ahead).mean()
    return total


@torch.no_grad()
def assess(network: model.ExtortionModel, batches: list[Batch]) -> dict[str, float]:
    """Message loss and average precision of extortion on the development split."""
    network.eval()
    logits, targets = [], []
    where = next(network.parameters()).device
    for batch in (one.to(where) for one in batches):
        logits.append(network(batch.input_ids, batch.attention_mask)[0].float().cpu())
        targets.append(batch.targets.cpu())
    scores, truth = torch.cat(logits), torch.cat(targets)
    known = truth != UNKNOWN
    binary = nn.functional.binary_cross_entropy_with_logits(scores, truth.clamp(min=0), reduction="none")
    sure = known[:, 0]
    precision = average_precision_score(truth[sure, 0].numpy(), scores[sure, 0].numpy())
    return {"loss": float(binary[known].mean()), "average_precision": float(precision)}
