"""What the six stages say follows what was counted, also where it is not as in the usual lesson."""

from __future__ import annotations

import pytest

from ui.lesson import stages


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1e-3, 1e-4, "10 times less than the head's rate"),
        (1e-3, 1e-3, "the head's own rate"),
        (1e-4, 1e-3, "10 times the head's rate"),
    ],
)
def test_the_rate_after_the_thaw_is_compared_with_the_heads(before: float, after: float, said: str) -> None:
    assert stages.rate_step(before, after) == said
