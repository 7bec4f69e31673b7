"""Where a run stands after an epoch, on disk: its records and its optimizer, beside the weights in `states`.

Written whole or not at all, in a thread while the next epoch runs: if that epoch is lost, it is repeated with the
same result. Read without running any code from the file. This module knows nothing about the training loop.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from ftcore import states
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


class Writer:
    """Writes checkpoints one after the other; without a path it does nothing. A failed write shows at the next call.

    As a context it waits at its end, so that nothing is written after it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._pool = path, ThreadPoolExecutor(1)
        self._job: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self.wait()

    def wait(self) -> None:
        """Return once what was handed over is on disk; raises what went wrong with it."""
        if self._job:
            self._job.result()

    def save(self, network: Network, settings: RunSettings, phases: Sequence[Phase], state: Progress) -> None:
        """Take a copy of everything now and write it soon. `phases` are those up to the one that is going on."""
        self.wait()
        if self._path is None:
            return
        record = {
            "settings": settings.to_json(),
            "optimizer": copy.deepcopy(state.optimizer),
            "epochs": [dataclasses.asdict(epoch) for epoch in state.epochs],
            "baseline": dataclasses.asdict(state.baseline) if state.baseline else None,
            "kernels": list(state.kernels or ()),
            "best": state.best,
            "seconds": state.seconds,
        }
        moved = states.tensors(network, states.keys(network, phases))
        self._job = self._pool.submit(_write, self._path, record, moved, len(phases), len(state.epochs))


def _write(path: Path, record: dict[str, Any], moved: dict[str, Tensor], phase: int, epoch: int) -> None:
    states.write(path.parent, moved, phase, epoch)  # first, since the checkpoint counts on it
    with whole(path) as file:
        try:
            torch.save(record, file)
        except RuntimeError as error:  # what torch makes of a failed write
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
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
