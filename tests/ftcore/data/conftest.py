"""What tests of the data share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nothing_left(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail when a test of `set.zip` has written anywhere else, or has left prepared pictures behind."""
    monkeypatch.chdir(tmp_path)
    yield
    assert {path.name for path in tmp_path.iterdir()} <= {"set.zip", "home"}
    assert {path.name for path in home.rglob("*")} <= {"data"}
