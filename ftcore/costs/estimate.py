"""How long a run will take, from what was measured on this machine."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ftcore.costs import memory
from ftcore.costs.machine import Cost, altering, costs
from ftcore.data import builtin, sets
from ftcore.data.catalogue import CATALOGUE
from ftcore.network import backbones
from ftcore.network.describe import BlockInfo, describe
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment, recipes
from ftcore.training.loop import SAMPLE


@dataclass(frozen=True)
class Estimate:
    """Expected seconds of a run: making the features once, in every view that is kept, then each phase, then all together.

    `plain` is the whole without kept features. `drawing` is the time to draw a generated set, or to read an own one,
    the first time; it counts in `seconds` and `plain`. All of it rests on a measurement on this machine.
    """

    cache: float
    phases: tuple[float, ...]
    seconds: float
    plain: float
    drawing: float = 0.0


def of_run(settings: RunSettings, counts: Mapping[str, int] | None = None) -> Estimate:
    """Expected time of a run, with nothing kept yet. The first call for a backbone measures for a few seconds.

    `counts` gives the images of train, val and test where they are known; else the set is asked.
    """
    recipes.check_settings(settings)
    cost, rows = costs(settings.backbone), describe(settings.backbone)
    made = counts or _counts(settings)
    firsts = [first_trainable(phase, rows) for phase in settings.phases]
    cache = _filling(settings, made, cost, rows[: max(firsts)]) if settings.cache else 0.0
    looks = made["val"] * _look(cost, rows, firsts[0]) + made["test"] * _look(cost, rows, firsts[-1])
    phases = tuple(
        p.epochs * epoch_seconds(settings, p, made, cost, rows, cached=settings.cache and first > 0)
        for p, first in zip(settings.phases, firsts, strict=True)
    )
    plain = sum(p.epochs * epoch_seconds(settings, p, made, cost, rows, cached=False) for p in settings.phases)
    plain += (made["val"] + made["test"]) * _look(cost, rows, 0)
    looked_at = looks if settings.cache else (made["val"] + made["test"]) * _look(cost, rows, 0)
    draw = drawing(settings)
    return Estimate(cache, phases, cache + sum(phases) + looked_at + draw, plain + draw, draw)


def _filling(
    settings: RunSettings, made: Mapping[str, int], cost: dict[str, Cost], frozen: tuple[BlockInfo, ...]
) -> float:
    """Seconds of the pass that keeps the features in front of the last boundary, in all views."""
    shown = augment.pictures(settings, made)
    altered = shown - sum(made.values()) if frozen else 0
    own = altered * altering(settings.backbone) if altered else 0.0
    return own + shown * sum(cost[row.name].forward for row in frozen)


def drawing(settings: RunSettings) -> float:
    """Seconds to make what is not made yet of the pictures of a generated or own set."""
    preprocess = backbones.preprocess(settings.backbone)
    missing = sets.to_draw(settings.data, preprocess, train_per_class=settings.train_per_class)
    if not missing:
        return 0.0
    if settings.data not in CATALOGUE:
        return missing * sets.reading_seconds(settings.data, preprocess)
    measure = functools.partial(builtin.drawing_seconds, preprocess.side)
    return missing * memory.kept(f"drawing {preprocess.side}", measure, memory.positive)


def of_epoch(settings: RunSettings, phase: Phase, *, cached: bool, counts: Mapping[str, int] | None = None) -> float:
    """Expected seconds of one epoch of a phase, evaluation included, with or without kept features.

    `counts` as in `of_run`.
    """
    made = counts or _counts(settings)
    return epoch_seconds(settings, phase, made, costs(settings.backbone), describe(settings.backbone), cached=cached)


def _counts(settings: RunSettings) -> dict[str, int]:
    per_class, seed, labels = settings.train_per_class, settings.seed, settings.labels
    return sets.summary(settings.data, train_per_class=per_class, seed=seed, labels=labels).counts


def first_trainable(phase: Phase, rows: tuple[BlockInfo, ...]) -> int:
    """The place of the first trainable block that has weights: what lies before it can be kept."""
    return min(i for i, row in enumerate(rows) if row.name in phase.trainable and row.learns)


def _look(cost: dict[str, Cost], rows: tuple[BlockInfo, ...], first: int) -> float:
    """Seconds to evaluate one image from this block on."""
    return sum(cost[row.name].forward for row in rows[first:])


def epoch_seconds(
    settings: RunSettings, phase: Phase, made: Mapping[str, int], cost: dict[str, Cost], rows: tuple[BlockInfo, ...],
    *, cached: bool,
) -> float:  # fmt: skip
    """Expected seconds of one epoch, evaluation included, from the cost and the counts of each block."""
    # Per image, frozen blocks cost a forward pass in each epoch, unless it was kept; from the first trainable block on
    # an image to learn from costs forward and backward, one to look at forward alone. The optimizer's step does not
    # depend on images: it touches each trainable number once per batch.
    # Of images that are new in each epoch, since they are altered or mixed, nothing can be kept to learn from.
    learn, look = made["train"], made["val"] + min(SAMPLE, made["train"])
    first = first_trainable(phase, rows)
    anew = learn if augment.live(settings) or not cached else 0
    prefix = (anew + (0 if cached else look)) * sum(cost[row.name].forward for row in rows[:first])
    if share := augment.altered(settings):
        prefix += anew * share * altering(settings.backbone)
    tail = learn * sum(cost[row.name].train for row in rows[first:]) + look * _look(cost, rows, first)
    weights = sum(row.parameters for row in rows if row.name in phase.trainable)
    return prefix + tail + math.ceil(learn / settings.batch_size) * weights * cost["step"].train
