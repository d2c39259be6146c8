# Sourced by quickstart.sh and run_tests.sh: makes .venv with the tested versions, or reuses it, and activates it.
# PYTHON names the interpreter to make it with (3.11 or newer, which the pinned numpy needs).
stamp=".venv/installed-$(cksum < requirements/tested.txt | tr ' ' '-')"
if [ ! -e "$stamp" ]; then
    echo "== installing the tested versions into .venv"
    if [ ! -e .venv/bin/python ]; then
        "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
            echo "The tested versions need Python 3.11 or newer; ${PYTHON:-python3} is older. Name one: PYTHON=python3.11 bash $0"
            exit 1
        }
        "${PYTHON:-python3}" -m venv .venv
    fi
    # torch first, by its pin: no other package then chooses a build of it.
    .venv/bin/python -m pip install --disable-pip-version-check "$(grep '^torch==' requirements/tested.txt)"
    .venv/bin/python -m pip install --disable-pip-version-check -r requirements/tested.txt
    .venv/bin/python -m pip install --disable-pip-version-check --no-deps -e .
    touch "$stamp"
fi
export PATH="$PWD/.venv/bin:$PATH"
