"""What a run leaves: its network, its class names, and whether they can be used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ftcore.data.splits import listed
from ftcore.errors import FtError
from ftcore.events import RunStart
from ftcore.network import backbones, weights
from ftcore.network.blocks import Network
from ftcore.runs import records
from ftcore.training import checkpoint, snapshots
from ftcore.training.start import start_network


def start_of(log: Iterable[object]) -> RunStart | None:
    """What the run said of its images when it began; None before that."""
    return next((said for said in log if isinstance(said, RunStart)), None)


def save_model(network: Network, classes: Iterable[str], path: Path) -> None:
    """The whole state dict with torchvision's keys; class names and a checksum go into the file's metadata."""
    state = {k: t.detach().cpu().contiguous() for k, t in network.model.state_dict().items()}
    weights.write(path, state, {"backbone": network.backbone, "classes": json.dumps(list(classes))})


def classes_of(folder: Path) -> tuple[str, ...]:
    """The class names of a run in output order."""
    start = start_of(records.read_log(folder)[0])
    if start is None:
        raise FtError("This run has not begun to train yet: wait for its first epoch.")
    return start.classes


def tuned_network(folder: Path) -> tuple[Network, tuple[str, ...]]:
    """The network of a run as it stands: finished, or after its last finished epoch; eval mode, with class names."""
    settings, classes = records.settings_of(folder), classes_of(folder)
    if (folder / snapshots.MODEL).exists():
        network = final_network(folder, classes)
    else:
        network = start_network(settings, len(classes))
        if not checkpoint.tuned(folder / "checkpoint.pt", network):
            if not (epochs := snapshots.epochs(folder)):
                raise FtError("This run has not finished an epoch yet: wait for it, or resume it.")
            snapshots.put(folder, network, max(epochs))
    network.model.eval()
    return network, classes


def final_network(folder: Path, classes: Sequence[str]) -> Network:
    """The network that a finished run has kept. Raises `FtError`, saying what is left, when its file is not sound."""
    file = folder / snapshots.MODEL
    try:
        network = backbones.build(records.settings_of(folder).backbone, len(classes))
        network.model.load_state_dict(weights.read(file, network.model.state_dict()))
        if json.loads(weights.metadata(file).get("classes", "null")) not in (None, list(classes)):
            raise ValueError("its classes are not those of the run")
        return network
    except (OSError, ValueError, RecursionError, FtError) as error:
        left = [str(epoch) for epoch in snapshots.epochs(folder)][:-1]
        back = f" The weights after epoch {listed(left)} are still there to look back at." if left else ""
        raise FtError(
            f"The final weights of this run cannot be used ({file} is damaged): "
            f"`python -m ftcore resume {folder}` makes them anew.{back}"
        ) from error


def is_sound(folder: Path) -> bool:
    """Whether the final weights of a finished run are there and can be used."""
    try:
        final_network(folder, classes_of(folder))
    except FtError:
        return False
    return True
