"""The examples in docstrings are true, and everything public in the rooms that others build on has one."""
from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rpn_plugin.evaluation.functional
import rpn_plugin.structures

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = (rpn_plugin.structures, rpn_plugin.evaluation.functional)
MODULES = [*(info.name for room in ROOMS for info in pkgutil.iter_modules(room.__path__, f'{room.__name__}.')),
           'rpn_plugin.evaluation.rules', 'rpn_plugin.evaluation.evaluator']

RECORDS = {
    'Attention': 'two fields',
    'BordersRule': 'a Rule with one more field',
    'FeatureNames': 'fields of a report',
    'Layout': 'a protocol; PackedLayout and PaddedLayout have examples',
    'LocalizationResult': 'what evaluate_localization returns, where the example is',
    'MatchedDetections': 'what match_detections returns, where the example is',
    'Matches': 'what match returns, where the example is',
    'Pairs': 'what overlapping_pairs returns, where the example is',
    'StreamStatistics': 'two fields',
}
"""Public classes without an example, each with the reason."""


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        own = getattr(value, '__module__', None) == module.__name__
        if not name.startswith('_') and own and (inspect.isclass(value) or inspect.isfunction(value)):
            yield name, value


def _has_example(value: Any) -> bool:
    """Whether a function, or a class or one of its methods, has one."""
    return any(found.examples for found in doctest.DocTestFinder(exclude_empty=True).find(value))


@pytest.mark.parametrize('name', MODULES)
def test_examples_print_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, f'{result.failed} of {result.attempted} examples of {name}; the output is above'


@pytest.mark.parametrize('name', MODULES)
def test_everything_public_has_an_example(name: str) -> None:
    public = dict(_public(importlib.import_module(name)))
    assert not [each for each, value in public.items() if each not in RECORDS and not _has_example(value)]


@pytest.mark.parametrize('name', ['docs/evaluation.md'])
def test_the_examples_of_documents_print_what_they_say(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # they write files
    blocks = re.findall(r'^```python\n(.*?)^```', (REPOSITORY / name).read_text(), re.M | re.S)
    examples = doctest.DocTestParser().get_doctest('\n'.join(blocks), {}, name, name, 0)
    assert len(examples.examples) > 5 and doctest.DocTestRunner().run(examples).failed == 0


def test_what_needs_no_example_exists_and_has_none() -> None:
    public = {each: value for name in MODULES for each, value in _public(importlib.import_module(name))}
    assert not RECORDS.keys() - public.keys()
    assert not [each for each in RECORDS if _has_example(public[each])]
