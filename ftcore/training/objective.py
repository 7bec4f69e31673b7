"""What a step makes small: cross-entropy with the run's label smoothing and class weights, behind the head's dropout.

This module knows nothing about optimizers, epochs or where features come from.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftcore.network.blocks import Network
from ftcore.settings import RunSettings

Loss = Callable[[Tensor, Tensor], Tensor]


def loss(settings: RunSettings, labels: np.ndarray, classes: int, device: torch.device) -> Loss:
    """The loss of logits [n, classes] and labels [n] to learn from; `labels` are those of all training images."""
    weights = balanced(labels, classes).to(device) if settings.class_weights == "balanced" else None
    return functools.partial(F.cross_entropy, weight=weights, label_smoothing=settings.label_smoothing)


def balanced(labels: np.ndarray, classes: int) -> Tensor:
    """A weight for each class, float32 [classes]: images / (classes x images of the class).

    The heuristic of King and Zeng, "Logistic Regression in Rare Events Data" (2001), as scikit-learn has it.
    """
    counts = torch.bincount(torch.as_tensor(labels), minlength=classes).clamp_min(1)
    return len(labels) / (classes * counts.float())


@contextlib.contextmanager
def dropout(network: Network, share: float) -> Iterator[None]:
    """Within this, a head in train mode drops this share of the numbers that it is given, as `nn.Dropout` before it does."""
    if not share:
        yield
        return

    def drop(head: nn.Module, given: tuple[Tensor, ...]) -> Tensor:
        return F.dropout(given[0], share, head.training)

    handle = network.head.register_forward_pre_hook(drop)
    try:
        yield
    finally:
        handle.remove()
