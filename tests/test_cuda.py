"""What runs on a GPU gives what the CPU gives in float64, to stated tolerances.

Skipped where there is no GPU. RPN_CUDA_TESTS_ON=cpu rehearses the tests on the CPU.
"""
from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import Runner
from one_step import MODELS_THAT_TRAIN, batch, build, prepare
from torch import Tensor, nn

from rpn_plugin.models.embeddings import Dropout, TemporalConvEmbedding
from rpn_plugin.models.localizers.long_video import LongVideoScorer
from rpn_plugin.models.postprocessors import SimilarityWeighting
from rpn_plugin.structures import PackedLayout, SnippetBatch, SnippetClock

pytestmark = pytest.mark.cuda
CONFIG = Path(__file__).resolve().parents[1] / 'configs' / 'rpn_synthetic.py'
FLOAT32 = dict(rtol=2e-4, atol=1e-5)
"""Of float32 without TF32, beside float64."""
HALF = dict(rtol=0.1, atol=0.05)
"""Of losses in bfloat16 and float16."""


@pytest.fixture
def device() -> Iterator[str]:
    wanted = os.environ.get('RPN_CUDA_TESTS_ON', 'cuda')
    if wanted == 'cuda' and not torch.cuda.is_available():
        pytest.skip('no GPU here; RPN_CUDA_TESTS_ON=cpu rehearses on the CPU')
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield wanted
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def without_chance(model: BaseModel) -> BaseModel:
    """The model without dropout, told what hooks tell it."""
    prepare(model)
    for module in model.modules():
        if isinstance(module, (Dropout, nn.Dropout)):
            module.p = 0.0
    return model.train()


def losses_and_gradients(model: BaseModel) -> tuple[dict[str, float], dict[str, Tensor]]:
    data = model.data_preprocessor(batch(), training=True)
    if next(model.parameters()).dtype == torch.float64:
        data['inputs'] = {stream: videos.with_features(videos.features.double())
                          for stream, videos in data['inputs'].items()}
    total, losses = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    return ({name: value.item() for name, value in losses.items()},
            {name: value.grad.cpu().double() for name, value in model.named_parameters() if value.grad is not None})


@pytest.mark.parametrize('name', MODELS_THAT_TRAIN)
def test_losses_and_gradients_of_every_method_are_those_of_float64(name, device) -> None:
    model = without_chance(build(name))
    expected_losses, expected = losses_and_gradients(copy.deepcopy(model).double())
    losses, gradients = losses_and_gradients(model.to(device))
    assert losses == pytest.approx(expected_losses, rel=1e-4, abs=1e-5)
    assert gradients.keys() == expected.keys()
    for parameter, value in expected.items():
        torch.testing.assert_close(gradients[parameter], value, **FLOAT32, msg=lambda text: f'{parameter}: {text}')


@pytest.mark.parametrize('name', MODELS_THAT_TRAIN)
def test_a_step_of_every_method_is_deterministic_where_that_is_asked_for_and_never_waits(name, device) -> None:
    model = without_chance(build(name)).to(device)
    torch.use_deterministic_algorithms(True)
    try:
        first, again = (losses_and_gradients(copy.deepcopy(model)) for _ in range(2))
        assert first[0] == again[0]
        torch.testing.assert_close(first[1], again[1], rtol=0, atol=0)
    finally:
        torch.use_deterministic_algorithms(False)
    data = model.data_preprocessor(batch(), training=True)  # features come from memory that is not pinned
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters()))
    if device == 'cuda':
        torch.cuda.set_sync_debug_mode('error')
    try:
        wrapper.update_params(model.parse_losses(model(**data, mode='loss'))[0])
    finally:
        if device == 'cuda':
            torch.cuda.set_sync_debug_mode('default')


