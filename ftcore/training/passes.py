"""One pass over the images: to learn from each of them once, or to look at what the network makes of them.

This module knows nothing about phases that follow each other, checkpoints or what is kept on disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator

import torch
from torch import Tensor
from torch.nn import functional as F

from ftcore.errors import Diverged
from ftcore.events import StepProgress
from ftcore.network import pixels, surgery
from ftcore.network.blocks import Network
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment, objective
from ftcore.training.features import Source
from ftcore.training.optimizer import rate, step


@torch.no_grad()
def evaluate(network: Network, source: Source, index: Tensor) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) of the network in its present mode on these images."""
    labels = torch.tensor(source.split.labels).to(source.device)
    loss, correct = torch.zeros((), device=source.device), torch.zeros((), device=source.device)
    for part in index.split(pixels.batch_size(source.preprocess)):
        y = labels[part.to(source.device)]
        logits = network.run(source.batch(part), start=source.boundary)
        loss += F.cross_entropy(logits, y, reduction="sum")
        correct += (logits.argmax(1) == y).sum()
    return loss.item() / len(index), correct.item() / len(index)


def learn(
    network: Network, source: Source, optimizer: torch.optim.Optimizer, phase: Phase, settings: RunSettings,
    number: int, epoch: int, before: int, factor: float = 1.0,
) -> Generator[StepProgress, None, tuple[float, float]]:  # fmt: skip
    """Show every image once, in an order fixed by seed and epoch; gives back loss and accuracy while learning.

    A mixed picture counts as right where the label with the larger share is found.

    `before` is how many epochs of the phase are done, `factor` what its rate is multiplied by, beside what its
    schedule does at each step.
    """
    device, began, said = source.device, time.perf_counter(), 0.0
    torch.manual_seed(settings.seed * 100_003 + epoch)
    parts = batches(torch.randperm(len(source)), settings.batch_size)
    labels = torch.tensor(source.split.labels).to(device)
    loss_sum, correct = torch.zeros((), device=device), torch.zeros((), device=device)
    mix = augment.mixing(settings, network.head.out_features)
    loss_of = objective.loss(settings, source.split.labels, network.head.out_features, device)
    moving = surgery.moving(network, phase.trainable)
    for done, part in enumerate(parts):
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * rate(phase, before * len(parts) + done, len(parts)) * factor
        x, y = _lesson(source, part, labels[part.to(device)], mix)
        with objective.dropout(network, settings.dropout):
            logits = network.run(x, start=source.boundary)
        loss = loss_of(logits, y)
        step(optimizer, loss, phase.clip, moving)
        loss_sum += loss.detach() * len(part)
        correct += (logits.detach().argmax(1) == (y.argmax(1) if mix else y)).sum()
        if time.perf_counter() - said > 0.25:
            said = time.perf_counter()
            yield StepProgress(number, epoch, done + 1, len(parts), bounded(loss.item(), epoch), said - began)
    return bounded(loss_sum.item() / len(source), epoch), correct.item() / len(source)


def _lesson(source: Source, part: Tensor, y: Tensor, mix: augment.Mix | None) -> tuple[Tensor, Tensor]:
    """Activations of these images and their labels; where pictures are mixed, of mixed ones, with each label's share."""
    if mix is None:
        return source.batch(part), y
    x, y = mix(source.pixels(part), y)
    return source.through(x), y


def bounded(loss: float, epoch: int) -> float:
    """This loss if it is a number; else `Diverged`."""
    if not math.isfinite(loss):
        raise Diverged(
            f"The loss grew beyond all numbers in epoch {epoch}: choose a lower learning rate and run again."
        )
    return loss


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Cut into batches; a last batch of one image joins the one before, since BatchNorm cannot learn from one."""
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def everything(source: Source) -> Tensor:
    """The numbers of all its images."""
    return torch.arange(len(source))
