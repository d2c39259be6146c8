"""Checkpoints are understood or refused, and nothing of theirs runs."""
from __future__ import annotations

import copy
import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from tiny_model import CLASSES, COOCCURRENCE, RECIPE, build_model, model_config, write_checkpoint

from rpn_plugin.deployment import ModelFile, read_checkpoint
from rpn_plugin.deployment.fitting import described_model
from rpn_plugin.deployment.model_file import parse_config_text

pytestmark = pytest.mark.smoke

CONFIGS = sorted((Path(__file__).resolve().parents[2] / 'configs').glob('*.py'))


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return write_checkpoint(tmp_path / 'epoch_1.pth', model_config())


@pytest.mark.parametrize('path', CONFIGS, ids=[path.stem for path in CONFIGS])
def test_the_text_in_a_checkpoint_is_read_as_the_config_that_it_was(path, monkeypatch) -> None:
    config = Config.fromfile(str(path))
    assert parse_config_text(config.pretty_text) == config.to_dict()


def test_a_runners_checkpoint_says_all_that_is_needed(checkpoint) -> None:
    read = ModelFile.read(checkpoint)
    assert read.classes == tuple(CLASSES) and read.recipe == RECIPE and read.model == model_config()
    built, expected = read.build().state_dict(), build_model(model_config()).state_dict()
    assert built.keys() == expected.keys() and all(torch.equal(built[key], expected[key]) for key in built)
    assert not read.build().training


def test_a_published_file_says_the_same_and_loads_under_the_bare_guard(checkpoint, tmp_path) -> None:
    path = ModelFile.read(checkpoint).publish(tmp_path / 'given' / 'rpn.pth')
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        content = torch.load(path, weights_only=True)
    finally:
        torch.serialization.add_safe_globals(allowed)
    assert content.keys() == {'meta', 'state_dict'}
    assert content['meta']['dataset_meta'] == dict(classes=CLASSES, recipe=RECIPE)
    assert torch.equal(content['state_dict']['localizers.flow.neck.cooccurrence'], COOCCURRENCE)
    published, original = ModelFile.read(path), ModelFile.read(checkpoint)
    assert (published.model, published.classes, published.recipe) == (original.model, original.classes, original.recipe)
    assert path.stat().st_size < checkpoint.stat().st_size


def test_the_published_name_holds_the_files_hash_and_stays(checkpoint, tmp_path) -> None:
    first = ModelFile.read(checkpoint).publish(tmp_path / 'rpn')
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert first.name.startswith('rpn_20') and first.name.endswith(f'-{digest[:8]}.pth')
    assert ModelFile.read(checkpoint).publish(tmp_path / 'rpn') == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ['epoch_1.pth', first.name]


def test_what_the_config_reads_from_files_is_in_the_published_weights(tmp_path) -> None:
    np.save(tmp_path / 'words.npy', np.arange(12, dtype=np.float32).reshape(3, 4))
    np.save(tmp_path / 'cooccurrence.npy', COOCCURRENCE.numpy())
    config = copy.deepcopy(model_config())
    config['localizer']['neck'].update(label_features=dict(type='WordVectorLabels', path=str(tmp_path / 'words.npy')),
                                       cooccurrence=str(tmp_path / 'cooccurrence.npy'))
    path = ModelFile.read(write_checkpoint(tmp_path / 'epoch_1.pth', config)).publish(tmp_path / 'rpn')
    expected = build_model(config).localizers['rgb'].neck()
    for name in ('words.npy', 'cooccurrence.npy', 'epoch_1.pth'):
        (tmp_path / name).unlink()
    torch.testing.assert_close(ModelFile.read(path).build().localizers['rgb'].neck(), expected)


def test_a_checkpoint_of_another_model_is_refused_with_what_both_are_of(checkpoint) -> None:
    config = Config(dict(model=model_config(width=6, kernel_size=1)))
    with pytest.raises(ValueError, match=r'epoch_1.pth: its weights are those of another model. The checkpoint is of '
                                         r'RPNHead for 3 classes and features of D=4; the model is RPNHead for 3 class'
                                         r'es and features of D=6. \d+ weights differ: .* and \d+ more.* --allow-part'):
        ModelFile.read(checkpoint, config).build()


def test_a_part_of_the_weights_is_loaded_and_published_for_those_who_ask(checkpoint, tmp_path) -> None:
    config = Config(dict(model=model_config(width=6)))
    held = ModelFile.read(checkpoint, config, allow_partial=True)
    loaded, trained = held.build().state_dict(), held.state_dict
    fitting = [name for name in loaded if loaded[name].shape == trained[name].shape]
    assert 0 < len(fitting) < len(loaded)
    assert all(torch.equal(loaded[name], trained[name]) for name in fitting)
    published = ModelFile.read(held.publish(tmp_path / 'rpn'))
    assert {name: value.shape for name, value in published.state_dict.items()} == {
        name: value.shape for name, value in loaded.items()}
    with pytest.raises(ValueError, match='into a model of your own only: name its config'):
        ModelFile.read(checkpoint, allow_partial=True)


