"""What a run says about itself while it goes: frozen records, one JSON object a line on disk.

This module knows nothing about how training works or who listens.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


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
class CacheProgress:
    """Frozen features computed for `done` of `total` images, `seconds` since the pass began.

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

    `train_*` were taken while learning, `sample_*` afterwards on a fixed sample of the training set in eval
    mode, `val_*` on the validation set. `drift` gives each trained block's distance from its weights at the
    start of the run, relative to their norm. `seconds` includes the evaluation.
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
    folder: str


Event = (
    DataFound | RunStart | Recovered | DataProgress | CacheProgress | CacheSkipped | Baseline | StepProgress
    | EpochEnd | PhaseEnd | RunEnd
)  # fmt: skip


def to_dict(event: Event) -> dict[str, Any]:
    """The record as plain values with its kind under "event", as in `epoch_end`."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    return {"event": kind, **dataclasses.asdict(event)}


def stored(kind: type[_T], raw: Mapping[str, Any]) -> _T:
    """A record from plain values that an earlier or later version may have written: fields it lacks are left out."""
    known = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in raw.items() if name in known})
