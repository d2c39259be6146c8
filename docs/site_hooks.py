"""Makes the site out of the pages of the repository: adds those outside ``docs``, and turns links into the site's.

The pages stay as the repository shows them. A link to a file that is no page leads to its text, one to a folder to a
list of its files. mkdocs calls these functions; see mkdocs.yml.
"""
from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {'README.md': 'index.md', 'projects_README.md': 'model_card.md', 'CONTRIBUTING.md': 'contributing.md',
         'CHANGELOG.md': 'changelog.md', 'docs/first_steps.ipynb': 'first_steps.md'}
"""Pages that are no Markdown file in ``docs``, by their place in the repository, with their place in the site."""
SHOWN = {'.md', '.png', '.jpg', '.svg'}
"""Endings of files in ``docs`` that the site has as they are."""
LINK = re.compile(r'\]\((?!\w+:)([^)#\s]+)(#[^)]*)?\)')


def github_slug(heading: str, separator: str) -> str:
    """Return what links to a heading end with, where the repository is shown."""
    return re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', separator)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give headings the anchors that links in the repository use."""
    config.mdx_configs.setdefault('toc', {})['slugify'] = github_slug
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside ``docs``, and what pages link to that is no page."""
    for place, uri in PAGES.items():
        files.append(File.generated(config, uri, content=_page(ROOT / place)))
    sources = {PAGES_BACK.get(file.src_uri, f'docs/{file.src_uri}'): file.content_string
               for file in files.documentation_pages()}
    linked = {_target(place, link[1]) for place, text in sources.items() for link in LINK.finditer(text)}
    for target in sorted(path for path in linked if (ROOT / path).exists() and not _is_shown(path)):
        content = _listing(ROOT / target) if (ROOT / target).is_dir() else (ROOT / target).read_text(encoding='utf-8')
        if files.get_file_from_path(_uri(target)) is None:
            files.append(File.generated(config, _uri(target), content=content, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page, which are right in the repository, into those of the site."""
    here = page.file.src_uri
    if here.startswith('source/'):
        return markdown
    place = PAGES_BACK.get(here, f'docs/{here}')

    def turned(link: re.Match[str]) -> str:
        target = _target(place, link[1])
        if not (ROOT / target).exists():
            return link[0]  # which --strict reports
        return f']({posixpath.relpath(_uri(target), posixpath.dirname(here))}{link[2] or ""})'

    return LINK.sub(turned, markdown)


PAGES_BACK = {uri: place for place, uri in PAGES.items()}


def _target(place: str, link: str) -> str:
    """Where in the repository a link of a file leads."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), link))


def _is_shown(path: str) -> bool:
    return path in PAGES or (path.startswith('docs/') and Path(path).suffix in SHOWN)


def _uri(path: str) -> str:
    """Place in the site of a file or folder of the repository."""
    if path in PAGES:
        return PAGES[path]
    if _is_shown(path):
        return path.removeprefix('docs/')
    return f'source/{path}/index.md' if (ROOT / path).is_dir() else f'source/{path}.txt'


def _listing(folder: Path) -> str:
    """A page that names the files of a folder, each with the first line of what it says about itself."""
    lines = [f'# {folder.relative_to(ROOT)}', '']
    for path in sorted(folder.glob('*')):
        if path.suffix == '.py' and path.name != '__init__.py':
            said = re.match(r'(?:"""|# )(.+?)(?:"""|\n)', path.read_text(encoding='utf-8'))
            lines.append(f'- `{path.name}`: {said[1] if said else ""}')
        elif path.is_file() and path.name != '__init__.py':
            lines.append(f'- `{path.name}`')
    return '\n'.join(lines) + '\n'


def _page(path: Path) -> str:
    """The Markdown of a page; of a notebook, its cells."""
    text = path.read_text(encoding='utf-8')
    if path.suffix != '.ipynb':
        return text
    cells = [(cell['cell_type'], ''.join(cell['source'])) for cell in json.loads(text)['cells']]
    return '\n\n'.join(source if kind == 'markdown' else f'```python\n{source}\n```' for kind, source in cells)
