"""The verdict on a run: made-up runs of every kind, and what each verdict may rest on."""

from __future__ import annotations

import pytest

from ftcore import coach
from tests.stories import RUNS


@pytest.mark.parametrize("name", RUNS)
def test_each_kind_of_run_gets_its_verdict(name: str) -> None:
    told, kind = RUNS[name]
    verdict = coach.judge(told)
    assert verdict is not None
    assert verdict.kind == kind
