"""The queue with workers that only wait: who may steer a run, whose turn it is, what a pause does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from ftcore.costs import estimate
from ftcore.costs.estimate import Estimate
from ftcore.errors import FtError
from ftcore.runs import limits, local, locks, records
from ftcore.runs.manager import Manager
from ftcore.settings import RunSettings

ACTS = ("pause", "resume", "stop", "delete")


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """A manager for one run at a time, whose workers read what they are told and do nothing."""
    monkeypatch.setattr(local, "_spawn", _waits)
    monkeypatch.setattr(estimate, "of_run", lambda settings: Estimate(0.0, (), 60.0, 0.0))
    made = Manager(1)
    yield made
    made.close()


def _waits() -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], text=True, **pipes)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 600
    while not holds():
        assert time.monotonic() < end, "this did not come"
        time.sleep(0.02)


def finish(manager: Manager, run_id: str, state: str) -> None:
    """As a worker ends: its last word in the log, then its process goes."""
    records.set_state(records.folder_of(run_id), state)
    psutil.Process(manager.workers()[run_id]).kill()
    until(lambda: run_id not in manager.workers())


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("caller", ["you", "", "me "])
@pytest.mark.parametrize("place", ["at work", "waiting", "over"])
def test_only_the_owner_steers(one: Manager, act: str, caller: str, place: str) -> None:
    run_id = one.submit(RunSettings(), "me")
    if place == "waiting":
        run_id = one.submit(RunSettings(), "me")
    elif place == "over":
        finish(one, run_id, "stopped")
    before = one.status(run_id)
    with pytest.raises(FtError, match="Only the one who started this run can steer it"):
        getattr(one, act)(run_id, caller)
    assert one.status(run_id) == before
    assert before.owner == "me"


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("caller", ["me", ""])
def test_runs_of_a_terminal_are_steered_there(one: Manager, act: str, caller: str) -> None:
    folder = records.new(RunSettings())
    with pytest.raises(FtError, match="Only the one who started"):
        getattr(one, act)(folder.name, caller)
    assert folder.exists()


def test_workers_go_round_the_learners(one: Manager) -> None:
    ids = {owner: [one.submit(RunSettings(), owner) for _ in range(count)] for owner, count in (("a", 3), ("b", 2))}
    ids["c"] = [one.submit(RunSettings(), "c")]
    names = {run_id: f"{owner}{at}" for owner, mine in ids.items() for at, run_id in enumerate(mine, 1)}
    began = []
    for _ in range(len(names)):
        (now,) = one.workers()
        began.append(names[now])
        finish(one, now, "done")
    assert began == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_paused_run_without_a_worker_waits_for_its_owner_and_its_turn(one: Manager) -> None:
    first, second = one.submit(RunSettings(), "me"), one.submit(RunSettings(), "you")
    finish(one, first, "paused")
    now = one.status(first)
    assert (now.state, now.active, list(one.workers())) == ("paused", False, [second])
    one.resume(first, "me")
    now = one.status(first)
    assert (now.state, now.position, now.active) == ("queued", 1, True)
    finish(one, second, "done")
    assert list(one.workers()) == [first]


def test_paused_run_with_a_worker_is_active(one: Manager) -> None:
    run_id = one.submit(RunSettings(), "me")
    with locks.lock(records.folder_of(run_id)):
        records.set_state(records.folder_of(run_id), "paused")
        assert (one.status(run_id).state, one.status(run_id).active) == ("paused", True)


def test_resume_that_meets_a_worker_just_giving_up_is_not_lost(one: Manager) -> None:
    run_id = one.submit(RunSettings(), "me")
    pid = one.workers()[run_id]
    records.set_state(records.folder_of(run_id), "paused")
    one.resume(run_id, "me")
    psutil.Process(pid).kill()
    until(lambda: one.workers().get(run_id, pid) != pid)
    finish(one, run_id, "paused")
    assert one.status(run_id).state == "paused"


def test_paused_runs_do_not_get_round_the_limit_of_a_learner(one: Manager) -> None:
    paused = [records.new(RunSettings(), "me") for _ in range(limits.LEARNER_LIMIT + 1)]
    for folder in paused:
        records.set_state(folder, "paused")
    for folder in paused[:-1]:
        one.resume(folder.name, "me")
    with pytest.raises(FtError, match="You have 3 runs going or waiting"):
        one.resume(paused[-1].name, "me")


def test_delete_right_after_the_last_word_waits_for_the_process(one: Manager) -> None:
    run_id = one.submit(RunSettings(), "me")
    folder = records.folder_of(run_id)
    with pytest.raises(FtError, match="still going"):
        one.delete(run_id, "me")
    records.set_state(folder, "done")
    ends = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(1); os.kill({one.workers()[run_id]}, 9)"]
    )
    one.delete(run_id, "me")
    assert not folder.exists()
    assert ends.wait() == 0


@pytest.mark.parametrize("text, jobs", [("2", 2), ("", 1), ("0", 1), ("1.0", 1)])
def test_jobs_are_as_the_server_says(one: Manager, monkeypatch: pytest.MonkeyPatch, text: str, jobs: int) -> None:
    from ftcore.runs import service

    monkeypatch.setenv("THAW_JOBS", text)
    made = service._manager.__wrapped__()
    assert made._jobs == jobs
    made.close()


def test_jobs_that_are_no_number_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from ftcore.runs import service

    monkeypatch.setenv("THAW_JOBS", "many")
    with pytest.raises(FtError, match="THAW_JOBS is 'many'"):
        service._manager.__wrapped__()
