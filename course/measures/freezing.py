"""Measurements about what freezing holds and what moves all the same."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.measures.ground import BASE, CLASSES, Numbers, batches, images, seeded
from ftcore.analysis import steps
from ftcore.network import change, surgery
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.settings import HEAD, Phase
from ftcore.training import recipes
from ftcore.training.optimizer import step
from ftcore.training.start import start_network


def frozen_norm(seed: int, *, plain: bool) -> Numbers:
    """Ten steps of head training, in the mode of a plain model.train() or as a run does it: how far frozen blocks move."""
    moved = steps.movement(seeded(seed), Phase(), images().train, plain=plain)
    frozen = [row for row in moved if not row.trainable]
    return {
        "weights": max(row.weights for row in frozen),
        "statistics": max(row.statistics or 0.0 for row in frozen),
    }


def bn_eval(seed: int, *, again: bool) -> Numbers:
    """Put BatchNorm in eval mode, call train() as an epoch does, perhaps eval mode again, and let five batches through."""
    network = start_network(seeded(seed), CLASSES)
    norms = [module for module in network.model.modules() if isinstance(module, surgery.BATCH_NORM)]
    for norm in norms:
        norm.eval()
    held = sum(not norm.training for norm in norms)
    network.model.train()
    for norm in norms if again else ():
        norm.eval()
    left = sum(not norm.training for norm in norms)
    before = [mean.clone() for mean in _means(norms)]
    with torch.no_grad():
        for x, _ in batches(seed):
            network.model(x)
    moved = change.relative(before, _means(norms))
    return {"norms": len(norms), "held": held, "left": left, "statistics": moved}


def _means(norms: Sequence[nn.Module]) -> list[Tensor]:
    return [norm.get_buffer("running_mean") for norm in norms]


def eval_mode(seed: int, *, train: bool) -> Numbers:
    """Five steps of the whole network in eval mode or in train mode: weights and BatchNorm statistics, before and after."""
    network = start_network(seeded(seed), CLASSES)
    surgery.freeze(network, recipes.every_block(BASE.backbone))
    network.model.train(train)
    weights = [p.detach().clone() for p in network.model.parameters()]
    statistics = [b.clone() for b in _statistics(network)]
    _learn(network, torch.optim.AdamW(network.model.parameters(), lr=1e-4), seed)
    return {
        "weights": change.relative(weights, list(network.model.parameters())),
        "statistics": change.relative(statistics, _statistics(network)),
    }


def optimizer_holds(seed: int, *, held: str) -> Numbers:
    """Thaw the last block and take five steps with an optimizer that holds the "head" alone, or "both"."""
    last = recipes.last_blocks(BASE.backbone, 1)
    network = start_network(seeded(seed), CLASSES)
    surgery.freeze(network, last)
    block = list(network.parameters(last[0]).values())
    before = [p.detach().clone() for p in block]
    moving = [p for part in ((HEAD,) if held == "head" else last) for p in network.parameters(part).values()]
    _learn(network, torch.optim.AdamW(moving, lr=1e-4), seed)
    return {"weights": change.relative(before, block)}


def last_two(_seed: int, *, backbone: str) -> Numbers:
    """The share of the trunk's parameters, and of the blocks with weights, that the last two blocks are: counted."""
    rows = [row for row in describe(backbone, CLASSES) if row.parameters and row.name != HEAD]
    thawed = [row for row in rows if row.name in recipes.last_blocks(backbone, 2)]
    size = sum(row.parameters for row in thawed)
    return {
        "share": size / sum(row.parameters for row in rows),
        "blocks": len(thawed) / len(rows),
        "parameters": size,
        "trunk": sum(row.parameters for row in rows),
    }


def _learn(network: Network, optimizer: torch.optim.Optimizer, seed: int) -> None:
    for x, y in batches(seed):
        step(optimizer, F.cross_entropy(network.run(x), y))


def _statistics(network: Network) -> list[Tensor]:
    return [b for name, b in network.model.named_buffers() if name.endswith(("running_mean", "running_var"))]
