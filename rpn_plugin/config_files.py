"""Finds configs, those that come with the package by their names."""
from __future__ import annotations

from pathlib import Path

from rpn_plugin.command_line import did_you_mean, nearest

PACKAGE = Path(__file__).resolve().parent


def config_folder() -> Path:
    """Return the folder of the configs that come with the package, installed or as a checkout."""
    installed = PACKAGE / '.mim' / 'configs'
    return installed if installed.is_dir() else PACKAGE.parent / 'configs'


def named_configs() -> dict[str, Path]:
    """Return the configs that come with the package by their paths without ending, as ``cola/cola_custom``."""
    root = config_folder()
    return {path.relative_to(root).with_suffix('').as_posix(): path for path in sorted(root.rglob('*.py'))}


def find_config(name: str | Path) -> Path:
    """Return the file of a config.

    Args:
        name: A path; or, where there is no such file, a config of the package: ``rpn_i3d_thumos``,
            ``cola/cola_custom`` or ``cola_custom``, also with ``configs/`` before and ``.py`` behind.

    Raises:
        FileNotFoundError: If there is neither; names the nearest.
        ValueError: If several configs of the package have the name.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = named_configs()
    wanted = path.as_posix().removeprefix('configs/').removesuffix('.py')
    if wanted in known:
        return known[wanted]
    leaves = [leaf for leaf in known if not leaf.startswith('_base_/')]
    found = [leaf for leaf in leaves if Path(leaf).name == wanted]
    if len(found) > 1:
        raise ValueError(f'{name}: several configs have this name, {", ".join(found)}; name one of them.')
    if not found:
        words = dict.fromkeys([*leaves, *(Path(leaf).name for leaf in leaves)])
        raise FileNotFoundError(f'No config {name}: there is no such file, and none of this name in {config_folder()}'
                                f'{did_you_mean(nearest(wanted, words))}')
    return known[found[0]]
