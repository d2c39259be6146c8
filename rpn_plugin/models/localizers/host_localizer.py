"""A localizer of the host on our side of the evaluation."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from torch import Tensor

from rpn_plugin.models.interfaces import Proposals, Suppression
from rpn_plugin.models.localizers.samples import best_first, fill_sample


@MODELS.register_module()
class HostLocalizer(BaseModel):
    """Gives the proposals of MMAction2's BMN, PEM or TCANet to our suppression, samples and metric.

    It trains as the host trains it: fully supervised, on segments. What the host predicts, ``[dict(video_name,
    proposal_list=[dict(score, segment)])]`` with segments in seconds, is for the first video of a batch alone and has
    no classes: here every video is predicted by itself, and every detection gets label 0 and no ``pred_score``, which
    is what ``WTALMetric(class_agnostic=True)`` scores.

    Args:
        localizer: Config of the host's localizer.
        nms: Config of the suppression; None leaves the proposals to the host's own.
        data_preprocessor: Config of the data preprocessor; None moves the batch to the device and no more.
    """

    def __init__(self,
                 localizer: Mapping[str, Any],
                 nms: Mapping[str, Any] | None = None,
                 data_preprocessor: Mapping[str, Any] | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.localizer = MODELS.build(localizer)
        self.nms: Suppression | None = MODELS.build(nms) if nms else None

    def forward(self,
                inputs: Sequence[Tensor] | Tensor,
                data_samples: Sequence[ActionDataSample] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the host's localizer.

        Args:
            inputs: Features (D, T) of each video, T being what the localizer was built for.
            data_samples: As ``PackLocalizationInputs`` makes them.
            mode: ``tensor`` and ``loss`` give what the host gives, ``predict`` the samples with ``pred_instances``.

        Raises:
            TypeError: If the host's localizer does not predict proposals (TEM predicts boundary probabilities).
        """
        if mode != 'predict':
            return self.localizer(inputs, data_samples, mode=mode)
        samples = []
        for index, sample in enumerate(data_samples or ()):
            answer = self.localizer(inputs[index:index + 1], [sample], mode='predict')
            proposals = self._read(answer)
            samples.append(fill_sample(sample, self.nms(*proposals) if self.nms else best_first(proposals)))
        return samples

    def _read(self, answer: Any) -> Proposals:
        try:
            proposals = answer[0]['proposal_list']
            segments = np.array([proposal['segment'] for proposal in proposals], dtype=np.float64).reshape(-1, 2)
            scores = np.array([proposal['score'] for proposal in proposals], dtype=np.float64)
        except (IndexError, KeyError, TypeError) as error:
            raise TypeError(f'HostLocalizer expects a localizer that predicts [dict(video_name, proposal_list=[dict('
                            f'score, segment), ...])], as BMN does, but {type(self.localizer).__name__} predicted '
                            f'{answer!r:.200}.') from error
        return segments, np.zeros(len(scores), dtype=np.int64), scores
