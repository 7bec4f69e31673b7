"""Altered pictures to learn from: views of a training image, and pairs of them mixed.

A view is a pure function of the run's seed, of the view's number and of the image's, so what frozen blocks make of it
can be kept. torchvision alters and mixes. This module knows nothing about networks or what is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ftcore._torchvision import transforms
from ftcore.settings import RunSettings

SMALLEST, WHOLE = 0.5, 1.0  # the share of a picture's area that a view shows
Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class View:
    """A version of every training image; number 0 is the picture as it is."""

    number: int = 0
    seed: int = 0
    mirror: bool = False

    @property
    def mark(self) -> str:
        """All that the pixels of this view depend on beside the image; "" for the picture as it is."""
        return f"view {self.number} {self.seed} {self.mirror} {SMALLEST} {WHOLE}" if self.number else ""


PLAIN = View()


def learned(settings: RunSettings, epoch: int) -> View:
    """The view that an epoch of the run, counted over all phases from 1, learns from."""
    if settings.augmentation == "random":
        return _view(settings, epoch)
    return _view(settings, (epoch - 1) % settings.views) if settings.augmentation == "fixed" else PLAIN


def kept(settings: RunSettings) -> tuple[View, ...]:
    """The views whose features a run may keep: the picture as it is, and the fixed ones that some epoch learns from."""
    if settings.augmentation != "fixed" or live(settings):
        return (PLAIN,)
    return tuple(_view(settings, number) for number in range(min(settings.views, settings.epochs)))


def live(settings: RunSettings) -> bool:
    """Is what an epoch learns from new to it, by random views or by mixing, so that nothing of it can be kept?"""
    return settings.augmentation == "random" or settings.mixup > 0


def altered(settings: RunSettings) -> float:
    """The share (0..1) of the epochs that learn from other pictures than those as they are."""
    return sum(learned(settings, epoch) != PLAIN for epoch in range(1, settings.epochs + 1)) / settings.epochs


def pictures(settings: RunSettings, counts: Mapping[str, int]) -> int:
    """How many pictures there are features to keep of: all images, those of training in each view that is kept."""
    return sum(counts.values()) + (len(kept(settings)) - 1) * counts["train"]


def _view(settings: RunSettings, number: int) -> View:
    return View(number, settings.seed, settings.mirror) if number else PLAIN


def transform(side: int, *, mirror: bool) -> nn.Module:
    """What alters a picture [3, side, side]: torchvision's, by torch's random numbers for the CPU."""
    steps: list[nn.Module] = [transforms.RandomResizedCrop(side, scale=(SMALLEST, WHOLE))]
    if mirror:
        steps.append(transforms.RandomHorizontalFlip())
    made: nn.Module = transforms.Compose(steps)
    return made


def alter(x: Tensor, index: Tensor, view: View) -> Tensor:
    """A view of pictures [n, 3, side, side], as the network would get them, whose numbers in their split are `index` [n].

    Random numbers outside stay as they are.
    """
    if not view.number:
        return x
    change = transform(x.shape[-1], mirror=view.mirror)
    made = []
    with torch.random.fork_rng(devices=[]):
        for picture, number in zip(x, index.tolist(), strict=True):
            torch.default_generator.manual_seed(seed_of(view, number))  # this one alone: a GPU has its own, for dropout
            made.append(change(picture))
    return torch.stack(made).contiguous(memory_format=torch.channels_last)


def seed_of(view: View, image: int) -> int:
    """What torch's random numbers are seeded with to alter an image."""
    return int(np.random.SeedSequence((view.seed, view.number, image)).generate_state(1)[0])


def mixing(settings: RunSettings, classes: int) -> Mix | None:
    """What mixes pictures [n, 3, side, side] in pairs and their labels [n] to shares [n, classes]; None for nothing."""
    if not settings.mixup:
        return None
    made: Mix = transforms.MixUp(alpha=settings.mixup, num_classes=classes)
    return made