class Evil:
    """Pickles as a call."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.marker), )


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(checkpoint, tmp_path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(content, extra=Evil(tmp_path / 'ran')), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r'evil.pth: refused. .* would run posix.mkdir'):
        read_checkpoint(tmp_path / 'evil.pth')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('text', [
    'import os; os.mkdir({marker!r})', 'model = __import__("os").mkdir({marker!r})',
    'model = dict(type="X", a=[open({marker!r}, "w")])', 'model = dict(**{{}}, a=lambda: 1)', 'model = (', 'a.b = 1'])
def test_code_in_the_config_of_a_checkpoint_does_not_run(text, tmp_path) -> None:
    path = write_checkpoint(tmp_path / 'evil.pth', model_config(), cfg=text.format(marker=str(tmp_path / 'ran')))
    with pytest.raises(ValueError, match='evil.pth: the config in it is not read, since it is more than plain'):
        ModelFile.read(path)
    assert not (tmp_path / 'ran').exists()


def refused(tmp_path: Path, config: dict, message: str) -> None:
    path = write_checkpoint(tmp_path / 'evil.pth', model_config(), model=config)
    with pytest.raises(ValueError, match=f'evil.pth: refused. .*{message}.*--trust'):
        ModelFile.read(path)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('part', ['os.mkdir', 'os', ['os.mkdir'], None, 'ResNet', 'VideoDataPreprocessor',
                                  'HostLocalizer'])
def test_a_config_in_a_checkpoint_names_known_parts_only(part, tmp_path) -> None:
    refused(tmp_path, model_config() | dict(nms=dict(type=part, path=str(tmp_path / 'ran'))),
            'none of the parts that a checkpoint may name')


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda config: config.update(_scope_='this_package'), "the key '_scope_'"),
    (lambda config: config['localizer'].update(_scope_='this_package'), "the key '_scope_'"),
    (lambda config: config['localizer']['head'].update(losses=dict(loss_x=dict(type='ClusteringLoss', _scope_='x'))),
     "the key '_scope_'"),
    (lambda config: config['localizer']['embedding'].update(pretrained='http://somewhere/x.pth'),
     r"gives TemporalConvEmbedding the arguments \['pretrained'\]"),
    (lambda config: config['streams'].update(rgb=dict(embedding=dict(type='FrozenSnippetEncoder', checkpoint='x'))),
     "names 'FrozenSnippetEncoder'"),
    (lambda config: config['localizer']['weighting'].update(num_updates=10**15), 'holds the number 10'),
    (lambda config: config['localizer']['head'].update(gamma_c=float('inf')), 'holds the number inf'),
    (lambda config: config['localizer']['head'].update(gamma_c=1j), 'holds a complex'),
    (lambda config: config['nms'].update({3: 4}), 'holds the key 3'),
])
def test_what_the_builder_acts_on_beside_the_type_is_refused(spoil, message, tmp_path) -> None:
    config = copy.deepcopy(model_config())
    spoil(config)
    refused(tmp_path, config, message)


def test_a_config_nested_without_end_is_refused(tmp_path) -> None:
    config: dict = model_config()
    for _ in range(300):
        config = dict(localizer=config)
    refused(tmp_path, config, 'is nested more than')


def test_a_part_of_ones_own_loads_with_trust(tmp_path) -> None:
    config = model_config() | dict(nms=dict(type='SoftNMSOfSomebody'))
    path = write_checkpoint(tmp_path / 'own.pth', model_config(), model=config)
    assert ModelFile.read(path, trust=True).trusted and ModelFile.read(path, dict(model=model_config())).trusted
    with pytest.raises(ValueError, match='own.pth: a part of its model is registered nowhere.*SoftNMSOfSomebody'):
        ModelFile.read(path, trust=True).build()


def test_a_config_larger_than_its_weights_takes_no_memory(tmp_path) -> None:
    config = copy.deepcopy(model_config())
    config['localizer']['embedding']['channels'] = [2**20, 2**20]  # 36 TiB
    path = write_checkpoint(tmp_path / 'large.pth', model_config(), model=config)
    with pytest.raises(ValueError, match='its weights are those of another model'):
        ModelFile.read(path).build()


@pytest.mark.parametrize('tensor', [
    torch.zeros(1).expand(2**40), torch.zeros(2, 2).to_sparse(), torch.empty(3, device='meta'), 'text', None])
def test_weights_that_are_not_in_the_file_are_refused(tensor, tmp_path) -> None:
    path = tmp_path / 'odd.pth'
    torch.save(dict(state_dict=dict(weight=tensor)), path)
    with pytest.raises(ValueError, match='odd.pth: (weight: expected a (dense )?tensor|not a checkpoint|refused)'):
        read_checkpoint(path)


def test_a_checkpoint_that_grows_when_it_is_read_is_refused(checkpoint, tmp_path) -> None:
    grown = tmp_path / 'grown.pth'
    with zipfile.ZipFile(checkpoint) as source, zipfile.ZipFile(grown, 'w', zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry.filename))
    with pytest.raises(ValueError, match='grown.pth: refused. Its entry .* is compressed'):
        read_checkpoint(grown)


def test_no_file_that_a_checkpoint_names_is_opened(checkpoint, tmp_path) -> None:
    os.mkfifo(tmp_path / 'fifo.json')  # opening it would wait for ever
    cfg = Config(dict(model=model_config(), test_dataloader=dict(dataset=dict(
        data_root=str(tmp_path), ann_file='fifo.json')))).pretty_text
    path = write_checkpoint(tmp_path / 'named.pth', model_config(), cfg=cfg, recipe=None)
    assert ModelFile.read(path).recipe is None


def test_weights_of_another_model_are_refused_by_name_and_shape(checkpoint) -> None:
    with pytest.raises(ValueError, match=r'those of another model.* 2 weights differ: .*embedding.convs.0.linear.weight'
                                         r': expected \(6, 15\), got \(6, 12\)'):
        ModelFile.read(checkpoint, dict(model=model_config(width=5))).build()


def test_a_checkpoint_of_another_number_of_classes_is_refused_by_number(checkpoint) -> None:
    with pytest.raises(ValueError, match=r'it is for 3 classes \(Diving, CliffDiving, HighJump, ...\), but '
                                         r'the neck of network rgb of the config is for 2'):
        ModelFile.read(checkpoint, dict(model=model_config(num_classes=2))).build()


def test_a_config_of_other_classes_or_another_clock_is_refused(checkpoint) -> None:
    other = dict(model=model_config(), test_dataloader=dict(dataset=dict(metainfo=dict(classes=['a', 'b', 'c']))))
    with pytest.raises(ValueError, match=r"the classes in it and in the config differ: \('Diving', .*'a', 'b', 'c'"):
        ModelFile.read(checkpoint, other)
    other['test_dataloader'] = dict(dataset=dict(recipe=dict(fps=30, snippet_stride=16)))
    with pytest.raises(ValueError, match='the clock of the features in it and in the config differ: .*25.*30'):
        ModelFile.read(checkpoint, other)


def test_classes_and_clock_may_come_from_the_annotations_of_the_config(tiny, tmp_path) -> None:
    path = write_checkpoint(tmp_path / 'old.pth', model_config(), recipe=None)
    assert ModelFile.read(path).recipe is None
    config = dict(model=model_config(), test_dataloader=dict(dataset=tiny.config('test')))
    assert ModelFile.read(path, Config(config)).recipe == RECIPE
    with pytest.raises(ValueError, match='old.pth: the clock of its features is stated nowhere'):
        ModelFile.read(path).publish(tmp_path / 'rpn')
    assert [file.name for file in tmp_path.glob('*.pth')] == ['old.pth']


@pytest.mark.parametrize('content, message', [
    (b'', 'not a checkpoint, or damaged'),
    (b'no checkpoint', 'not a checkpoint, or damaged'),
    (None, 'not a checkpoint, or damaged'),
    (dict(weights={}), 'expected a checkpoint with a "state_dict"'),
    ([1], 'expected a checkpoint with a "state_dict"'),
    (dict(state_dict={}), 'no config of the model in it'),
    (dict(state_dict={}, meta=dict(cfg='model = 3')), 'no config of the model in it'),
    (dict(state_dict={}, meta=dict(model={})), 'no class names in it'),
])
def test_what_is_no_checkpoint_is_said(content, message, checkpoint, tmp_path) -> None:
    path = tmp_path / 'file.pth'
    if content is None:
        path.write_bytes(checkpoint.read_bytes()[:-2000])  # interrupted
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=f'file.pth: {message}'):
        ModelFile.read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_checkpoint_is_said_to_be_one_or_read(data, checkpoint, tmp_path) -> None:
    content = bytearray(checkpoint.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    (tmp_path / 'file.pth').write_bytes(content[:data.draw(st.sampled_from([len(content), len(content) // 2]))])
    try:
        read_checkpoint(tmp_path / 'file.pth')
    except ValueError as error:
        assert 'file.pth: ' in str(error)


def test_a_missing_checkpoint_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match='No checkpoint .*nowhere.pth'):
        ModelFile.read(tmp_path / 'nowhere.pth')


@pytest.mark.parametrize('odd', [{}, [[]], 'x' * 5000, None, 10**400])
def test_whatever_a_checkpoint_says_of_its_model_is_said_in_a_few_words(odd) -> None:
    said = described_model(dict(type=odd, head=dict(type=odd, in_channels=odd), neck=dict(num_classes=odd)))
    assert len(said) < 800 and ' classes and features of D=' in said
