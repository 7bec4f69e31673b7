"""What a freeze pattern costs in operations and bytes, counted by torch; no clock and no weights."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ftcore.network import backbones
from ftcore.network.describe import describe


@dataclass(frozen=True)
class BlockCost:
    """One block under a freeze pattern. FLOPs and bytes are for one image; `trainable` is its state.

    `backward_flops` counts the gradients of its weights if it is trainable, and those of its input if a
    trainable block lies before it. `activation_bytes` is its output in float32.
    """

    name: str
    trainable: bool
    forward_flops: int
    backward_flops: int
    activation_bytes: int


@dataclass(frozen=True)
class Totals:
    """A freeze pattern in sums. Bytes are float32; the cache is that of one image at the boundary."""

    trainable: int
    frozen: int
    optimizer_bytes: int
    boundary: str
    cache_bytes: int


def block_costs(backbone: str, classes: int, trainable: Collection[str]) -> tuple[BlockCost, ...]:
    """Every block under this pattern, counted by torch."""
    rows, backward, moving = describe(backbone, classes), _backward(backbone, classes), False
    costs = []
    for row in rows:
        learns = row.name in trainable and row.learns
        size = 4 * math.prod(row.shape)
        costs.append(BlockCost(row.name, learns, row.forward_flops, backward[row.name, learns, moving], size))
        moving = moving or learns
    return tuple(costs)


def _conv_backward(grad_shape: Sequence[int], _: object, weight_shape: Sequence[int], *rest: Any, **__: object) -> int:
    """FLOPs of a convolution's backward pass: each gradient wanted costs what the forward pass costs.

    torch's own formula takes a grouped convolution for a dense one here, which overstates it up to 1,000 times.
    """
    output_mask = next(value for value in reversed(rest) if isinstance(value, list | tuple) and len(value) == 3)
    forward = 2 * math.prod(weight_shape) * grad_shape[0] * math.prod(grad_shape[2:])
    return forward * sum(map(bool, output_mask[:2]))


CONV_BACKWARD = {torch.ops.aten.convolution_backward: _conv_backward}


@functools.cache
def _backward(backbone: str, classes: int) -> dict[tuple[str, bool, bool], int]:
    """Backward FLOPs of each block by (name, gradients of weights wanted, gradients of input wanted), from torch."""
    network, side = backbones.skeleton(backbone, classes), backbones.preprocess(backbone).side
    x = torch.empty(1, 3, side, side, device="meta")
    flops = {}
    for block in network.blocks:
        for weights, inputs in ((False, True), (True, False), (True, True)):
            for parameter in network.parameters(block.name).values():
                parameter.requires_grad_(weights)
            entering = x.detach().clone().requires_grad_(inputs)
            with FlopCounterMode(display=False, custom_mapping=CONV_BACKWARD) as counter:
                out = network.step(block, entering.clone())
                forward = counter.get_total_flops()
                if out.requires_grad:
                    out.sum().backward()
            flops[block.name, weights, inputs] = counter.get_total_flops() - forward
        flops[block.name, False, False] = 0
        x = out.detach()
    return flops


def totals(backbone: str, classes: int, trainable: Collection[str], optimizer: str = "adamw") -> Totals:
    """Sums over all blocks. AdamW keeps two numbers for each trainable weight, SGD with momentum one."""
    rows = describe(backbone, classes)
    moving = sum(row.parameters for row in rows if row.name in trainable)
    first = next((i for i, row in enumerate(rows) if row.name in trainable and row.learns), len(rows))
    side = backbones.preprocess(backbone).side
    cached = 4 * math.prod(rows[first - 1].shape if first else (3, side, side))
    return Totals(
        moving,
        sum(row.parameters for row in rows) - moving,
        moving * 4 * (2 if optimizer == "adamw" else 1),
        rows[first].name if first < len(rows) else "",
        cached if 0 < first < len(rows) else 0,
    )
