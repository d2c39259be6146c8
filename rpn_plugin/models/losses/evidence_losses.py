"""Evidence of a video's classes, and the uncertainty of its snippets: DELU's losses."""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput, PackedLayout

LARGEST_LOGIT = 10.0
"""Of which evidence is the exponential."""


def evidence(logits: Tensor) -> Tensor:
    """Parameters of a Dirichlet distribution over classes, 1 + exp(logit), of logits of any shape."""
    return 1 + logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT).exp()


@MODELS.register_module()
class EvidenceLoss(nn.Module):
    """Evidential loss on the snippets of highest attention (DELU, Chen et al., ECCV 2022).

    z_c is the mean logit of those snippets, alpha_c = 1 + exp(z_c) and S = sum_c alpha_c. The loss of a video is
    sum_c h_c (log S - log alpha_c), where h shares the number of its labels out among them by 1 / alpha_c, and is
    smaller the less is certain: by the factor 1 - C / S, which is not learned from. Averaged over the videos of the
    global batch.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the snippets' logits (N, K) in the head's output, the C classes of the data first.
        attention: Name of the attention (N,).
        top_ratio: Share of a video's snippets that are of highest attention, rounded down.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'suppressed_snippet_logits',
                 attention: str = 'attention', top_ratio: float = 1 / 9) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits, self.attention = logits, attention
        self.top_ratio = top_ratio

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from labels (B, C) in {0, 1}, at least one class per video."""
        layout, num_classes = output.embedded.layout, labels.shape[1]
        chosen = layout.top_k_weights(output.tensor(self.attention).detach(), self.top_ratio, round_up=False)  # (N,)
        alpha = evidence(layout.sum(chosen[:, None] * output.tensor(self.logits)[:, :num_classes]))  # (B, C)
        total = alpha.sum(dim=1, keepdim=True)  # (B, 1), S
        certain = 1 - num_classes / total.detach()
        share = labels / alpha
        hardness = certain * labels.sum(dim=1, keepdim=True) * share / share.sum(dim=1, keepdim=True)  # (B, C), h
        return self.loss_weight * global_batch_mean((hardness * (total.log() - alpha.log())).sum(dim=1))


@MODELS.register_module()
class UncertaintyGuideLoss(nn.Module):
    """Draws attentions and background apart, certain snippets first and uncertain ones later (DELU).

    The uncertainty of a snippet is C over the sum of the evidence of all its classes, background included. In each
    video the snippets are ranked from the most to the least uncertain; the weight of rank j is
    1 + amplitude tanh(theta_j delta), where theta goes from -1 to 1 over the ranks and delta from 1 to -1 over the
    training. The loss is the weighted mean over snippets of the mean over attentions of |1 - a_t - P(background)_t|,
    averaged over the videos of the global batch.

    ``ProgressHook`` has to tell it how far training is.

    Args:
        loss_weight: Weight in the total loss.
        attentions: Names of the attentions (N,) in the head's output.
        logits: Name of the snippets' logits (N, C + 1) whose softmax gives P, background last.
        evidence_logits: Name of those that give evidence.
        amplitude: Of the weights, in [0, 1].
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 attentions: Sequence[str] = ('attention', 'first_attention', 'second_attention'),
                 logits: str = 'snippet_logits',
                 evidence_logits: str = 'suppressed_snippet_logits',
                 amplitude: float = 0.7) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attentions = tuple(attentions)
        self.logits, self.evidence_logits = logits, evidence_logits
        self.amplitude = amplitude
        self.progress: float | None = None
        """Share of the training that is done, in [0, 1]; None where nobody tells."""

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0.

        Args:
            output: With the attentions and logits.
            labels: (B, C).

        Raises:
            RuntimeError: If it trains and does not know how far.
        """
        if self.progress is None and self.training:
            raise RuntimeError("UncertaintyGuideLoss does not know how far training is: add default_hooks = dict("
                               "progress=dict(type='ProgressHook')) to the config.")
        layout = output.embedded.layout
        assert isinstance(layout, PackedLayout)  # training is never padded
        background = output.tensor(self.logits).softmax(dim=1)[:, -1]  # (N,)
        gaps = [(1 - output.tensor(name) - background).abs() for name in self.attentions]
        certainty = evidence(output.tensor(self.evidence_logits).detach()).sum(dim=1)  # (N,)
        weight = self.weights(certainty, layout)
        return self.loss_weight * global_batch_mean(layout.mean(weight * torch.stack(gaps).mean(dim=0)))

    def weights(self, certainty: Tensor, layout: PackedLayout) -> Tensor:
        """(N,) weight of each snippet from its certainty (N,), larger where less is uncertain."""
        delta = 1 - 2 * (1.0 if self.progress is None else self.progress)
        rank = layout.pad(certainty, fill=math.inf).argsort(dim=1).argsort(dim=1)  # (B, T), the most uncertain first
        length = layout.mask.sum(dim=1, keepdim=True)
        theta = 2 * (rank.to(certainty.dtype) + 0.5) / length - 1
        return 1 + self.amplitude * layout.unpad((theta * delta).tanh())
