"""Installation of rpn-plugin; everything else is in pyproject.toml."""
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithConfigs(build_py):
    """Puts the configs where mim looks for those of a package."""

    def run(self) -> None:
        super().run()
        if not getattr(self, 'editable_mode', False):  # which setuptools before 64 does not have
            index = Path(self.build_lib) / 'rpn_plugin' / '.mim'
            shutil.copytree(HERE / 'configs', index / 'configs', dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns('__pycache__'))
            for name in ('model-index.yml', 'projects_README.md'):
                shutil.copy(HERE / name, index)


setup(cmdclass={'build_py': BuildWithConfigs})
