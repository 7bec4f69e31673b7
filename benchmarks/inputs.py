"""What `train` makes of every folder and file in a folder: `python -m benchmarks.inputs FOLDER [NAME ...]`.

Each input is trained on for one epoch with two images a class, twice: plain with stderr in a file, and with `--json`.
Prints a Markdown table and ends with status 1 if there was a traceback, an exit status other than 0 or 2, more than
one sentence on stderr, or a difference between the two. Knows nothing about what the right answer is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from benchmarks import stopping
from ftcore.__main__ import main
from ftcore.names import tidy


@dataclass(frozen=True)
class Told:
    """One command: its exit status and what it said on both streams."""

    status: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """What no command may do."""
        faults = [f"exit status {self.status}"] if self.status not in (0, 2) else []
        if "Traceback" in self.err + self.out:
            faults.append("traceback")
        if self.err.count("\n") != (1 if self.status else 0):
            faults.append(f"{self.err.count(chr(10))} lines on stderr")
        return faults


def train(data: Path, folder: Path, *options: str) -> Told:
    """One run of the command, its streams in files."""
    words = ["train", "--data", str(data), "--epochs", "1", "--train-per-class", "2", "--out", str(folder / "run")]
    folder.mkdir()
    child = os.fork()  # of a process that has imported everything, which takes longer than the rest
    if not child:
        for number, place in enumerate((Path(os.devnull), folder / "out", folder / "err")):
            os.dup2(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), number)
        _end(lambda: main([*words, *options]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = [(folder / name).read_text("utf-8", "backslashreplace") for name in ("out", "err")]
    return Told(status, *said)


def _end(command: Callable[[], int]) -> NoReturn:
    """End this process as Python would, with the command's exit status."""
    status = 1
    try:
        status = command()
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - it is told as Python tells it, and seen in the table
        traceback.print_exc()
    finally:
        os._exit(status)


def found(plain: Told, events: Told) -> tuple[str, list[str]]:
    """The sentence about what was found, and where the two ways to ask differ."""
    told = [json.loads(line) for line in events.out.splitlines()]
    says = next((event["says"] for event in told if event["event"] == "data_found"), "")
    first = plain.out.splitlines()[0] if plain.out else ""
    faults = [] if first == says else [f"plain says first: {first}"]
    if (plain.status, plain.err.replace("plain", "")) != (events.status, events.err.replace("json", "")):
        faults.append(f"--json: {events.status} {events.err}")
    return says, faults


def row(data: Path, folder: Path) -> tuple[str, bool]:
    """One line of the table, and whether all was well."""
    plain, events = train(data, folder / "plain"), train(data, folder / "json", "--json")
    says, faults = found(plain, events)
    faults += [*plain.faults, *events.faults]
    sentence = plain.err.strip().replace(str(folder / "plain"), "...")
    if faults:
        sentence = f"{sentence} **{'; '.join(faults)}**"
    cells = [tidy(data.name), says or "-", sentence or "-", f"{plain.status}, {events.status}"]
    return "| " + " | ".join(tidy(cell).replace("|", "\\|") for cell in cells) + " |", not faults


def tell() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these")
    a = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    names = a.names or sorted(os.listdir(a.folder))
    print("| input | found | sentence | exit status: plain, --json |\n| --- | --- | --- | --- |")
    well = True
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(names):
            place = Path(scratch) / str(number)
            place.mkdir()
            line, good = row(a.folder / name, place)
            print(line, flush=True)
            shutil.rmtree(place)  # each run keeps its weights and its checkpoint
            well = well and good
    return 0 if well else 1


if __name__ == "__main__":
    stopping.run(tell)
