"""How long a run still takes."""

from __future__ import annotations

import pytest

from ftcore.events import CacheProgress, PhaseEnd, RunEnd, StepProgress
from ftcore.runs import locks, records, service
from tests.made import SHORT, OpenPage, epoch, run_with, texts, write_run
from ui.runs.log import RunLog, time_left


def log_of(*events: object) -> RunLog:
    log = RunLog()
    log.add(SHORT, events)
    return log


def test_time_left_is_expected_until_the_first_epoch_then_measured() -> None:
    filling = CacheProgress(100, 400, 2.0, from_disk=False)
    one = epoch(1, 1, 0.5, seconds=30.0)
    step = StepProgress(1, 2, 5, 20, 1.0, 1.0)
    assert time_left(log_of(), SHORT, 10.0, (5.0, 7.0)) == 22.0
    assert time_left(log_of(filling), SHORT, 10.0, (5.0, 7.0)) == 6.0 + 12.0
    assert time_left(log_of(filling, one), SHORT, 10.0, (5.0, 7.0)) == 30.0 + 7.0
    assert time_left(log_of(filling, one, step), SHORT, 10.0, (5.0, 7.0)) == 30.0 * 0.75 + 7.0


def test_time_left_in_the_second_phase_does_not_use_the_first_ones_epochs() -> None:
    first = [epoch(1, 1, 0.5, seconds=30.0), epoch(2, 1, 0.5, seconds=30.0), PhaseEnd(1, "", 2, False, 60.0)]
    assert time_left(log_of(*first), SHORT, 10.0, (5.0, 8.0)) == 8.0
    third = epoch(3, 2, 0.5, seconds=50.0)
    assert time_left(log_of(*first, third), SHORT, 10.0, (5.0, 8.0)) == 50.0
    assert time_left(log_of(*first, third, RunEnd(0.3, 0.9, 3, 90.0)), SHORT, 10.0, (5.0, 8.0)) is None


def test_a_run_that_is_going_says_how_long_it_still_takes(open_page: OpenPage) -> None:
    run = run_with(SHORT, epoch(1, 1, 0.5, seconds=36.0), state="running")
    with locks.lock(records.folder_of(run)):  # as its worker would
        assert service.status(run).state == "running"
        test = open_page("train_live", run=run)
    assert not test.exception
    assert "Phase 1 of 2, Train the head: epoch 2 of 4. About 40 s left." in texts(test)


def test_a_run_that_prepares_says_how_long_all_of_it_takes(open_page: OpenPage) -> None:
    run = run_with(SHORT, state="preparing")
    with locks.lock(records.folder_of(run)):
        test = open_page("train_live", run=run)
    assert "About 20 s left." in texts(test), "10 s for the features and twice 5 s, as expected"


@pytest.mark.parametrize("end", ["stopped", "done", "paused"])
def test_a_run_that_stands_still_promises_no_time(end: str, open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.6, 0.7, 0.8, end=end)
    with locks.lock(records.folder_of(run)):
        assert service.status(run).state == end
        test = open_page("train_live", run=run)
    assert not test.exception
    assert " left." not in texts(test)
