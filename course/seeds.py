"""Recorded rows of every experiment, ten seeds each, to stand behind a learner's own: real ones, kept in one small file.

`python -m course.seeds` makes what is missing in the file, or what was made with other arms; it takes an hour or two
and goes on where it was stopped. This module knows nothing about pages.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course import content, experiments, shipped
from course.experiments import TRIALS
from course.verdicts import Row
from ftcore.errors import FtError
from ftcore.runs import series

FILE = content.FOLDER / "seeds.json"
COMMAND = "python -m course.seeds"
SEEDS = range(100, 110)  # none that a learner begins with


@functools.cache
def load(path: Path = FILE) -> Mapping[str, Mapping[int, Row]]:
    """The recorded rows by experiment and seed; none of an experiment that has changed. A damaged file raises `FtError`."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return {
            name: {int(seed): {key: float(value) for key, value in row.items()} for seed, row in one["rows"].items()}
            for name, one in raw.items()
            if name in TRIALS and one["arms"] == experiments.arms_of(name)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FtError(f"{path.name} cannot be read ({error}): make it anew with {COMMAND}.") from error


def row(name: str, seed: int) -> dict[str, float]:
    """One row, made now."""
    if TRIALS[name].make is not None:
        return experiments.measured(name, seed)
    told = {at: series.epochs_of(one) for at, one in enumerate(experiments.trainings(name, [seed]), 1)}
    return experiments.rows_of(name, told)[0]


def make(path: Path = FILE, names: tuple[str, ...] = ()) -> None:
    """Make the rows that are missing, of all experiments or of these, and write the file after each."""
    try:
        known = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = {}
    kept: dict[str, Any] = {
        name: known[name]
        if known.get(name, {}).get("arms") == experiments.arms_of(name)
        else {"arms": experiments.arms_of(name), "rows": {}}
        for name in TRIALS
    }
    for name in names or tuple(TRIALS):
        if TRIALS[name].timed:
            continue  # what another machine took says nothing about this one
        for seed in SEEDS[:1] if TRIALS[name].counted else SEEDS:
            if str(seed) not in kept[name]["rows"]:
                drawn = row(name, seed).items()
                kept[name]["rows"][str(seed)] = {key: value for key, value in drawn if _is_shown(name, key)}
                shipped.write(path, kept)


def _is_shown(name: str, key: str) -> bool:
    """Only what is drawn is kept."""
    return key.partition("_")[2] in TRIALS[name].shown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the recorded seeds of the experiments anew.")
    parser.add_argument("names", nargs="*", help="of these experiments alone", choices=[[], *TRIALS])
    make(names=tuple(parser.parse_args().names))