def test_operations_over_the_time_of_each_video_are_those_of_float64(device) -> None:
    values = torch.randn(33, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    vectors = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for name in ('softmax', 'sum', 'mean', 'max', 'top_k_mean', 'top_k_weights', 'weighted_sum', 'products', 'gaps'):

        def run(layout: PackedLayout, x: Tensor, y: Tensor, name: str = name) -> Tensor:
            if name == 'gaps':
                return layout.with_gaps(layout.without_gaps(layout.with_gaps(x, 2), 2)[:33], 1)
            extra = dict(top_k_mean=(0.3, ), top_k_weights=(0.3, ), weighted_sum=(x[:, :2], ), products=(y, ))
            return getattr(layout, name)(x, *extra.get(name, ()))

        expected = run(PackedLayout([7, 5, 12, 9]), values, vectors)
        found = run(PackedLayout([7, 5, 12, 9], device), values.float().to(device), vectors.float().to(device))
        torch.testing.assert_close(found.cpu().double(), expected, **FLOAT32)


def scored(model: BaseModel) -> tuple[dict[str, Tensor], list[Any]]:
    """Localization sequences by network, and detections."""
    data = batch()
    for sample, features in zip(data['data_samples'], data['inputs']['rgb']):
        sample.set_metainfo(dict(clock=SnippetClock(25, 16), duration_second=0.64 * len(features)))
    data = model.data_preprocessor(data)
    if next(model.parameters()).dtype == torch.float64:
        data['inputs'] = {stream: videos.with_features(videos.features.double())
                          for stream, videos in data['inputs'].items()}
    with torch.no_grad():
        sequences = {name: model.networks[name].localization_sequence(output).cpu().double()
                     for name, output in model.score(data['inputs']).items()}
        return sequences, model(**data, mode='predict')


@pytest.mark.parametrize('coverage', [None, 0.3])
def test_weighting_and_detections_are_those_of_float64(coverage, device) -> None:
    model = build('rpn')
    for network in model.networks.values():
        network.weighting = SimilarityWeighting(gamma_t=0.5, coverage=coverage)
    expected, samples = scored(copy.deepcopy(model).double())
    sequences, found = scored(model.to(device))
    for name, value in expected.items():
        torch.testing.assert_close(sequences[name], value, **FLOAT32)
    for one, other in zip(samples, found):
        assert len(other.pred_instances.scores) == len(one.pred_instances.scores)
        np.testing.assert_allclose(other.pred_instances.scores, one.pred_instances.scores, rtol=1e-3, atol=1e-4)


def test_a_long_video_in_parts_is_the_whole(device) -> None:
    network = next(iter(build('rpn').networks.values())).to(device)
    features = torch.randn(61, 4, generator=torch.Generator().manual_seed(0)).to(device)

    def read(first: int, last: int) -> dict[str, SnippetBatch]:
        return dict(rgb=SnippetBatch.from_videos([features[first:last]]))

    network.streams = ('rgb', )
    output, sequence = LongVideoScorer(network, read, 61, chunk_snippets=16)()
    with torch.no_grad():
        whole = network.run(read(0, 61))
        torch.testing.assert_close(sequence, network.localization_sequence(whole), **FLOAT32)
    torch.testing.assert_close(output.video_score, whole.video_score, **FLOAT32)


@pytest.mark.parametrize('kind', [torch.bfloat16, torch.float16])
def test_a_step_in_half_precision_has_the_losses_of_float64_and_finite_gradients(kind, device) -> None:
    model = without_chance(build('rpn'))
    expected, _ = losses_and_gradients(copy.deepcopy(model).double())
    model.to(device)
    data = model.data_preprocessor(batch(), training=True)
    with torch.autocast(device, kind):
        total, losses = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert {name: value.item() for name, value in losses.items()} == pytest.approx(expected, rel=HALF['rtol'],
                                                                                   abs=HALF['atol'])
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


def test_the_hosts_mixed_precision_trains(device) -> None:
    model = without_chance(build('rpn')).to(device)
    wrapper = AmpOptimWrapper(optimizer=torch.optim.Adam(model.parameters(), lr=1e-2),
                              dtype='bfloat16' if device == 'cpu' else 'float16')
    losses = [model.train_step(batch(), wrapper)['loss'].item() for _ in range(12)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


def test_a_compiled_embedding_is_the_plain_one(device) -> None:
    torch.manual_seed(0)
    plain = TemporalConvEmbedding(8, [16], kernel_size=3, dropout=0.0).to(device)
    compiled = torch.compile(plain, dynamic=True, backend='inductor' if device == 'cuda' else 'eager')
    for lengths in ((7, 5), (12, 9, 3)):
        videos = SnippetBatch.from_videos([torch.randn(length, 8, device=device) for length in lengths])
        torch.testing.assert_close(compiled(videos).features, plain(videos).features, **FLOAT32)


def test_a_checkpoint_goes_from_the_cpu_to_the_device_and_back(device, tmp_path) -> None:
    def trained(place: str, checkpoint: str | None) -> tuple[BaseModel, torch.optim.Optimizer]:
        model = without_chance(build('rpn')).to(place)
        optimizer = torch.optim.Adam(model.parameters())
        if checkpoint is not None:
            state = torch.load(tmp_path / checkpoint, map_location='cpu')
            model.load_state_dict(state['model'])
            optimizer.load_state_dict(state['optimizer'])
        wrapper = OptimWrapper(optimizer)
        model.train_step(batch(), wrapper)
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict()), tmp_path / f'{place}.pth')
        return model, optimizer

    trained('cpu', None)
    (tmp_path / 'cpu.pth').rename(tmp_path / 'first.pth')
    trained(device, 'first.pth')
    moved = torch.load(tmp_path / f'{device}.pth', map_location='cpu')
    model, _ = trained('cpu', 'first.pth')
    for name, value in model.state_dict().items():
        torch.testing.assert_close(moved['model'][name], value, rtol=1e-3, atol=1e-4)
    model, _ = trained('cpu', f'{device}.pth' if device != 'cpu' else 'first.pth')
    assert all(value.device.type == 'cpu' and value.isfinite().all() for value in model.state_dict().values())


def test_a_resumed_deterministic_training_is_the_unbroken_one(device, synthetic, tmp_path) -> None:
    from rpn_plugin.datasets.synthetic import SyntheticSettings
    synthetic(SyntheticSettings(num_train=8, num_test=1, median_snippets=20))
    states = []
    for name, stops in (('straight', (2, )), ('resumed', (1, 2))):
        for epochs in stops:
            config = Config.fromfile(CONFIG)
            cache = {} if device == 'cpu' or name == 'straight' else dict(cache_gib=1, cache_device=device)
            config.merge_from_dict(dict(
                work_dir=str(tmp_path / name), experiment_name=f'{name} {epochs}', log_level='ERROR', resume=True,
                randomness=dict(seed=3, deterministic=True), val_cfg=None, val_dataloader=None, val_evaluator=None,
                train_cfg=dict(max_epochs=epochs), train_dataloader=dict(batch_size=4, dataset=cache),
                default_hooks=dict(checkpoint=dict(interval=1))))
            try:
                runner = Runner.from_cfg(config)
                runner.train()
            finally:
                torch.use_deterministic_algorithms(False)
        assert next(runner.model.parameters()).device.type == device
        states.append((runner.model.state_dict(), runner.optim_wrapper.state_dict()))
    torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
