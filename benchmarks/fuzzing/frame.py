"""One case of fuzzing: made from a seed, tried, judged by what it raised, wrote and took of memory.

A target is a function that sets itself up in a `Room` and gives back a maker; the maker turns a random source into
an attempt. This module knows nothing about what the targets try.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import gc
import json
import os
import random
import sys
import tempfile
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftcore.errors import FtError
from ftcore.files import ROOT

Attempt = Callable[[], object]
Maker = Callable[[random.Random], Attempt]
LONGEST_CASE = 300.0  # seconds; then the process says where it hangs and ends
LONGEST_SENTENCE = 1000
HARMLESS = "\u200c\u200d\u00ad"  # joiners and the soft hyphen belong to words
GUARD = 5 * 2**30  # bytes of address space above what the process has when it is set up
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {  # event -> where its arguments name what it changes: a path and the folder it starts from, if any
    "os.mkdir": ((0, 2),), "os.remove": ((0, 1),), "os.rmdir": ((0, 1),), "os.truncate": ((0, None),),
    "os.rename": ((0, 2), (1, 3)), "os.link": ((1, 3),), "os.symlink": ((1, 2),),
}  # fmt: skip
_PROGRAMS = frozenset({"os.system", "os.exec", "os.posix_spawn", "subprocess.Popen"})


class Wrong(Exception):
    """A case was taken, or refused, in a way that its oracle forbids."""


@dataclass(frozen=True)
class Result:
    """How a case ended: refused (`FtError`), accepted, uncaught or wrong, `place` being the innermost own line.

    `outside` names what was changed or run outside THAW_HOME; `peak` is in MB above what the process held before.
    """

    number: int
    end: str
    what: str = ""
    place: str = ""
    outside: tuple[str, ...] = ()
    peak: float = 0.0


class Room:
    """A folder for one process of cases: `home` is THAW_HOME and may change, nothing else may while a case is tried."""

    def __init__(self, root: Path) -> None:
        self.root, self.input, self.cwd, self.temp = root, root / "input", root / "cwd", root / "temp"
        for folder in (self.input, self.cwd / "below", self.temp):
            folder.mkdir(parents=True, exist_ok=True)
        for place in (root, self.cwd, self.cwd / "below"):
            (place / "sentinel.txt").write_text("unchanged\n", "utf-8")
        self.home = root / "home"

    def enter(self) -> None:
        """Make this process live in the room: its working directory, its temporary files and its THAW_HOME."""
        os.chdir(self.cwd)
        os.environ.update(TMPDIR=str(self.temp), TORCH_HOME=str(self.root / "torch"))
        tempfile.tempdir = str(self.temp)
        self.move("home")

    def move(self, name: str) -> Path:
        """Another THAW_HOME, which need not exist."""
        self.home = self.root / name
        os.environ["THAW_HOME"] = str(self.home)
        return self.home

    def seen(self) -> dict[str, tuple[int, int, int]]:
        """Kind, size and time of change of everything in the room but THAW_HOME."""
        entries = {}
        for folder, names, files in os.walk(self.root):
            if Path(folder) == self.root:
                names[:] = [name for name in names if name != self.home.name]
            for path in (os.path.join(folder, name) for name in (*names, *files)):
                about = os.lstat(path)
                entries[path] = (about.st_mode, about.st_size if path not in names else 0, about.st_mtime_ns)
        return entries


class Watch:
    """Hears of every file that Python code opens for writing and every program it starts, anywhere on the machine."""

    def __init__(self) -> None:
        self._heard: list[str] | None = None
        self._inside = ""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._heard is None:
            return
        if event in _PROGRAMS:
            self._heard.append(f"{event} {str(arguments[0])[:80]}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            self._note(event, arguments[0], None)
        for path, folder in _CHANGES.get(event, ()):
            self._note(event, arguments[path], None if folder is None else arguments[folder])

    def _note(self, event: str, path: Any, folder: int | None) -> None:
        """Write down what is changed outside THAW_HOME; `folder` is the open one that the path starts from, if any."""
        if self._heard is None or not isinstance(path, str | bytes | os.PathLike):
            return
        start = os.readlink(f"/proc/self/fd/{folder}") if folder is not None and folder >= 0 else ""
        place = os.path.abspath(os.path.join(start, os.fsdecode(path)))
        there_already = event == "os.mkdir" and os.path.lexists(place)  # which will fail
        if not there_already and not (place + os.sep).startswith((self._inside, "/dev/")):
            self._heard.append(f"{event} {place[-80:]}")

    @contextlib.contextmanager
    def over(self, home: Path) -> Iterator[list[str]]:
        """Listen during the `with`; what lies in `home` does not count."""
        heard: list[str] = []
        self._inside, self._heard = str(home) + os.sep, heard
        try:
            yield heard
        finally:
            self._heard = None


def tried(number: int, attempt: Attempt, room: Room, watch: Watch, *, loud: bool = False) -> Result:
    """Try one case and judge it; `loud` prints the traceback of whatever it raises."""
    gc.collect()  # what earlier work left behind would be let go of meanwhile, and hide as much of the peak
    before, idle = room.seen(), _start_peak()
    with watch.over(room.home) as heard:
        result = _ended(number, attempt, loud)
    peak = max(0.0, _memory("VmHWM") - idle)
    after = room.seen()
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return dataclasses.replace(result, outside=(*changed, *heard), peak=round(peak, 1))


def _ended(number: int, attempt: Attempt, loud: bool) -> Result:
    try:
        try:
            attempt()
        except BaseException:
            if loud:
                traceback.print_exc()
            raise
    except FtError as error:
        fault = _fault_of_sentence(str(error))
        return Result(number, "wrong" if fault else "refused", fault, place(error) if fault else "")
    except Wrong as error:
        return Result(number, "wrong", str(error), place(error))
    except BaseException as error:  # noqa: BLE001 - whatever it is, is what is looked for
        return Result(number, "uncaught", type(error).__name__, place(error))
    return Result(number, "accepted")


def _fault_of_sentence(says: str) -> str:
    """What is wrong with a sentence for a learner, or nothing."""
    if len(says) > LONGEST_SENTENCE:
        return f"sentence of more than {LONGEST_SENTENCE} characters"
    steers = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in HARMLESS for c in says)
    return "control, direction or surrogate mark in a sentence" if steers else ""


def place(error: BaseException) -> str:
    """File, line and function where an error was raised: the innermost of the engine or the pages, if it passed one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename.startswith(tuple(str(ROOT / part) for part in ("ftcore", "course", "ui")))]
    last = (own or frames)[-1]
    return f"{os.path.relpath(last.filename, ROOT) if own else Path(last.filename).name}:{last.lineno} {last.name}"


def _memory(what: str) -> float:
    """VmRSS (now) or VmHWM (highest) of this process in MB."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0.0


def _start_peak() -> float:
    """Let the highest memory count from now on; MB held now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
    return _memory("VmRSS")


def source(seed: int, target: str, number: int) -> random.Random:
    """The random source of one case: nothing else decides what it is."""
    return random.Random(f"{seed} {target} {number}")


def serve(target: str, make: Maker, room: Room, seed: int, first: int, last: int, seconds: float) -> None:
    """Try cases `first` to `last` until the time is over; say on stdout which one begins, and how it ended."""
    _guard()
    say, watch, end, number = os.fdopen(os.dup(1), "w", encoding="utf-8"), Watch(), time.monotonic() + seconds, first
    while number <= last and time.monotonic() < end:
        print(json.dumps({"begins": number}), file=say, flush=True)
        faulthandler.dump_traceback_later(LONGEST_CASE, exit=True)
        result = tried(number, make(source(seed, target, number)), room, watch)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(dataclasses.asdict(result)), file=say, flush=True)
        number += 1


def _guard() -> None:
    """Let a case that asks for too much memory fail before the machine does."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = int(_memory("VmSize") * 2**20) + GUARD
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
