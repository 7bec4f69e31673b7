"""What this machine does best and how fast, from short measurements that are kept on disk.

Which convolutions train faster by taps, and how long each block takes. The measurement may have been disturbed by
other work, so the epochs of real runs correct it: see `Pace`.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ftcore.costs import memory
from ftcore.files import derived
from ftcore.network import backbones, tapconv
from ftcore.network.blocks import Network
from ftcore.network.cut import Block
from ftcore.network.describe import describe
from ftcore.preprocess import Preprocess
from ftcore.settings import Phase
from ftcore.training import augment
from ftcore.training.augment import View
from ftcore.training.optimizer import make_optimizer
from ftcore.training.start import pick_device

FURTHEST = 5.0
SHORT, LONG = 0.03, 0.4  # seconds that the trials of one block are to take together


@dataclass(frozen=True)
class Cost:
    """Seconds per image of one block: forward alone, and forward with backward while its weights learn."""

    forward: float
    train: float


def taps(network: Network, batch: int) -> tuple[str, ...]:
    """The convolutions of this network that train faster by taps on this machine at this batch size."""
    preprocess = backbones.preprocess(network.backbone)
    mode = network.model.training

    def measure() -> list[str]:
        x = torch.zeros(1, 3, preprocess.side, preprocess.side)
        return list(tapconv.choose(network.model.eval(), lambda: network.model(x), batch))

    def build(raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(modules[name], nn.Conv2d) for name in raw):
            raise ValueError("no convolutions")
        return tuple(raw)

    modules = dict(network.model.named_modules())
    try:
        return memory.kept(f"taps {network.backbone} {batch}", measure, build)
    finally:
        network.model.train(mode)


def costs(backbone: str) -> dict[str, Cost]:
    """Seconds per image of every block on this machine, and of one optimizer step per parameter as `step`.

    As measured, at the pace of the last real runs.
    """
    pace = _pace(backbone)
    return {name: Cost(c.forward * pace, c.train * pace) for name, c in measured(backbone).items()}


def measured(backbone: str, told: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Cost]:
    """As `costs`, without regard to the last real runs. A new measurement tells the blocks done and in all."""
    measure, build = functools.partial(_measure, backbone, told), functools.partial(_built, backbone)
    return memory.kept(f"costs {backbone}", measure, build)


def known(backbone: str) -> bool:
    """Has this network been measured on this machine, so that `costs` takes no time?"""
    return derived(lambda: _built(backbone, memory.known(f"costs {backbone}"))) is not None


def _built(backbone: str, raw: Any) -> dict[str, Cost]:
    costs = {name: Cost(*map(memory.positive, pair)) for name, pair in raw.items()}
    if set(costs) != {row.name for row in describe(backbone)} | {"step"}:
        raise ValueError("other blocks")
    return costs


def _measure(backbone: str, told: Callable[[int, int], None]) -> dict[str, tuple[float, float]]:
    device, preprocess = pick_device(), backbones.preprocess(backbone)
    network = backbones.build(backbone)
    network.model.to(device).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = _trial_batch(preprocess)
    x = torch.randn(batch, 3, preprocess.side, preprocess.side, device=device).to(memory_format=torch.channels_last)
    taps = _taps_for(network, x) if device.type == "cpu" else ()
    seconds: dict[str, tuple[float, float]] = {}
    with tapconv.enabled(network.model, taps):
        for done, block in enumerate(network.blocks):
            told(done, len(network.blocks))
            leaf = x.requires_grad_()
            with torch.no_grad():
                forward = _seconds(functools.partial(_forward, network, block, leaf), device)
            both = _seconds(functools.partial(_forward_and_back, network, block, leaf), device)
            seconds[block.name] = forward / batch, both / batch
            x = network.step(block, x.detach().clone()).detach()
    last = network.names[-3:]
    grads = [(p, torch.ones_like(p)) for name in last for p in network.parameters(name).values()]
    optimizer = make_optimizer(network, Phase(trainable=last), device)

    def step() -> None:
        for p, grad in grads:
            p.grad = grad
        optimizer.step()

    seconds["step"] = (0.0, _seconds(step, device) / sum(p.numel() for p, _ in grads))
    return seconds


def altering(backbone: str) -> float:
    """Seconds to make an altered view of one picture for this network, which depends on its size alone."""
    side, device = backbones.preprocess(backbone).side, pick_device()
    x, every = torch.zeros(8, 3, side, side, device=device), torch.arange(8)
    alter = functools.partial(augment.alter, x, every, View(1, 0, mirror=True))
    return memory.kept(f"view {side}", lambda: _seconds(alter, device) / len(x), memory.positive)


def _pace(backbone: str) -> float:
    """How many times longer than measured the last real runs took."""
    ratios = paces(memory.known(f"pace {backbone}"))
    return statistics.median(ratios) if ratios else 1.0


def paces(raw: Any) -> list[float]:
    """The ratios of the last real runs, oldest first, from what is kept; none where that makes no sense."""
    return derived(lambda: [limited(memory.positive(pace)) for pace in raw]) or []


def limited(pace: float) -> float:
    """A ratio within what can be true of one machine."""
    return min(max(pace, 1 / FURTHEST), FURTHEST)


def _forward(network: Network, block: Block, x: Tensor) -> Tensor:
    return network.step(block, x.clone())  # a copy, since some blocks work in place


def _forward_and_back(network: Network, block: Block, x: Tensor) -> None:
    _forward(network, block, x).sum().backward()


def _trial_batch(preprocess: Preprocess) -> int:
    return max(4, min(64, 64 * 64 * 64 // preprocess.side**2))


def _taps_for(network: Network, x: Tensor) -> tuple[str, ...]:
    return tapconv.choose(network.model, lambda: network.model(x[:1]), len(x))


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """The fastest of five runs, of more when they are short, of two when they are long: what disturbs only makes slower."""
    taken: list[float] = []
    while len(taken) < 2 or (len(taken) < 5 and sum(taken) < LONG) or (len(taken) < 200 and sum(taken) < SHORT):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)
