"""Hostile inputs of every kind that Thaw reads, from a seed: zips, folders, pictures, settings, weights, THAW_HOME.

    python -m benchmarks.fuzz --minutes 10                  all targets, the time split evenly, a table at the end
    python -m benchmarks.fuzz --only zips,home --seed 7     some of them, other cases
    python -m benchmarks.fuzz --seed 7 --case zips:41       one case alone, with its traceback and its files kept

Getting a target ready, such as training what is to be damaged, comes on top of the time. A case is decided by seed,
target and number alone, so the table's "first case" is what `--case` takes (with the same `--seed`; cases change when
this package changes). Only an `FtError` may come out; nothing outside THAW_HOME may be written and no program started;
no case may take more than 300 MB; each target has further oracles of its own. A process that dies
or hangs counts as an uncaught exception of the case it was at, and the next goes on after it.
Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import stopping
from benchmarks.fuzzing import TARGETS, frame, setup
from benchmarks.fuzzing.frame import Result, Room
from ftcore.files import ROOT

MOST_MB = 300.0
NO_END = 2**31
_SERVE = "import sys; from benchmarks.fuzz import serve; serve(*sys.argv[1:])"


@dataclass
class Tally:
    """What the cases of one target came to. `found` holds the faults: kind and place -> numbers of the cases."""

    target: str
    ends: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[int]] = field(default_factory=dict)
    outside: int = 0
    peak: float = 0.0

    def add(self, result: Result) -> None:
        """Count one more case."""
        self.ends[result.end] += 1
        self.peak = max(self.peak, result.peak)
        self.outside += bool(result.outside)
        if result.end in ("uncaught", "wrong"):
            self._note(f"{result.what} at {result.place}", result.number)
        if result.outside:
            self._note(f"outside: {result.outside[0]}", result.number)
        if result.peak > MOST_MB:
            self._note(f"memory above {MOST_MB:.0f} MB", result.number)

    def _note(self, fault: str, number: int) -> None:
        self.found.setdefault(fault, []).append(number)

    def row(self) -> str:
        """The line of the table."""
        ends = self.ends
        counts = [sum(ends.values()), ends["refused"], ends["accepted"], ends["uncaught"] + ends["wrong"], self.outside]
        return f"| {self.target} | {' | '.join(f'{count:,}' for count in counts)} | {self.peak:.0f} |"

    def faults(self) -> Iterator[str]:
        """One line for each kind of fault, the most frequent first."""
        for fault, numbers in sorted(self.found.items(), key=lambda pair: -len(pair[1])):
            yield f"- {self.target}: {len(numbers)} x {fault}; first case {self.target}:{min(numbers)}"


def fuzz(target: str, seed: int, seconds: float, cases: int = NO_END) -> Tally:
    """Try cases of one target in processes of their own until the time is over, or so many."""
    tally, end, first = Tally(target), time.monotonic() + seconds, 1
    while first <= cases and (left := end - time.monotonic()) > 0:
        last, died = _served(tally, target, seed, first, cases, left)
        if not died:
            break
        tally.add(Result(last, "uncaught", died, "(the process ended)"))
        first = last + 1
    return tally


def _served(tally: Tally, target: str, seed: int, first: int, cases: int, seconds: float) -> tuple[int, str]:
    """One process's cases: the number it came to, and how it died if it did."""
    begun = done = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room, tempfile.TemporaryFile("w+") as errors:
        words = [target, room, str(seed), str(first), str(cases), str(seconds)]
        command = [sys.executable, "-X", "utf8", "-c", _SERVE, *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT) as process:
            assert process.stdout
            for line in process.stdout:
                said = json.loads(line)
                if "begins" in said:
                    begun = said["begins"]
                else:
                    done = said["number"]
                    tally.add(Result(**{**said, "outside": tuple(said["outside"])}))
        errors.seek(0)
        says = errors.read()
    if process.returncode and begun == done:
        raise RuntimeError(f"The process for {target} could not do its work:\n{says[-3000:]}")
    return begun, _death(says, process.returncode) if process.returncode else ""


def _death(says: str, code: int) -> str:
    """How a process died, and for one that hung the innermost own line it hung at."""
    if "Timeout (" not in says:
        return f"killed by signal {-code}" if code < 0 else f"exit status {code}"
    lines = [line.strip() for line in says.partition("Timeout (")[2].splitlines() if line.startswith("  File")]
    own = [line for line in lines if str(ROOT) in line] or lines
    return f"hung in {own[0].removeprefix('File ')}" if own else "hung"


def serve(target: str, room: str, seed: str, first: str, last: str, seconds: str) -> None:
    """What a process of cases does."""
    made = _ready(target, Room(Path(room)))
    sys.stderr.flush()
    frame.serve(target, made[0], made[1], int(seed), int(first), int(last), float(seconds))


def _ready(target: str, room: Room) -> tuple[frame.Maker, Room]:
    if hasattr(os, "nice"):
        os.nice(10)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))  # modules are still imported once the working directory is another
    room.enter()
    return setup(target, room), room


def one(target: str, number: int, seed: int) -> None:
    """Try one case in this process and print its traceback; its files stay."""
    make, room = _ready(target, Room(Path(tempfile.mkdtemp(prefix="fuzz-"))))
    attempt = make(frame.source(seed, target, number))
    print(f"Case {target}:{number} of seed {seed} lies in {room.root}", flush=True)
    result = frame.tried(number, attempt, room, frame.Watch(), loud=True)
    print(json.dumps(dataclasses.asdict(result), indent=1), flush=True)


def report(tallies: Sequence[Tally], seed: int) -> str:
    """The table and the list of faults, in Markdown."""
    head = "| target | cases | refused | accepted | uncaught or wrong | outside | peak memory, MB above idle |"
    lines = [f"Seed {seed}", "", head, "|---|--:|--:|--:|--:|--:|--:|", *(tally.row() for tally in tallies), ""]
    return "\n".join([*lines, *(fault for tally in tallies for fault in tally.faults())])


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz for so many minutes and print what was found; exit status 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(TARGETS), help="names of targets with commas between them")
    parser.add_argument("--cases", type=int, default=NO_END, help="at most so many of each target")
    parser.add_argument("--case", metavar="TARGET:NUMBER", help="try this one alone and let its exception through")
    a = parser.parse_args(argv)
    names = [a.case.partition(":")[0]] if a.case else a.only.split(",")
    if unknown := set(names) - set(TARGETS):
        parser.error(f"there is no target {min(unknown)}: choose among {', '.join(TARGETS)}")
    if a.case:
        one(names[0], int(a.case.partition(":")[2]), a.seed)
        return 0
    tallies = []
    try:
        for name in names:
            tallies.append(fuzz(name, a.seed, a.minutes * 60 / len(names), a.cases))
            print(tallies[-1].row(), file=sys.stderr, flush=True)
    finally:
        print(report(tallies, a.seed))
    return int(any(tally.found for tally in tallies))


if __name__ == "__main__":
    stopping.run(main)
