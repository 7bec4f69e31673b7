"""The fixtures of the app's tests, in a home where the built-in network is measured and its drawings are drawn."""

from pathlib import Path

import pytest

from tests.opened import home, open_page, warm_server

__all__ = ["home", "open_page", "warm_server"]


@pytest.fixture(autouse=True)
def stocked_home(stocked: Path) -> Path:
    """As a server that has been used before."""
    return stocked
