"""The options of `train` as settings.

Knows nothing about how a run is started or shown.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftcore import fields, numerals
from ftcore.data import catalogue
from ftcore.errors import FtError
from ftcore.network import libraries
from ftcore.network.catalogue import FOR_PHOTOS
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes


def several(kind: type) -> Callable[[str], tuple[Any, ...]]:
    """A parser of values with commas between them; its name is what argparse calls them."""

    def parse(text: str) -> tuple[Any, ...]:
        return tuple(kind(part) for part in text.split(","))

    parse.__name__ = f"{kind.__name__} list"
    return parse


def add(parser: argparse.ArgumentParser) -> None:
    """An option for each setting that has one; those of a phase take a value for each phase, with commas between."""
    for f in _with_option(RunSettings):
        name, says = f.name.replace("_", "-"), f.metadata["option"]
        if isinstance(f.default, bool):
            flag = f"--no-{name}" if f.default else f"--{name}"
            parser.add_argument(flag, dest=f.name, action="store_const", const=not f.default, help=says)
        else:
            kind = type(f.default)
            metavar = "{" + ",".join(f.metadata["choices"]) + "}" if f.metadata["choices"] else None
            parser.add_argument(f"--{name}", type=kind, metavar=metavar or ("N" if kind is int else None), help=says)
    for f in _with_option(Phase):
        shown = f.metadata["choices"] or (f.default, f.default)
        parser.add_argument(
            f"--{f.name.replace('_', '-')}", dest=f"phase_{f.name}", type=several(type(f.default)),
            metavar=",".join(f"{v:g}" if isinstance(v, float) else f"{v}" for v in shown[:2]),
            help=f.metadata["option"] + (" One for each phase." if f.metadata["option"] == f.metadata["help"] else ""),
        )  # fmt: skip


def _with_option(kind: type) -> list[dataclasses.Field[Any]]:
    return [f for f in fields.plain(kind) if f.metadata["option"]]


def settings_from(a: argparse.Namespace) -> RunSettings:
    """The settings that the arguments of `train` ask for."""
    base = RunSettings()
    if a.settings:
        try:
            base = RunSettings.from_json(a.settings.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise FtError(f"{a.settings} cannot be read: name a settings.json, such as that of a run.") from error
    weights = a.weights or base.weights
    backbone = libraries.named(a.backbone) if a.backbone else base.backbone if a.settings else _usual(a.data, weights)
    if a.settings and backbone == base.backbone and weights == base.weights and a.thaw is None:
        phases = base.phases
    else:
        phases = _phases(backbone, weights, a.thaw, a.phase_epochs)
    phases = _spread(phases, "epochs", a.phase_epochs or ())
    if weights == "pretrained" and not a.settings and _own(a.data):
        base = recipes.for_photos(dataclasses.replace(base, phases=phases))
        phases = base.phases
    for f in _with_option(Phase):
        if f.name != "epochs" and (values := getattr(a, f"phase_{f.name}")):
            phases = _spread(phases, f.name, values)
    changes = {f.name: getattr(a, f.name) for f in _with_option(RunSettings) if getattr(a, f.name) is not None}
    changes |= {"backbone": backbone, "weights": weights, "phases": phases}
    if "data" in changes:
        changes["data"] = catalogue.meant(changes["data"])  # absolute: a resume may start elsewhere
    if changes.get("labels"):
        changes["labels"] = str(Path(changes["labels"]).expanduser().absolute())
    if weights == "random" and base.weights != "random":
        changes.setdefault("batch_norm", "update")
    return dataclasses.replace(base, **changes)


def _usual(data: str | None, weights: str) -> str:
    """The backbone where none is asked for: the lesson's, but for own pictures the one that knows photos."""
    return FOR_PHOTOS if _own(data) and weights == "pretrained" else RunSettings().backbone


def _own(data: str | None) -> bool:
    """Are these pictures of one's own, no set of the catalogue?"""
    return data is not None and catalogue.meant(data) not in catalogue.CATALOGUE


def _phases(backbone: str, weights: str, thaw: str | None, epochs: tuple[int, ...] | None) -> tuple[Phase, ...]:
    if weights == "random" and thaw is None and len(epochs or (15,)) == 1:
        return recipes.scratch(backbone)
    first, second = recipes.classic(backbone)
    if thaw == "all" or (thaw is None and weights == "random"):
        return (first, dataclasses.replace(second, trainable=recipes.every_block(backbone)))
    if thaw is not None and not re.fullmatch(r"[0-9]{1,4}", thaw):
        raise FtError(f"--thaw takes a number of blocks or 'all', not '{thaw}'.")
    return recipes.classic(backbone, int(thaw)) if thaw is not None else (first, second)


def _spread(phases: tuple[Phase, ...], name: str, values: tuple[Any, ...]) -> tuple[Phase, ...]:
    """The phases with these values of a setting, one for each from the first on; none changes nothing."""
    if len(values) > len(phases):
        raise FtError(
            f"--{name.replace('_', '-')} names {len(values)} values, but the run has "
            f"{numerals.several(len(phases), 'phase')}: give fewer."
        )
    if name == "epochs" and 0 < len(values) < len(phases):
        phases = phases[: len(values)]
    return tuple(
        dataclasses.replace(phase, **{name: values[i]}) if i < len(values) else phase for i, phase in enumerate(phases)
    )
