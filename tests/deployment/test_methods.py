"""The models of the other methods are published, read back as plain ones, run in parts and on padded batches."""
from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from tiny_model import CLASSES, RECIPE, build_model

from rpn_plugin.apis import WTALInferencer
from rpn_plugin.deployment import ModelFile, PaddedNetwork
from rpn_plugin.inspection import curves_of

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'models'
SMALL = {
    'stpn': dict(streams=dict(rgb={}, flow={}), scored_by=dict(rgb=['rgb', 'flow']),
                 localizer=dict(head=dict(in_channels=4, num_classes=3))),
    'basnet': dict(streams=['rgb', 'flow'], proposals=dict(min_class_score=0.1),
                   head=dict(in_channels=8, num_classes=3, channels=[6], filter_channels=5)),
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
    'hamnet': dict(streams=['rgb', 'flow'], head=dict(
        in_channels=8, num_classes=3, channels=[6], attention_channels=[5])),
}
"""Method to what makes its configs' model a small one."""

RUN_WHOLE = {'facnet': 'FACHead is not split in time'}
"""Methods whose long videos run in one piece, and why."""


@pytest.fixture(params=SMALL)
def method(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def published(method: str, tmp_path: Path) -> Path:
    config = Config.fromfile(BASES / f'{method}.py')
    config.merge_from_dict(dict(model=copy.deepcopy(SMALL[method])))
    plain = config.model.to_dict()
    weights = build_model(plain).state_dict()
    return ModelFile('trained', plain, tuple(CLASSES), RECIPE, weights).publish(tmp_path / 'published')


def test_a_published_model_is_read_without_trust_and_runs_long_videos_in_parts(method, published, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    videos = [{stream: rng.standard_normal((length, 4)).astype(np.float32) for stream in ('rgb', 'flow')}
              for length in (61, 40)]
    whole = WTALInferencer(weights=published, device='cpu')(videos)['predictions']
    warnings: list[str] = []
    monkeypatch.setattr(MMLogger, 'warning', lambda logger, text: warnings.append(text))
    parts = WTALInferencer(weights=published, device='cpu', chunk_snippets=16)(videos)['predictions']
    assert any(video['detections'] for video in whole)
    for expected, found in zip(whole, parts, strict=True):
        np.testing.assert_allclose([row['score'] for row in found['detections']],
                                   [row['score'] for row in expected['detections']], atol=1e-5)
    assert len(warnings) == (method in RUN_WHOLE) and all(RUN_WHOLE[method] in warning for warning in warnings)


def test_a_padded_network_gives_what_the_packed_one_gives_and_curves_are_drawn_of_what_is_scored(published) -> None:
    model = ModelFile.read(published).build()
    network = PaddedNetwork(model)  # compares both
    assert {name.rsplit('_', 1)[-1] for name in network.output_names} >= {'cas', 'score', 'embedded'}
    data = model.data_preprocessor(dict(inputs={name: [values[0]] for name, values in zip(
        network.streams, network.example(1, 9)[1:])}))
    assert all(curve.shape in ((9, ), (9, 3)) for curve in curves_of(model, data)[0].values())
