"""A head alone, trained on what the frozen trunk makes of the images: made once, learned from in a moment.

This module knows nothing about phases, and keeps nothing on disk.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftcore.network.blocks import Network
from ftcore.network.pixels import batch_size, pixels
from ftcore.preprocess import Preprocess
from ftcore.settings import HEAD
from ftcore.training.optimizer import step

BATCH = 64


def features(
    network: Network, images: np.ndarray, preprocess: Preprocess, seen: Callable[[int], None] = lambda _: None
) -> Tensor:
    """What the head gets for these images (bytes [n, side, side, 3]): [n, width], on the CPU.

    `seen` is told how many images a pass has taken, after each.
    """
    device, size, made = torch.device("cpu"), batch_size(preprocess), []
    with torch.no_grad():
        for at in range(0, len(images), size):
            part = images[at : at + size]
            made.append(network.run(pixels(part, preprocess, device), stop=HEAD))
            seen(len(part))
    return torch.cat(made)


def fresh(width: int, classes: int, seed: int = 0) -> nn.Linear:
    """An untrained head; the seed fixes its weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(width, classes)


def learn(head: nn.Linear, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, order: torch.Generator) -> float:
    """One step on a batch drawn by `order`; gives back the loss before it."""
    part = torch.randperm(len(x), generator=order)[:BATCH]
    loss = F.cross_entropy(head(x[part]), y[part])
    step(optimizer, loss)
    return float(loss.detach())


def fit(
    x: Tensor, y: Tensor, classes: int, *, steps: int = 300, lr: float = 3e-3, seed: int = 0, sgd: bool = False
) -> nn.Linear:
    """A head trained on features [n, width] and labels [n], by AdamW or by SGD with momentum 0.9."""
    head, order = fresh(x.shape[1], classes, seed), torch.Generator().manual_seed(seed)
    optimizer: torch.optim.Optimizer
    if sgd:
        optimizer = torch.optim.SGD(head.parameters(), lr=lr, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(head.parameters(), lr=lr)
    for _ in range(steps):
        learn(head, optimizer, x, y, order)
    return head
