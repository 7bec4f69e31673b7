"""One run in a process of its own: `python -m ftcore.runs.worker` waits on stdin for a run folder, then trains.

Further lines on stdin pause, continue or stop it, or have its first phase watched ("hold"): it waits a moment after
each epoch and pauses by itself once the phase is over. A pause that lasts ends the process, and the run stays paused.
When stdin closes, the server is gone and it exits at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from ftcore.errors import FtError
from ftcore.events import Baseline, DataFound, DataProgress, EpochEnd, Event, PhaseEnd, PicturesSkipped, RunEnd
from ftcore.runs import records
from ftcore.runs.execute import PauseRun, StopRun, execute, finish

WATCHED_SECONDS = 1.5  # a page looks once a second: so each epoch of a phase that is watched is a point that comes


class _Control:
    """Pause, go on and stop, as lines from stdin; the clock stands still during a pause, which lasts `pause_s` at most."""

    def __init__(self, folder: Path, pause_s: float | None) -> None:
        self.folder, self.pause_s, self.lost = folder, pause_s, 0.0
        self.stopped = self.hold = False
        self.running, self.told = threading.Event(), threading.Event()
        self.running.set()
        self.state = ""

    def clock(self) -> float:
        return time.perf_counter() - self.lost

    def listen(self) -> None:
        for line in sys.stdin:
            word = line.strip()
            self.stopped = self.stopped or word == "stop"
            self.hold = self.hold or word == "hold"
            if word == "pause":
                self.running.clear()
            elif word in ("go", "stop"):
                self.running.set()
            self.told.set()
        os._exit(3)  # the server has gone, and with it the reason to go on

    def report(self, event: Event) -> None:
        self._enter("preparing" if isinstance(event, DataFound | DataProgress | PicturesSkipped) else "running")
        records.append(self.folder, event)
        if isinstance(event, RunEnd):
            return  # nothing is left to pause or to stop
        if self.hold and isinstance(event, Baseline | EpochEnd):
            self._wait_a_moment()
        if self.hold and isinstance(event, PhaseEnd):
            self.hold = False
            self.running.clear()
        if not self.running.is_set():
            start = time.perf_counter()
            self._enter("paused")
            if not self.running.wait(self.pause_s):
                raise PauseRun
            self.lost += time.perf_counter() - start
            self._enter("running")
        if self.stopped:
            raise StopRun

    def _wait_a_moment(self) -> None:
        """For whoever watches, outside the clock; a word from outside ends it."""
        start = time.perf_counter()
        self.told.clear()
        self.told.wait(WATCHED_SECONDS)
        self.lost += time.perf_counter() - start

    def _enter(self, state: str) -> None:
        if state != self.state:
            records.set_state(self.folder, state)
            self.state = state


def main() -> int:
    """Wait for a job on stdin (one JSON line: `run` is the folder, `pause_s` how long a pause may last), then do it."""
    if hasattr(os, "nice"):
        os.nice(10)
    line = sys.stdin.readline()
    if not line:
        return 0
    job = json.loads(line)
    folder = Path(job["run"])
    control = _Control(folder, job.get("pause_s"))
    threading.Thread(target=control.listen, daemon=True).start()
    try:
        return finish(folder, lambda: execute(folder, control.report, control.clock))
    except FtError as error:
        records.set_state(folder, "failed", str(error))
        return 2
    except Exception:  # noqa: BLE001 - whatever it is goes to the run's log
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # at once: a thread still waits on stdin, which Python would trip over while it closes down
