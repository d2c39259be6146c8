"""Cross-entropy between the snippets' classes of two branches."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class DistillationLoss(nn.Module):
    """Teaches the logits of snippets by those of another branch as they are (RSKP).

    - mean over a video's snippets of sum_c softmax(teacher / temperature)_c log softmax(student / temperature)_c,
    averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        student: Name of the logits (N, K) in the head's output that learn.
        teacher: Name of those that they learn from.
        temperature: Positive.
    """

    def __init__(self, loss_weight: float = 1.0, student: str = 'snippet_logits',
                 teacher: str = 'walked_snippet_logits', temperature: float = 0.2) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.student, self.teacher = student, teacher
        self.temperature = temperature

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        target = (output.tensor(self.teacher).detach() / self.temperature).softmax(dim=1)
        entropy = -(target * (output.tensor(self.student) / self.temperature).log_softmax(dim=1)).sum(dim=1)  # (N,)
        return self.loss_weight * global_batch_mean(output.embedded.layout.mean(entropy))
