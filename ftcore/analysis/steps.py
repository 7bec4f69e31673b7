"""Experiments that show what freezing does: its costs, ten real steps, and one step worked out in numbers.

Each works on a network of its own and leaves nothing behind. This module knows nothing about runs or pages.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ftcore.costs import machine
from ftcore.data.sets import Split
from ftcore.errors import FtError
from ftcore.network import backbones, surgery
from ftcore.network.blocks import Network
from ftcore.network.change import relative
from ftcore.settings import Phase, RunSettings
from ftcore.training import features
from ftcore.training.loop import make_optimizer, start_network

STEPS = 10


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
    forward_flops: int
    backward_flops: int


def block_costs(backbone: str, classes: int, trainable: Collection[str]) -> tuple[BlockCost, ...]:
    """Every block under this pattern, counted by torch."""
    rows, backward, moving = surgery.describe(backbone, classes), _backward(backbone, classes), False
    found = []
    for row in rows:
        learns = row.name in trainable and row.parameters > 0
        size = 4 * math.prod(row.shape)
        found.append(BlockCost(row.name, learns, row.forward_flops, backward[row.name, learns, moving], size))
        moving = moving or learns
    return tuple(found)


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
    with torch.device("meta"):
        network = backbones.build(backbone, classes)
        network.model.eval()
        side = backbones.preprocess(backbone).side
        x = torch.empty(1, 3, side, side)
    found = {}
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
            found[block.name, weights, inputs] = counter.get_total_flops() - forward
        found[block.name, False, False] = 0
        x = out.detach()
    return found


def totals(backbone: str, classes: int, trainable: Collection[str], optimizer: str = "adamw") -> Totals:
    """Sums over all blocks. AdamW keeps two numbers for each trainable weight, SGD with momentum one."""
    rows = surgery.describe(backbone, classes)
    moving = sum(row.parameters for row in rows if row.name in trainable)
    costs = block_costs(backbone, classes, trainable)
    first = next((i for i, cost in enumerate(costs) if cost.trainable), len(costs))
    side = backbones.preprocess(backbone).side
    cached = costs[first - 1].activation_bytes if first else 3 * side * side * 4
    return Totals(
        moving,
        sum(row.parameters for row in rows) - moving,
        moving * 4 * (2 if optimizer == "adamw" else 1),
        rows[first].name if first < len(rows) else "",
        cached if 0 < first < len(rows) else 0,
        sum(cost.forward_flops for cost in costs),
        sum(cost.backward_flops for cost in costs),
    )


@dataclass(frozen=True)
class Movement:
    """How far one block moved: norm of the change over norm before. `statistics` is None without BatchNorm."""

    name: str
    trainable: bool
    weights: float
    statistics: float | None


def movement(
    settings: RunSettings, phase: Phase, split: Split, batch_norm: str, steps: int = STEPS
) -> tuple[Movement, ...]:
    """Run `steps` real optimizer steps of a phase on a network of its own and measure each block.

    With `batch_norm="update"` every BatchNorm layer is in train mode, frozen blocks included: what a plain
    `model.train()` does. With "keep" all of them stay in eval mode.
    """
    network = _prepared(settings, phase, int(split.labels.max()) + 1)
    before = {name: {k: t.detach().clone() for k, t in network.tensors(name).items()} for name in network.names}
    surgery.set_mode(network, phase.trainable, batch_norm)
    if batch_norm == "update":
        for module in network.model.modules():
            module.training = module.training or isinstance(module, surgery.BATCH_NORM)
    optimizer = make_optimizer(network, phase, torch.device("cpu"))
    for x, y in batches(settings, split, steps):
        loss = F.cross_entropy(network.run(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return tuple(_moved(network, name, phase, before[name]) for name in network.names if network.parameters(name))


def movement_seconds(settings: RunSettings, phase: Phase, steps: int = STEPS) -> float:
    """Expected seconds of such steps on this machine: the whole network forward, its trainable end backward too."""
    cost, learning = machine.costs(settings.backbone), False
    images = steps * min(settings.batch_size, features.batch_size(backbones.preprocess(settings.backbone)))
    seconds = 0.0
    for row in surgery.describe(settings.backbone):
        learning = learning or row.name in phase.trainable
        seconds += images * (cost[row.name].train if learning else cost[row.name].forward)
    return seconds


def _prepared(settings: RunSettings, phase: Phase, classes: int) -> Network:
    network = start_network(settings, classes)
    surgery.freeze(network, phase.trainable)
    return network


def batches(settings: RunSettings, split: Split, steps: int) -> list[tuple[Tensor, Tensor]]:
    """Batches of the training set in a seeded order, from the start again if it is short."""
    preprocess = backbones.preprocess(settings.backbone)
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(settings.seed))
    size = min(settings.batch_size, features.batch_size(preprocess))
    if len(order) < 2:
        raise FtError("There are too few training images for a step: choose more images per class.")
    parts = [part for part in order.repeat(steps * size // len(order) + 1).split(size) if len(part) > 1][:steps]
    device = torch.device("cpu")
    return [
        (features.pixels(split.images[part.numpy()], preprocess, device), torch.tensor(split.labels[part.numpy()]))
        for part in parts
    ]


def _moved(network: Network, name: str, phase: Phase, before: dict[str, Tensor]) -> Movement:
    now = network.tensors(name)
    learned = list(network.parameters(name))
    statistics = [key for key in now if key.rpartition(".")[2] in ("running_mean", "running_var")]

    def change(keys: Iterable[str]) -> float:
        return relative((before[key] for key in keys), (now[key] for key in keys))

    return Movement(name, name in phase.trainable, change(learned), change(statistics) if statistics else None)


@dataclass(frozen=True)
class OneStep:
    """The first optimizer step on one weight, with all that it takes to work it out by hand.

    AdamW (arXiv 1711.05101, algorithm 2) at step 1: m = (1 - beta1) g, v = (1 - beta2) g^2, both divided by the
    same factor again, so the move is lr * g / (|g| + eps), after the weight has shrunk by lr * decay * w.
    SGD: the move is lr * (g + decay * w).
    """

    block: str
    parameter: str
    index: tuple[int, ...]
    before: float
    gradient: float
    lr: float
    decay: float
    shrink: float
    move: float
    after: float


def one_step(settings: RunSettings, phase: Phase, split: Split, block: str) -> OneStep:
    """Take one real step and report the weight of this block's first tensor that has the largest gradient."""
    network = _prepared(settings, phase, int(split.labels.max()) + 1)
    surgery.set_mode(network, phase.trainable, settings.batch_norm)
    optimizer = make_optimizer(network, phase, torch.device("cpu"))
    ((x, y),) = batches(settings, split, 1)
    F.cross_entropy(network.run(x), y).backward()
    key, parameter = next(iter(network.parameters(block).items()))
    if parameter.grad is None:
        raise FtError(f"{block} is frozen, so nothing moves there: thaw it, then take the step.")
    flat = int(parameter.grad.abs().argmax())
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), parameter.shape))
    before, gradient = float(parameter[index].detach()), float(parameter.grad[index])
    lr = next(group["lr"] for group in optimizer.param_groups if group["name"] == block)
    optimizer.step()
    decay = phase.weight_decay
    if phase.optimizer == "adamw":
        shrink, move = lr * decay * before, lr * gradient / (abs(gradient) + 1e-8)
    else:
        shrink, move = lr * decay * before, lr * gradient
    return OneStep(block, key, index, before, gradient, lr, decay, shrink, move, float(parameter[index].detach()))
