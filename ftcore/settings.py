"""The one record that carries a run: `RunSettings`, made of `Phase`s, as JSON and as a URL.

Everything that can be chosen stands here, with its help text and its limits. This module knows nothing
about torch, networks or images.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftcore import fields
from ftcore.errors import FtError
from ftcore.fields import setting
from ftcore.names import shown

HEAD = "head"


def number_from_environment(name: str, default: float) -> float:
    """A number of 0 or more that whoever runs the app may set. Anything else raises `FtError`."""
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e9:
        raise FtError(f"{name} is '{shown(text)}', which is no number of 0 or more: set it anew and start again.")
    return value


@dataclass(frozen=True)
class Phase:
    """One stretch of training with a fixed set of trainable blocks."""

    name: str = setting(
        "Train the head", "Name", "What this phase is called in charts and tables.", group="", option=""
    )
    epochs: int = setting(
        5,
        "Epochs",
        "How often every training image is shown once. More epochs cost time in proportion.",
        low=1,
        high=1000,
        group="first",
        option="epochs of each phase",
    )
    lr: float = setting(
        1e-3,
        "Learning rate",
        "The factor on every step of the weights. A new head can take large steps, such as 0.001; for thawed pretrained blocks 10 to 100 times less is usual.",
        low=1e-7,
        high=10.0,
        group="first",
        widget="rate",
        option="learning rate of each phase",
    )
    trainable: tuple[str, ...] = setting(
        (HEAD,),
        "Trainable blocks",
        "The blocks whose weights may move in this phase. All others stay frozen.",
        group="",
        option="",
    )
    optimizer: str = setting(
        "adamw",
        "Optimizer",
        "AdamW adapts the step of each weight and forgives a rough learning rate. SGD with momentum 0.9 is plainer "
        "and wants a higher rate.",
        ("adamw", "sgd"),
    )
    weight_decay: float = setting(
        1e-2,
        "Weight decay",
        "Pulls weights towards zero a little at each step, which curbs overfitting.",
        low=0.0,
        high=1.0,
    )
    schedule: str = setting(
        "constant",
        "Schedule",
        "Constant keeps the learning rate. Cosine lowers it smoothly to zero over the phase.",
        ("constant", "cosine"),
    )
    depth_decay: float = setting(
        1.0,
        "Rate for deeper blocks",
        "Each trainable block nearer the input gets the rate of the block after it times this number. "
        "1 gives all blocks one rate.",
        low=0.01,
        high=1.0,
    )

    def __post_init__(self) -> None:
        fields.check(self)
        if not self.trainable:
            raise FtError("Nothing is trainable in this phase: thaw at least the head.")
        if len(set(self.trainable)) != len(self.trainable):
            raise FtError("A block is named twice among the trainable ones: name each once.")

    @property
    def head_only(self) -> bool:
        """Does only the new head learn in this phase?"""
        return self.trainable == (HEAD,)


def _classic() -> tuple[Phase, ...]:
    return (
        Phase(),
        Phase(name="Fine-tune", epochs=10, lr=1e-4, trainable=("layer4.0", "layer4.1", HEAD)),
    )


@dataclass(frozen=True)
class RunSettings:
    """Every choice of a run. Training, code, run folder, page address and terminal read this record."""

    backbone: str = setting(
        "resnet18-tinyimagenet64",
        "Backbone",
        "The pretrained network to start from.",
        group="",
        option="a name from `list`",
    )
    data: str = setting(
        "sketchbook",
        "Data",
        "The images to learn: a built-in set, or a folder or zip of class folders.",
        group="",
        option="a name from `list`, a folder of class folders, or a zip of one",
    )
    labels: str = setting(
        "",
        "Labels",
        "The path of a table (CSV) with the columns file and label, for own pictures that lie in no class folders. "
        "Empty for none.",
        group="",
        empty="none",
        option="a table that names the class of each file",
    )
    weights: str = setting(
        "pretrained",
        "Starting weights",
        "Pretrained starts from what the network learned before. Random starts from nothing, to see what that knowledge is worth.",
        ("pretrained", "random"),
        option="",
    )
    phases: tuple[Phase, ...] = field(default_factory=_classic)  # the stretches of training, in order
    train_per_class: int = setting(
        0,
        "Training images per class",
        "Use only so many training images of each class. Empty uses all of them.",
        low=0,
        high=1_000_000,
        group="first",
        option="use only so many training images of each class; 0 uses all of them",
        empty="all",
    )
    batch_size: int = setting(64, "Batch size", "How many images make one step.", low=1, high=4096, group="first")
    batch_norm: str = setting(
        "keep",
        "BatchNorm statistics",
        "Keep leaves the running mean and variance of trainable blocks as pretrained. Update lets them follow the new "
        "images. Frozen blocks always keep theirs.",
        ("keep", "update"),
    )
    seed: int = setting(
        0,
        "Seed",
        "Fixes every random choice, so that the same settings give the same run.",
        low=0,
        high=2**31 - 1,
        group="first",
    )
    cache: bool = setting(
        True,
        "Keep frozen features",
        "Frozen blocks give the same answer for the same image every time, so compute it once and keep it. "
        "The result is the same, only faster.",
        option="compute frozen features anew in each epoch",
    )
    patience: int = setting(
        0,
        "Early stopping",
        "End a phase when validation loss has not improved for so many epochs. Empty never stops early.",
        low=0,
        high=1000,
        option="end a phase when validation loss has not improved for so many epochs; 0 never stops early",
        empty="never",
    )
    best_weights: bool = setting(
        False, "Keep the best weights", "At the end go back to the epoch with the highest validation accuracy."
    )
    skip_bad: bool = setting(
        False,
        "Leave out bad pictures",
        "Files that cannot be used as pictures are left out and named in the run's bad_pictures.txt. Without it they "
        "end the run before it begins.",
        group="",
        option="leave out files that cannot be used as pictures",
    )

    def __post_init__(self) -> None:
        fields.check(self)
        if not 1 <= len(self.phases) <= 8:
            raise FtError("A run has one to eight phases: add or remove some.")

    @property
    def epochs(self) -> int:
        """Epochs of all phases together."""
        return sum(phase.epochs for phase in self.phases)

    @property
    def ends(self) -> tuple[int, ...]:
        """The last epoch of each phase, counted over all phases."""
        return tuple(itertools.accumulate(phase.epochs for phase in self.phases))

    @property
    def thaws(self) -> tuple[int, ...]:
        """The epochs after which blocks begin to move that were frozen in the phase before."""
        pairs = zip(self.phases, self.phases[1:], self.ends, strict=False)
        return tuple(end for before, after, end in pairs if set(after.trainable) - set(before.trainable))

    @property
    def head_phases(self) -> int:
        """How many phases at the start train the head alone, if others follow in which more may move; else 0."""
        alone = len([*itertools.takewhile(lambda phase: phase.head_only, self.phases)])
        return alone if alone < len(self.phases) else 0

    @property
    def epochs_thawed(self) -> int:
        """Epochs of the phases that follow those of the head alone."""
        return sum(phase.epochs for phase in self.phases[self.head_phases :])

    @property
    def head_then_thaw(self) -> bool:
        """Is this the lesson in two phases: the new head alone, then blocks of the trunk with it?"""
        return len(self.phases) == 2 and self.phases[0].head_only and set(self.phases[1].trainable) > {HEAD}

    def to_json(self) -> str:
        """The record as JSON text, phases as a list of objects."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> RunSettings:
        """The record from JSON text. Missing keys take their default; unknown keys raise `FtError`."""
        raw = fields.from_text(text)
        if "phases" in raw:
            if not isinstance(raw["phases"], list):
                raise FtError("'phases' must be a list of objects: start from the settings.json of a run.")
            raw["phases"] = tuple(fields.build(Phase, phase) for phase in raw["phases"])
        return fields.build(cls, raw)

    @classmethod
    def stored(cls, text: str) -> RunSettings:
        """The record as another version of this program may have kept it: keys unknown to this one are left out."""
        raw = fields.known(cls, fields.from_text(text))
        if isinstance(raw.get("phases"), list):
            raw["phases"] = [fields.known(Phase, phase) for phase in raw["phases"]]
        return cls.from_json(json.dumps(raw))

    def to_query(self) -> dict[str, str]:
        """The record as URL parameters, only what differs from the default; phases are `p1`, `p2`, ..."""
        query = fields.to_query(self, RunSettings())
        if self.phases != _classic():
            for number, phase in enumerate(self.phases, 1):
                query[f"p{number}"] = ";".join(f"{k}:{v}" for k, v in fields.to_query(phase, Phase()).items()) or "-"
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> RunSettings:
        """The record from URL parameters; parameters it does not know are left to others."""
        kinds = {f.name: f for f in fields.plain(cls)}
        raw: dict[str, Any] = {name: fields.parse(kinds[name], text) for name, text in query.items() if name in kinds}
        numbers = sorted(int(k[1:]) for k in query if re.fullmatch(r"p[1-9][0-9]?", k))
        if numbers:
            raw["phases"] = tuple(_phase_from_query(query[f"p{number}"]) for number in numbers)
        return fields.build(cls, raw)


def _phase_from_query(text: str) -> Phase:
    kinds = {f.name: f for f in fields.plain(Phase)}
    raw: dict[str, Any] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if name in kinds and colon:
            raw[name] = fields.parse(kinds[name], value)
    return fields.build(Phase, raw)
