"""The models of the other methods are published, read back as plain ones, run in parts and on padded batches."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from method_models import SMALL, method_model
from mmengine.logging import MMLogger
from tiny_model import CLASSES, RECIPE, build_model

from rpn_plugin.apis import WTALInferencer
from rpn_plugin.deployment import ModelFile, PaddedNetwork
from rpn_plugin.inspection import curves_of

RUN_WHOLE = {'co2net': 'CrossModalHead is not split in time', 'ddgnet': 'CrossModalHead is not split in time',
             'delu': 'CrossModalHead is not split in time',
             'autoloc': 'BoundaryLocalizer is no WeaklySupervisedLocalizer',
             'pmil': 'ProposalLocalizer is no WeaklySupervisedLocalizer',
             'facnet': 'FACHead is not split in time',
             'rskp': 'RepresentativeSnippetHead is not split in time'}
"""Methods whose long videos run in one piece, and why."""


NOT_EXPORTED = dict.fromkeys(
    ('autoloc', 'pmil'), 'its second stage proposes by itself, which no graph of scores holds; export the first stage')
"""Methods that are no graph from features to scores, and why."""


@pytest.fixture(params=SMALL)
def method(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def published(method: str, tmp_path: Path) -> Path:
    plain = method_model(method)
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


def test_a_padded_network_gives_what_the_packed_one_gives_and_curves_are_drawn_of_what_is_scored(method,
                                                                                                published) -> None:
    model = ModelFile.read(published).build()
    if method in NOT_EXPORTED:
        with pytest.raises(ValueError, match=NOT_EXPORTED[method]):
            PaddedNetwork(model)
        return
    network = PaddedNetwork(model)  # compares both
    assert {name.rsplit('_', 1)[-1] for name in network.output_names} >= {'cas', 'score', 'embedded'}
    data = model.data_preprocessor(dict(inputs={name: [values[0]] for name, values in zip(
        network.streams, network.example(1, 9)[1:])}))
    assert all(curve.shape in ((9, ), (9, 3)) for curve in curves_of(model, data)[0].values())
