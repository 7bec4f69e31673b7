"""Where a run stands after an epoch, on disk: its records and its optimizer, beside the weights in `states`.

Written whole or not at all, read without running any code from the file. This module knows nothing about the
training loop.
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

from ftcore import states
from ftcore.events import Baseline, EpochEnd
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


def save(path: Path, network: Network, settings: RunSettings, phases: Sequence[Phase], state: Progress) -> None:
    """Write it under a temporary name, flush it to disk, rename. `phases` are those up to the one that is going on."""
    record = {
        "settings": settings.to_json(),
        "optimizer": state.optimizer,
        "epochs": [dataclasses.asdict(epoch) for epoch in state.epochs],
        "baseline": dataclasses.asdict(state.baseline) if state.baseline else None,
        "kernels": list(state.kernels or ()),
        "best": state.best,
        "seconds": state.seconds,
    }
    states.keep(path.parent, network, phases, len(state.epochs))  # first, since the checkpoint counts on it
    states.write(path, record)
    states.thin(path.parent)


def restore(path: Path | None, network: Network, settings: RunSettings) -> Progress:
    """What the checkpoint says, the weights of its last epoch put into the network; a fresh start if there is none."""
    if path is None or not path.exists():
        return Progress()
    try:
        record = torch.load(path, map_location="cpu", weights_only=True)
        if record["settings"] != settings.to_json():
            raise ValueError("other settings")
        epochs = [EpochEnd(**epoch) for epoch in record["epochs"]]
        states.put(path.parent, network, epochs[-1].epoch)
        return Progress(
            epochs,
            record["seconds"],
            Baseline(**record["baseline"]) if record["baseline"] else None,
            tuple(record["kernels"]),
            record["best"],
            record["optimizer"],
        )
    except (
        OSError,
        RuntimeError,
        ValueError,
        LookupError,
        TypeError,
        EOFError,
        pickle.UnpicklingError,
        FtError,
    ) as error:
        raise FtError(f"The checkpoint {path} is damaged or belongs to other settings: start the run anew.") from error
