"""Experiments that show what freezing does: its costs, ten real steps, and one step worked out in numbers.

Each works on a network of its own and leaves nothing behind. This module knows nothing about runs or pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ftcore.costs import machine
from ftcore.data.prepared import Split
from ftcore.errors import FtError
from ftcore.network import backbones, pixels, surgery
from ftcore.network.blocks import Network
from ftcore.network.change import relative
from ftcore.network.describe import describe
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment, objective
from ftcore.training.optimizer import make_optimizer, shorten, step
from ftcore.training.start import start_network

STEPS = 10


@dataclass(frozen=True)
class Movement:
    """How far one block moved: norm of the change over norm before. `statistics` is None without BatchNorm."""

    name: str
    trainable: bool
    weights: float
    statistics: float | None


def movement(
    settings: RunSettings, phase: Phase, split: Split, *, plain: bool = False, steps: int = STEPS
) -> tuple[Movement, ...]:
    """Run `steps` real optimizer steps of a phase on a network of its own and measure each block.

    The layers are in the mode that a run with these settings puts them in: frozen blocks in eval mode, trainable ones
    by the rule for BatchNorm. With `plain` all of them are in train mode instead, as `model.train()` leaves them.
    """
    network = _prepared(settings, phase, int(split.labels.max()) + 1)
    before = {name: {k: t.detach().clone() for k, t in network.tensors(name).items()} for name in network.names}
    if plain:
        network.model.train()
    else:
        surgery.set_mode(network, phase.trainable, settings.batch_norm)
    optimizer = make_optimizer(network, phase, torch.device("cpu"))
    moving = surgery.moving(network, phase.trainable)
    for x, y in batches(settings, split, steps):
        step(optimizer, _loss(settings, network, split, x, y), phase.clip, moving)
    return tuple(_moved(network, name, phase, before[name]) for name in network.names if network.parameters(name))


def _loss(settings: RunSettings, network: Network, split: Split, x: Tensor, y: Tensor) -> Tensor:
    """What a run with these settings learns from: a batch's loss by what the split's labels ask for."""
    with objective.dropout(network, settings.dropout):
        logits = network.run(x)
    return objective.loss(settings, split.labels, network.head.out_features, torch.device("cpu"))(logits, y)


def movement_seconds(settings: RunSettings, phase: Phase, steps: int = STEPS) -> float:
    """Expected seconds of such steps on this machine: the whole network forward, its trainable end backward too."""
    cost, learning = machine.costs(settings.backbone), False
    images = steps * min(settings.batch_size, pixels.batch_size(backbones.preprocess(settings.backbone)))
    seconds = 0.0
    for row in describe(settings.backbone):
        learning = learning or row.name in phase.trainable
        seconds += images * (cost[row.name].train if learning else cost[row.name].forward)
    return seconds


def _prepared(settings: RunSettings, phase: Phase, classes: int) -> Network:
    network = start_network(settings, classes)
    surgery.freeze(network, phase.trainable)
    return network


def batches(settings: RunSettings, split: Split, steps: int) -> list[tuple[Tensor, Tensor]]:
    """Batches of the training set in a seeded order, from the start again if it is short.

    They are altered and mixed as those of a run's first epoch; labels [n] are then shares [n, classes].
    """
    preprocess = backbones.preprocess(settings.backbone)
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(settings.seed))
    size = min(settings.batch_size, pixels.batch_size(preprocess))
    if len(order) < 2:
        raise FtError("There are too few training images for a step: choose more images per class.")
    parts = [part for part in order.repeat(steps * size // len(order) + 1).split(size) if len(part) > 1][:steps]
    view, device = augment.learned(settings, 1), torch.device("cpu")
    made = [
        (
            augment.alter(pixels.pixels(split.images[part.numpy()], preprocess, device), part, view),
            torch.tensor(split.labels[part.numpy()]),
        )
        for part in parts
    ]
    mix = augment.mixing(settings, int(split.labels.max()) + 1)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.seed)
        return [mix(x, y) for x, y in made] if mix else made


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
    _loss(settings, network, split, x, y).backward()
    shorten(surgery.moving(network, phase.trainable), phase.clip)
    key, parameter = next(iter(network.parameters(block).items()))
    if parameter.grad is None:
        raise FtError(f"{block} is frozen, so nothing moves there: thaw it, then take the step.")
    flat = int(parameter.grad.abs().argmax())
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), parameter.shape))
    before, gradient = float(parameter[index].detach()), float(parameter.grad[index])
    group = next(
        group
        for group in optimizer.param_groups
        if any(rows.data_ptr() == parameter.data_ptr() for rows in group["params"])
    )
    lr, decay = group["lr"], group["weight_decay"]
    optimizer.step()
    if phase.optimizer == "adamw":
        shrink, move = lr * decay * before, lr * gradient / (abs(gradient) + 1e-8)
    else:
        shrink, move = lr * decay * before, lr * gradient
    return OneStep(block, key, index, before, gradient, lr, decay, shrink, move, float(parameter[index].detach()))
