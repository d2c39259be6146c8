"""Writes report.md beside the JSON files of the parts: python benchmarks/gpu/report.py FOLDER."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ORDER = ('correctness', 'step', 'schedule', 'ddp', 'extraction')


def shown(value: Any) -> str:
    """A value in a cell."""
    if value is None:
        return ''
    return f'{value:.3g}' if isinstance(value, float) and abs(value) < 100 else \
        f'{value:.0f}' if isinstance(value, float) else str(value)


def lines(results: dict[str, Any]) -> Iterator[str]:
    """The section of a part."""
    yield f'## {results["part"]}'
    yield ''
    if results['rehearsal']:
        yield 'A rehearsal on the CPU at tiny sizes: not measured.'
        yield ''
    versions = ', '.join(f'{name} {version}' for name, version in results['versions'].items())
    yield f'{results["device"]}, {results["cores"]} cores; {versions}; ' + (
        f'{results["seconds"]} s' if 'seconds' in results else 'stopped before its end')
    for name, rows in results['tables'].items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        yield ''
        yield f'| {name}: ' + ' | '.join(columns) + ' |'
        yield '| --- ' * len(columns) + '|'
        for row in rows:
            yield '| ' + ' | '.join(shown(row.get(column)) for column in columns) + ' |'
    for note in results['notes']:
        yield ''
        yield note
    yield ''


def main() -> None:
    """Read what there is and write it."""
    folder = Path(sys.argv[1])
    text = ['# Measured on one GPU', '']
    for part in ORDER:
        path = folder / f'{part}.json'
        if path.exists():
            text += lines(json.loads(path.read_text()))
    (folder / 'report.md').write_text('\n'.join(text))
    print(f'{folder / "report.md"}')


if __name__ == '__main__':
    main()
