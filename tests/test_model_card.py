"""The model card and the metafile name every config, and no number that its file does not hold."""
from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from unittest import mock

import pytest
import yaml
from mmengine.config import Config

from rpn_plugin.analysis.paper_tables import ABLATED, FAMILIES, PAPER_TABLES

REPOSITORY = Path(__file__).resolve().parents[1]
CARD = (REPOSITORY / 'projects_README.md').read_text()
INDEX = yaml.safe_load((REPOSITORY / 'model-index.yml').read_text())
PARTS = [yaml.safe_load((REPOSITORY / path).read_text()) for path in INDEX['Import']]
MODELS = {model['Config']: model for part in PARTS for model in part['Models']}
COLUMNS = {'mAP@0.1:0.5': 'AVG', 'mAP@0.5:0.95': 'AVG'}
MEASURED, REPORTED = 'measured here', 'reported in the paper'


def leaves() -> set[str]:
    return {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'configs').rglob('*.py')
            if '_base_' not in path.parts}


def test_the_index_names_every_config_once() -> None:
    assert MODELS.keys() == leaves() and len(MODELS) == sum(len(part['Models']) for part in PARTS)
    collections = {collection['Name']: collection for part in PARTS for collection in part['Collections']}
    assert all((REPOSITORY / collection['README']).is_file() for collection in collections.values())
    for config, model in MODELS.items():
        assert model['Name'] == Path(config).stem and model['In Collection'] in collections


@pytest.mark.parametrize('config', sorted(MODELS))
def test_what_the_index_says_of_a_config_is_so(config) -> None:
    with mock.patch.dict(os.environ, RPN_ABLATION_OF='rpn_vgg16_ucf101'):
        read, said = Config.fromfile(REPOSITORY / config), MODELS[config]['Metadata']
    assert said['Batch Size'] == read.train_dataloader.batch_size
    assert said['Epochs'] == read.train_cfg.max_epochs


def measured(config: str) -> list[dict[str, str]]:
    """Rows of docs/results that a config measured."""
    name = config.removeprefix('configs/').removesuffix('.py')
    found = []
    for path in (REPOSITORY / 'docs' / 'results').glob('ucf101_*.csv'):
        table = PAPER_TABLES[path.stem.split('_')[1]]
        cells = [list(row.cells) for row in table.rows
                 if row.config == (ABLATED if name == 'rpn_vgg16_ucf101' else name)]
        own = [[*table.rows[-1].cells[:-1], f'Ours ({features})'] for features, of in FAMILIES['ucf101'].items()
               if of == name and not any(row.config for row in table.rows)]
        with open(path, newline='', encoding='utf-8') as file:
            found += [row for row in csv.DictReader(file) if row['source'] == MEASURED
                      and list(row.values())[:len(table.head)] in cells + own]
    return found


@pytest.mark.parametrize('config', sorted(config for config in MODELS if 'Results' in MODELS[config]))
def test_every_metric_says_where_it_is_from_and_is_there(config) -> None:
    for result in MODELS[config]['Results']:
        source = re.fullmatch(r'.+ \((.+)\)', result['Dataset']).group(1)
        if source == REPORTED:
            (columns, row), = [(table.columns, row) for table in PAPER_TABLES.values() for row in table.rows
                               if row.features and config == f'configs/{FAMILIES[table.data][row.features]}.py']
            held = {str(column): {value} for column, value in zip(columns, row.values)}
        else:
            assert source == MEASURED
            held = {}
            for row in measured(config):
                held.setdefault(row['column'], set()).add(round(float(row['mean']), 1))
        for metric, value in result['Metrics'].items():
            assert held[COLUMNS.get(metric, metric.removeprefix('mAP@'))] == {value}, metric


def test_the_cards_tables_are_those_of_the_files() -> None:
    blocks = re.findall(r'<!-- (docs/results/\S+) -->\n(.*?)\n<!-- end -->', CARD, re.S)
    assert {name for name, _ in blocks} == {f'docs/results/{path.name}'
                                            for path in (REPOSITORY / 'docs' / 'results').glob('*.md')}
    for name, text in blocks:
        assert text == (REPOSITORY / name).read_text().strip(), name
    rest = re.sub(r'<!-- docs/results.*?<!-- end -->|https?://\S+', '', CARD, flags=re.S)
    assert not re.search(r'\d\d\.\d|\d %|±', rest), 'a result outside the tables'


def test_every_picture_has_its_command_and_is_there() -> None:
    pictures = re.findall(r'!\[[^]]+\]\((\S+?)\)', CARD)
    assert len(pictures) == 5 and {path.name for path in (REPOSITORY / 'docs' / 'figures').iterdir()} == {
        Path(picture).name for picture in pictures}
    for picture in pictures:
        assert (REPOSITORY / picture).read_bytes().startswith(b'\x89PNG')
        assert re.search(rf'python tools/analysis/\w+\.py .*--out {picture}$', CARD, re.M)
