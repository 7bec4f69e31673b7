"""The state of a run after an epoch, on disk: tuned tensors, optimizer, records so far.

Written whole or not at all, read without running any code from the file. This module knows nothing about
the training loop.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ftcore.events import Baseline, EpochEnd
from ftcore.files import whole
from ftcore.network import Network
from ftcore.settings import FtError, Phase, RunSettings


@dataclass
class Progress:
    """What a run has reached, as the checkpoint keeps it."""

    epochs: list[EpochEnd] = field(default_factory=list)
    seconds: float = 0.0
    baseline: Baseline | None = None
    kernels: tuple[str, ...] | None = None
    best: dict[str, Tensor] | None = None
    optimizer: dict[str, Any] | None = None


def keys(network: Network, phases: Sequence[Phase]) -> set[str]:
    """State-dict keys of all blocks that these phases train."""
    return {key for phase in phases for name in phase.trainable for key in network.tensors(name)}


def tensors(network: Network, keys: set[str]) -> dict[str, Tensor]:
    """A copy on the CPU of these entries of the state dict."""
    return {k: t.detach().cpu().clone() for k, t in network.model.state_dict().items() if k in keys}


def save(path: Path, network: Network, settings: RunSettings, moved: set[str], state: Progress) -> None:
    """Write the checkpoint under a temporary name, flush it to disk, rename."""
    record = {
        "settings": settings.to_json(),
        "tensors": tensors(network, moved),
        "optimizer": state.optimizer,
        "epochs": [dataclasses.asdict(epoch) for epoch in state.epochs],
        "baseline": dataclasses.asdict(state.baseline) if state.baseline else None,
        "kernels": list(state.kernels or ()),
        "best": state.best,
        "seconds": state.seconds,
    }
    with whole(path) as file:
        try:
            torch.save(record, file)
        except RuntimeError as error:  # what torch makes of a failed write
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def restore(path: Path | None, network: Network, settings: RunSettings) -> Progress:
    """The state in the checkpoint, its weights put into the network; a fresh one if there is none."""
    if path is None or not path.exists():
        return Progress()
    try:
        record = torch.load(path, map_location="cpu", weights_only=True)
        if record["settings"] != settings.to_json():
            raise ValueError("other settings")
        if network.model.load_state_dict(record["tensors"], strict=False).unexpected_keys:
            raise ValueError("other network")
        return Progress(
            [EpochEnd(**epoch) for epoch in record["epochs"]],
            record["seconds"],
            Baseline(**record["baseline"]) if record["baseline"] else None,
            tuple(record["kernels"]),
            record["best"],
            record["optimizer"],
        )
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise FtError(f"The checkpoint {path} is damaged or belongs to other settings: start the run anew.") from error
