"""The smallest part of each kind goes through everything that is done with a model, or is refused by name."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ranks
import torch
from method_models import SMALL, TWO_STAGES, method_model, methods_together
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from processes import run_ranks
from smallest_parts import MODELS_OF_SMALLEST_PARTS, NOT_EXPORTED, RUN_WHOLE
from tiny_model import CLASSES, RECIPE

from rpn_plugin.apis import WTALInferencer
from rpn_plugin.deployment import ModelFile, PaddedNetwork, export_onnx

PARTS = sorted(MODELS_OF_SMALLEST_PARTS)
TOGETHER = 'methods together'


def training_config(part: str, root: Path, work_dir: Path) -> Config:
    """Two epochs of two steps with a model of that smallest part, of all methods together, or of that method."""
    config = Config.fromfile(ranks.SYNTHETIC)
    config.model = MODELS_OF_SMALLEST_PARTS[part] if part in PARTS else (
        methods_together() if part == TOGETHER else method_model(part, root))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(root)
    config.merge_from_dict(dict(
        work_dir=str(work_dir), experiment_name=str(work_dir).replace('/', '_'), randomness=dict(seed=0),
        log_level='ERROR', train_cfg=dict(max_epochs=2, val_interval=2), train_dataloader=dict(batch_size=4),
        default_hooks=dict(progress=dict(type='ProgressHook'), memory=dict(type='MemoryHook'))))
    config.default_hooks.checkpoint.interval = 2
    return config


def train_all(root: str, work_dir: str) -> dict[str, tuple[int, str, bool]]:
    """Train a model of every part and method on this group of ranks: steps, digest of the state, if it is finite."""
    outcome = {}
    for part in (*PARTS, TOGETHER, *TWO_STAGES):
        config = training_config(part, Path(root), Path(work_dir) / part.replace(' ', '_'))
        config.merge_from_dict(dict(launcher='pytorch', val_cfg=None, val_dataloader=None, val_evaluator=None,
                                    train_dataloader=dict(batch_size=2)))
        runner = Runner.from_cfg(config)
        runner.train()
        model = runner.model.module
        for name, trained in model.networks.items() if part == TOGETHER else [(part, model)]:
            finite = all(bool(value.isfinite().all()) for value in trained.state_dict().values())
            outcome[name] = (runner.iter, ranks.digest(trained), finite)
    return outcome


def test_every_part_and_method_trains_on_two_ranks(tiny, tmp_path) -> None:
    first, second = run_ranks(2, train_all, str(tiny.root), str(tmp_path))
    assert first == second and first.keys() == {*PARTS, *SMALL}
    assert all(steps == 4 and finite for steps, _, finite in first.values())


@pytest.mark.parametrize('part', [TOGETHER, *TWO_STAGES])
def test_a_training_of_methods_that_is_resumed_is_the_unbroken_one(part, tiny, tmp_path) -> None:
    states = []
    for name in ('unbroken', 'resumed'):
        config = training_config(part, tiny.root, tmp_path / name)
        config.merge_from_dict(dict(
            val_cfg=None, val_dataloader=None, val_evaluator=None, test_cfg=None, test_dataloader=None,
            test_evaluator=None, train_dataloader=dict(batch_size=8), default_hooks=dict(checkpoint=dict(interval=1))))
        config.default_hooks.pop('diagnosis')
        if states:
            config.merge_from_dict(dict(resume=True, load_from=str(tmp_path / 'unbroken' / 'epoch_1.pth')))
        runner = Runner.from_cfg(config)
        runner.train()
        assert runner.iter == 2, 'one step in each epoch'
        states.append(runner.model.state_dict())
    assert not [name for name, value in states[0].items() if not torch.equal(value, states[1][name])]
    before = torch.load(tmp_path / 'unbroken' / 'epoch_1.pth', weights_only=True)['state_dict']
    learned = [name for name, value in states[0].items() if not torch.equal(value, before[name])]
    networks = set(SMALL) - set(TWO_STAGES) if part == TOGETHER else {'head'}
    assert networks <= {key for name in learned for key in name.split('.')[:2]}, 'the second step changed every one'


@pytest.mark.parametrize('part', PARTS)
def test_the_smallest_part_of_a_kind_goes_through_everything(part, tiny, tmp_path, monkeypatch) -> None:
    runner = Runner.from_cfg(training_config(part, tiny.root, tmp_path / 'work'))
    before = {name: value.clone() for name, value in runner.model.state_dict().items()}
    runner.train()
    learnt = dict(runner.model.named_parameters())
    assert runner.iter == 4 and all(not torch.equal(before[name], value) for name, value in learnt.items())
    metrics = runner.test()
    assert 0 <= metrics['wtal/mAP_avg'] <= 1 and 0 < metrics['wtal/video_mAP'] <= 1

    published = publish(runner, tmp_path)
    model = ModelFile.read(published, trust=True).build()
    for name, value in runner.model.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value)
    check_long_videos(part, published, monkeypatch)
    check_export(part, published, tmp_path)


def publish(runner: Runner, folder: Path) -> Path:
    """The trained model as a file that says everything itself."""
    config = Config(dict(model=runner.cfg.model)).model
    file = ModelFile('trained', config.to_dict(), tuple(CLASSES), RECIPE, runner.model.state_dict())
    return file.publish(folder / 'published')


def check_long_videos(part: str, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos longer than a part give what they give whole, by running in parts or whole after one warning."""
    rng = np.random.default_rng(0)
    videos: list[dict[str, Any]] = [{stream: rng.standard_normal((length, 4)).astype(np.float32)
                                     for stream in ('rgb', 'flow')} for length in (61, 40)]
    whole = WTALInferencer(weights=published, device='cpu', trust=True)(videos)['predictions']
    warnings: list[str] = []
    inferencer = WTALInferencer(weights=published, device='cpu', trust=True, chunk_snippets=16)
    monkeypatch.setattr(MMLogger, 'warning', lambda logger, text: warnings.append(text))
    found = inferencer(videos)['predictions']
    for expected, result in zip(whole, found, strict=True):
        np.testing.assert_allclose(list(result['class_scores'].values()), list(expected['class_scores'].values()),
                                   atol=1e-5)
        assert [row['label'] for row in result['detections']] == [row['label'] for row in expected['detections']]
        np.testing.assert_allclose([row['score'] for row in result['detections']],
                                   [row['score'] for row in expected['detections']], atol=1e-4)
    assert len(warnings) == (part in RUN_WHOLE) and all(RUN_WHOLE[part] in warning for warning in warnings)


def check_export(part: str, published: Path, folder: Path) -> None:
    """The graph agrees with the model, or the refusal is one line and comes before anything is traced."""
    source = ModelFile.read(published, trust=True)
    if part in NOT_EXPORTED:
        with pytest.raises(ValueError, match=NOT_EXPORTED[part]) as refused:
            PaddedNetwork(source.build())
        assert '\n' not in str(refused.value)
        return
    network = PaddedNetwork(source.build())
    assert {f'{stream}_{name}' for stream in ('rgb', 'flow')
            for name in ('cas', 'video_score')} <= set(network.output_names)
    if part == 'head with background':
        pytest.importorskip('onnxscript', reason='no onnx: pip install onnx onnxruntime onnxscript')
        export_onnx(source, folder / 'graph.onnx')
