"""Runs a tool of the installed MMAction2, so that this project has no trainer of its own."""
from __future__ import annotations

import argparse
import ast
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CHECK = 'config_check'


def run(name: str) -> None:
    """Run the host's ``tools/<name>`` as the main program.

    Its options are read first, because the host's runner takes seconds to import. Then the config is looked up, by name
    among those of the package, too, what ``--cfg-options`` changes is compared with it, and checkpoints are opened.

    Raises:
        SystemExit: If MMAction2 is not installed, or its tools are not beside it; with one line if something is wrong
            with config, keys, checkpoint or data, the disk is full, or another process of the training has ended; with
            status 130 after Ctrl-C.
    """
    if (ROOT / 'rpn_plugin').is_dir():  # a checkout, which need not be installed
        sys.path.insert(0, str(ROOT))
    path = _find(name)
    try:
        options = _parse_args(path)()
    except ValueError:
        raise SystemExit('error: expected KEY=VALUE after --cfg-options.') from None
    try:
        _run(path, options)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        raise SystemExit(130) from None


def _run(path: Path, options: argparse.Namespace) -> None:
    from rpn_plugin.command_line import error_line, keep_console_short, one_line_errors
    from rpn_plugin.config_files import read_config
    from rpn_plugin.config_keys import checked_options
    from rpn_plugin.engine.lost_process import describe_lost_process
    from rpn_plugin.engine.starting_points import check_starting_point
    from rpn_plugin.user_errors import line_for_user
    keep_console_short()
    with one_line_errors():
        config = read_config(options.config)
        options.config = config.filename
        options.cfg_options = checked_options(config, options.cfg_options or {})
        if options.allow_partial and CHECK in config.get('default_hooks', {}):
            options.cfg_options[f'default_hooks.{CHECK}.allow_partial'] = True
        config.merge_from_dict(options.cfg_options)
        check_starting_point(config, options)
    tool: Any = ModuleType('host_tool')
    tool.__file__ = str(path)
    try:
        exec(compile(path.read_bytes(), str(path), 'exec', dont_inherit=True), vars(tool))
        tool.parse_args = lambda: options
        tool.main()
    except Exception as error:
        lost = describe_lost_process(error) if isinstance(error, RuntimeError) else None
        line = lost or line_for_user(error, config.to_dict())
        if line is None:
            raise
        raise SystemExit(error_line(line)) from None


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


class _Parser(argparse.ArgumentParser):
    """A parser of the host's options, and of ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_argument('--allow-partial', action='store_true', help='load the weights that fit and leave the others '
                          'as they are; without it, a checkpoint that does not fit the model is refused')


def _parse_args(path: Path) -> Callable[[], argparse.Namespace]:
    """The host's ``parse_args`` without the rest of its file, which imports the runner."""

    def is_needed(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.Import) or getattr(statement, 'module', '') == 'mmengine.config' or \
            getattr(statement, 'name', '') == 'parse_args'

    needed = [statement for statement in ast.parse(path.read_bytes()).body if is_needed(statement)]
    names: dict[str, Any] = {}
    exec(compile(ast.Module(needed, []), str(path), 'exec', dont_inherit=True), names)
    names['argparse'] = SimpleNamespace(**{**vars(argparse), 'ArgumentParser': _Parser})
    return names['parse_args']
