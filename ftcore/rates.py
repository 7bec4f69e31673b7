"""What was measured of learning rates: from which on a phase of one kind ended badly, and which ones went well.

The table is kept with the program; `python -m benchmarks.rates` makes it anew. What it has not measured, nothing is said
about. Knows no words, and nothing about how runs are made.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from pathlib import Path

from ftcore import events
from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.settings import RunSettings

FILE = ROOT / "assets" / "rates.json"
# Kinds of the coach's verdict; with a kind of the second row it has nothing to object. All others are neither of both.
BAD = ("diverged", "chance", "memorised", "damaged", "lost")
WELL = ("perfect", "learning", "level", "converged", "open")


@dataclass(frozen=True)
class Measured:
    """On what was measured, and how: once for each set of `data` and each seed, `epochs` of the phase in question.

    `head_*` is the phase of the head alone that went before where there was one. `batch_size` to `depth_decay` held for
    all phases. `train_per_class` images of each class were trained on and `val_images` validated.
    """

    backbone: str
    data: tuple[str, ...]
    seeds: tuple[int, ...]
    train_per_class: int
    val_images: int
    epochs: int
    head_epochs: int
    head_lr: float
    head_optimizer: str
    batch_size: int
    weight_decay: float
    schedule: str
    depth_decay: float


@dataclass(frozen=True)
class Series:
    """One kind of phase at rising `rates`; `ends` has the kinds of verdict at each, for every set and in it every seed.

    `after_head` says that a phase of the head alone went before.
    """

    weights: str
    batch_norm: str
    after_head: bool
    trainable: tuple[str, ...]
    optimizer: str
    rates: tuple[float, ...]
    ends: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Table:
    """All that was measured."""

    measured: Measured
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Risk:
    """A phase (from 1) whose rate `lr` is known to end badly.

    `at` is the measured rate at or next below it, `ends` how every try there ended; `lowest` the rate from which on all
    tries ended badly; `well` the largest below it at which all of `well_tries` went well.
    """

    phase: int
    lr: float
    at: float
    ends: tuple[str, ...]
    lowest: float
    well: float
    well_tries: int


@functools.cache
def load(path: Path = FILE) -> Table:
    """The table kept with the program. One that cannot be read raises `FtError`."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        series = tuple(events.build(Series, one) for one in raw["series"])
        if not all(
            list(s.rates) == sorted(set(s.rates)) and len(s.rates) == len(s.ends) and all(s.ends) for s in series
        ):
            raise ValueError("rates and ends do not fit together")
        return Table(events.build(Measured, raw["measured"]), series)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FtError(f"{path.name} cannot be read ({error}): make it anew with python -m benchmarks.rates.") from error


def text(table: Table) -> str:
    """The table as `load` reads it: JSON, a line for each series."""
    lines = ",\n".join(f"  {json.dumps(dataclasses.asdict(one))}" for one in table.series)
    return f'{{\n "measured": {json.dumps(dataclasses.asdict(table.measured))},\n "series": [\n{lines}\n ]\n}}\n'


def risks(settings: RunSettings, table: Table) -> tuple[Risk, ...]:
    """The phases whose rate ended badly in every try, for phases of their kind that the table has."""
    found = (_risk(settings, number, table) for number in range(1, len(settings.phases) + 1))
    return tuple(risk for risk in found if risk is not None)


def _risk(settings: RunSettings, number: int, table: Table) -> Risk | None:
    lr = settings.phases[number - 1].lr
    one = next((series for series in table.series if _fits(settings, number, series, table.measured)), None)
    if one is None:
        return None
    first = len(one.rates)
    while first and all(end in BAD for end in one.ends[first - 1]):
        first -= 1
    good = [at for at in range(first) if all(end in WELL for end in one.ends[at])]
    # Where no rate went well, too little was learned to blame the rate.
    if first == len(one.rates) or lr < one.rates[first] or not good:
        return None
    at = max(at for at, rate in enumerate(one.rates) if rate <= lr)
    best = good[-1]
    return Risk(number, lr, one.rates[at], one.ends[at], one.rates[first], one.rates[best], len(one.ends[best]))


def _fits(settings: RunSettings, number: int, series: Series, measured: Measured) -> bool:
    """Is this phase of the kind that the series measured, in all that bears on its rate?

    How many images and epochs there are may differ, as the sets do: what was measured is said with what it was measured
    on. Another network is another kind: its blocks are others, and so is what they bear.
    """
    phase, before = settings.phases[number - 1], settings.phases[: number - 1]
    if set(phase.trainable) != set(series.trainable) or phase.optimizer != series.optimizer:
        return False
    if settings.backbone != measured.backbone or settings.weights != series.weights:
        return False
    if len(before) != series.after_head or not all(earlier.head_only for earlier in before):
        return False
    run, as_run = (settings.batch_size, phase.weight_decay, phase.schedule), (
        measured.batch_size, measured.weight_decay, measured.schedule,
    )  # fmt: skip
    # With the head alone there is no deeper block, and no BatchNorm that could follow: these settings do nothing.
    rules = phase.head_only or (settings.batch_norm, phase.depth_decay) == (series.batch_norm, measured.depth_decay)
    return run == as_run and rules
