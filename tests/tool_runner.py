"""Runs a tool in this process: an interpreter of its own would take seconds to start."""
from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

TOOLS = Path(__file__).resolve().parents[1] / 'tools'


def load_tool(name: str) -> ModuleType:
    """The tool as a module of its own, imported anew, beside its neighbours as Python runs it."""
    spec = importlib.util.spec_from_file_location(f'tool_{Path(name).stem}', TOOLS / name)
    tool = importlib.util.module_from_spec(spec)
    with mock.patch.object(sys, 'path', [str((TOOLS / name).parent), *sys.path]):
        spec.loader.exec_module(tool)
    return tool


def run_tool(name: str, *arguments: object) -> tuple[int, str, str]:
    """Exit status and what was printed to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    status: object = None
    with mock.patch.object(sys, 'argv', [name, *map(str, arguments)]), contextlib.redirect_stdout(out), \
            contextlib.redirect_stderr(err):
        tool = load_tool(name)
        try:
            status = tool.main()
        except SystemExit as end:
            status = end.code
    if isinstance(status, str):
        print(status, file=err)
        status = 1
    return int(status or 0), out.getvalue(), err.getvalue()
