"""A run beside the code that is printed for it: the same few pictures in the same order, for tests."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.export import glance
from ftcore.network import backbones, pixels
from ftcore.network.blocks import Network
from ftcore.settings import RunSettings
from ftcore.training import loop
from ftcore.training.passes import batches
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, Images

CPU = torch.device("cpu")


def order(settings: RunSettings, count: int, epoch: int) -> list[Tensor]:
    """The numbers of the images in each batch of an epoch; torch's random numbers are then as the engine has them."""
    torch.manual_seed(settings.seed * 100_003 + epoch)
    return batches(torch.randperm(count), settings.batch_size)


class Batches:
    """Batches of a split in the order in which the engine takes them, a new one at each going through.

    `seen` are the epoch and the number of each image that was given out.
    """

    def __init__(self, settings: RunSettings, split: Split) -> None:
        self.settings, self.split = settings, split
        self.seen: list[tuple[int, int]] = []
        # code that counts the classes goes through them once before, and so does code that makes views
        self.gone = -((settings.class_weights == "balanced") + (settings.augmentation == "fixed"))

    def __len__(self) -> int:
        return math.ceil(len(self.split) / self.settings.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.gone += 1
        for part in order(self.settings, len(self.split), self.gone):
            self.seen += [(self.gone, number) for number in part.tolist()]
            yield tensors(self.split, part.numpy())


def tensors(split: Split, part: np.ndarray) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, side, side] and labels [n]."""
    preprocess = backbones.preprocess(RunSettings().backbone)
    return pixels.pixels(split.images[part], preprocess, CPU), torch.tensor(split.labels[part])


def uneven(images: Images) -> ImageSet:
    """Eight pictures of two classes and three of the last: 19, in batches of eight."""
    made = images(backbones.preprocess(RunSettings().backbone))
    kept = np.arange(len(made.train))[:19]
    some = Split(made.train.images[kept], made.train.labels[kept], made.train.names[:19], "uneven")
    return dataclasses.replace(made, train=some)


def trained(settings: RunSettings, images: ImageSet) -> tuple[Network, list[Any]]:
    """The network of a run, and all that it told."""
    network = start_network(settings, CLASSES)
    return network, list(loop.train(settings, images, network))


def by_its_code(settings: RunSettings, images: ImageSet, given: Batches | None = None) -> dict[str, Tensor]:
    """The weights that the printed stages make of the same network and batches, by the name that the engine has for each."""
    start = start_network(settings, CLASSES).model
    begin = {"weight": start.fc.weight.detach().clone(), "bias": start.fc.bias.detach().clone()}
    every = np.arange(len(images.val))
    space = {
        "model": start, "batches": given or Batches(settings, images.train),
        "val_batches": [tensors(images.val, every)],
    }  # fmt: skip
    _, head, *rest = glance.stages(settings, CLASSES)
    exec(head, space)
    linear = next(m for m in start.fc.modules() if isinstance(m, nn.Linear))
    linear.load_state_dict(begin)
    for text in rest:
        exec(text, space)
    return {key.replace("fc.1.", "fc."): tensor for key, tensor in start.state_dict().items()}
