"""Reads the cells of an Excel sheet, with the optional package openpyxl."""
from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from rpn_plugin.files import require_regular_file

EXCEL_SUFFIXES = ('.xlsx', '.xlsm')
MOST_BYTES = 2**28
"""Of a workbook, unpacked: some millions of cells."""
MOST_CELLS = 10**7


def read_sheet(path: Path) -> tuple[list[list[str]], list[str]]:
    """Read the first sheet of a workbook.

    Formulas count as the values that Excel saved with them. Whole numbers lose their ``.0``, which Excel adds to a
    video that is called by a number.

    Returns:
        The cells of each row as text, empty cells as ``''``; and the names of the other sheets, which are not read.

    Raises:
        ValueError: If it is no workbook, or too large a one; if openpyxl is not installed, says how to install it.
        OSError: If it cannot be opened.
    """
    openpyxl = import_openpyxl()
    require_regular_file(path)
    _require_size(path)
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        first, *others = workbook.worksheets
        rows: list[list[str]] = []
        cells = 0
        for row in first.iter_rows(values_only=True):
            cells += len(row)
            if cells > MOST_CELLS:
                raise ValueError(f'{path}: has more than {MOST_CELLS} cells. Delete the empty rows and columns.')
            rows.append([_as_text(value) for value in row])
        workbook.close()
    except Exception as error:  # whatever openpyxl and its parsers stumble over in a damaged file
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise ValueError(f'{path}: not an Excel workbook that can be read ({type(error).__name__} {error!s:.100}). '
                         f'Save it as .xlsx or CSV again.') from error
    return rows, [sheet.title for sheet in others]


def import_openpyxl() -> Any:
    """Import the optional package.

    Raises:
        ValueError: If it is not installed; says how to install it.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise ValueError('reading an Excel sheet needs the package openpyxl: pip install openpyxl, or save the sheet '
                         'as CSV') from error
    return openpyxl


def _require_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except Exception as error:  # zipfile raises whatever a damaged directory makes it stumble over
        raise ValueError(f'{path}: not an Excel workbook ({type(error).__name__} {error!s:.100}). Save it as .xlsx or '
                         f'CSV again.') from error
    if size > MOST_BYTES:
        raise ValueError(f'{path}: has {size} bytes unpacked; {MOST_BYTES} are the most of a workbook.')


def _as_text(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
