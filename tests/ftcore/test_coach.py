"""The verdict on a run: made-up runs of every kind, and real ones as the engine told them."""

from __future__ import annotations

import pytest

from ftcore import coach
from tests import stories


@pytest.mark.parametrize("name", stories.RUNS)
def test_each_kind_of_run_gets_its_verdict(name: str) -> None:
    told, kind = stories.RUNS[name]
    verdict = coach.judge(told)
    assert verdict is not None
    assert verdict.kind == kind


@pytest.mark.parametrize("name", stories.REAL)
def test_each_recorded_run_gets_its_verdict(name: str) -> None:
    run, epochs, kind = stories.REAL[name]
    verdict = coach.judge(stories.real(run, epochs))
    assert verdict is not None
    assert verdict.kind == kind


def test_a_second_try_changes_the_phase_that_blew_up_most() -> None:
    verdict = coach.judge(stories.real("updown"))
    assert verdict is not None
    assert verdict.next is not None
    assert [phase.lr for phase in verdict.next.phases] == [0.1, 1e-3]


@pytest.mark.parametrize(("epochs", "more"), [(4, None), (15, 20)])
def test_more_epochs_are_proposed_once_the_phase_is_over(epochs: int, more: int | None) -> None:
    verdict = coach.judge(stories.real("few", epochs))
    assert verdict is not None
    assert verdict.kind == "learning"
    assert (verdict.next and verdict.next.phases[-1].epochs) == more
