"""Measurements about what freezing holds and what moves all the same."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.measures.ground import BASE, CLASSES, STEPS, Numbers, batches, images
from ftcore.analysis import steps
from ftcore.network import change, surgery
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.settings import HEAD, Phase
from ftcore.training import recipes
from ftcore.training.optimizer import step
from ftcore.training.start import start_network


def frozen_norm() -> Numbers:
    """Ten steps of head training in the mode of a plain model.train(): how far frozen blocks move."""
    moved = steps.movement(BASE, Phase(), images().train, plain=True)
    frozen = [row for row in moved if not row.trainable]
    return {
        "weights": max(row.weights for row in frozen),
        "statistics": max(row.statistics or 0.0 for row in frozen),
        "steps": steps.STEPS,
    }


def bn_eval() -> Numbers:
    """Put BatchNorm in eval mode once, call train() as an epoch does, and let five batches through."""
    network = start_network(BASE, CLASSES)
    norms = [module for module in network.model.modules() if isinstance(module, surgery.BATCH_NORM)]
    for norm in norms:
        norm.eval()
    held = sum(not norm.training for norm in norms)
    network.model.train()
    left = sum(not norm.training for norm in norms)
    before = [mean.clone() for mean in _means(norms)]
    with torch.no_grad():
        for x, _ in batches():
            network.model(x)
    moved = change.relative(before, _means(norms))
    return {"norms": len(norms), "held": held, "left": left, "statistics": moved}


def _means(norms: Sequence[nn.Module]) -> list[Tensor]:
    return [norm.get_buffer("running_mean") for norm in norms]


def eval_mode() -> Numbers:
    """Five steps of the whole network in eval mode: weights and BatchNorm statistics, before and after."""
    network = start_network(BASE, CLASSES)
    surgery.freeze(network, recipes.every_block(BASE.backbone))
    network.model.eval()
    weights = [p.detach().clone() for p in network.model.parameters()]
    statistics = [b.clone() for b in _statistics(network)]
    optimizer = torch.optim.AdamW(network.model.parameters(), lr=1e-4)
    _learn(network, optimizer)
    return {
        "weights": change.relative(weights, list(network.model.parameters())),
        "statistics": change.relative(statistics, _statistics(network)),
        "steps": STEPS,
    }


def optimizer_holds() -> Numbers:
    """Thaw the last block and take five steps: once with an optimizer that holds only the head, once with both."""
    numbers: Numbers = {"steps": STEPS}
    last = recipes.last_blocks(BASE.backbone, 1)
    for name, held in (("without", (HEAD,)), ("with", last)):
        network = start_network(BASE, CLASSES)
        surgery.freeze(network, last)
        block = list(network.parameters(last[0]).values())
        before = [p.detach().clone() for p in block]
        moving = [p for part in held for p in network.parameters(part).values()]
        _learn(network, torch.optim.AdamW(moving, lr=1e-4))
        numbers[name] = change.relative(before, block)
    return numbers


def last_two() -> Numbers:
    """The share of the trunk's parameters, and of the blocks with weights, that the last two blocks are."""
    rows = [row for row in describe(BASE.backbone, CLASSES) if row.parameters and row.name != HEAD]
    thawed = [row for row in rows if row.name in recipes.last_blocks(BASE.backbone, 2)]
    size = sum(row.parameters for row in thawed)
    return {
        "share": size / sum(row.parameters for row in rows),
        "blocks": len(thawed) / len(rows),
        "parameters": size,
        "trunk": sum(row.parameters for row in rows),
    }


def _learn(network: Network, optimizer: torch.optim.Optimizer) -> None:
    for x, y in batches():
        step(optimizer, F.cross_entropy(network.run(x), y))


def _statistics(network: Network) -> list[Tensor]:
    return [b for name, b in network.model.named_buffers() if name.endswith(("running_mean", "running_var"))]
