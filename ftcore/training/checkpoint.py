"""Where a run stands after an epoch, on disk: its records, its weights and its optimizer.

Written whole or not at all, with a checksum, read without running any code from the file; the one before stays beside
it, in case the newest is damaged. This module knows nothing about the training loop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from ftcore import events
from ftcore.data import identity
from ftcore.data.identity import Identity
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd
from ftcore.files import derived
from ftcore.network import weights
from ftcore.network.blocks import Network
from ftcore.settings import Phase, RunSettings
from ftcore.training import snapshots


@dataclass
class Progress:
    """What a run has reached, as the checkpoint keeps it. `lost` says in one sentence what damage cost, if any."""

    epochs: list[EpochEnd] = field(default_factory=list)
    seconds: float = 0.0
    baseline: Baseline | None = None
    taps: tuple[str, ...] | None = None
    best: dict[str, Tensor] | None = None
    optimizer: dict[str, Any] | None = None
    lost: str = ""


def before(path: Path) -> Path:
    """Where the checkpoint before the newest lies."""
    return path.with_name(f"{path.stem}.old{path.suffix}")


def save(
    path: Path, network: Network, settings: RunSettings, images: Identity, phases: Sequence[Phase], progress: Progress,
    start: Mapping[str, Tensor],
) -> None:  # fmt: skip
    """Write it under a temporary name, flush it to disk, rename. `phases` are those up to the one that is going on.

    `start` holds the weights before training, for what `states` keeps.
    """
    moved = snapshots.keys(network, phases)
    record = {
        "settings": settings.to_json(),
        "images": dataclasses.asdict(images),
        "weights": {key: tensor for key, tensor in network.model.state_dict().items() if key in moved},
        "optimizer": progress.optimizer,
        "epochs": [dataclasses.asdict(epoch) for epoch in progress.epochs],
        "baseline": dataclasses.asdict(progress.baseline) if progress.baseline else None,
        "kernels": list(progress.taps or ()),
        "best": progress.best,
        "seconds": progress.seconds,
    }
    snapshots.keep(path.parent, network, phases, len(progress.epochs), start)
    snapshots.write(path, record, before(path))
    snapshots.thin(path.parent)


def let_go(path: Path, *, newest: bool) -> None:
    """Delete what a finished run does not need; with `newest` all, else all but the newest."""
    before(path).unlink(missing_ok=True)
    if newest:
        path.unlink(missing_ok=True)


def restore(path: Path | None, network: Network, settings: RunSettings, images: Identity) -> Progress:
    """What the newest sound checkpoint says, its weights put into the network; a fresh start if there is none.

    Raises `FtError` when the checkpoint belongs to other settings or images, or cannot be read right now.
    """
    lost = ""
    for file in (path, before(path)) if path else ():
        if not file.exists():
            continue
        try:
            record = snapshots.read(file)
            progress = _progress(record)
            saved, pictures = RunSettings.stored(record["settings"]), _images(record)
        except OSError as error:
            raise FtError(f"{file} cannot be read right now ({error.strerror}): try again in a moment.") from error
        except Exception:  # noqa: BLE001 - whatever is in it, the checkpoint is no longer the one that was written
            lost = "The checkpoint is damaged: {}, with the same result."
            continue
        if not _goes_on(saved, settings, progress.epochs):
            raise FtError(f"The checkpoint {file} belongs to other settings: start the run anew.")
        if pictures is not None:
            identity.compare(pictures, images)
        if _put(file, network, record, progress.epochs[-1].epoch):
            progress.lost = lost.format(f"the run goes on after epoch {progress.epochs[-1].epoch}")
            return progress
        lost = "The checkpoint is damaged: {}, with the same result."
    return Progress(lost=lost.format("all epochs are trained again"))


def _progress(record: Mapping[str, Any]) -> Progress:
    epochs = [events.build(EpochEnd, epoch) for epoch in record["epochs"]]
    if [epoch.epoch for epoch in epochs] != list(range(1, len(epochs) + 1)) or not epochs:
        raise ValueError
    baseline = events.build(Baseline, record["baseline"]) if record["baseline"] else None
    taps, best, optimizer = tuple(map(str, record["kernels"])), record["best"], record["optimizer"]
    if not (isinstance(best, dict | None) and isinstance(optimizer, dict | None)):
        raise ValueError
    return Progress(epochs, float(record["seconds"]), baseline, taps, best, optimizer)


def _images(record: Mapping[str, Any]) -> Identity | None:
    """What the checkpoint says of its images; None in one of an earlier version."""
    return events.build(Identity, record["images"]) if "images" in record else None


def _put(file: Path, network: Network, record: Mapping[str, Any], epoch: int) -> bool:
    """Put the weights of the checkpoint, or of an earlier version's file beside it, into the network if sound."""
    try:
        weights.check(record["best"] or {}, network.model.state_dict())
        if "weights" in record:
            snapshots.load(network, record["weights"])
        else:
            snapshots.put(file.parent, network, epoch)
    except (ValueError, AttributeError, TypeError, FtError):
        return False
    return True


def _goes_on(saved: RunSettings, now: RunSettings, epochs: Sequence[EpochEnd]) -> bool:
    """Whether a run of the settings `now` would have reached the same: only epochs to come may differ."""
    plain = [dataclasses.replace(phase, epochs=1) for phase in saved.phases]
    if dataclasses.replace(now, phases=saved.phases) != saved or plain != [
        dataclasses.replace(phase, epochs=1) for phase in now.phases
    ]:
        return False
    going = epochs[-1].phase
    done = sum(epoch.phase == going for epoch in epochs)
    earlier = [phase.epochs for phase in saved.phases[: going - 1]] == [p.epochs for p in now.phases[: going - 1]]
    before, after = saved.phases[going - 1], now.phases[going - 1]
    return earlier and after.epochs >= done and (after == before or after.schedule == "constant")


def tuned(path: Path, network: Network) -> bool:
    """Put the weights after the last finished epoch into a network as it was before training; whether they are there.

    Only the newest checkpoint has them: where it is damaged, what `states` keeps of that epoch is nearer than the one
    before.
    """

    def put() -> bool:
        record = snapshots.read(path)
        return _put(path, network, record, _progress(record).epochs[-1].epoch)

    return bool(derived(put))
