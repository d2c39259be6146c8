"""Installation of rpn-plugin; everything else is in pyproject.toml."""
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithConfigsAndTools(build_py):
    """Puts configs and tools where mim looks for those of a package; the command ``rpn`` finds them there, too."""

    def run(self) -> None:
        super().run()
        if not getattr(self, 'editable_mode', False):  # which setuptools before 64 does not have
            index = Path(self.build_lib) / 'rpn_plugin' / '.mim'
            for folder, left_out in (('configs', []), ('tools', ['*.sh'])):  # those need the checkout's environment
                shutil.copytree(HERE / folder, index / folder, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns('__pycache__', *left_out))
            for name in ('model-index.yml', 'projects_README.md'):
                shutil.copy(HERE / name, index)


setup(cmdclass={'build_py': BuildWithConfigsAndTools})
