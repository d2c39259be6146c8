"""A record of an array that stays where it lies in a file."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class StoredArray:
    """The place and form of an array in a file.

    Args:
        path: The file.
        dtype: Of a number or a string.
        shape: Of the array.
        fortran_order: Whether the first axis varies fastest.
        offset: Where its bytes begin.
        num_bytes: How many bytes of the file they take.
        latin1: Whether they are written as UTF-8 text of Latin-1 characters, as protocol 2 of Python 3 does.
    """

    path: str
    dtype: np.dtype
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int
    num_bytes: int
    latin1: bool

    def open(self) -> np.ndarray:
        """Open the array, mapped from disk where its bytes are stored as they are.

        Raises:
            ValueError: If the bytes do not fill the shape.
        """
        order: Literal['C', 'F'] = 'F' if self.fortran_order else 'C'
        try:
            if not self.latin1:
                return np.memmap(self.path, self.dtype, 'r', self.offset, self.shape, order)
            with open(self.path, 'rb') as file:
                file.seek(self.offset)
                values = file.read(self.num_bytes).decode('utf-8').encode('latin-1')
            return np.frombuffer(values, self.dtype).reshape(self.shape, order=order)
        except (ValueError, OSError) as error:  # the system maps no shape without end
            raise ValueError(f'{self.path}: damaged at byte {self.offset} ({error}).') from error
