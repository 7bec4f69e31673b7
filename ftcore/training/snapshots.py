"""The weights of a run after its epochs, kept for looking back.

Each file holds the tensors that can have moved since the start: a few kilobytes while only the head learns. Large
ones are kept as their change since the start in half precision, within 1/4096 of that tensor's largest change; small
ones (`EXACT` numbers, so norms, biases, counters and most heads) as they are. To go on, a run has its checkpoint.
Of a long run every second, fourth, eighth, ... epoch stays, at most `KEEP` of them, besides the last one of each phase.
This module knows nothing about how a run is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor

from ftcore.errors import FtError
from ftcore.files import check_seal, derived, sealed
from ftcore.network import weights
from ftcore.network.blocks import Network
from ftcore.settings import Phase

KEEP = 8
EXACT = 2**16
MODEL = "model.safetensors"
_NAME = re.compile(r"(\d+)-(\d+)\.pt")
_SAME = "the same as"


def keys(network: Network, phases: Sequence[Phase]) -> set[str]:
    """State-dict keys of all blocks that these phases train."""
    return {key for phase in phases for name in phase.trainable for key in network.tensors(name)}


def tensors(network: Network, keys: set[str]) -> dict[str, Tensor]:
    """A copy on the CPU of these entries of the state dict."""
    return {k: t.detach().cpu().clone() for k, t in network.model.state_dict().items() if k in keys}


def keep(folder: Path, network: Network, phases: Sequence[Phase], epoch: int, start: Mapping[str, Tensor]) -> None:
    """Keep what these phases, the last of them going on, have moved from `start` up to the end of this epoch."""
    (folder / "states").mkdir(exist_ok=True)
    state, moved = network.model.state_dict(), keys(network, phases)
    record = {key: _packed(tensor, start[key]) for key, tensor in state.items() if key in moved}
    write(folder / "states" / f"{len(phases)}-{epoch:06d}.pt", record)


def finish(folder: Path, epoch: int) -> None:
    """Let the run's final weights, which are those after this epoch, stand for its own file."""
    if snapshot := _files(folder).get(epoch):
        write(snapshot[1], {_SAME: MODEL})


def go_on(folder: Path, network: Network, phases: Sequence[Phase], epoch: int, start: Mapping[str, Tensor]) -> None:
    """Undo `finish` for a run that goes on after this epoch, before its final weights become other ones."""
    snapshot = _files(folder).get(epoch)
    if snapshot and derived(lambda: _SAME in read(snapshot[1])):
        keep(folder, network, phases, epoch, start)


def _packed(now: Tensor, start: Tensor) -> Tensor | tuple[Tensor, float]:
    """The tensor itself, or its change: as a share of the largest one (float16), and that largest one."""
    if now.numel() <= EXACT or not now.is_floating_point():
        return now
    change = now - start
    largest = change.abs().max().item()
    return (change / (largest or 1.0)).half(), largest


def _unpacked(packed: Any, start: Tensor) -> Tensor:
    if isinstance(packed, Tensor):
        return packed
    share, largest = packed
    whole: Tensor = start + share.to(start) * largest
    return whole


def write(path: Path, record: Mapping[str, object], aside: Path | None = None) -> None:
    """Write tensors and plain values as they lie in memory, without a copy: new memory costs more than the disk.

    A checksum follows. With `aside` the file that was there so far takes that name.
    """
    with sealed(path, aside) as file:
        try:
            torch.save(dict(record), cast(IO[bytes], file))
        except RuntimeError as error:  # what torch makes of a failed write
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote, on the CPU; nothing in the file is run. Raises `OSError`, or `ValueError` when damaged."""
    check_seal(path)
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except OSError:
        raise
    except Exception as error:  # pickle, zip and torch each raise their own kinds
        raise ValueError("it is damaged") from error


def thin(folder: Path) -> None:
    """Delete what a run with so many epochs need not keep."""
    snapshots = _files(folder)
    lasts = {phase: epoch for epoch, (phase, _) in sorted(snapshots.items())}
    stride = 1
    while max(snapshots, default=0) // stride > KEEP:
        stride *= 2
    for epoch, (phase, file) in snapshots.items():
        if epoch % stride and epoch != lasts[phase]:
            file.unlink(missing_ok=True)


def epochs(folder: Path) -> dict[int, int]:
    """The epochs of a run whose weights are kept, in order, each with the number of its phase (from 1)."""
    return {epoch: phase for epoch, (phase, _) in sorted(_files(folder).items())}


def put(folder: Path, network: Network, epoch: int) -> None:
    """Put the weights after this epoch into a network as it was before training. Raises `FtError` if not kept."""
    snapshots = _files(folder)
    if epoch not in snapshots:
        raise FtError(f"The weights after epoch {epoch} were not kept: choose another epoch.")
    try:
        load(network, _state(folder, read(snapshots[epoch][1]), network.model.state_dict()))
    except OSError as error:
        raise FtError(
            f"The weights after epoch {epoch} cannot be read right now ({error.strerror}): try again in a moment."
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, FtError) as error:
        raise FtError(f"The weights after epoch {epoch} are damaged: choose another epoch.") from error


def _state(folder: Path, record: Mapping[str, Any], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if _SAME in record:
        return weights.read(folder / MODEL, start)
    return {key: _unpacked(packed, start[key]) for key, packed in record.items()}


def load(network: Network, state: Mapping[str, Tensor]) -> None:
    """Put some entries into a network's state dict: all, or on a `ValueError` none."""
    weights.check(state, network.model.state_dict())
    network.model.load_state_dict(state, strict=False)


def _files(folder: Path) -> dict[int, tuple[int, Path]]:
    """Phase and file of each epoch there is."""
    files = {}
    for file in (folder / "states").glob("*.pt"):
        if name := _NAME.fullmatch(file.name):
            files[int(name[2])] = int(name[1]), file
    return files
