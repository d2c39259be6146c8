"""Timelines appear at every validation and test, in local files and in TensorBoard."""
from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import config_data
import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.runner import Runner

from rpn_plugin.engine import LocalizationVisualizationHook
from rpn_plugin.visualization import WTALVisualizer, draw_timeline, predictions

REPOSITORY = Path(__file__).resolve().parents[2]
SWITCH = {'default_hooks.visualization.type': 'LocalizationVisualizationHook'}
UNTRAINED = {'model.localizer.neck.type': 'FullyConnectedPrototypes'}  # which wait for no co-occurrence


@pytest.fixture
def build(tmp_path, monkeypatch) -> Any:
    config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
    number = itertools.count()

    def build(name: str = 'rpn_synthetic', **changes: Any) -> Runner:
        config = Config.fromfile(REPOSITORY / 'configs' / f'{name}.py')
        config_data.make_data(config)
        config_data.shorten(config, tmp_path / 'work')
        config.merge_from_dict(SWITCH | {key.replace('__', '.'): value for key, value in changes.items()})
        config.experiment_name = f'{tmp_path.name}_{next(number)}'
        return Runner.from_cfg(config)

    return build


def pictures(runner: Runner) -> dict[str, np.ndarray]:
    return {path.stem: cv2.imread(str(path)) for path in Path(runner.log_dir).glob('vis_data/vis_image/*.png')}


@pytest.mark.parametrize('name', ['rpn_synthetic', 'mixing/topk-mil_synthetic'])
def test_the_first_videos_are_drawn_after_every_validation(build, name) -> None:
    runner = build(name, default_hooks__visualization__num_videos=3, val_dataloader__batch_size=2,
                   train_cfg__max_epochs=2)
    runner.train()
    drawn = pictures(runner)
    assert drawn.keys() == {f'val_test_{video}_{epoch}' for video in range(3) for epoch in (1, 2)}
    assert all(image.shape[0] > 300 and image.std() > 10 for image in drawn.values())


def test_a_test_is_drawn_and_a_run_draws_nothing_without_the_hook(build) -> None:
    runner = build(**UNTRAINED)
    runner.test()
    assert pictures(runner).keys() == {f'test_test_{video}_0' for video in range(4)}
    assert 'visualization' not in Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py').default_hooks


def test_what_is_drawn_is_what_was_predicted(build, monkeypatch) -> None:
    calls = []
    monkeypatch.setattr(predictions, 'draw_timeline', lambda *given: calls.append(given) or draw_timeline(*given))
    runner = build(default_hooks__visualization__num_videos=1, default_hooks__visualization__top=5, **UNTRAINED)
    runner.test()
    (name, duration_sec, rows, sequences, _), = calls
    sample = runner.test_dataloader.dataset[0]
    output = runner.model(**runner.model.data_preprocessor(dict(
        inputs={stream: [features] for stream, features in sample['inputs'].items()},
        data_samples=[sample['data_samples']])), mode='predict')[0]
    assert (name, duration_sec) == (output.video_name, output.duration_second)
    np.testing.assert_allclose(rows['detected'].segments, output.pred_instances.segments[:5])
    assert rows['ground truth'].labels == [annotation['label'] for annotation in output.annotations]
    assert list(sequences) == [f'{stream} {curve}' for stream in ('rgb', 'flow')
                               for curve in ('CAS', 'weighted', 'attention')]
    times, attention = sequences['rgb attention']
    assert attention.sum() == pytest.approx(1, abs=1e-5) and times[0] == pytest.approx(0.32)


def test_pictures_that_cannot_be_drawn_are_named_and_counted_and_the_run_goes_on(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr('rpn_plugin.engine.hooks.localization_visualization_hook.curves_of', lambda *_: [{}, {}, {}])

    def add_datasample(name: str, *_: object) -> None:
        if name != 'val_b':
            raise OSError('No space left')

    host = SimpleNamespace(model=SimpleNamespace(data_preprocessor=dict), visualizer=SimpleNamespace(
        add_datasample=add_datasample), logger=SimpleNamespace(warning=said.append), _train_loop=None, epoch=1)
    hook = LocalizationVisualizationHook(num_videos=4)
    hook.before_val_epoch(host)
    hook.after_val_iter(host, 0, {}, [SimpleNamespace(video_name=name) for name in 'abc'])
    hook.after_val_epoch(host)
    assert said == ['The timeline val_a could not be drawn: No space left',
                    'The timeline val_c could not be drawn: No space left', '2 of 3 timelines could not be drawn.']


def test_a_picture_that_opencv_does_not_write_is_no_silent_loss(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr('rpn_plugin.visualization.wtal_visualizer.draw_prediction', lambda *_: Figure(figsize=(1, 1)))
    visualizer = WTALVisualizer(vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    visualizer.dataset_meta = dict(classes=['Diving'])
    visualizer.add_datasample('drawn', None)
    monkeypatch.setattr(cv2, 'imwrite', lambda *arguments: False)
    with pytest.raises(OSError, match='lost_0.png was not written'):
        visualizer.add_datasample('lost', None)


def test_tensorboard_gets_the_same_pictures(build) -> None:
    reader = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    runner = build(visualizer__vis_backends__0__type='TensorboardVisBackend',
                   default_hooks__visualization__num_videos=2, **UNTRAINED)
    runner.test()
    runner.visualizer.close()
    events = reader.EventAccumulator(str(Path(runner.log_dir) / 'vis_data'))
    events.Reload()
    assert events.Tags()['images'] == ['test_test_0', 'test_test_1']


def test_another_visualizer_or_another_kind_of_model_is_refused(build) -> None:
    with pytest.raises(TypeError, match='WTALVisualizer.*ActionVisualizer'):
        build(visualizer__type='ActionVisualizer', **UNTRAINED).test()
    with pytest.raises(TypeError, match='HeadOutput.*HostLocalizer'):
        build('mixing/bmn_synthetic').test()
