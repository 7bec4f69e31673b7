"""A network in numbers that need no weights: shapes, parameters, operations of every block, counted by torch."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ftcore.network import backbones
from ftcore.network.surgery import BATCH_NORM


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


@functools.cache
def describe(backbone: str, classes: int | None = None) -> tuple[BlockInfo, ...]:
    """Shapes and costs of every block, counted by torch without needing weights.

    `classes` is the size of the new head; None describes the untouched network with its own head.
    """
    side = backbones.preprocess(backbone).side
    network = backbones.skeleton(backbone, classes)
    x = torch.empty(1, 3, side, side, device="meta")
    rows = []
    for block in network.blocks:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            x = network.step(block, x)
        norms = sum(isinstance(m, BATCH_NORM) for top in network.modules(block.name) for m in top.modules())
        size = sum(p.numel() for p in network.parameters(block.name).values())
        new = block.kind == "head" and classes is not None
        rows.append(BlockInfo(block.name, block.kind, tuple(x.shape[1:]), size, counter.get_total_flops(), norms, new))
    return tuple(rows)


@functools.cache
def features(backbone: str) -> int:
    """How many numbers go into the head."""
    return backbones.skeleton(backbone).head.in_features
