"""Runs the command ``rpn`` as ``python -m rpn_plugin``."""
from rpn_command import main

if __name__ == '__main__':
    main()
