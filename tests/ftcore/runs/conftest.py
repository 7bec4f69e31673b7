"""What tests of runs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftcore.runs import service
from ftcore.runs.manager import Manager


@pytest.fixture
def waiting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The manager of this process, one that starts nothing."""
    made = Manager(0)
    monkeypatch.setattr(service, "_manager", lambda: made)
    yield made
    made.close()
