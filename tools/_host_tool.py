"""Runs a tool of the installed MMAction2, so that this project has no trainer of its own."""
from __future__ import annotations

import argparse
import ast
import errno
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def run(name: str) -> None:
    """Run the host's ``tools/<name>`` as the main program.

    Its options are read first, because the host's runner takes seconds to import. Then the config is looked up, by name
    among those of the package, too, and what ``--cfg-options`` changes is compared with it.

    Raises:
        SystemExit: If MMAction2 is not installed, or its tools are not beside it; if there is no such config or key; if
            the disk is full.
    """
    if (ROOT / 'rpn_plugin').is_dir():  # a checkout, which need not be installed
        sys.path.insert(0, str(ROOT))
    path = _find(name)
    try:
        options = _parse_args(path)()
    except ValueError:
        raise SystemExit('error: expected KEY=VALUE after --cfg-options.') from None
    from mmengine.config import Config

    from rpn_plugin.command_line import keep_console_short, one_line_errors
    from rpn_plugin.config_files import find_config
    from rpn_plugin.config_keys import checked_options
    with one_line_errors():
        options.config = str(find_config(options.config))
        if options.cfg_options:
            options.cfg_options = checked_options(Config.fromfile(options.config), options.cfg_options)
    keep_console_short()
    tool: Any = ModuleType('host_tool')
    tool.__file__ = str(path)
    try:
        exec(compile(path.read_bytes(), str(path), 'exec', dont_inherit=True), vars(tool))
        tool.parse_args = lambda: options
        tool.main()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SystemExit(f'error: {error}') from error


def _find(name: str) -> Path:
    spec = importlib.util.find_spec('mmaction')
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit('MMAction2 is not installed: pip install -r requirements/tested.txt')
    package = Path(list(spec.submodule_search_locations)[0])
    places = [package / '.mim' / 'tools' / name, package.parent / 'tools' / name]
    for place in places:
        if place.is_file():
            return place
    raise SystemExit(f'MMAction2 is installed without its tools; looked for {" and ".join(map(str, places))}.')


def _parse_args(path: Path) -> Callable[[], argparse.Namespace]:
    """The host's ``parse_args`` without the rest of its file, which imports the runner."""

    def is_needed(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.Import) or getattr(statement, 'module', '') == 'mmengine.config' or \
            getattr(statement, 'name', '') == 'parse_args'

    needed = [statement for statement in ast.parse(path.read_bytes()).body if is_needed(statement)]
    names: dict[str, Any] = {}
    exec(compile(ast.Module(needed, []), str(path), 'exec', dont_inherit=True), names)
    return names['parse_args']
