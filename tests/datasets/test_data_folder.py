"""A config learns streams, widths and classes from the data folder."""
from __future__ import annotations

import shutil

import numpy as np
import pytest
from mmengine.config import Config

from rpn_plugin.datasets import read_data_folder


def test_streams_widths_and_classes_are_read_off_the_files(tiny) -> None:
    tiny.write_features('audio', 'train_0', np.zeros((5, 7), dtype=np.float32))
    folder = read_data_folder(tiny.root)
    assert folder.num_classes == 3 and list(folder.widths.items()) == [('rgb', 4), ('audio', 7), ('flow', 4)]


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda tiny: (tiny.root / 'annotations.json').unlink(), 'there is no annotations.json'),
    (lambda tiny: shutil.rmtree(tiny.root), 'as tools/data/convert.py writes it, but there is no annotations.json'),
    (lambda tiny: shutil.rmtree(tiny.root / 'features'), 'one folder of feature files per stream below features'),
    (lambda tiny: [path.unlink() for path in (tiny.root / 'features' / 'flow').iterdir()],
     'features/flow: expected feature files, but there is none'),
])
def test_what_is_not_there_is_named(tiny, spoil, message: str) -> None:
    spoil(tiny)
    with pytest.raises(FileNotFoundError, match=message):
        read_data_folder(tiny.root)


def test_the_config_for_ones_own_videos_fits_whatever_lies_in_the_folder(tiny, monkeypatch, repository) -> None:
    for subset, index in (('train', 0), ('test', 8)):
        tiny.write_features('audio', f'{subset}_{index}', np.zeros((5, 7), dtype=np.float32))
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(tiny.root))
    config = Config.fromfile(repository / 'configs' / 'rpn_custom.py')
    network = config.model.streams.both
    assert network.streams == ['rgb', 'audio', 'flow']
    assert config.model.localizer.embedding.in_channels == 15 and config.model.localizer.neck.num_classes == 3
    assert config.test_dataloader.dataset.data_prefix == {stream: f'features/{stream}' for stream in network.streams}
    Config.fromstring(config.pretty_text, '.py')  # nothing in it that a checkpoint could not carry
