"""Runs a learner's lines in a process of its own and brings back plain facts, or how it ended.

The process has a scratch folder that is gone afterwards, nothing of this one's environment, a time, and walls (see
`walls`). Nothing of what it says is believed beyond its shape.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from course.lines.walls import SECONDS
from ftcore.errors import FtError
from ftcore.files import ROOT

START_SECONDS, MOST_BYTES, MOST_LINE = 120, 1 << 19, 1 << 18
ENDS = ("raised", "then", "forbidden", "memory", "left")  # what the process itself may tell of its end
_TURN = threading.Lock()  # one process at a time: each holds a torch of its own
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Program:
    """The shown lines before and after the gap, and what is looked at when they have run."""

    exercise: str
    before: str
    after: str
    looks: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """`facts` by look, or how it `ended` and `why`; what was printed, which walls stood, how long it took (seconds)."""

    facts: dict[str, Any] | None = None
    ended: str = ""
    why: dict[str, Any] = field(default_factory=dict)
    printed: str = ""
    walls: tuple[str, ...] = ()
    seconds: float = 0.0


def run(program: Program, lines: str, seed: int, *, guarded: bool = True) -> Told:
    """Run `lines` in the gap; blocks for a few seconds. Raises `FtError` when no process can be started.

    `guarded` false leaves Python's builtins whole: tests attack the walls so.
    """
    start, sign = time.perf_counter(), secrets.token_hex(16)
    with _TURN, tempfile.TemporaryDirectory(prefix="thaw-lines-", ignore_cleanup_errors=True) as folder:
        job = {
            "exercise": program.exercise, "before": program.before, "lines": lines, "after": program.after,
            "looks": program.looks, "seed": seed, "scratch": folder, "root": str(ROOT), "sign": sign, "guarded": guarded,
        }  # fmt: skip
        with _process(Path(folder)) as process:
            said, ended = _talk(process, json.dumps(job))
    return _read(said, ended, sign, time.perf_counter() - start)


@contextlib.contextmanager
def _process(scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process, and at the end of the `with` nothing of it or its children."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    own = {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "TEMP": str(scratch),
        "OMP_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - this very Python and a file of this program
            [sys.executable, "-I", "-B", str(_CHILD)], cwd=scratch, env={**kept, **own}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True,
        )  # fmt: skip
    except OSError as error:
        raise FtError(f"Your lines cannot be run right now ({error.strerror}): try again in a moment.") from error
    try:
        yield process
    finally:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close() if pipe else None


def _talk(process: subprocess.Popen[bytes], job: str) -> tuple[list[bytes], str]:
    """Hand the job over and gather what is said until the end; with what went wrong on the way, "" for nothing."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.write(job.encode() + b"\n")
        process.stdin.close()
    heard: queue.Queue[bytes] = queue.Queue(maxsize=16)
    threading.Thread(target=_listen, args=(process.stdout, heard), daemon=True).start()
    said, left, end = list[bytes](), MOST_BYTES, time.monotonic() + START_SECONDS
    while True:
        try:
            line = heard.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            return said, "time" if said else "start"
        if not line:
            break
        if not said:  # it is ready, and from here on the clock is the lines' own
            end = time.monotonic() + SECONDS
        said.append(line)
        left -= len(line)
        if left < 0:
            return said, "output"
    with contextlib.suppress(subprocess.TimeoutExpired):
        status = process.wait(timeout=max(0.1, end - time.monotonic()))
        return said, _fate(status, started=bool(said))
    return said, "time"


def _listen(pipe: IO[bytes], heard: queue.Queue[bytes]) -> None:
    """Lines of a pipe into a queue, an empty one at its end; nobody may take the last ones any more."""
    with contextlib.suppress(OSError, ValueError, queue.Full):
        while line := pipe.readline(MOST_LINE):
            heard.put(line, timeout=5)
        heard.put(b"", timeout=5)


def _fate(status: int, *, started: bool) -> str:
    if not started:
        return "start"
    if hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU:
        return "time"
    return "killed" if status < 0 else ""


def _read(said: list[bytes], ended: str, sign: str, seconds: float) -> Told:
    """What a process has told, as far as it has the shape that it should."""
    if ended:
        return Told(ended=ended, seconds=seconds)
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        ready, line = said
        told = json.loads(line)
        if ready == b"ready\n" and secrets.compare_digest(str(told["sign"]).encode(), sign.encode()):
            printed, made = str(told["printed"]), tuple(map(str, told["walls"]))
            if isinstance(told.get("facts"), dict):
                return Told(told["facts"], "", {}, printed, made, seconds)
            if told["ended"] in ENDS:
                why = {name: str(value) for name, value in told["why"].items()}
                return Told(None, told["ended"], why, printed, made, seconds)
    return Told(ended="left", seconds=seconds)
