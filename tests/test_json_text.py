"""JSON is read fast, and gives what Python's own reader gives, or its refusal."""
from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin import json_text
from rpn_plugin.json_text import DuplicateKeyError, parse_json

pytestmark = pytest.mark.smoke

text = st.text(st.sampled_from('a:\\"u03é跳\U0001f600\n '), max_size=6)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-10**400, 10**400), st.floats(), text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)), max_leaves=12)
digits = st.text('0123456789', min_size=1, max_size=30)
number_texts = st.builds(''.join, st.tuples(st.sampled_from(['', '-', '+']), digits, st.sampled_from(['', '.', '.5']),
                                            digits, st.sampled_from(['', 'e', 'E-', 'e+3', 'e400']),
                                            st.sampled_from(['', '0', '17', '308', '.'])))


@settings(max_examples=300, deadline=None)
@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_written_is_read_to_the_last_bit(value: object, escaped: bool, indent: int | None) -> None:
    written = json.dumps(value, ensure_ascii=escaped, indent=indent)
    assert repr(parse_json('a.json', written)) == repr(value)


@settings(max_examples=300, deadline=None)
@given(number_texts)
def test_a_number_is_read_as_python_reads_it_or_refused(number: str) -> None:
    try:
        expected = repr(json.loads(number))
    except ValueError:
        with pytest.raises(ValueError, match='a.json: not a JSON file'):
            parse_json('a.json', number)
    else:
        assert repr(parse_json('a.json', number)) == expected


@pytest.mark.parametrize('text', [
    '{"a": 1, "a": 1}', '[{"b": {"a": [], "a": {}}}]', r'{"a": 1, "\u0061": 2}',
    r'{"a": 1, "a": "\u003a"}', r'{"a": {"\u003A": 1}, "a": ":"}', r'{"a": ":", "a": "\u003a:"}',
    '{"x": ":", "y": {":": 1}, "a": "::", "a": ":"}', '{"a" : 1,\n"a"\t:2}',
])
def test_a_key_that_stands_twice_is_found_whatever_colons_stand_elsewhere(text: str) -> None:
    with pytest.raises(DuplicateKeyError, match=r"^a\.json: an object has these keys twice: \['a'\]\.$"):
        parse_json('a.json', text)


def test_an_ordinary_file_is_not_read_a_second_time_by_the_slow_reader(monkeypatch) -> None:
    content = {'url': 'https://a.b/c?d=e:f', 'a:': {'b': [1.5, {'é': ':'}]}, 'c': '"\\'}
    written = json.dumps(content)
    monkeypatch.delattr(json_text, '_parse_slowly')
    assert parse_json('a.json', written) == content
