"""Submitting, queueing and watching runs: one worker process each, as many at once as the machine bears.

What a page needs of the engine's long work. This module knows nothing about pages; the training itself is
the worker's.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from ftcore import caches, machine, records, surgery
from ftcore.machine import Estimate
from ftcore.settings import ROOT, FtError, RunSettings, home
from ftcore.worker import DISK_FULL, DISK_FULL_SAYS, TAKEN

QUEUE_LIMIT = 20
LEARNER_LIMIT = 3
ENDED = ("done", "stopped", "failed")
_ONE = threading.Lock()


@dataclass(frozen=True)
class Status:
    """A run as a page shows it. `position` is 1 for the next in the queue, 0 outside it; times in seconds."""

    id: str
    state: str
    message: str
    position: int
    settings: RunSettings
    created: float
    epochs_done: int
    active: bool
    wait_s: float | None
    result: dict[str, Any] | None


class Manager:
    """The queue and its workers. One per server process: `manager()`."""

    def __init__(self, jobs: int) -> None:
        self._lock = threading.RLock()
        self._jobs = jobs
        self._working: dict[str, subprocess.Popen[str]] = {}
        self._spare: subprocess.Popen[str] | None = None
        self._ended: dict[str, tuple[str, str]] = {}
        self._closed = False
        caches.prune(caches.budget(), caches.RECENT)
        self._queue = _waiting()
        self._pump()

    def submit(self, settings: RunSettings, owner: str) -> str:
        """Queue a run and give back its id. Raises `FtError` for impossible settings or a full queue."""
        surgery.check_settings(settings)
        with self._lock:
            self._room(owner)
            run_id = records.new(settings, owner).name
            self._enqueue(run_id)
        return run_id

    def resume(self, run_id: str) -> None:
        """Let a paused run go on; queue one that stopped, failed or was interrupted again, from its last epoch."""
        folder = records.folder_of(run_id)
        with self._lock:
            state = self.status(run_id)
            if state.state == "paused":
                self._tell(run_id, "go")
            elif not state.active and state.state != "done":
                self._room(records.state_of(folder).owner)
                self._enqueue(run_id)
                self._ended.pop(run_id, None)

    def pause(self, run_id: str) -> None:
        """Hold a run between two steps; it keeps its place."""
        self._tell(run_id, "pause")

    def stop(self, run_id: str) -> None:
        """End a run after its last finished epoch, or take it out of the queue."""
        folder = records.folder_of(run_id)
        with self._lock:
            if run_id in self._queue:
                self._queue.remove(run_id)
                records.set_state(folder, "stopped", "Taken out of the queue before it began.")
            else:
                self._tell(run_id, "stop")

    def delete(self, run_id: str) -> None:
        """Remove a run and its files for good; one that is going raises `FtError`."""
        with self._lock:
            folder = records.folder_of(run_id)
            if run_id in self._queue or run_id in self._working:
                raise FtError("This run is still going: stop it first, then delete it.")
            records.delete(folder)
            self._ended.pop(run_id, None)

    def status(self, run_id: str) -> Status:
        """How a run stands; an unknown id raises `FtError`."""
        folder = records.folder_of(run_id)
        state, settings = records.state_of(folder), records.settings_of(folder)
        with self._lock:
            name, message = state.state, state.message
            if run_id in self._queue:
                name, message = "queued", records.MESSAGES["queued"]
            elif run_id in self._working and name == "queued":  # handed over, the worker has not said so yet
                name, message = "preparing", records.MESSAGES["preparing"]
            elif run_id in self._working and name == "interrupted":  # its worker just ended; how is not known yet
                name, message = "running", records.MESSAGES["running"]
            elif run_id in self._ended and name not in ENDED:
                name, message = self._ended[run_id]
            position = self._queue.index(run_id) + 1 if run_id in self._queue else 0
            ahead = [*self._working, *self._queue[: position - 1]] if position else []
        active = name in ("queued", *records.BUSY)
        wait = self._wait(ahead) if position else None
        return Status(
            run_id, name, message, position, settings, state.created, state.epochs_done, active, wait, state.result
        )

    def workers(self) -> dict[str, int]:
        """Process ids of the runs being worked on now, by run id."""
        with self._lock:
            return {run_id: process.pid for run_id, process in self._working.items()}

    def close(self) -> None:
        """Let all workers go, as happens when the server ends. What waits stays queued for the next manager."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            spare, self._spare = [self._spare] if self._spare else [], None
            leaving = [*self._working.values(), *spare]
            for process in leaving:
                assert process.stdin
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for process in leaving:
            process.wait(timeout=60)
        for process in spare:
            assert process.stderr
            process.stderr.close()

    def _enqueue(self, run_id: str) -> None:
        try:
            records.set_state(records.folder_of(run_id), "queued")
        except OSError as error:
            raise FtError(
                f"The run could not be written to disk ({error.strerror}): make room and try again."
            ) from error
        self._queue.append(run_id)
        self._pump()

    def _room(self, owner: str) -> None:
        mine = [i for i in {*self._queue, *self._working} if _owner(i) == owner]
        if len(mine) >= LEARNER_LIMIT:
            raise FtError(
                f"You have {len(mine)} runs going or waiting: let one finish or stop it, then start this one."
            )
        if len(self._queue) >= QUEUE_LIMIT:
            raise FtError(f"{len(self._queue)} runs are waiting already: try again in a few minutes.")

    def _pump(self) -> None:
        """Hand waiting runs to workers, and keep one worker with torch imported in reserve."""
        with self._lock:
            while not self._closed and len(self._working) < self._jobs:
                run_id = next((i for i in self._queue if i not in self._working), None)
                if run_id is None:
                    break
                self._queue.remove(run_id)
                process, self._spare = self._spare or _spawn(), None
                if process.poll() is not None:
                    process = _spawn()
                self._working[run_id] = process
                self._tell(run_id, json.dumps({"run": str(home() / "runs" / run_id)}))
                threading.Thread(target=self._attend, args=(run_id, process), daemon=True).start()
            if not self._closed and (self._spare is None or self._spare.poll() is not None):
                self._spare = _spawn()

    def _attend(self, run_id: str, process: subprocess.Popen[str]) -> None:
        """Pass the worker's error output on to the run's log, note how it ended, start the next."""
        assert process.stdin
        assert process.stderr
        for line in process.stderr:
            with (
                contextlib.suppress(OSError, FtError),
                (records.folder_of(run_id) / "worker.log").open("a", encoding="utf-8") as log,
            ):
                log.write(line)
        code = process.wait()
        process.stderr.close()
        with self._lock:
            with contextlib.suppress(OSError):
                process.stdin.close()
            del self._working[run_id]
            with contextlib.suppress(FtError):
                self._note_end(run_id, code)
            self._pump()

    def _note_end(self, run_id: str, code: int) -> None:
        folder = records.folder_of(run_id)
        if code == TAKEN or run_id in self._queue or records.state_of(folder).state in ENDED:
            return
        if code == DISK_FULL:
            end = "failed", DISK_FULL_SAYS
        elif code == 1:
            end = "failed", "The run met an error that it does not know; its worker.log says more. Resume tries again."
        else:
            end = "interrupted", records.MESSAGES["interrupted"]
        self._ended[run_id] = end
        with contextlib.suppress(OSError):
            records.set_state(folder, *end)

    def _tell(self, run_id: str, word: str) -> None:
        with self._lock:
            process = self._working.get(run_id)
            if process and process.stdin:
                with contextlib.suppress(OSError):
                    process.stdin.write(word + "\n")
                    process.stdin.flush()

    def _wait(self, ahead: list[str]) -> float:
        """Expected seconds until the runs ahead are through."""
        seconds = 0.0
        for run_id in ahead:
            with contextlib.suppress(FtError):
                folder = records.folder_of(run_id)
                settings = records.settings_of(folder)
                left = 1 - records.state_of(folder).epochs_done / settings.epochs
                seconds += estimate(settings).seconds * max(left, 0.0)
        return seconds / self._jobs


