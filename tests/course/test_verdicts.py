"""A difference counts only when several seeds agree and their mean is beyond two standard errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from course import verdicts


@pytest.mark.parametrize(
    ("differences", "wanted"),
    [
        ([0.1, 0.1], 0),  # too few
        ([0.1, 0.1, 0.1], 1),
        ([-0.1, -0.12, -0.11], -1),
        ([0.1, 0.12, -0.01], 0),  # they do not agree
        ([0.01, 0.01, 0.3], 0),  # they agree, but not in how much
        ([0.0, 0.0, 0.0], 0),
        ([0.1, 0.1, 0.0], 0),
        ([0.1, 0.1, math.inf], 0),
        ([0.1, 0.1, math.nan], 0),
        # the two-by-two at 1e-4 with 20 images a class: all agree, and yet one seed stands alone
        ([62.4 - 65.2, 62.3 - 72.3, 65.6 - 66.7], 0),
    ],
)
def test_the_rule(differences: list[float], wanted: int) -> None:
    assert verdicts.sign(differences) == wanted
    assert verdicts.sign([-one for one in differences]) == -wanted


def test_the_rule_is_a_paired_t_statistic_above_two() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        one, other = random.normal(0.5, 0.05, (2, 4))
        rows = [{"a_last": float(x), "b_last": float(y)} for x, y in zip(one, other, strict=True)]
        wanted = (
            int(np.sign(stats.ttest_rel(one, other).statistic)) if abs(stats.ttest_rel(one, other).statistic) > 2 else 0
        )
        if len({x > y for x, y in zip(one, other, strict=True)}) > 1:
            wanted = 0
        assert verdicts.paired(rows, "a_last", "b_last") == wanted
    assert verdicts.means([{"a": 1.0}, {"a": 2.0}]) == {"a": 1.5}
