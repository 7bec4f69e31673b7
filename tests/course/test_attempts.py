"""What is kept of an experiment: finished seeds stay, other arms and damaged records are no rows."""

from __future__ import annotations

from typing import Any

import pytest

from course import attempts, experiments
from course.learners import Attempt

NAME = "bn-rule"
MARK = experiments.arms_of(NAME)
ROW = {"a_last": 0.5, "b_last": 0.6}


def test_seeds_are_added_one_after_another_and_none_is_made_twice() -> None:
    attempt: Attempt = {"guess": "a"}
    assert attempts.following(NAME, {}) == [0, 1, 2]
    attempts.begin(NAME, attempt, "run", [0, 1, 2])
    assert attempts.going(NAME, attempt) == ("run", (0, 1, 2))
    attempts.add(NAME, attempt, {0: ROW, 1: ROW})
    assert attempts.following(NAME, attempts.rows(NAME, attempt)) == [2]
    attempts.add(NAME, attempt, {2: ROW})
    assert attempts.rows(NAME, attempt) == dict.fromkeys(range(3), ROW)
    attempts.begin(NAME, attempt, "other", [3])
    assert attempts.following(NAME, attempts.rows(NAME, attempt)) == [3]
    assert attempt["guess"] == "a"


@pytest.mark.parametrize(
    "damaged",
    [
        {"arms": "other", "rows": {"0": ROW}},
        {"arms": MARK, "rows": {"x": ROW}},
        {"arms": MARK, "rows": {"0": {"a_last": "much"}}},
        {"arms": MARK, "rows": [ROW]},
        {"arms": MARK, "rows": {"0": {}}},
        {"runs": {"a": "0" * 32}, "outcome": {"key": "a", "numbers": {}}},  # as an earlier version kept it
        {"arms": MARK, "series": {"run": 7, "seeds": [0]}},
        {"arms": MARK, "series": {"run": "r", "seeds": []}},
        {"arms": MARK, "series": {"run": "r", "seeds": [-1]}},
        {"arms": MARK, "series": "r"},
        {"arms": "other", "series": {"run": "r", "seeds": [0]}},
    ],
)
def test_what_is_damaged_or_of_other_arms_is_left_out(damaged: Any) -> None:
    attempt: Attempt = {"guess": "a", **damaged}
    assert attempts.rows(NAME, attempt) == {}
    assert attempts.going(NAME, attempt) is None
    attempts.add(NAME, attempt, {0: ROW})
    assert attempts.rows(NAME, attempt) == {0: ROW}
    assert attempt["guess"] == "a"


def test_rows_of_unlike_shape_do_not_meet() -> None:
    attempt: Attempt = {"arms": MARK, "rows": {"0": ROW, "1": {"a_last": 0.5}}}
    assert attempts.rows(NAME, attempt) == {0: ROW}
