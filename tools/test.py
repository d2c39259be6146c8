"""Test a checkpoint: MMAction2's own tools/test.py, with this repository on the path. Same options (``--help``)."""
from _host_tool import run

if __name__ == '__main__':
    run('test.py')
