"""What each config of configs/mixing puts together, trained for two steps and evaluated."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import config_data
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner

from rpn_plugin.models import AttentionGCN, CooccurrenceGCN, RPNHead, SimilarityWeighting, TemporalNMS, TopKMILHead

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / 'configs'
CONFIGS = sorted(path for path in FOLDER.rglob('*.py') if '_base_' not in path.parts)


@pytest.fixture
def mix(tmp_path, monkeypatch) -> Callable[[str], tuple[Runner, dict[str, float]]]:
    """Train a config for two steps, test it on a batch of all videos, and keep its detections."""

    def run(name: str) -> tuple[Runner, dict[str, float]]:
        config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
        config = config_data.shorten(Config.fromfile(FOLDER / 'mixing' / f'{name}.py'), tmp_path / 'work')
        config_data.make_data(config)
        config.train_dataloader.batch_size = config_data.VIDEOS_PER_SUBSET // 2
        config.test_dataloader.batch_size = config_data.VIDEOS_PER_SUBSET
        config.test_evaluator.out_file = str(tmp_path / 'detections.json')
        config.experiment_name = tmp_path.name
        runner = Runner.from_cfg(config)
        runner.train()
        assert runner.iter == 2
        return runner, runner.test()

    return run


def detections(tmp_path: Path) -> dict[str, list[dict]]:
    return json.loads((tmp_path / 'detections.json').read_text())['results']


def test_rpn_head_with_another_neck(mix, tmp_path) -> None:
    runner, metrics = mix('attention-gcn_synthetic')
    for network in runner.model.localizers.values():
        assert isinstance(network.neck, AttentionGCN) and isinstance(network.head, RPNHead)
        assert isinstance(network.weighting, SimilarityWeighting)
    assert not any(isinstance(module, CooccurrenceGCN) for module in runner.model.modules())
    assert not (tmp_path / 'work' / 'cooccurrence.csv').exists()  # nothing was counted
    data = runner.model.data_preprocessor(next(iter(runner.test_dataloader)))
    with torch.no_grad():
        for name, output in runner.model(data['inputs'], mode='tensor').items():
            torch.testing.assert_close(output.prototypes, runner.model.localizers[name].neck())
    assert len(detections(tmp_path)) == config_data.VIDEOS_PER_SUBSET and metrics['wtal/video_mAP'] > 0


def test_our_localizer_with_another_head(mix, tmp_path) -> None:
    runner, metrics = mix('topk-mil_synthetic')
    for network in runner.model.localizers.values():
        assert isinstance(network.head, TopKMILHead) and network.neck is None and network.weighting is None
    data = runner.model.data_preprocessor(next(iter(runner.test_dataloader)))
    with torch.no_grad():
        for output in runner.model(data['inputs'], mode='tensor').values():
            logits = output.embedded.layout.split(output.cas)
            best = torch.stack([video.max(dim=0).values for video in logits])
            assert output.prototypes is None and (output.video_logits <= best).all()
    classes = set(runner.test_dataloader.dataset.metainfo['classes'])
    found = detections(tmp_path)
    assert len(found) == config_data.VIDEOS_PER_SUBSET
    assert {entry['label'] for entries in found.values() for entry in entries} <= classes
    assert metrics['wtal/video_mAP'] > 0


def test_streams_of_different_heads_score_each_other(mix, tmp_path) -> None:
    runner, metrics = mix('mixed-heads_synthetic')
    networks = runner.model.networks
    assert isinstance(networks['rgb'].head, RPNHead) and isinstance(networks['flow'].head, TopKMILHead)
    assert networks['flow'].neck is None and isinstance(networks['rgb'].neck, CooccurrenceGCN)
    data = runner.model.data_preprocessor(next(iter(runner.test_dataloader)))
    with torch.no_grad():
        outputs = runner.model.score(data['inputs'])
        sequences = {name: output.embedded.layout.split(networks[name].localization_sequence(output))[0]
                     for name, output in outputs.items()}
    scores, sample = {name: output.video_score[0] for name, output in outputs.items()}, data['data_samples'][0]
    rgb, flow = runner.model.propose(sequences, scores, sample)
    np.testing.assert_allclose(rgb[2], 0.5 * networks['rgb'].cut(sequences['rgb'], scores['rgb'], sample)[2])
    mean, likely = (sum(of.values()) / 2 for of in (sequences, scores))
    borders, labels, confidences = networks['flow'].cut(sequences['flow'], likely, sample, scored=mean)
    np.testing.assert_array_equal(flow[0], borders)
    np.testing.assert_allclose(flow[2], confidences)
    assert len(detections(tmp_path)) == config_data.VIDEOS_PER_SUBSET and metrics['wtal/video_mAP'] > 0


def test_the_hosts_localizer_under_our_suppression_and_metric(mix, tmp_path) -> None:
    runner, metrics = mix('bmn_synthetic')
    assert type(runner.model.localizer).__module__.startswith('mmaction.') and isinstance(runner.model.nms, TemporalNMS)
    found = detections(tmp_path)
    dataset = runner.test_dataloader.dataset
    assert len(found) == config_data.VIDEOS_PER_SUBSET  # the host alone would have answered for the first of them
    for index in range(len(dataset)):
        data = runner.model.data_preprocessor(pseudo_collate([dataset[index]]))
        with torch.no_grad():
            raw = runner.model.localizer(**data, mode='predict')[0]['proposal_list']
        borders, confidence = (np.array([proposal[key] for proposal in raw]) for key in ('segment', 'score'))
        segments, _, scores = runner.model.nms(borders, np.zeros(len(raw), int), confidence)
        entries = found[data['data_samples'][0].video_name]
        np.testing.assert_allclose([entry['segment'] for entry in entries], segments, rtol=1e-5)
        np.testing.assert_allclose([entry['score'] for entry in entries], scores, rtol=1e-4)
        assert {entry['label'] for entry in entries} == {'action'}
        assert max(end for _, end in segments) <= 0.64 * dataset.get_data_info(index)['num_snippets'] + 1e-6
    assert 'wtal/mAP_avg' in metrics and 'wtal/video_mAP' not in metrics


def test_only_the_hosts_supervised_localizer_trains_on_segments() -> None:
    handed_out = [path.name for path in CONFIGS if Config.fromfile(path).train_dataloader.dataset.get('test_mode')]
    assert handed_out == ['bmn_synthetic.py']
