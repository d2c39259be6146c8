"""Configs and weights of small recognizers, as MMAction2 publishes its own."""
from __future__ import annotations

from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

RECOGNIZER = """
model = dict(
    type='Recognizer2D', backbone=dict(type='ResNet', depth=18),
    data_preprocessor=dict(type='ActionDataPreprocessor', mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0]))
test_pipeline = [
    dict(type='DecordInit'), dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=25, test_mode=True),
    dict(type='DecordDecode'), dict(type='Resize', scale=(-1, 32)), dict(type='TenCrop', crop_size=32),
    dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]
"""
FLOW = RECOGNIZER.replace('depth=18', 'depth=18, in_channels=2').replace('[1.0, 2.0, 3.0]', '[127.5, 127.5]').replace(
    '[4.0, 5.0, 6.0]', '[127.5, 127.5]')


def write_recognizers(folder: Path) -> Path:
    """Write ``rgb.py``, ``rgb.pth``, ``flow.py`` and ``flow.pth``, with weights at random."""
    init_default_scope('mmaction')
    for name, text in (('rgb', RECOGNIZER), ('flow', FLOW)):
        (folder / f'{name}.py').write_text(text)
        torch.manual_seed(0)
        model = MODELS.build(Config.fromfile(folder / f'{name}.py').model)
        torch.save(dict(meta={}, state_dict=model.state_dict()), folder / f'{name}.pth')
    return folder
