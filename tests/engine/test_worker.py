"""One worker process by itself, and what it leaves for predictions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from ftcore import records, worker
from ftcore.settings import ROOT, FtError, RunSettings

LAUNCH = [sys.executable, "-m", "ftcore.worker"]


def test_finished_run_gives_a_network(tiny: RunSettings) -> None:
    folder = records.new(tiny)
    with pytest.raises(FtError, match="not begun"):
        worker.tuned_network(folder)
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
    network, classes = worker.tuned_network(folder)
    assert classes == ("blue", "green", "red")
    (folder / "model.safetensors").unlink()
    half, _ = worker.tuned_network(folder)
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
    with records.lock(folder):
        assert worker.finish(folder, lambda: None) == worker.TAKEN
    assert (folder / "events.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [(worker.StopRun(), 0, "stopped"), (FtError("Because."), 2, "failed"), (MemoryError(), 2, "failed")],
)
def test_endings_are_noted(tiny: RunSettings, error: Exception, code: int, state: str) -> None:
    def work() -> None:
        assert records.is_alive(folder)
        raise error

    folder = records.new(tiny)
    assert worker.finish(folder, work) == code
    assert records.state_of(folder).state == state
    assert not records.is_alive(folder)


def test_unknown_errors_and_full_disks(tiny: RunSettings) -> None:
    def fail(error: Exception) -> None:
        raise error

    folder: Path = records.new(tiny)
    assert worker.finish(folder, lambda: fail(OSError(28, "No space left on device"))) == worker.DISK_FULL
    with pytest.raises(OSError, match="Input/output"):
        worker.finish(folder, lambda: fail(OSError(5, "Input/output error")))
