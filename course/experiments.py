"""Experiments that settle a belief: a guess first, then several seeds of every arm, then what their numbers show.

The words are in `assets/content/experiments.toml`. This module knows nothing about pages, and trains nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import content, measure, quiz
from course.trainings import TRAININGS, numbers
from course.trials import Trial
from course.verdicts import LEAST, Rows, means
from ftcore import fields
from ftcore.events import EpochEnd
from ftcore.settings import Phase, RunSettings

FILE = content.FOLDER / "experiments.toml"
_FIRST = {
    "backbone", "data", "labels", "weights", "train_per_class", "batch_size", "batch_norm", "seed", "cache", "patience",
    "best_weights", "skip_bad", "name", "epochs", "lr", "trainable", "optimizer", "weight_decay", "schedule", "depth_decay",
}  # fmt: skip
TRIALS: Mapping[str, Trial] = {**TRAININGS, **measure.MEASUREMENTS}


@dataclass(frozen=True)
class Experiment:
    """The words of an experiment. `guesses` and `outcomes` have the same keys; `labels` names its arms.

    `shown` says what its drawn numbers are. `claim` is the number of the belief, 0 for none; `page` is where to go on
    by hand.
    """

    id: str
    claim: int
    title: str
    question: str
    guesses: Mapping[str, str]
    outcomes: Mapping[str, str]
    labels: Mapping[str, str]
    shown: Mapping[str, str]
    page: str = "train_live"


@dataclass(frozen=True)
class Outcome:
    """Which of the guesses came true, and the means over the seeds that say so (shares as 0..1, times in seconds)."""

    key: str
    numbers: Mapping[str, float]


def load(path: Path | None = None) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """All whole experiments, and a sentence for each that has a mistake. Broken TOML raises `FtError`."""
    path = path or FILE
    return quiz.entries(quiz.read(path).get("experiment", []), f"{path.name}, experiment", _experiment)


def _experiment(row: Mapping[str, Any]) -> Experiment:
    made = Experiment(**row)
    if not (made.title and made.question and len(made.guesses) > 1):
        raise ValueError("it needs a title, a question and two or more guesses")
    if set(made.guesses) != set(made.outcomes):
        raise ValueError("each guess needs an outcome of the same name")
    if made.id not in TRIALS:
        raise ValueError("nothing is tried under this id")
    trial = TRIALS[made.id]
    if set(made.labels) != set(trial.arms) or set(made.shown) != set(trial.shown):
        raise ValueError("its labels do not name its arms, or its numbers not what is drawn")
    return made


def given(name: str) -> dict[str, float]:
    """What is known of an experiment before it is made: its counts, or images of each class and last rate by arm."""
    known = dict(measure.GIVEN.get(name, {}))
    for label, arm in TRIALS[name].arms.items():
        if isinstance(arm, RunSettings):
            known |= {f"{label}_images": arm.train_per_class, f"{label}_rate": arm.phases[-1].lr}
        else:
            known |= {f"{label}_{key}": value for key, value in arm.items() if type(value) is int}
    return known


def arms_of(name: str) -> str:
    """A mark of what an experiment compares: rows that were made with other arms are not its own."""
    plain = {
        label: _marking(arm) if isinstance(arm, RunSettings) else dict(arm) for label, arm in TRIALS[name].arms.items()
    }
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def _marking(settings: RunSettings) -> dict[str, Any]:
    """What the mark is made of: a setting that came later counts where it is used, so that rows of before keep theirs."""
    return {**_counted(settings), "phases": [_counted(phase) for phase in settings.phases]}


def _counted(record: RunSettings | Phase) -> dict[str, Any]:
    chosen = {f.name: (getattr(record, f.name), f.default) for f in fields.plain(record)}
    return {name: value for name, (value, usual) in chosen.items() if name in _FIRST or value != usual}


def trainings(name: str, seeds: Sequence[int]) -> list[RunSettings]:
    """All trainings of an experiment: for each seed every arm, in order."""
    arms = TRIALS[name].arms.values()
    return [dataclasses.replace(arm, seed=seed) for seed in seeds for arm in arms if isinstance(arm, RunSettings)]


def rows_of(name: str, finished: Mapping[int, Sequence[EpochEnd]]) -> dict[int, dict[str, float]]:
    """The row of each seed whose trainings are all finished, by its place among the seeds.

    `finished` holds the epochs of trainings by their place, from 1, in the order of `trainings`.
    """
    labels = list(TRIALS[name].arms)
    rows: dict[int, dict[str, float]] = {}
    for place in range(max(finished, default=0) // len(labels)):
        mine = {label: finished.get(place * len(labels) + at) for at, label in enumerate(labels, 1)}
        if all(mine.values()):
            rows[place] = {f"{k}_{n}": v for k, epochs in mine.items() if epochs for n, v in numbers(epochs).items()}
    return rows


def measured(name: str, seed: int = 0) -> dict[str, float]:
    """The row of one seed of an experiment that needs no training of its own; takes seconds."""
    trial = TRIALS[name]
    assert trial.make is not None
    arms = {label: arm for label, arm in trial.arms.items() if isinstance(arm, Mapping)}
    made = {label: trial.make(seed, **arm) for label, arm in arms.items()}
    return {f"{label}_{key}": float(value) for label, found in made.items() for key, value in found.items()}


def missing(name: str, done: int) -> int:
    """How many seeds are to be made before anything can be said; 1 once there are enough."""
    trial = TRIALS[name]
    least = 1 if trial.counted else trial.seeds
    return max(least - done, 1)


def judged(name: str, rows: Rows) -> Outcome | None:
    """What the rows of several seeds show; None as long as they are too few for any verdict."""
    trial = TRIALS[name]
    if len(rows) < (1 if trial.counted else LEAST):
        return None
    return Outcome(trial.judge(rows), {**given(name), **means(rows)})
