"""Ablations of Tables 3 and 4 of the paper as overrides that apply to any config of RPN."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NECK, WEIGHTING = 'model.localizer.neck', 'model.localizer.weighting'
WITHOUT_CLUSTERING = {'model.localizer.head.loss_clu.loss_weight': 0.0}
WITHOUT_UPDATING = {f'{WEIGHTING}.num_updates': 0}


@dataclass(frozen=True)
class Ablation:
    """Changes of a config that take a part of the method away or put another in its place.

    Args:
        sentence: What it changes.
        overrides: Dotted keys and their values, as ``Config.merge_from_dict`` and ``--cfg-options`` take them.
    """

    sentence: str
    overrides: Mapping[str, Any]

    @property
    def cfg_options(self) -> str:
        """The overrides as they are written behind ``--cfg-options``."""
        return ' '.join(f'{key}={value}' for key, value in self.overrides.items())


ABLATIONS: dict[str, Ablation] = {
    'table3_random': Ablation('Prototypes drawn at random and learned directly.', {f'{NECK}.type': 'RandomPrototypes'}),
    'table3_fc': Ablation('Label features through a fully connected network.',
                          {f'{NECK}.type': 'FullyConnectedPrototypes'}),
    'table4_cls': Ablation('L_cls alone.', {**WITHOUT_CLUSTERING, WEIGHTING: None}),
    'table4_cls_clu': Ablation('L_cls + L_clu, without similarity weighting.', {WEIGHTING: None}),
    'table4_cls_weighting': Ablation('L_cls and similarity weighting without updating; no L_clu.',
                                     {**WITHOUT_CLUSTERING, **WITHOUT_UPDATING}),
    'table4_cls_clu_weighting': Ablation('Everything but prototype updating.', WITHOUT_UPDATING),
}
"""By name. The files of the same names in ``configs/ablations`` apply them to the paper's experiment on THUMOS14."""
