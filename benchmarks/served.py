"""A server of the app as a process that can be killed: it submits runs, looks at them and ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.runs import service
from ftcore.settings import RunSettings

OWNER = "0" * 32
WAIT = 300.0  # seconds for anything that must come
_SERVE = "from benchmarks.served import serve; serve()"


def serve() -> None:
    """What the server process does: one command a line from stdin, one JSON answer a line."""
    manager = service.manager()
    acts: dict[str, Callable[[str], Any]] = {
        "submit": lambda text: manager.submit(RunSettings.from_json(text), OWNER),
        "status": lambda run: manager.status(run).state,
        "workers": lambda _: manager.workers(),
        "resume": lambda run: manager.resume(run, OWNER),
        "pause": lambda run: manager.pause(run, OWNER),
        "stop": lambda run: manager.stop(run, OWNER),
        "delete": lambda run: manager.delete(run, OWNER),
    }
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        try:
            answer = {"is": acts[word](rest)}
        except FtError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


class Server:
    """A server in a process of its own, which can be killed and started anew."""

    def __init__(self) -> None:
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        command, pipe = [sys.executable, "-c", _SERVE], subprocess.PIPE
        return subprocess.Popen(  # a session of its own: Ctrl+C is for whoever started it, who ends it then
            command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, start_new_session=True
        )

    def ask(self, word: str, rest: str = "") -> Any:
        """The answer to a command. Raises `FtError` where the engine does."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{word} {rest}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise FtError(answer["error"])
        return answer["is"]

    def submit(self, settings: RunSettings) -> str:
        """Queue a run; its id."""
        run: str = self.ask("submit", json.dumps(json.loads(settings.to_json())))
        return run

    def until(self, run: str, *states: str) -> str:
        """Wait until the run is in one of these states; the state it is in then."""
        until(lambda: self.ask("status", run) in states)
        return str(self.ask("status", run))

    def kill_worker(self, run: str) -> bool:
        """Kill the process that works on the run, if there is one, and wait until the server knows."""
        pid = self.ask("workers").get(run)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until(lambda: self.ask("workers").get(run) != pid)
        return bool(pid)

    def kill(self) -> None:
        """Kill the server itself, wait until its workers have gone, and start the next one."""
        workers = self.ask("workers").values()
        self._process.kill()
        self._close()
        until(lambda: not any(_lives(pid) for pid in workers))
        self._process = self._started()

    def end(self) -> None:
        """Let it go."""
        self._process.kill()
        self._close()

    def _close(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: whoever asks next sees how it stands."""
    end = time.monotonic() + WAIT
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
