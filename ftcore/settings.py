"""The one record that carries a run: `RunSettings`, made of `Phase`s, as JSON and as a URL.

What holds for a whole run stands here, with its help text and its limits; `phase` has what each stretch of it may have
of its own. This module knows nothing about torch, networks or images.
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
from ftcore.phase import HEAD, Phase

__all__ = ["HEAD", "Phase", "RunSettings", "names_phase", "number_from_environment"]
LEAST_MIXUP = 0.001


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
        option="a name from `list`, or any that timm knows",
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
    label_smoothing: float = setting(
        0.0,
        "Label smoothing",
        "Takes so much of the right class's share and spreads it over all classes, so that the network is not pushed to be "
        "surer and surer; 0.1 is usual. It costs no time. The loss while learning contains it, all others do not.",
        low=0.0,
        high=0.9,
    )
    class_weights: str = setting(
        "none",
        "Class weights",
        "Balanced lets an image count the more, the fewer images its class has, so that a rare class is not passed over. It "
        "costs no time and changes nothing where all classes have as many. The loss while learning contains it, all "
        "others do not.",
        ("none", "balanced"),
    )
    dropout: float = setting(
        0.0,
        "Dropout before the head",
        "Sets this share of the numbers that go into the head to 0 while learning, others at each step, so that it cannot "
        "lean on a few of them; 0.2 to 0.5 is usual. It costs no time, but needs more epochs.",
        low=0.0,
        high=0.95,
    )
    augmentation: str = setting(
        "none",
        "Augmentation",
        "Learns from altered views of the training images: a part of each, cut out and scaled up again. It curbs memorising "
        "where images are few, but needs more epochs, and not every set gains by it. Fixed takes turns between a few views, "
        "whose frozen features are kept: one frozen pass for each. Random makes new views for each epoch, so every epoch "
        "runs the frozen blocks for all training images.",
        ("none", "fixed", "random"),
    )
    views: int = setting(
        4,
        "Fixed views",
        "How many views of each training image fixed augmentation takes turns between, the picture as it is among them. "
        "Each costs one frozen pass more and as much disk. Other augmentation does not ask for it.",
        low=2,
        high=32,
    )
    mirror: bool = setting(
        True,
        "Mirror views",
        "Half of the altered views are mirrored left to right. Switch it off for digits, letters and whatever else reads "
        "one way. It costs no time, and without augmentation it does nothing.",
        option="mirror no view: for digits, letters and whatever else reads one way",
    )
    mixup: float = setting(
        0.0,
        "Mixup",
        "Mixes each picture of a batch with another one, and their labels too, by shares from Beta(alpha, alpha): 0.2 is "
        "usual, 0 mixes nothing. It curbs memorising and answers that are too sure, but needs more epochs, not every set "
        "gains by it, and every epoch runs the frozen blocks for all training images. Loss and accuracy while learning are "
        "those of mixed pictures, whose class is the one with the larger share.",
        low=0.0,
        high=10.0,
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
        if 0 < self.mixup < LEAST_MIXUP:
            raise FtError(f"Mixup below {LEAST_MIXUP} mixes next to nothing: write 0 for none, or more.")

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
        numbers = sorted(int(name[1:]) for name in query if names_phase(name))
        if numbers:
            raw["phases"] = tuple(_phase_from_query(query[f"p{number}"]) for number in numbers)
        return fields.build(cls, raw)


def names_phase(parameter: str) -> bool:
    """Does a URL parameter of this name hold a phase?"""
    return bool(re.fullmatch(r"p[1-9][0-9]?", parameter))


def _phase_from_query(text: str) -> Phase:
    kinds = {f.name: f for f in fields.plain(Phase)}
    raw: dict[str, Any] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if name in kinds and colon:
            raw[name] = fields.parse(kinds[name], value)
    return fields.build(Phase, raw)
