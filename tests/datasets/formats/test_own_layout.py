"""A layout from outside the package works by its name: the example of docs/layouts/README.md, as it is written."""
from __future__ import annotations

import json
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config
from tool_runner import run_tool

from rpn_plugin.datasets.formats import LAYOUTS, DataLayout, get_layout, register_layout

TABLE = """video,subset,start,end,label
a,train,0.5,3.1,Diving
a,train,4.0,6.0,HighJump
b,train,1.0,2.0,HighJump
c,test,0.0,5.0,Diving
d,test,2.0,5.0,HighJump
"""


@pytest.fixture
def document(repository) -> str:
    return (repository / 'docs' / 'layouts' / 'README.md').read_text(encoding='utf-8')


@pytest.fixture
def root(tmp_path, monkeypatch, repository, document) -> Iterator[Path]:
    """A folder with the module of the document and a small set in its layout; the layout is forgotten afterwards."""
    (tmp_path / 'instance_table.py').write_text(re.search(r'```python\n(.*?)```', document, re.S)[1])
    (tmp_path / 'instances.csv').write_text(TABLE)
    (tmp_path / 'features' / 'rgb').mkdir(parents=True)
    for index, video in enumerate('abcd'):
        np.save(tmp_path / 'features' / 'rgb' / f'{video}.npy',
                np.random.default_rng(index).standard_normal((12, 4), dtype=np.float32))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(repository / 'tools' / 'data'))
    with mock.patch.dict(LAYOUTS):
        yield tmp_path
    sys.modules.pop('instance_table', None)


def commands(document: str, tool: str) -> list[str]:
    """Arguments of the document's command for a tool."""
    return shlex.split(re.search(rf'^    PYTHONPATH=\. python tools/{tool} (.*instance_table.*)$', document, re.M)[1])


def test_it_is_unknown_until_its_module_is_imported(root, document) -> None:
    arguments = commands(document, 'data/convert.py')
    start = arguments.index('--import')
    del arguments[start:start + 2]
    status, _, err = run_tool('data/convert.py', *arguments)
    assert status == 1 and "Unknown layout 'instance_table'" in err and 'instance_table' not in LAYOUTS
    status, _, err = run_tool('data/convert.py', *arguments, '--import', 'no_such_module')
    assert status == 1 and 'no_such_module' in err and 'PYTHONPATH' in err and 'Traceback' not in err


def test_the_tools_check_and_convert_it(root, document) -> None:
    run_tool('data/check_dataset.py', *commands(document, 'data/check_dataset.py'), '--json', 'found.json')
    found = json.loads((root / 'found.json').read_text())
    assert found['errors'] == 0
    assert [(one['name'], one['videos'], one['videos_with_features']) for one in found['subsets']] == [
        ('train', 2, 2), ('test', 2, 2)]
    status, out, _ = run_tool('data/convert.py', *commands(document, 'data/convert.py'))
    assert status == 0 and '4 feature files written' in out
    content = json.loads((root / 'data' / 'mine' / 'annotations.json').read_text())
    assert content['feature'] == dict(fps=25, snippet_stride=16) and content['classes'] == ['Diving', 'HighJump']
    assert content['database']['b']['annotations'] == [dict(label='HighJump', segment=[1.0, 2.0])]


def test_a_config_reads_it_in_place(root, document) -> None:
    code = re.search(r'^(    custom_imports.*?)\n*\Z', document, re.M | re.S)[1]
    (root / 'config.py').write_text(textwrap.dedent(code))
    dataset = DATASETS.build(dict(Config.fromfile('config.py').dataset, pipeline=[dict(type='LoadSnippets')]))
    assert [(item['video_name'], item['label']) for item in dataset] == [('a', [0, 1]), ('b', [1])]


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="There is a layout 'wtalc' already .*another name"):
        register_layout(DataLayout('wtalc', 'another', get_layout('plugin').read))
    assert get_layout('wtalc').description != 'another'
