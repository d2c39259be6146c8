"""The site of the documents is built as it is published: no warning, no dead link, nothing from elsewhere."""
from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    pytest.importorskip('material', reason='no mkdocs-material: pip install -e ".[docs]"')
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    folder = tmp_path_factory.mktemp('site')
    build(load_config(str(REPOSITORY / 'mkdocs.yml'), strict=True, site_dir=str(folder)))  # a warning aborts it
    return folder


def test_every_page_of_the_documents_is_in_the_site_and_its_links_lead_somewhere(site) -> None:
    pages = {path: path.read_text() for path in site.rglob('*.html') if path.name != '404.html'}
    assert {path.stem for path in (REPOSITORY / 'docs').glob('*.md')} < {path.stem for path in pages}
    for page, text in pages.items():
        for address in re.findall(r'\s(?:href|src)="?([^"\s>]+)', text):
            path, _, anchor = address.partition('#')
            if re.match(r'\w+:|//', address):
                continue
            target = page.parent / unquote(path) if path else page
            assert target.exists(), f'{page.name} leads to {address}'
            assert not anchor or re.search(f'id="?{re.escape(anchor)}["> ]', target.read_text()), address


def test_a_page_loads_nothing_from_elsewhere(site) -> None:
    loads = re.compile(r'<(?:script|img|iframe|link)\b[^>]*\s(?:src|href)="?(?:https?:)?//')
    assert not [page for page in site.rglob('*.html') if loads.search(page.read_text())]
    assert not re.search(r'(?:@import|url\()\s*["\']?(?:https?:)?//', (site / 'site.css').read_text())


def test_files_of_the_repository_can_be_read_in_the_site(site) -> None:
    models = Path('rpn_plugin') / 'models'
    text = site / 'source' / models / 'interfaces.py.txt'
    assert text.read_text() == (REPOSITORY / models / 'interfaces.py').read_text()
    assert '<code>rpn_head.py</code>' in (site / 'source' / models / 'heads' / 'index.html').read_text()
