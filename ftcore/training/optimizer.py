"""The optimizer of a phase and its rate over time. It never sees an image."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from torch import Tensor

from ftcore.network.blocks import Network
from ftcore.settings import Phase


def make_optimizer(network: Network, phase: Phase, device: torch.device) -> torch.optim.Optimizer:
    """The phase's optimizer with one group per trainable block, input side first; the head's group is last.

    A block's rate is the phase's rate times `depth_decay` once for each trainable block behind it. The optimizer
    holds the weights as rows without gaps, since torch's fused steps copy channels_last weights to and fro; each
    step takes the gradients over from the network's parameters, which have none afterwards.
    """
    names = [name for name in network.names if name in phase.trainable and network.parameters(name)]
    pairs = {name: [(p, _rows(p)) for p in network.parameters(name).values()] for name in names}
    groups: list[dict[str, Any]] = []
    for depth, name in enumerate(reversed(names)):
        lr = phase.lr * phase.depth_decay**depth
        groups.insert(0, {"name": name, "params": [rows for _, rows in pairs[name]], "lr": lr, "base_lr": lr})
    fused = device.type in ("cpu", "cuda")
    optimizer: torch.optim.Optimizer
    if phase.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=phase.weight_decay, fused=fused)
    else:
        optimizer = torch.optim.AdamW(groups, weight_decay=phase.weight_decay, fused=fused)

    def take_over(*_: object) -> None:
        for p, rows in itertools.chain(*pairs.values()):
            rows.grad, p.grad = None if p.grad is None else _rows(p.grad), None

    optimizer.register_step_pre_hook(take_over)
    return optimizer


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One training step: the gradients of this loss in place of the last ones, then the weights move."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _rows(t: Tensor) -> Tensor:
    """The same memory in the order in which a channels_last tensor lies there."""
    return t.detach().permute(0, 2, 3, 1) if t.ndim == 4 else t.detach()


def rate(phase: Phase, step: int, steps: int) -> float:
    """The schedule's factor at a step of the phase: 1, or half a cosine from 1 to 0 (arXiv 1608.03983, eq. 5)."""
    return 1.0 if phase.schedule == "constant" else 0.5 * (1 + math.cos(math.pi * step / steps))
