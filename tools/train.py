"""Train a model: MMAction2's own tools/train.py, with this repository on the path. Same options (``--help``)."""
from _host_tool import run

if __name__ == '__main__':
    run('train.py')
