"""What every measurement stands on: the built-in network, few drawings, and a fixed sample of them."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import torch
from torch import Tensor

from ftcore.analysis import steps
from ftcore.data.sets import ImageSet
from ftcore.network.blocks import Network
from ftcore.settings import Phase, RunSettings
from ftcore.training import loop, recipes
from ftcore.training.start import load_images, start_network

BASE = RunSettings(train_per_class=30)


CPU = torch.device("cpu")


CLASSES = 10
LOOKED = 300
STEPS, BATCH = 5, 32


Numbers = dict[str, float]


def images() -> ImageSet:
    """The built-in drawings, with few training images."""
    return load_images(BASE)


def batches() -> list[tuple[Tensor, Tensor]]:
    """The first batches of the training set: images as the network takes them, and labels."""
    return steps.batches(dataclasses.replace(BASE, batch_size=BATCH), images().train, STEPS)


def labels_of(labels: np.ndarray) -> Tensor:
    """Labels as torch takes them."""
    return torch.tensor(np.array(labels))


def some(data: ImageSet) -> tuple[np.ndarray, Tensor]:
    """A fixed sample of the validation images."""
    index = torch.randperm(len(data.val), generator=torch.Generator().manual_seed(1))[:LOOKED].sort().values.numpy()
    return np.array(data.val.images[index]), labels_of(data.val.labels[index])


@functools.lru_cache(maxsize=2)
def trained(tune: int) -> Network:
    """The head trained for ten epochs, or for four and then with the last two blocks for `tune` epochs."""
    head = Phase(epochs=4 if tune else 10, lr=3e-3)
    last = recipes.last_blocks(BASE.backbone, 2)
    phases = (head, Phase(name="Fine-tune", epochs=tune, lr=3e-4, trainable=last)) if tune else (head,)
    settings = dataclasses.replace(BASE, phases=phases)
    network = start_network(settings, CLASSES)
    for _ in loop.train(settings, images(), network, device=CPU):
        pass
    network.model.eval()
    return network
