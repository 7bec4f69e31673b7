"""Operations on a network: replace the head, freeze and thaw blocks, count what that costs.

Freezing is one flag per block: `trainable` names the blocks whose weights may move. This module knows
nothing about images, epochs or optimizers.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn

from ftcore.errors import FtError
from ftcore.network.blocks import Network

BATCH_NORM = nn.modules.batchnorm._BatchNorm


def replace_head(network: Network, classes: int, seed: int) -> None:
    """Swap the last linear layer for a fresh one with `classes` outputs; the seed fixes its weights."""
    if classes < 2:
        raise FtError("A classifier needs at least two classes: add images of a second one.")
    parent, _, child = network.head_path.rpartition(".")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = nn.Linear(network.head.in_features, classes)
    setattr(network.model.get_submodule(parent), child, fresh)
    network.refresh()


def check(network: Network, trainable: Collection[str]) -> None:
    """Raise `FtError` if a name is no block of this network, or if no named block has weights."""
    if not any(network.parameters(name) for name in trainable):
        raise FtError("Nothing is trainable: thaw at least one block that has weights, such as the head.")
    for name in trainable:
        network.modules(name)


def freeze(network: Network, trainable: Collection[str]) -> None:
    """Let only the named blocks receive gradients; every other parameter is frozen."""
    check(network, trainable)
    for name in network.names:
        for parameter in network.parameters(name).values():
            parameter.requires_grad_(name in trainable)


def moving(network: Network, trainable: Collection[str]) -> list[nn.Parameter]:
    """The parameters of the named blocks."""
    return [p for name in trainable for p in network.parameters(name).values()]


def set_mode(network: Network, trainable: Collection[str], batch_norm: str) -> None:
    """Put trainable blocks in train mode and frozen ones in eval mode.

    `requires_grad=False` does not stop BatchNorm statistics, eval mode does; so frozen blocks are always in
    eval mode, and with `batch_norm="keep"` so are the BatchNorm layers of trainable blocks.
    """
    network.model.eval()
    for name in trainable:
        for module in (m for top in network.modules(name) for m in top.modules()):
            module.training = not (isinstance(module, BATCH_NORM) and batch_norm == "keep")


def boundary(network: Network, trainable: Collection[str]) -> str:
    """The first trainable block that has weights: everything before it is a pure function of the image."""
    check(network, trainable)
    return next(name for name in network.names if name in trainable and network.parameters(name))
