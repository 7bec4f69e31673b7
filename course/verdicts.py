"""When a difference counts: several paired seeds agree in its sign, and their mean is beyond what chance would give.

This module knows nothing about experiments or pages.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

LEAST = 3  # seeds; from fewer no verdict is given
ERRORS = 2.0  # standard errors that the mean has to exceed

Row = Mapping[str, float]
Rows = Sequence[Row]


def sign(differences: Sequence[float]) -> int:
    """1 or -1 where paired differences [seeds] show that one is larger or smaller, 0 where they show nothing.

    All must agree in sign, and their mean must exceed two standard errors: the standard deviation over the square root
    of their number. What is no number, as after a loss out of all bounds, shows nothing.
    """
    if len(differences) < LEAST or not all(map(math.isfinite, differences)):
        return 0
    mean = statistics.fmean(differences)
    if abs(mean) <= ERRORS * statistics.stdev(differences) / math.sqrt(len(differences)):
        return 0
    side = 1 if mean > 0 else -1
    return side if all(one * side > 0 for one in differences) else 0


def paired(rows: Rows, one: str, other: str) -> int:
    """1 where the number called `one` is larger than `other` in all these seeds and beyond chance, -1 where smaller."""
    return sign([row[one] - row[other] for row in rows])


def means(rows: Rows) -> dict[str, float]:
    """The mean of each number over the seeds."""
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
