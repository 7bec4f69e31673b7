"""How much of a pretrained network has moved: its weights before training against those after, number by number.

This module knows nothing about runs, or about what was meant to move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ftcore.network.blocks import Network
from ftcore.settings import HEAD


@dataclass(frozen=True)
class Moved:
    """`moved` of `weights` numbers differ; `distance` is how far those tensors went, relative to their norm before."""

    weights: int
    moved: int
    distance: float

    @property
    def share(self) -> float:
        """The moved ones among all, 0..1."""
        return self.moved / self.weights


def compare(before: Network, after: Network) -> Moved:
    """Compare two networks of one architecture outside their heads, which may name other classes.

    Counted is every number that an optimizer could move: weights and biases of convolutions, linear layers and
    norms. Running statistics of BatchNorm are no weights and are left out.
    """
    weights, moved = 0, 0
    then: list[Tensor] = []
    now: list[Tensor] = []
    for name in (name for name in before.names if name != HEAD):
        tuned = after.parameters(name)
        for key, weight in before.parameters(name).items():
            differ = int((weight.detach() != tuned[key].detach()).sum())
            weights, moved = weights + weight.numel(), moved + differ
            if differ:
                then.append(weight.detach())
                now.append(tuned[key])
    return Moved(weights, moved, relative(then, now))


def relative(before: Iterable[Tensor], now: Iterable[Tensor]) -> float:
    """Norm of the change over the norm before, over all tensors together."""
    moved = whole = 0.0
    for b, n in zip(before, now, strict=True):
        moved += float((n.detach().double() - b.double()).pow(2).sum())
        whole += float(b.double().pow(2).sum())
    return math.sqrt(moved / max(whole, 1e-30))


def drift(network: Network, origin: dict[str, Tensor]) -> dict[str, float]:
    """Per block: norm of (weights now - weights at the start) over norm of the weights at the start."""
    moved_by = {}
    for name in network.names:
        pairs = [(p.detach(), origin[key]) for key, p in network.parameters(name).items() if key in origin]
        if pairs:
            moved = torch.stack([(now - then).pow(2).sum() for now, then in pairs]).sum()
            whole = torch.stack([then.pow(2).sum() for _, then in pairs]).sum()
            moved_by[name] = (moved / whole.clamp_min(1e-30)).sqrt().item()
    return moved_by
