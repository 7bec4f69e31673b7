"""Runs worked on by processes of this machine: one for each, and one in reserve that has torch imported already.

Passes lines to them and their error output to the run's log. This module knows nothing about queues.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ftcore.errors import FtError
from ftcore.files import ROOT, home
from ftcore.runs import records

CLOSE_SECONDS = 60.0


@dataclass
class _Hand:
    """A process at work and the thread that attends to it."""

    process: subprocess.Popen[str]
    attendant: threading.Thread


class Local:
    """An `Executor`. `lock` is the manager's; `ended(run_id, code)` is called while it is held."""

    def __init__(self, lock: threading.RLock, ended: Callable[[str, int], None]) -> None:
        self._lock, self._ended = lock, ended
        self._hands: dict[str, _Hand] = {}
        self._spare: subprocess.Popen[str] | None = None

    def alive(self) -> dict[str, int]:
        """The runs that have a process, in the order in which they got it, each with its process id."""
        return {run_id: hand.process.pid for run_id, hand in self._hands.items()}

    def submit(self, run_id: str, pause_s: float) -> None:
        """Hand a run to the reserve, or to a new process if the reserve has died."""
        process, self._spare = self._spare or _spawn(), None
        if process.poll() is not None:
            process = _spawn()
        attendant = threading.Thread(target=self._attend, args=(run_id, process), daemon=True)
        self._hands[run_id] = _Hand(process, attendant)
        self.tell(run_id, json.dumps({"run": str(home() / "runs" / run_id), "pause_s": pause_s}))
        attendant.start()

    def reserve(self) -> None:
        """See to it that a process waits for the next run."""
        if self._spare is None or self._spare.poll() is not None:
            self._spare = _spawn()

    def tell(self, run_id: str, word: str) -> None:
        """Send a line to the process of a run, if it has one."""
        hand = self._hands.get(run_id)
        if hand and hand.process.stdin:
            with contextlib.suppress(OSError):
                hand.process.stdin.write(word + "\n")
                hand.process.stdin.flush()

    def leave(self, run_id: str, seconds: float) -> bool:
        """Wait until the process of a run has ended and been noted; not to be called while the lock is held."""
        with self._lock:
            hand = self._hands.get(run_id)
        if hand is not None:
            hand.attendant.join(seconds)
        return run_id not in self._hands

    def close(self) -> None:
        """Let all processes go by closing what they listen to."""
        with self._lock:
            spare, self._spare = [self._spare] if self._spare else [], None
            leaving = [*(hand.process for hand in self._hands.values()), *spare]
            for process in leaving:
                assert process.stdin
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for process in leaving:
            process.wait(timeout=CLOSE_SECONDS)
        for process in spare:
            assert process.stderr
            process.stderr.close()

    def _attend(self, run_id: str, process: subprocess.Popen[str]) -> None:
        """Pass the worker's error output on to the run's log, and tell how it ended."""
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
            del self._hands[run_id]
            self._ended(run_id, code)


def _spawn() -> subprocess.Popen[str]:
    """A worker process that imports torch and waits. Without `nice` (Windows) it starts below normal priority."""
    flags = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    return subprocess.Popen(
        [sys.executable, "-m", "ftcore.runs.worker"],
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
