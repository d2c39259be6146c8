"""The installed command ``rpn``: lists the tools, and runs one of them.

It lies beside the package and imports nothing of it: a list of commands, and the help of a tool, come at once.
"""
from __future__ import annotations

import difflib
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
COMMANDS = {
    'data': {
        'new': ('data/new.py', 'your own features and labels, in one step to a config'),
        'convert': ('data/convert.py', 'a public layout of annotations and features'),
        'check': ('data/check_dataset.py', 'annotations and features before training'),
        'extract': ('data/extract_features.py', 'features of videos with an MMAction2 recognizer'),
        'compose': ('data/compose_untrimmed.py', "untrimmed videos of trimmed clips' features"),
        'synthesize': ('data/make_synthetic.py', 'a small made set of features and annotations'),
    },
    'models': {
        'train': ('train.py', "a model (MMAction2's own trainer)"),
        'test': ('test.py', "a checkpoint on a config's test videos"),
        'localize': ('localize.py', 'actions in untrimmed videos or their features'),
        'publish': ('deployment/publish_model.py', 'a checkpoint as one file to give away'),
        'export': ('deployment/export_onnx.py', 'the network of a checkpoint to ONNX'),
    },
    'results': {
        'evaluate': ('analysis/evaluate.py', 'a file of detections under a named protocol'),
        'errors': ('analysis/errors.py', 'of a file of detections: kinds, misses, precision over recall'),
        'report': ('report.py', 'detections, ground truth and curves as one HTML page'),
        'compare': ('analysis/compare.py', 'runs: losses, mAP, classes and settings in one HTML page'),
        'visualize': ('analysis/visualize.py', 'one test video on a time axis'),
        'figures': ('analysis/figures.py', 'about prototypes, as the paper has them'),
    },
    'experiments': {
        'reproduce': ('analysis/reproduce.py', 'a table of the paper'),
        'tune': ('analysis/tune.py', 'hyper-parameters on held-out training videos'),
        'across-sets': ('analysis/across_sets.py', 'one set of hyper-parameters for several data sets'),
    },
}
"""Every tool by the name of its command, with its script under ``tools`` and what the command works on."""


def overview() -> str:
    """Return the help: every command on a line of its own, in groups."""
    lines = ['usage: rpn COMMAND [options]', '']
    for group, commands in COMMANDS.items():
        lines += [f'{group}:', *(f'  {name:<12} {what}' for name, (_, what) in commands.items()), '']
    return '\n'.join([*lines, 'rpn COMMAND --help lists the options of a command. Where a command takes a config, the '
                              'name of\none that comes with the package will do: rpn train rpn_synthetic'])


def tools_folder() -> Path:
    """Return the folder of the scripts: in an installed package where mim looks for it, else that of the checkout.

    Raises:
        SystemExit: If there is neither.
    """
    places = [HERE / 'rpn_plugin' / '.mim' / 'tools', HERE / 'tools']
    for place in places:
        if (place / '_host_tool.py').is_file():
            return place
    raise SystemExit(f'error: rpn_plugin is installed without its tools; looked for {" and ".join(map(str, places))}.')


def run_script(script: Path, name: str, arguments: list[str]) -> None:
    """Run a script in this process, as ``python script`` would; ``name`` is what its help calls it."""
    module = ModuleType('__main__')
    module.__file__ = str(script)
    sys.argv[:] = [name, *arguments]
    sys.path.insert(0, str(script.parent))
    sys.modules['__main__'] = module  # processes that the script starts by spawn import its file
    exec(compile(script.read_bytes(), str(script), 'exec', dont_inherit=True), vars(module))


def main() -> None:
    """Run the command that the arguments name.

    Raises:
        SystemExit: With status 2 if there is no such command, naming the nearest; else as the command ends.
    """
    if not sys.argv[1:] or sys.argv[1] in ('-h', '--help'):
        print(overview())
        return
    name, *arguments = sys.argv[1:]
    scripts = {command: script for commands in COMMANDS.values() for command, (script, _) in commands.items()}
    if name not in scripts:
        of_stem = {Path(script).stem: command for command, script in scripts.items()}
        near = difflib.get_close_matches(name, [*scripts, *of_stem], n=1)
        hint = f'; did you mean {of_stem.get(near[0], near[0])}?' if near else '.'
        print(f'error: no command {name!r}{hint} rpn --help lists the commands.', file=sys.stderr)
        raise SystemExit(2)
    run_script(tools_folder() / scripts[name], f'rpn {name}', arguments)


if __name__ == '__main__':
    main()
