"""Course tests measure and draw on the built-in network and drawings, which are made once for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def stocked_home(stocked: Path) -> Path:
    """A home in which the built-in network has been measured and its drawings are drawn."""
    return stocked
