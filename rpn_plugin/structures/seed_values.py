"""Values of one quantity that was measured with several seeds."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SeedValues:
    """Values of one quantity over seeds, in %.

    >>> print(SeedValues((70.0, 72.0, 74.0)), SeedValues((70.0, )))
    72.0 ± 2.0 70.0

    Args:
        values: One per seed.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def std(self) -> float | None:
        """Sample standard deviation; None of a single seed."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    def __str__(self) -> str:
        return f'{self.mean:.1f}' + ('' if self.std is None else f' ± {self.std:.1f}')
