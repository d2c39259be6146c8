"""Losses that shape the attention of a head."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class AttentionNormLoss(nn.Module):
    """Mean attention of a video's snippets, averaged over the videos of the global batch: keeps attention sparse.

    As in STPN, BaS-Net and HAM-Net. Code that sums over time instead has T times the weight.

    Args:
        loss_weight: Weight in the total loss.
        attention: Name of the attention (N,) in the head's output.
    """

    def __init__(self, loss_weight: float = 1.0, attention: str = 'attention') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attention = attention

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar; the labels are not read."""
        mean = output.embedded.layout.mean(output.tensor(self.attention))  # (B,)
        return self.loss_weight * global_batch_mean(mean)


@MODELS.register_module()
class AttentionGuideLoss(nn.Module):
    """Draws attention and the probability of background apart: mean over snippets of |1 - a_t - P(background)_t|.

    As in HAM-Net and ACM-Net. P is the softmax of a snippet's K = C + 1 logits, background last.

    Args:
        loss_weight: Weight in the total loss.
        attention: Name of the attention (N,) in [0, 1] in the head's output.
        logits: Name of the snippets' logits (N, K) in it.
        detach_attention: Teach the logits only, by the attention as it is (ACM-Net).
    """

    def __init__(self, loss_weight: float = 1.0, attention: str = 'attention', logits: str = 'snippet_logits',
                 detach_attention: bool = False) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attention = attention
        self.logits = logits
        self.detach_attention = detach_attention

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, averaged over the videos of the global batch; the labels are not read."""
        attention = output.tensor(self.attention)  # (N,)
        background = output.tensor(self.logits).softmax(dim=1)[:, -1]  # (N,)
        gap = (1 - (attention.detach() if self.detach_attention else attention) - background).abs()
        return self.loss_weight * global_batch_mean(output.embedded.layout.mean(gap))


@MODELS.register_module()
class MutualAttentionLoss(nn.Module):
    """Brings the attentions of two streams together, each taking the other as it is (CO2-Net).

    Half the mean over a video's snippets of (a_t - b_t)^2 with b fixed, plus half of it with a fixed, averaged over the
    videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        first: Name of a (N,) in the head's output.
        second: Name of b (N,).
    """

    def __init__(self, loss_weight: float = 1.0, first: str = 'first_attention',
                 second: str = 'second_attention') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.first, self.second = first, second

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        a, b = output.tensor(self.first), output.tensor(self.second)
        gap = ((a - b.detach()).square() + (b - a.detach()).square()) / 2
        return self.loss_weight * global_batch_mean(output.embedded.layout.mean(gap))
