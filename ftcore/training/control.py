"""The control of a run that thaws: its head trained on alone, for as long as the run goes on.

What a thaw brings is only what it brings beyond this. This module knows nothing about checkpoints or where a run stands.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ftcore.errors import Diverged
from ftcore.events import EpochEnd, HeadAlone
from ftcore.network.blocks import Network
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import augment
from ftcore.training.augment import View
from ftcore.training.features import Source
from ftcore.training.optimizer import cut, make_optimizer
from ftcore.training.passes import evaluate, everything, learn


def go_on(
    network: Network, phase: Phase, settings: RunSettings, views: Mapping[View, Source], val_set: Source,
    optimizer: Mapping[str, Any], done: Sequence[EpochEnd], epochs: int,
) -> HeadAlone:  # fmt: skip
    """Train a copy of the head, as it stands at the end of its `phase`, for more `epochs` as if that had not ended.

    `views` are the training images at the head in all that the epochs learn from, `val_set` those for validation,
    `optimizer` is the state dict that the phase ended with, `done` are the phase's epochs. Rate, optimizer and its
    moments go on as they were, a plateau's waiting too; a cosine has come down to nothing, so its phase goes on at
    the full rate. The images come in the order, and the view, that the run's own epoch of the same number has. So
    with a constant rate this equals, to the last digit, a run whose head phase has so many more epochs. Network,
    state and torch's random numbers stay as they are.
    """
    schedule = "plateau" if phase.schedule == "plateau" else "constant"
    beside, on = network.beside(HEAD), dataclasses.replace(phase, schedule=schedule, warm_up=0.0)
    cuda = [val_set.device] if val_set.device.type == "cuda" else []
    told: list[tuple[float, float]] = []
    before, after = [record.val_loss for record in done], done[-1].epoch
    with torch.random.fork_rng(devices=cuda):
        own = make_optimizer(beside, on, val_set.device)
        own.load_state_dict(copy.deepcopy(dict(optimizer)))  # loading shares its tensors
        for epoch in range(after + 1, after + epochs + 1):
            _mode(beside, training=True)
            train_set = views[augment.learned(settings, epoch)]
            slower = cut(on, [*before, *(loss for loss, _ in told)])
            try:
                for _ in learn(beside, train_set, own, on, settings, 0, epoch, 0, slower):
                    pass
            except Diverged:
                break
            _mode(beside, training=False)
            told.append(evaluate(beside, val_set, everything(val_set)))
            if not math.isfinite(told[-1][0]):
                told.pop()
                break
    return HeadAlone(after, tuple(loss for loss, _ in told), tuple(accuracy for _, accuracy in told))


def _mode(network: Network, *, training: bool) -> None:
    for module in network.modules(HEAD):
        module.train(training)
