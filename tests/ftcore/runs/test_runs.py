"""The queue with real worker processes: waiting, pausing, stopping, dying and coming back."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from ftcore import events
from ftcore.errors import FtError
from ftcore.events import EpochEnd
from ftcore.files import ROOT
from ftcore.runs import execute, limits, local, manager, records, service
from ftcore.runs.manager import Manager
from ftcore.settings import Phase, RunSettings

WAIT = 600.0


@pytest.fixture
def one(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The manager of this process, new for each test."""
    service._manager.cache_clear()
    found = service.manager()
    yield found
    found.close()
    service._manager.cache_clear()


@pytest.fixture
def long(small: RunSettings) -> RunSettings:
    """Enough epochs to be caught in the middle."""
    return dataclasses.replace(
        small, phases=(Phase(epochs=2), Phase(epochs=40, lr=1e-4, trainable=small.phases[1].trainable))
    )


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end, "this did not come"
        time.sleep(0.05)


def epochs(run_id: str) -> list[int]:
    return [said.epoch for said in service.read_events(run_id)[0] if isinstance(said, EpochEnd)]


def test_two_runs_queue_and_finish(one: Manager, tiny: RunSettings) -> None:
    assert service.manager() is one
    ids = [one.submit(tiny, "me") for _ in range(2)]
    with pytest.raises(FtError, match="still going"):
        one.delete(ids[1], "me")
    waiting = service.status(ids[1])
    assert (waiting.state, waiting.position) == ("queued", 1)
    assert waiting.wait_s is not None
    found = [service.wait(i, WAIT) for i in ids]
    assert [f.state for f in found] == ["done", "done"], [f.message for f in found]
    assert found[0].result is not None
    kinds = [events.kind_of(type(said)) for said in records.read_log(records.folder_of(ids[0]))[0]]
    assert [k for k in kinds if k != "change"] == [
        "created",
        "data_found",
        "run_start",
        "baseline",
        "epoch_end",
        "phase_end",
        "run_end",
    ]
    assert epochs(ids[0]) == [1]
    assert (records.folder_of(ids[0]) / "model.safetensors").exists()
    assert [s.id for s in service.history("me")] == ids[::-1]
    assert service.history("you") == service.history("") == []
    one.delete(ids[0], "me")
    with pytest.raises(FtError, match="no such run"):
        service.status(ids[0])


def test_pause_resume_stop_and_resume_again(one: Manager, long: RunSettings) -> None:
    run_id = one.submit(long, "me")
    until(lambda: epochs(run_id))
    one.pause(run_id, "me")
    until(lambda: service.status(run_id).state == "paused")
    stood = epochs(run_id)
    time.sleep(1)
    assert epochs(run_id) == stood
    assert service.status(run_id).active
    one.resume(run_id, "me")
    until(lambda: len(epochs(run_id)) > len(stood))
    one.stop(run_id, "me")
    assert service.wait(run_id, WAIT).state == "stopped"
    stood = epochs(run_id)
    one.resume(run_id, "me")
    until(lambda: len(epochs(run_id)) > len(stood))
    assert epochs(run_id) == list(range(1, len(epochs(run_id)) + 1))
    one.stop(run_id, "me")
    assert service.wait(run_id, WAIT).state == "stopped"


def test_run_that_is_to_hold_waits_once_after_its_first_phase(
    one: Manager, small: RunSettings, tiny: RunSettings
) -> None:
    alone = one.submit(tiny, "me", hold=True)  # nothing thaws, so there is nothing to wait for
    first, second = (dataclasses.replace(phase, epochs=2) for phase in small.phases)
    settings = dataclasses.replace(small, phases=(first, second, dataclasses.replace(second, epochs=1)))
    run_id = one.submit(settings, "me", hold=True)
    assert service.status(run_id).state == "queued"
    until(lambda: service.status(run_id).state == "paused")
    assert service.status(alone).state == "done"
    assert epochs(run_id) == [1, 2]
    assert service.status(run_id).active
    one.resume(run_id, "me")
    assert service.wait(run_id, WAIT).state == "done"
    assert epochs(run_id) == [1, 2, 3, 4, 5]


def test_pause_that_lasts_lets_another_go_and_comes_back(long: RunSettings, tiny: RunSettings) -> None:
    patient = Manager(1, pause_s=0.5)
    try:
        paused = patient.submit(long, "me")
        until(lambda: epochs(paused))
        patient.pause(paused, "me")
        other = patient.submit(tiny, "you")
        until(lambda: patient.status(other).state == "done")
        stood, now = epochs(paused), patient.status(paused)
        assert (now.state, now.active, now.epochs_done) == ("paused", False, len(stood))
        patient.resume(paused, "me")
        until(lambda: len(epochs(paused)) > len(stood))
        assert epochs(paused) == list(range(1, len(epochs(paused)) + 1))
    finally:
        patient.close()


def test_stop_right_after_submit(one: Manager, long: RunSettings) -> None:
    first, second = one.submit(long, "me"), one.submit(long, "me")
    one.stop(first, "me")
    one.stop(second, "me")
    assert service.wait(first, WAIT).state == "stopped"
    assert service.status(second).message == "Taken out of the queue."
    assert epochs(second) == []


