"""The weights of a run after its epochs, kept for going on after the last one and for looking back at the others.

Each file holds exactly the tensors that can have moved since the start: a few kilobytes while only the head
learns. Of a long run every second, fourth, eighth, ... epoch stays, at most `KEEP` of them, besides the last one
of each phase. This module knows nothing about how a run is made.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ftcore.files import whole
from ftcore.network import Network
from ftcore.settings import FtError, Phase

KEEP = 8
_NAME = re.compile(r"(\d+)-(\d+)\.pt")


def keys(network: Network, phases: Sequence[Phase]) -> set[str]:
    """State-dict keys of all blocks that these phases train."""
    return {key for phase in phases for name in phase.trainable for key in network.tensors(name)}


def tensors(network: Network, keys: set[str]) -> dict[str, Tensor]:
    """A copy on the CPU of these entries of the state dict."""
    return {k: t.detach().cpu().clone() for k, t in network.model.state_dict().items() if k in keys}


def keep(folder: Path, network: Network, phases: Sequence[Phase], epoch: int) -> None:
    """Keep what these phases, the last of them going on, have moved up to the end of this epoch."""
    (folder / "states").mkdir(exist_ok=True)
    state, moved = network.model.state_dict(), keys(network, phases)
    write(folder / "states" / f"{len(phases)}-{epoch:06d}.pt", {key: state[key] for key in state if key in moved})


def write(path: Path, record: Mapping[str, object]) -> None:
    """Write tensors and plain values as they lie in memory, without a copy: new memory costs more than the disk."""
    with whole(path) as file:
        try:
            torch.save(dict(record), file)
        except RuntimeError as error:  # what torch makes of a failed write
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def thin(folder: Path) -> None:
    """Delete what a run with so many epochs need not keep."""
    kept = _files(folder)
    lasts = {phase: epoch for epoch, (phase, _) in sorted(kept.items())}
    stride = 1
    while max(kept, default=0) // stride > KEEP:
        stride *= 2
    for epoch, (phase, file) in kept.items():
        if epoch % stride and epoch != lasts[phase]:
            file.unlink(missing_ok=True)


def epochs(folder: Path) -> dict[int, int]:
    """The epochs of a run whose weights are kept, in order, each with the number of its phase (from 1)."""
    return {epoch: phase for epoch, (phase, _) in sorted(_files(folder).items())}


def put(folder: Path, network: Network, epoch: int) -> None:
    """Put the weights after this epoch into a network as it was before training. Raises `FtError` if not kept."""
    kept = _files(folder)
    if epoch not in kept:
        raise FtError(f"The weights after epoch {epoch} were not kept: choose another epoch.")
    try:
        state = torch.load(kept[epoch][1], map_location="cpu", weights_only=True)
        if network.model.load_state_dict(state, strict=False).unexpected_keys:
            raise ValueError
    except (OSError, ValueError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise FtError(f"The weights after epoch {epoch} are damaged: choose another epoch.") from error


def _files(folder: Path) -> dict[int, tuple[int, Path]]:
    """Phase and file of each epoch there is."""
    found = {}
    for file in (folder / "states").glob("*.pt"):
        if name := _NAME.fullmatch(file.name):
            found[int(name[2])] = int(name[1]), file
    return found
