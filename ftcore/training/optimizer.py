"""The optimizer of a phase and its rate over time. It never sees an image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ftcore.network.blocks import Network
from ftcore.settings import Phase

PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.1, 1  # torch counts the epochs that it lets pass: it acts at the one after them


def make_optimizer(network: Network, phase: Phase, device: torch.device) -> torch.optim.Optimizer:
    """The phase's optimizer with one group per trainable block, input side first; the head's group is last.

    Where decay acts on matrices alone, what a block has of one dimension, its biases and norms, is a group behind its
    own that has none. A block's rate is the phase's rate times `depth_decay` once for each trainable block behind it. The optimizer
    holds the weights as rows without gaps, since torch's fused steps copy channels_last weights to and fro; each
    step takes the gradients over from the network's parameters, which have none afterwards.
    """
    names = [name for name in network.names if name in phase.trainable and network.parameters(name)]
    pairs = {name: [(p, _rows(p)) for p in network.parameters(name).values()] for name in names}
    groups: list[dict[str, Any]] = []
    for depth, name in enumerate(reversed(names)):
        lr = phase.lr * phase.depth_decay**depth
        groups[:0] = [
            {"name": name, "params": rows, "lr": lr, "base_lr": lr, "weight_decay": decay}
            for decay, rows in _decayed(phase, [rows for _, rows in pairs[name]])
        ]
    fused = device.type in ("cpu", "cuda")
    optimizer: torch.optim.Optimizer
    if phase.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, momentum=0.9, fused=fused)
    else:
        optimizer = torch.optim.AdamW(groups, fused=fused)

    def take_over(*_: object) -> None:
        for p, rows in itertools.chain(*pairs.values()):
            rows.grad, p.grad = None if p.grad is None else _rows(p.grad), None

    optimizer.register_step_pre_hook(take_over)
    return optimizer


def _decayed(phase: Phase, tensors: list[Tensor]) -> list[tuple[float, list[Tensor]]]:
    """Tensors by the weight decay that they get."""
    if phase.decay_on == "everything":
        return [(phase.weight_decay, tensors)]
    parted = [(phase.weight_decay, [t for t in tensors if t.ndim > 1]), (0.0, [t for t in tensors if t.ndim <= 1])]
    return [(decay, some) for decay, some in parted if some]


def step(
    optimizer: torch.optim.Optimizer, loss: Tensor, clip: float = 0.0, moving: Iterable[nn.Parameter] = ()
) -> None:
    """One training step: the gradients of this loss in place of the last ones, then the weights move.

    With `clip` the gradients of the `moving` parameters are shortened first.
    """
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    shorten(moving, clip)
    optimizer.step()


def shorten(moving: Iterable[nn.Parameter], clip: float) -> None:
    """Scale the gradients of these parameters so that their norm over all of them is no more than `clip`; 0: as they are."""
    if clip:
        nn.utils.clip_grad_norm_(moving, clip)


def _rows(t: Tensor) -> Tensor:
    """The same memory in the order in which a channels_last tensor lies there."""
    return t.detach().permute(0, 2, 3, 1) if t.ndim == 4 else t.detach()


def rate(phase: Phase, step: int, per_epoch: int) -> float:
    """The factor of warm-up and schedule at a step of the phase, which has so many steps an epoch.

    A straight line up to 1 while it warms up, then 1, or half a cosine from 1 to 0 (arXiv 1608.03983, eq. 5).
    """
    warm, steps = round(phase.warm_up * per_epoch), phase.epochs * per_epoch
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) if phase.schedule == "cosine" else 1.0


def cut(phase: Phase, losses: Sequence[float]) -> float:
    """The factor of a plateau schedule after epochs with these validation losses, by torch's own; else 1."""
    if phase.schedule != "plateau":
        return 1.0
    stand_in = torch.optim.SGD([torch.zeros(1)], lr=phase.lr)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(stand_in, factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE)
    for loss in losses:
        schedule.step(loss)
    return float(stand_in.param_groups[0]["lr"]) / phase.lr
