"""Installation of rpn-plugin."""
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '([^']+)'", (HERE / 'rpn_plugin' / '__init__.py').read_text()).group(1)


class BuildWithConfigs(build_py):
    """Puts the configs where mim looks for those of a package."""

    def run(self):
        super().run()
        if not getattr(self, 'editable_mode', False):  # which setuptools before 64 does not have
            index = Path(self.build_lib) / 'rpn_plugin' / '.mim'
            shutil.copytree(HERE / 'configs', index / 'configs', dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns('__pycache__'))
            for name in ('model-index.yml', 'projects_README.md'):
                shutil.copy(HERE / name, index)


setup(
    name='rpn-plugin',
    version=VERSION,
    description='Weakly-supervised temporal action localization for MMAction2: the Relational Prototypical Network',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    python_requires='>=3.10',
    cmdclass={'build_py': BuildWithConfigs},
    packages=find_packages(include=['rpn_plugin', 'rpn_plugin.*']),
    package_data={'rpn_plugin.visualization': ['report_page/*']},
    install_requires=[
        'torch>=2.1',
        'mmengine>=0.10.7',
        'mmaction2>=1.2.0',
        'numpy',
        'importlib_metadata',  # imported by mmaction2 1.2.0, which does not declare it
        'matplotlib',
        'scipy',
        'opencv-contrib-python',  # mmaction2's too; its contributed modules have TV-L1
    ],
    extras_require={
        'figures': ['scikit-learn'],
        'hdf5': ['h5py'],
        'lite': ['mmcv-lite>=2.1,<2.2'],
        'onnx': ['onnx', 'onnxruntime', 'onnxscript'],
        'video': ['av>=14'],
        'tests': ['pytest', 'hypothesis', 'h5py', 'av>=14', 'scikit-learn', 'tensorboard', 'onnx', 'onnxruntime', 'onnxscript'],
    })
