"""Publishing and exporting from the command line."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_model import CLASSES, RECIPE, build_model, model_config, write_checkpoint
from tool_runner import run_tool

from rpn_plugin.deployment import ModelFile


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return write_checkpoint(tmp_path / 'epoch_1.pth', model_config())


def test_a_checkpoint_is_published(checkpoint, tmp_path) -> None:
    status, printed, errors = run_tool('deployment/publish_model.py', checkpoint, tmp_path / 'given' / 'rpn.pth')
    path, = (tmp_path / 'given').iterdir()
    assert status == 0 and printed.startswith(f'{path}: 3 classes'), errors
    assert ModelFile.read(path).classes == tuple(CLASSES)


def test_the_clock_may_come_from_the_command_line(tmp_path) -> None:
    checkpoint = write_checkpoint(tmp_path / 'old.pth', model_config(), recipe=None)
    status, _, errors = run_tool('deployment/publish_model.py', checkpoint, tmp_path / 'given' / 'rpn')
    assert status == 1 and 'the clock of its features is stated nowhere' in errors and not (tmp_path / 'given').exists()
    status, *_ = run_tool('deployment/publish_model.py', checkpoint, tmp_path / 'given' / 'rpn', '--recipe', 'fps=30',
                          'snippet_stride=15')
    path, = (tmp_path / 'given').iterdir()
    assert status == 0 and ModelFile.read(path).recipe == dict(fps=30, snippet_stride=15)


def test_the_export_agrees_for_other_sizes_than_it_was_traced_with(tmp_path, monkeypatch) -> None:
    config = model_config(streams=dict(both=dict(streams=('rgb', 'flow'), embedding=dict(in_channels=8))))
    checkpoint = write_checkpoint(tmp_path / 'epoch_1.pth', config)
    onnx, runtime, _ = (pytest.importorskip(name, reason=f'no {name}: pip install onnx onnxruntime onnxscript')
                        for name in ('onnx', 'onnxruntime', 'onnxscript'))
    status, printed, errors = run_tool('deployment/export_onnx.py', checkpoint, '--out', tmp_path / 'new' / 'rpn.onnx')
    assert status == 0 and '1 networks, streams rgb, flow' in printed, errors
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['rpn.onnx']
    graph = onnx.load(tmp_path / 'new' / 'rpn.onnx')
    held = {entry.key: json.loads(entry.value) for entry in graph.metadata_props}
    assert held['classes'] == CLASSES and held['recipe'] == RECIPE
    session = runtime.InferenceSession(tmp_path / 'new' / 'rpn.onnx', providers=['CPUExecutionProvider'])
    names = [value.name for value in session.get_outputs()]
    model = build_model(config)
    for lengths in ([1], [50], [3, 11, 7]):
        videos = {stream: [torch.randn(length, 4) for length in lengths] for stream in ('rgb', 'flow')}
        padded = {stream: torch.nn.utils.rnn.pad_sequence(items, batch_first=True).numpy()
                  for stream, items in videos.items()}
        found = dict(zip(names, session.run(None, dict(lengths=np.array(lengths), **padded))))
        with torch.no_grad():
            expected = model(**model.data_preprocessor(dict(inputs=videos)), mode='tensor')
        for name, output in expected.items():
            for video, (cas, attention) in enumerate(zip(*(output.embedded.layout.split(values) for values in
                                                           (output.cas, output.attention)))):
                np.testing.assert_allclose(found[f'{name}_cas'][video, :len(cas)], cas, atol=1e-4)
                np.testing.assert_allclose(found[f'{name}_attention'][video, :len(cas)], attention, atol=1e-4)
            np.testing.assert_allclose(found[f'{name}_video_score'], output.video_score, atol=1e-4)
    monkeypatch.setattr(torch.onnx, 'export', lambda *_, **__: SimpleNamespace(model_proto=graph))  # takes seconds
    status, _, errors = run_tool('deployment/export_onnx.py', checkpoint, '--out', tmp_path / 'b.onnx',
                                 '--tolerance', -1)
    assert status == 1 and 'not written. onnxruntime differs' in errors and not (tmp_path / 'b.onnx').exists()


def test_without_onnx_the_tool_says_what_to_install(checkpoint, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'onnx', None)
    status, _, errors = run_tool('deployment/export_onnx.py', checkpoint, '--out', tmp_path / 'rpn.onnx')
    assert status == 1 and errors == 'error: onnx is not installed: pip install onnx onnxruntime onnxscript\n'


@pytest.mark.parametrize('tool', ['deployment/publish_model.py', 'deployment/export_onnx.py'])
def test_a_bad_checkpoint_is_one_line_and_nothing_written(tool, tmp_path) -> None:
    if 'onnx' in tool:
        pytest.importorskip('onnx', reason='no onnx: pip install onnx onnxruntime onnxscript')
    (tmp_path / 'junk.pth').write_text('junk')
    out = ('--out', tmp_path / 'out') if 'onnx' in tool else (tmp_path / 'out', )
    status, _, errors = run_tool(tool, tmp_path / 'junk.pth', *out)
    assert status == 1 and 'junk.pth: not a checkpoint' in errors and errors.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['junk.pth']
