"""Real runs killed at random moments, gone on with, and held against a run that nothing disturbed.

    python -m benchmarks.kills --count 50            so many kills, a table at the end
    python -m benchmarks.kills --count 1 --seed 7    another moment; the first kill of a seed repeats its kind and moment

A tiny lesson goes through a server of its own (a process with `ftcore.runs.service.manager()`), so that its worker can be
killed, or the server over a working, paused or waiting run. The moment is uniform over the life of a run, from its
start over the filling of the caches and the writing of checkpoints to its end; moments are seconds, so what a kill
hits depends on the machine. After a kill the run is resumed, killed again with probability 1/3, and at last must be
done with the same numbers for every epoch (seconds apart), the same weights bit for bit, and no part file in its
folder. Exit status 1 if any run was lost or came out different.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from benchmarks import stopping
from benchmarks.fuzzing import living
from benchmarks.served import Server, until
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, RunEnd, to_dict
from ftcore.files import ROOT
from ftcore.runs import locks, records
from ftcore.settings import HEAD, Phase, RunSettings

KINDS = ("worker", "worker", "worker", "server", "paused", "waiting")
AGAIN = 1 / 3
BUSY = ("queued", *records.BUSY)
ENDED = ("failed", "stopped", "interrupted")


@dataclass
class Count:
    """What was killed and what became of it; `faults` has a line for each run that was lost or different."""

    runs: int = 0
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lost: int = 0
    different: int = 0

    @property
    def kills(self) -> int:
        """All kills so far."""
        return sum(self.hits.values())

    def report(self) -> str:
        """In Markdown."""
        rows = [f"| {kind} | {state} | {n} |" for (kind, state), n in sorted(self.hits.items())]
        said = f"{self.kills} kills of {self.runs} runs: {self.lost} lost, {self.different} different"
        table = ["| killed | state it hit | kills |", "|---|---|--:|", *rows]
        return "\n".join([said, "", *table, "", *(f"- {fault}" for fault in self.faults)])


def outcome(folder: Path) -> dict[str, Any]:
    """What must be equal of a finished run: each epoch and the test in numbers, and the weights.

    A run that was killed after its test and before it was noted as done tests again, so the last test counts.
    """
    log, _ = records.read_log(folder)
    numbers = [
        {key: value for key, value in to_dict(said).items() if key != "seconds"}
        for said in log
        if isinstance(said, Baseline | EpochEnd)
    ]
    tests = [(said.test_loss, said.test_accuracy, said.kept_epoch) for said in log if isinstance(said, RunEnd)]
    return {"numbers": numbers, "test": tests[-1:], "weights": load_file(folder / "model.safetensors")}


def difference(folder: Path, wanted: dict[str, Any]) -> str:
    """In what a finished run differs from the undisturbed one; nothing if in nothing."""
    result = outcome(folder)
    if result["numbers"] != wanted["numbers"]:
        return f"other numbers: {_first_other(result['numbers'], wanted['numbers'])}"
    if result["test"] != wanted["test"]:
        return f"another test: {result['test']} instead of {wanted['test']}"
    same = result["weights"].keys() == wanted["weights"].keys()
    if not (same and all(torch.equal(t, wanted["weights"][key]) for key, t in result["weights"].items())):
        return "other weights"
    left = sorted(path.name for path in folder.rglob("*") if path.name.endswith(".part"))
    return f"left behind: {left[0]}" if left else ""


def _first_other(result: list[Any], wanted: list[Any]) -> str:
    pairs = itertools.zip_longest(result, wanted)
    return next(f"{one} instead of {other}" for one, other in pairs if one != other)


class Killing:
    """Runs of the same settings, one after another, each killed at least once."""

    def __init__(self, home: Path, settings: RunSettings, rng: random.Random) -> None:
        self.home, self.settings, self.rng = home, settings, rng
        self.server, self.count = Server(), Count()
        self._undisturbed()  # once to measure the machine, once for the numbers and the time
        self.wanted, self.life = self._undisturbed()

    def _undisturbed(self) -> tuple[dict[str, Any], float]:
        self._forget()
        start, run = time.monotonic(), self.server.submit(self.settings)
        if (state := self.server.until(run, "done", *ENDED)) != "done":
            raise RuntimeError(f"The undisturbed run ended as {state}")
        return outcome(self.home / "runs" / run), time.monotonic() - start

    def _forget(self) -> None:
        """Leave nothing in the caches, so that a run fills them."""
        for name in ("data", "features"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def one(self) -> None:
        """One run: killed, resumed, perhaps killed again, and judged at its end."""
        self.count.runs += 1
        if self.rng.random() < 0.5:
            self._forget()
        run = ""
        while not run or self.rng.random() < AGAIN:
            run = self._strike(run, self.rng.choice(KINDS), self.rng.random())
            if self.server.ask("status", run) == "done":
                break
        try:
            self._go_on(run)
            state = self.server.until(run, "done", *ENDED)
            fault = "" if state == "done" else f"ended as {state}"
        except FtError as error:
            fault = str(error)
        if fault:
            self.count.lost += 1
        elif fault := difference(self.home / "runs" / run, self.wanted):
            self.count.different += 1
        if fault:
            self.count.faults.append(f"run {self.count.runs}, after kill {self.count.kills}: {fault}")
        else:
            self._delete(run)

    def _strike(self, run: str, kind: str, moment: float) -> str:
        """Start the run, or go on with it, and kill at this share of its life; gives back its id."""
        ahead = self.server.submit(_long(self.settings)) if kind == "waiting" else ""
        if run:
            self._go_on(run)
        else:
            run = self.server.submit(self.settings)
        time.sleep(moment * (1.0 if ahead else self.life))
        if kind == "paused":
            self.server.ask("pause", run)
            self.server.until(run, "paused", "done", *ENDED)
        state = str(self.server.ask("status", run))
        if kind in ("server", "waiting") or not self.server.kill_worker(run):
            kind = kind if kind in ("server", "waiting") else f"{kind} (gone: server)"
            self.server.kill()
        self.count.hits[kind, state] += 1
        print(f"kill {self.count.kills}: {kind}, {state}", file=sys.stderr, flush=True)
        if ahead:
            self._delete(ahead)
        return run

    def _go_on(self, run: str) -> None:
        if self.server.ask("status", run) not in ("done", "queued", "preparing", "running"):
            self.server.ask("resume", run)

    def _delete(self, run: str) -> None:
        """Take a run away as soon as nothing works on it."""
        if self.server.ask("status", run) in BUSY:
            self.server.ask("stop", run)
        until(lambda: run not in self.server.ask("workers") and not locks.is_alive(self.home / "runs" / run))
        self.server.ask("delete", run)


def _long(settings: RunSettings) -> RunSettings:
    """A run that keeps the only worker busy."""
    return dataclasses.replace(settings, phases=(Phase(epochs=1000),))


def main(argv: Sequence[str] | None = None) -> int:
    """Kill so many times and print what became of the runs; exit status 1 if any came to harm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50, help="kills, at least")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args(argv)
    if hasattr(os, "nice"):
        os.nice(10)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        home = Path(place) / "home"
        os.environ.update(THAW_HOME=str(home), THAW_JOBS="1", PYTHONPATH=str(ROOT))
        phases = (Phase(epochs=2, lr=0.01), Phase(name="Fine-tune", epochs=2, lr=1e-3, trainable=("layer4.1", HEAD)))
        settings = RunSettings(data=str(living.pictures(Path(place) / "pictures")), phases=phases, batch_size=4)
        killing = Killing(home, settings, random.Random(a.seed))
        try:
            while killing.count.kills < a.count:
                killing.one()
        finally:
            killing.server.end()
            print(f"Seed {a.seed}, a run's life {killing.life:.1f} s\n\n{killing.count.report()}")
    return int(bool(killing.count.faults))


if __name__ == "__main__":
    stopping.run(main)
