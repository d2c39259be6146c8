"""The models of the other methods' configs, made small enough for the small data set of conftest.py."""
from __future__ import annotations

import copy
import os
from pathlib import Path

from mmengine.config import Config
from tiny_model import model_config, write_checkpoint

BASES = Path(__file__).resolve().parents[1] / 'configs' / '_base_' / 'models'
SMALL = {
    'untrimmednet': dict(streams=dict(rgb={}, flow={}), localizer=dict(head=dict(in_channels=4, num_classes=3))),
    'hide_and_seek': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
                          head=dict(in_channels=6, num_classes=3)),
    'stpn': dict(streams=dict(rgb={}, flow={}), scored_by=dict(rgb=['rgb', 'flow']),
                 localizer=dict(head=dict(in_channels=4, num_classes=3))),
    'maan': dict(streams=dict(rgb={}, flow={}), localizer=dict(head=dict(in_channels=4, num_classes=3))),
    'basnet': dict(streams=['rgb', 'flow'], proposals=dict(min_class_score=0.1),
                   head=dict(in_channels=8, num_classes=3, channels=[6], filter_channels=5)),
    'cmcs': dict(streams=dict(rgb={}, flow={}), localizer=dict(head=dict(
        in_channels=4, num_classes=3, shared_channels=6, branch_channels=5, attention_channels=4))),
    'um': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
               head=dict(in_channels=6, num_classes=3)),
    'cola': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
                 head=dict(in_channels=6, num_classes=3)),
    'wtalc': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
                  head=dict(in_channels=6, num_classes=3)),
    'acmnet': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
                   head=dict(in_channels=6, num_classes=3)),
    'facnet': dict(streams=dict(rgb={}, flow={}), weights=dict(rgb=0.1), localizer=dict(
        embedding=dict(in_channels=4, channels=[6]), head=dict(in_channels=6, num_classes=3))),
    'co2net': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, split=dict(rgb=4, flow=4), fused_channels=6, attention_channels=5)),
    'delu': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, split=dict(rgb=4, flow=4), fused_channels=6, attention_channels=5)),
    'ddgnet': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, split=dict(rgb=4, flow=4), fused_channels=6, attention_channels=5)),
    'asl': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, split=dict(rgb=4, flow=4), channels=6)),
    'rskp': dict(streams=['rgb', 'flow'], embedding=dict(in_channels=8, channels=[6]),
                 head=dict(in_channels=6, num_classes=3)),
    'pmil': dict(first_stage=model_config(), streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, split=dict(rgb=4, flow=4), channels=6, hidden_channels=5)),
    'autoloc': dict(first_stage=model_config(), streams=['rgb', 'flow'],
                    head=dict(in_channels=8, num_classes=3, channels=6, anchors=[2, 5])),
    'hamnet': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, channels=[6], attention_channels=[5])),
}
"""Method to what makes its configs' model a small one."""
TWO_STAGES = tuple(name for name, changes in SMALL.items() if 'first_stage' in changes)
"""Methods on a frozen first stage."""


def method_model(name: str, folder: Path | None = None) -> dict:
    """The config of a method's model, small; with a folder, a first stage gets a checkpoint there, for training."""
    config = Config.fromfile(BASES / f'{name}.py')
    config.merge_from_dict(dict(model=copy.deepcopy(SMALL[name])))
    model = config.model.to_dict()
    if 'first_stage' in model and folder is not None:
        first = {key: value for key, value in model['first_stage'].items() if key != 'init_cfg'}
        path = folder / f'first_stage_{os.getpid()}.pth'
        model['first_stage']['init_cfg'] = dict(
            type='Pretrained', checkpoint=str(write_checkpoint(path, first)))
    return model


def methods_together(*names: str) -> dict:
    """One model that has the methods, or all of one stage, as its networks: one training, one graph for all."""
    networks = {}
    for name in names or [name for name in SMALL if name not in TWO_STAGES]:
        model = method_model(name)
        network = {key: value for key, value in model.get('localizer', model).items()
                   if key not in ('nms', 'data_preprocessor')}
        networks[name] = dict(network, _delete_=True, streams=['rgb'] if 'localizer' in model else ['rgb', 'flow'])
    return dict(type='MultiStreamLocalizer', localizer=dict(type='WeaklySupervisedLocalizer'), streams=networks,
                nms=None)
