"""A network in numbers that need no weights: shapes, parameters, operations of every block, counted by torch."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ftcore.network import backbones
from ftcore.network.cut import BODY
from ftcore.network.layout import Layout, layout
from ftcore.network.surgery import BATCH_NORM


@dataclass(frozen=True)
class BlockInfo:
    """A block in numbers. `shape` is its output for one image: channels, height, width; or tokens, channels; or features.

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

    @property
    def in_body(self) -> bool:
        """Is it one of those between the first layers and the pooling?"""
        return self.kind in BODY

    @property
    def learns(self) -> bool:
        """Can it be trained: has it weights, or gets it new ones, as a head does?"""
        return self.parameters > 0 or self.kind == "head"

    @property
    def layout(self) -> Layout | None:
        """How its output lies over the image; None where it does not."""
        return layout(self.shape)


@functools.cache
def describe(backbone: str, classes: int | None = None) -> tuple[BlockInfo, ...]:
    """Shapes and costs of every block, counted by torch without needing weights.

    `classes` is the size of the new head; None describes the untouched network with its own head.
    """
    side = backbones.preprocess(backbone).side
    network = backbones.skeleton(backbone, classes)
    network.model.requires_grad_(False)  # torch's counter stumbles over a weight that is handed from block to block
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
