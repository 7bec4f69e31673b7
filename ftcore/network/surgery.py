"""Operations on a network: replace the head, freeze and thaw blocks, count what that costs.

Freezing is one flag per block: `trainable` names the blocks whose weights may move. This module knows
nothing about images, epochs or optimizers.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.settings import HEAD, Phase, RunSettings

BATCH_NORM = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True)
class BlockInfo:
    """A block in numbers. `shape` is its output for one image (channels, height, width or features alone).

    `forward_flops` counts two operations per multiply-add for one image, as torch's own counter does.
    `batch_norms` is the number of BatchNorm layers, `new` says that the block is a fresh head.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    forward_flops: int
    batch_norms: int
    new: bool


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


@functools.cache
def describe(backbone: str, classes: int | None = None) -> tuple[BlockInfo, ...]:
    """Shapes and costs of every block, counted by torch without needing weights.

    `classes` is the size of the new head; None describes the untouched network with its own head.
    """
    side = backbones.preprocess(backbone).side
    with torch.device("meta"):
        network = backbones.build(backbone, classes)
        network.model.eval()
        x = torch.empty(1, 3, side, side)
    rows = []
    for block in network.blocks:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            x = network.step(block, x)
        norms = sum(isinstance(m, BATCH_NORM) for top in network.modules(block.name) for m in top.modules())
        size = sum(p.numel() for p in network.parameters(block.name).values())
        new = block.kind == "head" and classes is not None
        rows.append(BlockInfo(block.name, block.kind, tuple(x.shape[1:]), size, counter.get_total_flops(), norms, new))
    return tuple(rows)


def check_settings(settings: RunSettings) -> None:
    """Raise `FtError` unless each phase names blocks of the backbone, one of them with weights. Loads nothing."""
    weighty = {row.name: bool(row.parameters) for row in describe(settings.backbone)}
    for phase in settings.phases:
        unknown = [name for name in phase.trainable if name not in weighty]
        if unknown:
            raise FtError(f"{settings.backbone} has no block '{shown(unknown[0])}': choose among {', '.join(weighty)}.")
        if not any(weighty[name] for name in phase.trainable):
            raise FtError("Nothing is trainable: thaw at least one block that has weights, such as the head.")


def last_blocks(backbone: str, count: int) -> tuple[str, ...]:
    """The last `count` convolutional blocks and every block with weights behind them, the head included."""
    rows = describe(backbone)
    convs = [i for i, row in enumerate(rows) if row.kind == "conv"]
    if not 0 <= count <= len(convs):
        raise FtError(f"{backbone} has {len(convs)} convolutional blocks, so {count} cannot be thawed: choose fewer.")
    if count == 0:
        return (HEAD,)
    return tuple(row.name for row in rows[convs[-count] :] if row.parameters)


def every_block(backbone: str) -> tuple[str, ...]:
    """All blocks that have weights."""
    return tuple(row.name for row in describe(backbone) if row.parameters)


def classic(backbone: str, thaw: int = 2, epochs: tuple[int, int] = (5, 10)) -> tuple[Phase, Phase]:
    """The classic lesson: train the new head, then thaw the last convolutional blocks at a tenth of the rate."""
    return (
        Phase(epochs=epochs[0]),
        Phase(name="Fine-tune", epochs=epochs[1], lr=1e-4, trainable=last_blocks(backbone, thaw)),
    )


def scratch(backbone: str, epochs: int = 15) -> tuple[Phase]:
    """One phase with everything trainable, for a network that starts from random weights."""
    return (Phase(name="From scratch", epochs=epochs, lr=1e-3, trainable=every_block(backbone)),)
