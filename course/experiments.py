"""Experiments that settle a belief: a guess first, then real runs or a measurement, then the number.

The words are in `assets/content/experiments.toml`; here stand the settings of the runs and how their numbers decide.
This module knows nothing about pages, and starts nothing by itself.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import content, measure, quiz
from ftcore.settings import Phase, RunSettings
from ftcore.story import Story
from ftcore.training import recipes

FILE = content.FOLDER / "experiments.toml"
BACKBONE = RunSettings().backbone


@dataclass(frozen=True)
class Experiment:
    """The words of an experiment. `guesses` and `outcomes` have the same keys; `labels` names its runs.

    `claim` is the number of the belief, 0 for none; `page` is where to go on by hand.
    """

    id: str
    claim: int
    title: str
    question: str
    guesses: Mapping[str, str]
    outcomes: Mapping[str, str]
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    page: str = "train_live"


@dataclass(frozen=True)
class Outcome:
    """Which of the guesses came true, and the numbers that say so (shares as 0..1, times in seconds)."""

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
    if made.id not in measure.MEASUREMENTS and set(made.labels) != set(comparisons().get(made.id, {})):
        raise ValueError("its labels do not name its runs")
    return made


@functools.cache
def comparisons() -> Mapping[str, Mapping[str, RunSettings]]:
    """The runs of each experiment by label, short ones on the built-in network and drawings."""
    last, everything = recipes.last_blocks(BACKBONE, 2), recipes.every_block(BACKBONE)
    head = Phase(epochs=4)

    def tuned(blocks: tuple[str, ...] = last, *, epochs: int = 4, lr: float = 1e-4, **more: Any) -> RunSettings:
        second = Phase(name="Fine-tune", epochs=epochs, lr=lr, trainable=blocks)
        return RunSettings(**{"phases": (head, second), "train_per_class": 40, **more})

    def at_once(**more: Any) -> RunSettings:
        phase = Phase(name="All at once", epochs=5, lr=1e-3, trainable=everything)
        return RunSettings(**{"phases": (phase,), "train_per_class": 20, **more})

    alone = RunSettings(phases=(Phase(epochs=6),), train_per_class=40)
    first = (everything[0], recipes.last_blocks(BACKBONE, 0)[0])
    random: dict[str, Any] = {"weights": "random", "batch_norm": "update"}
    return {
        "head-only": {"a": tuned(epochs=2)},
        "thaw-moment": {"a": tuned(epochs=6)},
        "val-above": {"a": RunSettings(phases=(Phase(epochs=3),), train_per_class=40)},
        "all-at-once": {"a": tuned(everything, epochs=3, train_per_class=20), "b": at_once()},
        "bn-rule": {"a": tuned(), "b": tuned(batch_norm="update")},
        "trunk-rate": {"a": tuned(), "b": tuned(lr=1e-2)},
        "more-thawed": {
            "a": tuned(recipes.last_blocks(BACKBONE, 1), epochs=6, lr=1e-3, train_per_class=5),
            "b": tuned(everything, epochs=6, lr=1e-3, train_per_class=5),
        },
        "kept-features": {"a": alone, "b": dataclasses.replace(alone, cache=False)},
        "pretrained-random": {
            "a": tuned(epochs=3, train_per_class=10),
            "b": at_once(train_per_class=10, **random),
            "c": tuned(epochs=3, train_per_class=100),
            "d": at_once(train_per_class=100, **random),
        },
        "early-late": {
            "a": tuned(first, epochs=3, train_per_class=20),
            "b": tuned(recipes.last_blocks(BACKBONE, 1), epochs=3, train_per_class=20),
        },
    }


def given(name: str) -> dict[str, float]:
    """What is known of an experiment before it is made: its counts, or images of each class and last rate by label."""
    numbers = dict(measure.MEASUREMENTS[name].given) if name in measure.MEASUREMENTS else {}
    for label, settings in comparisons().get(name, {}).items():
        numbers |= {f"{label}_images": settings.train_per_class, f"{label}_rate": settings.phases[-1].lr}
    return numbers


def measured(name: str) -> Outcome:
    """Make the measurement of an experiment that needs no run; takes seconds."""
    one = measure.MEASUREMENTS[name]
    numbers = one.make()
    return Outcome(one.verdict(numbers), numbers)


def judged(name: str, runs: Mapping[str, Story]) -> Outcome:
    """What finished runs decide, by label."""
    numbers: dict[str, float] = {}
    for label, run in runs.items():
        numbers |= {f"{label}_{key}": value for key, value in _numbers(run).items()}
    if {"a", "b"} <= set(runs):
        numbers["gap"] = abs(numbers["a_last"] - numbers["b_last"])
    if "c" in runs:
        numbers["gap_many"] = abs(numbers["c_last"] - numbers["d_last"])
    return Outcome(_JUDGES.get(name, _better)(numbers), numbers)


def _numbers(run: Story) -> dict[str, float]:
    first, last = run.epochs[0], run.epochs[-1]
    head = [row for row in run.epochs if row.phase == 1][-1]
    after = next((row for row in run.epochs if row.phase == 2), last)
    moved = [value for name, value in last.drift.items() if name != "head"]
    still = [value for name, value in head.drift.items() if name != "head"]
    return {
        "last": last.val_accuracy,
        "head": head.val_accuracy,
        "thawed": after.val_accuracy,
        "first_val": first.val_accuracy,
        "first_train": first.train_accuracy,
        "first_sample": first.sample_accuracy,
        "head_loss": head.val_loss,
        "last_loss": last.val_loss,
        "epoch": min(row.seconds for row in run.epochs),
        "still": max(still, default=0.0),
        "moved": max(moved, default=0.0),
    }


def _better(n: Mapping[str, float]) -> str:
    difference = n["a_last"] - n["b_last"]
    return "same" if abs(difference) <= measure.SAME else "a" if difference > 0 else "b"


def _loss(n: Mapping[str, float]) -> str:
    if abs(n["a_last_loss"] - n["a_head_loss"]) <= 0.01 * n["a_head_loss"]:
        return "same"
    return "lower" if n["a_last_loss"] < n["a_head_loss"] else "worse"


_JUDGES: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "head-only": lambda n: "none" if n["a_still"] == 0 else "some",
    "thaw-moment": _loss,
    "val-above": lambda n: "late" if n["a_first_sample"] > n["a_first_train"] else "bug",
    "kept-features": lambda n: "much" if n["b_epoch"] > 2 * n["a_epoch"] else "little",
    "pretrained-random": lambda n: "shrinks" if n["gap_many"] < n["gap"] else "grows",
}
