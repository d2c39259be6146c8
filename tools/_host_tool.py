"""Runs a tool of the installed MMAction2, so that this project has no trainer of its own."""
from __future__ import annotations

import errno
import importlib.util
import runpy
import sys
from pathlib import Path


def run(name: str) -> None:
    """Run the host's ``tools/<name>`` as the main program.

    Raises:
        SystemExit: If MMAction2 is not installed, or its tools are not beside it; if the disk is full.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    spec = importlib.util.find_spec('mmaction')
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit('MMAction2 is not installed: pip install -r requirements/tested.txt')
    from rpn_plugin.shown_names import let_every_name_be_printed
    let_every_name_be_printed()
    package = Path(list(spec.submodule_search_locations)[0])
    places = [package / '.mim' / 'tools' / name, package.parent / 'tools' / name]
    for place in places:
        if place.is_file():
            _run(place)
            return
    raise SystemExit(f'MMAction2 is installed without its tools; looked for {" and ".join(map(str, places))}.')


def _run(tool: Path) -> None:
    try:
        runpy.run_path(str(tool), run_name='__main__')
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SystemExit(f'error: {error}') from error
