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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from ftcore.errors import FtError
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


def setting(default: Any, label: str, help: str, choices: tuple[str, ...] = (), low: float = 0, high: float = 0) -> Any:
    """A dataclass field with what a page, a terminal or a check needs to know about it."""
    return field(default=default, metadata={"label": label, "help": help, "choices": choices, "low": low, "high": high})


@dataclass(frozen=True)
class Phase:
    """One stretch of training with a fixed set of trainable blocks."""

    name: str = setting("Train the head", "Name", "What this phase is called in charts and tables.")
    epochs: int = setting(
        5,
        "Epochs",
        "How often every training image is shown once. More epochs cost time in proportion.",
        low=1,
        high=1000,
    )
    lr: float = setting(
        1e-3,
        "Learning rate",
        "How far one step moves the weights. A new head bears 0.001; thawed pretrained blocks want 10 to 100 times less.",
        low=1e-7,
        high=10.0,
    )
    trainable: tuple[str, ...] = setting(
        (HEAD,), "Trainable blocks", "The blocks whose weights may move in this phase. All others stay frozen."
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
        _check(self)
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

    backbone: str = setting("resnet18-tinyimagenet64", "Backbone", "The pretrained network to start from.")
    data: str = setting(
        "sketchbook", "Data", "The images to learn: a built-in set, or a folder or zip of class folders."
    )
    labels: str = setting(
        "",
        "Labels",
        "The path of a table (CSV) with the columns file and label, for own pictures that lie in no class folders. "
        "Empty for none.",
    )
    weights: str = setting(
        "pretrained",
        "Starting weights",
        "Pretrained starts from what the network learned before. Random starts from nothing, to see what that knowledge is worth.",
        ("pretrained", "random"),
    )
    phases: tuple[Phase, ...] = field(
        default_factory=_classic,
        metadata={
            "label": "Phases",
            "help": "The stretches of training, in order.",
            "choices": (),
            "low": 0,
            "high": 0,
        },
    )
    train_per_class: int = setting(
        0,
        "Training images per class",
        "Use only so many training images of each class. 0 uses all of them.",
        low=0,
        high=1_000_000,
    )
    batch_size: int = setting(64, "Batch size", "How many images make one step.", low=1, high=4096)
    batch_norm: str = setting(
        "keep",
        "BatchNorm statistics",
        "Keep leaves the running mean and variance of trainable blocks as pretrained. Update lets them follow the new "
        "images. Frozen blocks always keep theirs.",
        ("keep", "update"),
    )
    seed: int = setting(
        0, "Seed", "Fixes every random choice, so that the same settings give the same run.", low=0, high=2**31 - 1
    )
    cache: bool = setting(
        True,
        "Keep frozen features",
        "Frozen blocks give the same answer for the same image every time, so compute it once and keep it. "
        "The result is the same, only faster.",
    )
    patience: int = setting(
        0,
        "Early stopping",
        "End a phase when validation loss has not improved for so many epochs. 0 never stops early.",
        low=0,
        high=1000,
    )
    best_weights: bool = setting(
        False, "Keep the best weights", "At the end go back to the epoch with the highest validation accuracy."
    )
    skip_bad: bool = setting(
        False,
        "Leave out bad pictures",
        "Files that cannot be used as pictures are left out and named in the run's bad_pictures.txt. Without it they "
        "end the run before it begins.",
    )

    def __post_init__(self) -> None:
        _check(self)
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
    def head_then_thaw(self) -> bool:
        """Is this the lesson in two phases: the new head alone, then blocks of the trunk with it?"""
        return len(self.phases) == 2 and self.phases[0].head_only and set(self.phases[1].trainable) > {HEAD}

    def to_json(self) -> str:
        """The record as JSON text, phases as a list of objects."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> RunSettings:
        """The record from JSON text. Missing keys take their default; unknown keys raise `FtError`."""
        raw = _object(text)
        if "phases" in raw:
            if not isinstance(raw["phases"], list):
                raise FtError("'phases' must be a list of objects: start from the settings.json of a run.")
            raw["phases"] = tuple(_build(Phase, phase) for phase in raw["phases"])
        return _build(cls, raw)

    @classmethod
    def stored(cls, text: str) -> RunSettings:
        """The record as another version of this program may have kept it: keys unknown to this one are left out."""
        raw = _known(cls, _object(text))
        if isinstance(raw.get("phases"), list):
            raw["phases"] = [_known(Phase, phase) for phase in raw["phases"]]
        return cls.from_json(json.dumps(raw))

    def to_query(self) -> dict[str, str]:
        """The record as URL parameters, only what differs from the default; phases are `p1`, `p2`, ..."""
        query = _query_items(self, RunSettings())
        if self.phases != _classic():
            for number, phase in enumerate(self.phases, 1):
                query[f"p{number}"] = ";".join(f"{k}:{v}" for k, v in _query_items(phase, Phase()).items()) or "-"
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> RunSettings:
        """The record from URL parameters; parameters it does not know are left to others."""
        kinds = {f.name: f for f in dataclasses.fields(cls) if f.name != "phases"}
        raw: dict[str, Any] = {name: _parse(kinds[name], text) for name, text in query.items() if name in kinds}
        numbers = sorted(int(k[1:]) for k in query if re.fullmatch(r"p[1-9][0-9]?", k))
        if numbers:
            raw["phases"] = tuple(_phase_from_query(query[f"p{number}"]) for number in numbers)
        return _build(cls, raw)


def _phase_from_query(text: str) -> Phase:
    kinds = {f.name: f for f in dataclasses.fields(Phase)}
    raw: dict[str, Any] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if name in kinds and colon:
            raw[name] = _parse(kinds[name], value)
    return _build(Phase, raw)


def _query_items(record: Any, default: Any) -> dict[str, str]:
    items = {}
    for f in dataclasses.fields(record):
        value = getattr(record, f.name)
        if f.name != "phases" and value != getattr(default, f.name):
            items[f.name] = "+".join(map(_quoted, value)) if isinstance(value, tuple) else _quoted(str(value))
    return items


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))  # a path may hold bytes that are no text


def _unquoted(text: str) -> str:
    return unquote(text, errors="surrogatepass")


def _parse(f: dataclasses.Field[Any], text: str) -> Any:
    kind = type(f.default)
    try:
        if kind is tuple:
            return tuple(_unquoted(part) for part in text.replace(" ", "+").split("+"))
        if kind is bool:
            return {"True": True, "False": False, "true": True, "false": False, "1": True, "0": False}[text]
        parse: Callable[[str], Any] = kind
        return parse(_unquoted(text))
    except (ValueError, KeyError) as error:
        raise FtError(f"'{shown(text)}' is no value for {f.metadata['label']}: {f.metadata['help']}") from error


def _object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FtError(f"The settings are not valid JSON ({error}): mend them or start from a fresh file.") from error
    if not isinstance(raw, dict):
        raise FtError("The settings must be one JSON object: start from the settings.json of a run.")
    return raw


def _known(kind: type[Any], raw: Any) -> Any:
    names = {f.name for f in dataclasses.fields(kind)}
    return {name: value for name, value in raw.items() if name in names} if isinstance(raw, dict) else raw


def _build(kind: type[Any], raw: Any) -> Any:
    if not isinstance(raw, dict):
        raise FtError("Each phase must be one JSON object: start from the settings.json of a run.")
    known = {f.name for f in dataclasses.fields(kind)}
    for name in raw:
        if name not in known:
            raise FtError(f"There is no setting '{shown(name)}': choose among {', '.join(sorted(known))}.")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()})


def _check(record: Any) -> None:
    """Type, choices and limits of every field; integers pass for floats."""
    for f in dataclasses.fields(record):
        if f.name == "phases":
            continue
        value: Any = getattr(record, f.name)
        label, choices = f.metadata["label"], f.metadata["choices"]
        if isinstance(f.default, float) and type(value) is int and abs(value) < 2**53:
            object.__setattr__(record, f.name, value := float(value))
        strings = value if isinstance(value, tuple) else ()
        if type(value) is not type(f.default) or not all(isinstance(v, str) for v in strings):
            raise FtError(f"{label} cannot be '{shown(str(value))}'. {f.metadata['help']}")
        if choices and value not in choices:
            raise FtError(f"{label} cannot be '{shown(str(value))}': choose {' or '.join(choices)}.")
        low, high = f.metadata["low"], f.metadata["high"]
        if high and not low <= value <= high:
            raise FtError(f"{label} must lie between {low:g} and {high:g}, and {str(value)[:20]} does not: change it.")
