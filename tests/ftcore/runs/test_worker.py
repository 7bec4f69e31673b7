"""One worker process by itself, and what it leaves for predictions."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from ftcore.errors import FtError
from ftcore.events import Baseline, RunEnd, StepProgress
from ftcore.files import ROOT
from ftcore.runs import execute, locks, records, results, worker
from ftcore.settings import RunSettings

LAUNCH = [sys.executable, "-m", "ftcore.runs.worker"]


def test_finished_run_gives_a_network(tiny: RunSettings) -> None:
    folder = records.new(tiny)
    with pytest.raises(FtError, match="not begun"):
        results.tuned_network(folder)
    job = json.dumps({"run": str(folder)}) + "\n"
    process = subprocess.Popen(LAUNCH, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(job)
    process.stdin.flush()
    assert (process.wait(), process.stderr.read()) == (0, "")
    assert records.state_of(folder).state == "done"
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["classes"]) == ["blue", "green", "red"]
    network, classes = results.tuned_network(folder)
    assert classes == ("blue", "green", "red")
    (folder / "model.safetensors").unlink()
    half, _ = results.tuned_network(folder)
    state, other = network.model.state_dict(), half.model.state_dict()
    assert all(torch.equal(state[key], other[key]) for key in state)
    process.stdin.close()
    process.stderr.close()


def test_worker_leaves_when_its_server_does() -> None:
    done = subprocess.run(LAUNCH, input="", capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_run_that_another_process_holds_is_left_alone(tiny: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = records.new(tiny)
    before = (folder / "events.jsonl").read_bytes()
    with locks.lock(folder):
        assert execute.finish(folder, lambda: None) == execute.TAKEN
    assert (folder / "events.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [(execute.StopRun(), 0, "stopped"), (FtError("Because."), 2, "failed"), (MemoryError(), 2, "failed")],
)
def test_endings_are_noted(tiny: RunSettings, error: Exception, code: int, state: str) -> None:
    def work() -> None:
        assert locks.is_alive(folder)
        raise error

    folder = records.new(tiny)
    assert execute.finish(folder, work) == code
    assert records.state_of(folder).state == state
    assert not locks.is_alive(folder)


def test_unknown_errors_and_full_disks(tiny: RunSettings) -> None:
    def fail(error: Exception) -> None:
        raise error

    folder: Path = records.new(tiny)
    assert execute.finish(folder, lambda: fail(OSError(28, "No space left on device"))) == execute.DISK_FULL
    with pytest.raises(OSError, match="Input/output"):
        execute.finish(folder, lambda: fail(OSError(5, "Input/output error")))


@pytest.mark.parametrize("word", ["", "go", "stop"])
def test_pause_that_lasts_gives_the_worker_up(tiny: RunSettings, word: str) -> None:
    folder = records.new(tiny)
    control = worker._Control(folder, pause_s=0.05 if not word else 30)
    control.running.clear()
    control.stopped = word == "stop"
    if word:
        threading.Timer(0.1, control.running.set).start()
    ends = {"": execute.PauseRun, "stop": execute.StopRun}
    with pytest.raises(ends[word]) if word in ends else contextlib.nullcontext():
        control.report(StepProgress(1, 1, 1, 5, 0.9, 0.1))
    assert records.state_of(folder).state == ("paused" if not word else "interrupted")
    assert records.progress(folder) is not None


def test_first_phase_that_is_watched_waits_outside_the_clock(
    tiny: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = worker._Control(records.new(tiny), pause_s=None)
    monkeypatch.setattr(worker, "WATCHED_SECONDS", 0.1)
    control.report(Baseline(1.0, 0.5))
    assert control.lost == 0
    control.hold = True
    control.report(Baseline(1.0, 0.5))
    waited = control.lost
    assert waited >= 0.1
    control.report(StepProgress(1, 1, 1, 5, 0.9, 0.1))
    assert control.lost == waited


def test_stop_ends_the_wait_of_a_phase_that_is_watched(tiny: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    control = worker._Control(records.new(tiny), pause_s=None)
    monkeypatch.setattr(worker, "WATCHED_SECONDS", 3600)
    control.hold = control.stopped = True
    threading.Timer(0.1, control.told.set).start()
    with pytest.raises(execute.StopRun):
        control.report(Baseline(1.0, 0.5))


@pytest.mark.parametrize("word", ["pause", "stop"])
def test_run_that_has_ended_is_neither_paused_nor_stopped(tiny: RunSettings, word: str) -> None:
    folder = records.new(tiny)
    control = worker._Control(folder, pause_s=0.05)
    if word == "pause":
        control.running.clear()
    control.stopped = word == "stop"
    assert execute.finish(folder, lambda: control.report(RunEnd(1.0, 0.5, 1, 2.0))) == 0
    assert records.state_of(folder).state == "done"


def test_run_stays_paused_when_its_worker_has_gone(tiny: RunSettings) -> None:
    def work() -> None:
        records.set_state(folder, "paused")
        raise execute.PauseRun

    folder = records.new(tiny)
    assert execute.finish(folder, work) == 0
    assert (records.state_of(folder).state, locks.is_alive(folder)) == ("paused", False)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_lock_that_cannot_be_taken_is_one_sentence(tiny: RunSettings, make: Callable[[Path], None]) -> None:
    folder = records.new(tiny)
    make(folder / "lock")
    with pytest.raises(FtError, match="cannot be locked"):
        execute.finish(folder, lambda: None)
    pipe = subprocess.PIPE
    with subprocess.Popen(LAUNCH, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(json.dumps({"run": str(folder)}) + "\n")
        process.stdin.flush()  # left open: a worker leaves as soon as it is closed
        assert process.wait() == 2
        assert process.stdout.read() + process.stderr.read() == ""
    assert records.state_of(folder).message.startswith("The run's folder")
