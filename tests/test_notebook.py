"""The notebook of the documents runs from its first cell to its last."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / 'docs' / 'first_steps.ipynb'


def test_the_first_steps_run_and_end_with_a_picture(tmp_path, monkeypatch) -> None:
    for module in ('nbclient', 'ipykernel'):
        pytest.importorskip(module, reason=f'no {module}: pip install -e ".[docs]"')
    import nbformat
    from nbclient import NotebookClient
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(NOTEBOOK.parents[1]), os.environ.get('PYTHONPATH', '')]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert not any(cell.outputs for cell in code), 'outputs are not committed'
    NotebookClient(notebook, timeout=300, startup_timeout=300,
                   resources=dict(metadata=dict(path=str(tmp_path)))).execute()
    *_, evaluated, drawn = code
    said = ''.join(output.get('text', '') for output in evaluated.outputs)
    assert float(said.split('0.1:0.5: ')[1].split(' %')[0]) > 40
    assert 'image/png' in drawn.outputs[-1].data
    assert [path.name for path in tmp_path.iterdir()] == ['first_steps']