def test_killed_worker_resumes_to_the_same_weights(one: Manager, small: RunSettings) -> None:
    settings = dataclasses.replace(small, phases=(Phase(epochs=2), dataclasses.replace(small.phases[1], epochs=6)))
    killed, whole = one.submit(settings, "me"), one.submit(settings, "me")
    until(lambda: len(epochs(killed)) >= 3)
    os.kill(one.workers()[killed], signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert service.wait(killed, WAIT).state == "interrupted"
    done = epochs(killed)
    assert len(done) < 8
    one.resume(killed, "me")
    assert [service.wait(i, WAIT).state for i in (whole, killed)] == ["done", "done"]
    assert epochs(killed) == epochs(whole) == list(range(1, 9))
    one_way, other_way = (load_file(records.folder_of(i) / "model.safetensors") for i in (killed, whole))
    assert one_way.keys() == other_way.keys()
    assert all(torch.equal(one_way[key], other_way[key]) for key in one_way)
    assert not list(records.folder_of(killed).glob("*.part"))


SERVER = """
import sys, time
from ftcore.runs import service
from ftcore.settings import RunSettings
from pathlib import Path
settings = RunSettings.from_json(Path(sys.argv[1]).read_text())
ids = [service.manager().submit(settings, "me") for _ in range(3)]
while not service.manager().workers() or service.status(ids[0]).epochs_done < 1:
    time.sleep(0.05)
print(service.manager().workers()[ids[0]], *ids, flush=True)
time.sleep(600)
"""


def test_server_that_dies_takes_its_workers_along_and_leaves_its_queue(
    long: RunSettings, tiny: RunSettings, tmp_path: Path
) -> None:
    (tmp_path / "s.json").write_text(long.to_json())
    launch = [sys.executable, "-c", SERVER, str(tmp_path / "s.json")]
    with subprocess.Popen(launch, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        pid, *ids = server.stdout.readline().split()
        server.kill()
        server.wait()
    until(lambda: not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE)
    # a zombie's other threads may hold the lock a moment longer
    until(lambda: records.state_of(records.folder_of(ids[0])).state == "interrupted")
    assert list(manager._waiting()) == ids[1:]
    after = Manager(1)
    try:
        until(lambda: list(after.workers()) == [ids[1]])
        assert after.status(ids[2]).position == 1
    finally:
        after.close()
    assert list(manager._waiting()) == [ids[2]]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
def test_full_disk_is_said_and_resume_works_after_it(
    one: Manager, small: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setattr(local, "_spawn", lambda real=local._spawn: _limited(real(), resource, 5_000_000))
    until(lambda: one._executor._spare is not None)
    _limited(one._executor._spare, resource, 5_000_000)
    run_id = one.submit(small, "me")
    now = service.wait(run_id, WAIT)
    assert (now.state, now.message) == ("failed", execute.DISK_FULL_SAYS)
    assert not list(records.folder_of(run_id).glob("*.part"))
    _limited(one._executor._spare, resource, resource.RLIM_INFINITY)
    one.resume(run_id, "me")
    assert service.wait(run_id, WAIT).state == "done"
    assert epochs(run_id) == [1, 2, 3, 4]


def _limited(process: subprocess.Popen[str] | None, resource: object, size: int) -> subprocess.Popen[str]:
    """Let no file of this worker grow beyond `size` bytes (the soft limit, so that it can be lifted again)."""
    assert process is not None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))  # type: ignore[attr-defined]
    return process


def test_failure_is_one_sentence(one: Manager, tiny: RunSettings) -> None:
    run_id = one.submit(dataclasses.replace(tiny, data="/nowhere"), "me")
    now = service.wait(run_id, WAIT)
    assert now.state == "failed"
    assert now.message.startswith("There is no dataset and no file '/nowhere'")


def test_impossible_settings_and_bad_ids_are_refused(one: Manager, tiny: RunSettings, home: Path) -> None:
    with pytest.raises(FtError, match="has no block"):
        one.submit(dataclasses.replace(tiny, phases=(Phase(trainable=("features.1",)),)), "me")
    assert list((home / "runs").glob("*")) == []
    for run_id in ("", "../x", "A" * 32, "0" * 32):
        for act in (one.resume, one.pause, one.stop, one.delete):
            with pytest.raises(FtError, match="no such run"):
                act(run_id, "me")
        for look in (one.status, service.read_events):
            with pytest.raises(FtError, match="no such run"):
                look(run_id)


def test_limits_of_a_learner_and_of_the_queue(home: Path, tiny: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Manager(0)  # a manager that starts nothing
    try:
        for _ in range(limits.LEARNER_LIMIT):
            waiting.submit(tiny, "me")
        with pytest.raises(FtError, match="You have 3 runs"):
            waiting.submit(tiny, "me")
        for number in range(limits.QUEUE_LIMIT - limits.LEARNER_LIMIT):
            waiting.submit(tiny, f"other {number}")
        with pytest.raises(FtError, match="20 runs are waiting"):
            waiting.submit(tiny, "late")
        assert list(manager._waiting().items()) == list(waiting._queue.items())
        assert len(list((home / "runs").iterdir())) == 20
    finally:
        waiting.close()
