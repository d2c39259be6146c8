"""Configs that a search writes: laid out as a person would, and the same as what was measured."""
from __future__ import annotations

import json
import runpy
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from rpn_plugin.analysis.config_writer import format_config, write_config
from rpn_plugin.analysis.hyper_parameters import apply, changes_of
from rpn_plugin.analysis.search_choices import hyper_parameters_of

REPOSITORY = Path(__file__).resolve().parents[2]
COMMITTED = REPOSITORY / 'configs' / 'rpn_vgg16_ucf101.py'
UNTUNED = COMMITTED.with_name('rpn_vgg16_ucf101_untuned.py')


def test_the_committed_config_is_what_the_tool_writes_of_its_changes(tmp_path) -> None:
    stated = runpy.run_path(str(COMMITTED))
    changes = {key: value for key, value in stated.items() if isinstance(value, dict) and not key.startswith('__')}
    comments = [line[2:] for line in COMMITTED.read_text().splitlines() if line.startswith('# ')]
    path = tmp_path / 'configs' / 'written.py'
    path.parent.mkdir()
    base = path.with_name(UNTUNED.name)
    base.write_text(f'_base_ = {str(UNTUNED)!r}\n')
    write_config(path, base, [changes], comments)
    assert path.read_text() == COMMITTED.read_text()


def test_the_committed_config_is_the_best_candidate_of_the_committed_search() -> None:
    lines = (REPOSITORY / 'docs' / 'results' / 'ucf101_candidates.jsonl').read_text().splitlines()
    final = [candidate for candidate in map(json.loads, lines) if candidate['stage'] == 'final']
    best = max(final, key=lambda candidate: candidate['score'])
    untuned = Config.fromfile(UNTUNED)
    searched = apply(untuned, changes_of(hyper_parameters_of(untuned), best['setting']))
    assert Config.fromfile(COMMITTED).to_dict() == searched.to_dict()
    assert f'{100 * best["score"]:.2f} there, over {len(best["scores"])} trainings' in COMMITTED.read_text()


def test_a_written_config_breaks_its_lines_as_a_person_would() -> None:
    text = format_config('base.py', dict(
        short=[1, 'two', (3, ), (), {}, None],
        number=dict(small=1e-05, whole=2.0, name={'head.attention': dict(lr_mult=0.03), 'b': {}}),
        model=dict(first='x' * 50, second='y' * 50, third=dict(fourth=[1.5] * 3, fifth='z' * 60)),
        many=dict(words=['word' * 10] * 4)), ['why'])
    assert text == f"""# why
_base_ = 'base.py'
short = [1, 'two', (3, ), (), dict(), None]
number = dict(small=1e-5, whole=2.0, name={{'head.attention': dict(lr_mult=0.03), 'b': dict()}})
model = dict(
    first='{'x' * 50}',
    second='{'y' * 50}',
    third=dict(fourth=[1.5, 1.5, 1.5], fifth='{'z' * 60}'))
many = dict(
    words=[
        '{'word' * 10}',
        '{'word' * 10}',
        '{'word' * 10}',
        '{'word' * 10}'])
"""


def test_keys_have_the_order_of_the_base_and_streams_their_own(tmp_path) -> None:
    changes = [{'model.localizer.head.gamma_c': 0.5, 'optim_wrapper.optimizer.lr': 0.1},
               {'model.streams': dict(flow=dict(), rgb=dict(), _delete_=True), 'model.localizer.neck.init_gain': 3.0},
               {'model.data_preprocessor.l2_length': 4.0, 'train_dataloader.batch_size': 5}]
    write_config(tmp_path / 'written.py', UNTUNED, changes, [])
    text = (tmp_path / 'written.py').read_text()
    keys = ('batch_size', 'l2_length', '_delete_=True, flow', 'rgb', 'neck', 'head', 'lr=')
    places = [text.index(key) for key in keys]
    assert places == sorted(places)
    untuned = Config.fromfile(UNTUNED)
    assert Config.fromfile(tmp_path / 'written.py').to_dict() == apply(untuned, changes).to_dict()


NAMES = st.text('abcxyz.', min_size=1, max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.lists(inner, max_size=5).map(tuple) | st.dictionaries(
        NAMES, inner, max_size=5), max_leaves=30)


@given(VALUES)
def test_a_written_value_is_read_as_the_same_value(value) -> None:
    read: dict = {}
    exec(format_config('base.py', dict(value=value), []), read)
    assert read['value'] == value
