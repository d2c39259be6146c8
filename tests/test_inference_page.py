"""The Python of docs/inference.md runs as it is written."""
from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from conftest import TinySet
from tiny_model import CLASSES, model_config, write_checkpoint

from rpn_plugin.deployment import ModelFile, PaddedNetwork

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'inference.md'
CHECKPOINT = Path('work_dirs') / 'rpn_synthetic' / 'epoch_30.pth'


class Session:
    """Stands in for onnxruntime's: runs what an export traces, which every export compares with its graph."""

    def __init__(self, path: str) -> None:
        self.network = PaddedNetwork(ModelFile.read(CHECKPOINT).build()).eval()

    def run(self, names: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        assert {name: value.dtype for name, value in inputs.items()} == dict(
            lengths=np.int64, rgb=np.float32, flow=np.float32)
        with torch.no_grad():
            found = self.network(*(torch.from_numpy(inputs[name]) for name in ('lengths', *self.network.streams)))
        return [dict(zip(self.network.output_names, found))[name].numpy() for name in names]

    def get_modelmeta(self) -> SimpleNamespace:
        return SimpleNamespace(custom_metadata_map=dict(classes=json.dumps(CLASSES)))


def test_a_checkpoint_localizes_and_its_graph_runs_as_the_page_says(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    tiny = TinySet(tmp_path / 'data' / 'synthetic')
    for stream, video in itertools.product(('rgb', 'flow'), ('test_8', 'test_9')):
        shutil.copy(tiny.path(stream, video), tiny.path(stream, video.replace('_', '_000')))
    CHECKPOINT.parent.mkdir(parents=True)
    write_checkpoint(CHECKPOINT, model_config())
    monkeypatch.setitem(sys.modules, 'onnxruntime', SimpleNamespace(InferenceSession=Session))
    exec('\n'.join(re.findall(r'^```python\n(.*?)^```', PAGE.read_text(), re.M | re.S)), {})
    first, *videos, by_graph = capsys.readouterr().out.splitlines()
    assert first.startswith("[{'label': ")
    assert [line.split()[0] for line in videos] == ['13.44', '14.72']  # 21 and 23 snippets of 0.64 s
    assert all(line.split()[1] in CLASSES for line in videos) and by_graph in CLASSES
    assert {path.stem for path in tmp_path.glob('*.png')} == {line.split()[1] for line in videos}