def _spawn() -> subprocess.Popen[str]:
    """A worker process that imports torch and waits. Without `nice` (Windows) it starts below normal priority."""
    flags = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    return subprocess.Popen(
        [sys.executable, "-m", "ftcore.worker"],
        cwd=ROOT,
        env={**os.environ, "THAW_HOME": str(home()), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        creationflags=flags,
    )


def _waiting() -> list[str]:
    """The runs that an earlier server left in its queue, in their order."""
    found = []
    for folder in (home() / "runs").glob("*"):
        with contextlib.suppress(FtError):
            state = records.state_of(records.folder_of(folder.name))
            if state.state == "queued":
                found.append((state.since, folder.name))
    return [name for _, name in sorted(found)]


def _owner(run_id: str) -> str | None:
    try:
        return records.state_of(records.folder_of(run_id)).owner
    except FtError:
        return None


def manager() -> Manager:
    """The one manager of this process; as many runs at once as `$THAW_JOBS` says (default 1)."""
    with _ONE:  # two sessions may ask at the same moment
        return _manager()


@functools.cache
def _manager() -> Manager:
    return Manager(max(1, int(os.environ.get("THAW_JOBS") or 1)))


def status(run_id: str) -> Status:
    """How a run stands; an unknown id raises `FtError`."""
    return manager().status(run_id)


def read_events(run_id: str, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """New events of a run since a byte offset, what passes (progress) as the last one; and the next offset."""
    folder = records.folder_of(run_id)
    events, offset = records.read_log(folder, offset)
    passing = records.progress(folder)
    return [*events, passing] if passing else events, offset


def history(owner: str) -> list[Status]:
    """All runs of one learner, newest first."""
    found = []
    for folder in (home() / "runs").glob("*"):
        with contextlib.suppress(FtError):
            if owner and records.ID.fullmatch(folder.name) and records.state_of(folder).owner == owner:
                found.append(status(folder.name))
    return sorted(found, key=lambda s: s.created, reverse=True)


def estimate(settings: RunSettings) -> Estimate:
    """Expected time of a run on this machine, from a short measurement that is kept on disk."""
    return machine.estimate(settings)


def wait(run_id: str, seconds: float) -> Status:
    """Block until a run is no longer active, at most so many seconds; for scripts and tests."""
    end = time.monotonic() + seconds
    while (now := status(run_id)).active and time.monotonic() < end:
        time.sleep(0.1)
    return now
