"""The weights of a run after its epochs, kept so that one can look back.

Each file holds exactly the tensors that can have moved since the start: a few kilobytes while only the head
learns. Of a long run every second,
fourth, eighth, ... epoch stays, at most `KEEP` of them, besides the last one of each phase. This module knows nothing about how
a run is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ftcore import checkpoint
from ftcore.files import whole
from ftcore.network import Network
from ftcore.settings import FtError, Phase

KEEP = 8
_NAME = re.compile(r"(\d+)-(\d+)\.safetensors")


def keep(folder: Path, network: Network, phases: Sequence[Phase], epoch: int) -> None:
    """Write what these phases, the last of them going on, have moved; then thin out the epochs kept before."""
    (folder / "states").mkdir(exist_ok=True)
    tensors = checkpoint.tensors(network, checkpoint.keys(network, phases))
    with whole(folder / "states" / f"{len(phases)}-{epoch:06d}.safetensors", flush=False) as file:
        file.write(save({key: tensor.contiguous() for key, tensor in tensors.items()}))
    kept = _files(folder)
    lasts = {of: at for at, (of, _) in sorted(kept.items())}
    stride = 1
    while epoch // stride > KEEP:
        stride *= 2
    for at, (of, old) in kept.items():
        if at % stride and at != lasts[of]:
            old.unlink(missing_ok=True)


def epochs(folder: Path) -> dict[int, int]:
    """The epochs of a run whose weights are kept, in order, each with the number of its phase (from 1)."""
    return {epoch: phase for epoch, (phase, _) in sorted(_files(folder).items())}


def put(folder: Path, network: Network, epoch: int) -> None:
    """Put the weights after this epoch into a network as it was before training. Raises `FtError` if not kept."""
    kept = _files(folder)
    if epoch not in kept:
        raise FtError(f"The weights after epoch {epoch} were not kept: choose another epoch.")
    try:
        if network.model.load_state_dict(load_file(kept[epoch][1]), strict=False).unexpected_keys:
            raise ValueError
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise FtError(f"The weights after epoch {epoch} are damaged: choose another epoch.") from error


def _files(folder: Path) -> dict[int, tuple[int, Path]]:
    """Phase and file of each epoch there is."""
    found = {}
    for file in (folder / "states").glob("*.safetensors"):
        if name := _NAME.fullmatch(file.name):
            found[int(name[2])] = int(name[1]), file
    return found
