"""The model card and the metafile name every config, and no number that its file does not hold."""
from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from rpn_plugin.analysis.paper_tables import AVERAGE, FAMILIES, FULL, PAPER_TABLES, PaperTable

REPOSITORY = Path(__file__).resolve().parents[1]
CARD = (REPOSITORY / 'projects_README.md').read_text()
README = (REPOSITORY / 'README.md').read_text()
INDEX = yaml.safe_load((REPOSITORY / 'model-index.yml').read_text())
PARTS = [yaml.safe_load((REPOSITORY / path).read_text()) for path in INDEX['Import']]
MODELS = {model['Config']: model for part in PARTS for model in part['Models']}
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
    read, said = Config.fromfile(REPOSITORY / config), MODELS[config]['Metadata']
    assert said['Batch Size'] == read.train_dataloader.batch_size
    assert said['Epochs'] == read.train_cfg.max_epochs


def metric_of(table: PaperTable, column: str | float) -> str:
    """What the index calls a column."""
    first, _, last = table.average.removeprefix('tIoU ').split(':')
    return f'mAP@{first}:{last}' if column == AVERAGE else f'mAP@{column}'


def measured(config: str) -> list[tuple[str, float]]:
    """Metrics that docs/results holds of a config; an ablation's are those of the searched one."""
    name = Path(config).stem
    family, = [family for family, of in FAMILIES.items() if name in of.values()] or ['ucf101']
    found = []
    for number, table in PAPER_TABLES.items():
        cells = [list(row.cells) for row in table.rows
                 if row.ablation == (FULL if name in FAMILIES[family].values() else name)]
        own = [[*table.rows[-1].cells[:-1], f'Ours ({features})'] for features, of in FAMILIES[family].items()
               if of == name and not any(row.ablation for row in table.rows)]
        with open(REPOSITORY / 'docs' / 'results' / f'{number}.csv', newline='', encoding='utf-8') as file:
            found += [(metric_of(table, row['column']), float(row['mean'])) for row in csv.DictReader(file)
                      if row['source'] == MEASURED and row['data'] == family
                      and list(row.values())[:len(table.head)] in cells + own]
    return found


@pytest.mark.parametrize('config', sorted(config for config in MODELS if 'Results' in MODELS[config]))
def test_every_metric_says_where_it_is_from_and_is_there(config) -> None:
    for result in MODELS[config]['Results']:
        source = re.fullmatch(r'.+ \((.+)\)', result['Dataset']).group(1)
        if source == REPORTED:
            held = [(metric_of(table, column), value) for table in PAPER_TABLES.values() for row in table.rows
                    if config == (f'configs/{FAMILIES[table.data][row.features]}.py' if row.features else
                                  f'configs/ablations/{row.ablation}.py')
                    for column, value in zip(table.columns, row.values)]
        else:
            assert source == MEASURED
            held = measured(config)
        for metric, value in result['Metrics'].items():
            assert {round(number, 1) for name, number in held if name == metric} == {value}, metric


def test_the_documented_tables_are_those_of_the_files() -> None:
    """Every file's table is shown once: in the card, which has no other results, or on the page of the methods."""
    pages = CARD + (REPOSITORY / 'docs' / 'methods.md').read_text()
    blocks = re.findall(r'<!-- (docs/results/\S+) -->\n(.*?)\n<!-- end -->', pages, re.S)
    assert sorted(name for name, _ in blocks) == sorted(
        f'docs/results/{path.name}' for path in (REPOSITORY / 'docs' / 'results').glob('*.md'))
    for name, text in blocks:
        assert text == (REPOSITORY / name).read_text().strip(), name
    rest = re.sub(r'<!-- docs/results.*?<!-- end -->|https?://\S+', '', CARD, flags=re.S)
    assert not re.search(r'\d\d\.\d|\d %|±', rest), 'a result outside the tables'


def test_every_picture_has_its_command_and_is_there() -> None:
    inference = (REPOSITORY / 'docs' / 'inference.md').read_text()
    methods = (REPOSITORY / 'docs' / 'methods.md').read_text()
    of_card, of_readme, of_methods = (re.findall(r'!\[[^]]+\]\((\S+?)\)', text) for text in (CARD, README, methods))
    of_methods = [f'docs/{picture}' for picture in of_methods]
    assert len(of_card) == 6 and len(of_readme) == 2 and len(of_methods) == 1
    assert {f'docs/figures/{path.name}' for path in (REPOSITORY / 'docs' / 'figures').iterdir()} == {
        *of_card, *of_readme, *of_methods}
    assert all(re.search(rf'python tools/analysis/\w+\.py .*--out {picture}$', methods, re.M) for picture in of_methods)
    for picture in of_card + of_readme + of_methods:
        assert (REPOSITORY / picture).read_bytes().startswith(b'\x89PNG')
    for picture in of_card:
        command = 'tune.py .* --curves' if picture.endswith('curves.png') else rf'\w+\.py .*--out {picture}'
        assert re.search(rf'python tools/analysis/{command}$', CARD, re.M)
    for picture in of_readme:
        assert re.search(rf'--(?:out |screenshot=){picture}', inference)
        assert (REPOSITORY / picture).stat().st_size < 150_000


def test_the_first_page_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 110 and max(map(len, lines)) <= 120
