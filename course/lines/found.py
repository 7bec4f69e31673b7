"""What lines have left behind, as plain facts that travel as JSON: which weights may move, which have, and how fast.

The same reading is made of a learner's names and of the engine's. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ftcore.network.surgery import BATCH_NORM

LOOKED_AT = 200  # numbers of a tensor, evenly spread


def of(names: Mapping[str, Any], looks: tuple[str, ...]) -> dict[str, Any]:
    """A fact for each look, `name` or `name.part`; of a thing of another kind its `type` alone, of a missing one ""."""
    return {look: _of(names, *look.partition(".")[::2]) for look in looks}


def _of(names: Mapping[str, Any], name: str, part: str) -> Any:
    thing, model = names.get(name), names.get("model")
    if part == "rates" and isinstance(thing, torch.optim.Optimizer) and isinstance(model, nn.Module):
        return {"rates": rates(thing, model)}
    if part and part != "rates" and isinstance(thing, nn.Module):
        return {part: PARTS[part](thing)}
    if not part and isinstance(thing, Tensor):
        return tensor(thing)
    return {"type": "" if thing is None else type(thing).__name__}


def head(model: nn.Module) -> list[int]:
    """Shape [outputs, inputs] of the head's weight; empty where there is no linear head."""
    weight = getattr(getattr(model, "fc", None), "weight", None)
    return list(weight.shape) if isinstance(weight, Tensor) else []


def trainable(model: nn.Module) -> dict[str, int]:
    """Numbers in each parameter that may move."""
    return {name: p.numel() for name, p in model.named_parameters() if p.requires_grad}


def modes(model: nn.Module) -> dict[str, bool]:
    """Of each BatchNorm layer: is it in train mode?"""
    return {name: module.training for name, module in model.named_modules() if isinstance(module, BATCH_NORM)}


def weights(model: nn.Module) -> dict[str, list[float]]:
    """Of each parameter the sums of its numbers, of their sizes, and how many there are."""
    return {name: [float(p.double().sum()), float(p.double().abs().sum()), p.numel()] for name, p in _read(model)}


def _read(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, p.detach()) for name, p in model.named_parameters()]


def rates(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, float]:
    """The learning rate of each parameter that may move and that the optimizer holds, by memory: rows count, too."""
    lrs = {p.data_ptr(): float(group["lr"]) for group in optimizer.param_groups for p in group["params"]}
    movable = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    return {name: lrs[p.data_ptr()] for name, p in movable if p.data_ptr() in lrs}


def tensor(x: Tensor) -> dict[str, Any]:
    """Shape, some numbers, their range, and whether a graph hangs on it."""
    flat = x.detach().double().reshape(-1)
    some = flat[:: max(1, -(-flat.numel() // LOOKED_AT))].tolist()
    ends = [float(flat.min()), float(flat.max())] if flat.numel() else [0.0, 0.0]
    return {"shape": list(x.shape), "values": some, "ends": ends, "graph": x.requires_grad}


PARTS = {"head": head, "trainable": trainable, "modes": modes, "weights": weights}
