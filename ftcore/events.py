"""What a run says about itself while it goes: frozen records, one JSON object a line on disk.

This module knows nothing about how training works or who listens.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class RunStart:
    """The run has its network and images. `blocks` are the network's blocks in order.

    `digests`, `listing` and `reader` tell the images from others: see `identity`.
    """

    backbone: str
    data: str
    classes: tuple[str, ...]
    train_images: int
    val_images: int
    test_images: int
    blocks: tuple[str, ...]
    device: str
    digests: dict[str, str] = field(default_factory=dict)
    listing: dict[str, str] = field(default_factory=dict)
    reader: str = ""


@dataclass(frozen=True)
class Recovered:
    """A damaged file was met and the run goes on without it; `says` tells in one sentence what that means."""

    says: str


@dataclass(frozen=True)
class DataFound:
    """What the set consists of, told before anything is prepared.

    `says` is all of it in one line; `passed_over` names the files that are no pictures or of no use, `notes` are
    sentences about what was guessed or is doubtful. Image counts are those the splits name, before any is decoded.
    """

    says: str
    classes: tuple[str, ...]
    train_images: int
    val_images: int
    test_images: int
    passed_over: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DataProgress:
    """Pictures are being made ready or weights fetched: `done` of `total`, `what` says which."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class PicturesSkipped:
    """Pictures that cannot be used were left out, as the settings ask.

    `count` of them, the first `names`, and the `file` that names all with reasons.
    """

    count: int
    names: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class CacheProgress:
    """Frozen features computed for `done` of `total` pictures, `seconds` since the pass began; each view is one.

    `from_disk` says that nothing had to be computed.
    """

    done: int
    total: int
    seconds: float
    from_disk: bool


@dataclass(frozen=True)
class CacheSkipped:
    """The features at this boundary are too large to keep, so they are computed anew in each epoch."""

    boundary: str
    gigabytes: float
    room: float


@dataclass(frozen=True)
class Baseline:
    """The fresh head on the validation set before any training. Accuracies are 0..1 everywhere."""

    val_loss: float
    val_accuracy: float


@dataclass(frozen=True)
class StepProgress:
    """A step of training, reported a few times a second. `epoch` counts over all phases from 1."""

    phase: int
    epoch: int
    step: int
    steps: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class EpochEnd:
    """One epoch in numbers.

    `train_*` were taken while learning, of the pictures as they were altered or mixed for it, `sample_*` afterwards
    on a fixed sample of the training set in eval mode, `val_*` on the validation set. `drift` gives each trained
    block's distance from its weights at the start of the run, relative to their norm. `seconds` includes the
    evaluation.
    """

    phase: int
    epoch: int
    train_loss: float
    train_accuracy: float
    sample_loss: float
    sample_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    drift: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class HeadAlone:
    """What the head would reach if it were trained on alone after epoch `after`, the last before the thaw: a control.

    One number for each epoch that the run has left by its settings, from `after + 1` on; fewer where the loss grew
    beyond all numbers. Measured on the validation set, as in `EpochEnd`. The run itself knows nothing of it.
    """

    after: int
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]


@dataclass(frozen=True)
class PhaseEnd:
    """A phase is over after `epochs` epochs; `early` says that it was ended by early stopping."""

    phase: int
    name: str
    epochs: int
    early: bool
    seconds: float


@dataclass(frozen=True)
class RunEnd:
    """The run is over: the test set, untouched until now. `kept_epoch` is the epoch whose weights stay."""

    test_loss: float
    test_accuracy: float
    kept_epoch: int
    seconds: float
    folder: str = ""


@dataclass(frozen=True)
class TrainingEnd:
    """One training of a series is over: its place among them, from 1, and its epochs. Its weights are not kept."""

    number: int
    epochs: tuple[EpochEnd, ...]


Event = (
    DataFound | RunStart | Recovered | DataProgress | PicturesSkipped | CacheProgress | CacheSkipped | Baseline
    | StepProgress | EpochEnd | HeadAlone | PhaseEnd | RunEnd | TrainingEnd
)  # fmt: skip


def kind_of(record: type) -> str:
    """A record's kind as it stands under "event": `EpochEnd` -> 'epoch_end'."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", record.__name__).lower()


KINDS = {kind_of(kind): kind for kind in typing.get_args(Event)}


def to_dict(event: Event) -> dict[str, Any]:
    """The record as plain values with its kind under "event", as in `epoch_end`."""
    return {"event": kind_of(type(event)), **dataclasses.asdict(event)}


def from_dict(record: Mapping[str, Any]) -> Event:
    """The record that `to_dict` made plain; raises `ValueError` for an unknown kind and where `build` does."""
    if record.get("event") not in KINDS:
        raise ValueError("no event")
    made: Event = build(KINDS[record["event"]], record)
    return made


def build(kind: type[T], record: Mapping[str, Any]) -> T:
    """A dataclass of numbers, texts, lists and tables of them and of such dataclasses, from plain values.

    Fields it does not know are left out, those with a default may be missing. Raises `ValueError` where another is
    missing, has another type, or is a number that cannot be: only losses and drift may be infinite or none at all, and
    an accuracy lies in 0..1.
    """
    hints, optional = _hints(typing.cast(Any, kind))
    wanted = {name: hint for name, hint in hints.items() if name in record or name not in optional}
    return kind(**{name: _checked(name, hint, record.get(name)) for name, hint in wanted.items()})


@functools.cache
def _hints(kind: type[Any]) -> tuple[dict[str, Any], set[str]]:
    """The type of each field, and which fields have a default."""
    free = {f.name for f in dataclasses.fields(kind) if {f.default, f.default_factory} != {dataclasses.MISSING}}
    return typing.get_type_hints(kind), free


def _checked(name: str, hint: Any, value: Any) -> Any:
    inner, parts = typing.get_origin(hint), typing.get_args(hint)
    if inner is tuple and isinstance(value, list | tuple):
        return tuple(_checked(name, parts[0], part) for part in value)
    if inner is dict and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _checked(name, parts[1], part) for key, part in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return build(typing.cast(Any, hint), value)
    if hint is float:
        return _number(name, value)
    if inner is not None or type(value) is not hint or (hint is int and not 0 <= value < 2**53):
        raise ValueError(f"{name} cannot be this")
    return value


def _number(name: str, value: Any) -> float:
    if type(value) not in (int, float) or (type(value) is int and abs(value) >= 2**53):
        raise ValueError(f"{name} is no number")
    free = name == "drift" or name.endswith("loss")
    most = 1.0 if name.endswith("accuracy") else 1e12
    if not free and not (math.isfinite(value) and abs(value) <= most):
        raise ValueError(f"{name} cannot be this number")
    return float(value)
