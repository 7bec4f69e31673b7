"""The options of `train` as settings.

Knows nothing about how a run is started or shown.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Callable
from typing import Any

from ftcore.data import catalogue
from ftcore.errors import FtError
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes


def numbers(kind: type) -> Callable[[str], tuple[float, ...]]:
    """A parser of numbers with commas between them; its name is what argparse calls them."""

    def parse(text: str) -> tuple[float, ...]:
        return tuple(kind(part) for part in text.split(","))

    parse.__name__ = f"{kind.__name__} list"
    return parse


def settings_from(a: argparse.Namespace) -> RunSettings:
    """The settings that the arguments of `train` ask for."""
    base = RunSettings()
    if a.settings:
        try:
            base = RunSettings.from_json(a.settings.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise FtError(f"{a.settings} cannot be read: name a settings.json, such as that of a run.") from error
    backbone, weights = a.backbone or base.backbone, a.weights or base.weights
    if a.settings and backbone == base.backbone and weights == base.weights and a.thaw is None:
        phases = base.phases
    else:
        phases = _phases(backbone, weights, a.thaw, a.epochs)
    for name in ("epochs", "lr"):
        if getattr(a, name):
            phases = _spread(phases, name, getattr(a, name))
    changes = {"train_per_class": a.train_per_class, "seed": a.seed}
    changes["data"] = None if a.data is None else catalogue.meant(a.data)  # absolute: a resume may start elsewhere
    changes["labels"] = str(a.labels.expanduser().absolute()) if a.labels else None
    changes["skip_bad"] = a.skip_bad or None
    if weights == "random" and base.weights != "random":
        changes["batch_norm"] = "update"
    if a.no_cache:
        changes["cache"] = False
    kept = {k: v for k, v in changes.items() if v is not None}
    return dataclasses.replace(base, backbone=backbone, weights=weights, phases=phases, **kept)


def _phases(backbone: str, weights: str, thaw: str | None, epochs: tuple[int, ...] | None) -> tuple[Phase, ...]:
    if weights == "random" and thaw is None and len(epochs or (15,)) == 1:
        return recipes.scratch(backbone)
    first, second = recipes.classic(backbone)
    if thaw == "all" or (thaw is None and weights == "random"):
        return (first, dataclasses.replace(second, trainable=recipes.every_block(backbone)))
    if thaw is not None and not re.fullmatch(r"[0-9]{1,4}", thaw):
        raise FtError(f"--thaw takes a number of blocks or 'all', not '{thaw}'.")
    return recipes.classic(backbone, int(thaw)) if thaw is not None else (first, second)


def _spread(phases: tuple[Phase, ...], name: str, values: tuple[float, ...]) -> tuple[Phase, ...]:
    if len(values) > len(phases):
        raise FtError(f"--{name} names {len(values)} values, but the run has {len(phases)} phases: give fewer.")
    if name == "epochs" and len(values) < len(phases):
        phases = phases[: len(values)]
    return tuple(
        dataclasses.replace(phase, **_one(name, values[i])) if i < len(values) else phase
        for i, phase in enumerate(phases)
    )


def _one(name: str, value: float) -> dict[str, Any]:
    return {name: value}
