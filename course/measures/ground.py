"""What every measurement stands on: the built-in network, few drawings, and a fixed sample of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftcore.analysis import steps
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import head, loop, recipes
from ftcore.training.start import load_images, start_network

BASE = RunSettings(train_per_class=30)
CPU = torch.device("cpu")
CLASSES = 10
LOOKED = 300
STEPS, BATCH = 5, 32
Numbers = dict[str, float]


def seeded(seed: int) -> RunSettings:
    """The settings of all measurements with another seed: another head and another order of the same images."""
    return dataclasses.replace(BASE, seed=seed)


@functools.cache
def images() -> ImageSet:
    """The built-in drawings: few training images, and a fixed sample of the validation images."""
    whole = load_images(BASE)
    return dataclasses.replace(whole, val=_sample(whole.val))


def _sample(split: Split) -> Split:
    index = torch.randperm(len(split), generator=torch.Generator().manual_seed(1))[:LOOKED].sort().values.numpy()
    return Split(np.array(split.images[index]), split.labels[index], tuple(split.names[at] for at in index), "")


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The first batches of the training set: images as the network takes them, and labels."""
    yield from steps.batches(dataclasses.replace(seeded(seed), batch_size=BATCH), images().train, STEPS)


def labels_of(labels: np.ndarray) -> Tensor:
    """Labels as torch takes them."""
    return torch.tensor(np.array(labels))


@functools.cache
def kept() -> tuple[Network, Tensor, Tensor, Tensor, Tensor]:
    """The pretrained network, and what its head gets for the training and the validation images, with their labels."""
    network, preprocess, data = backbones.load(BASE.backbone), backbones.preprocess(BASE.backbone), images()
    x, seen = (head.features(network, split.images, preprocess) for split in (data.train, data.val))
    return network, x, labels_of(data.train.labels), seen, labels_of(data.val.labels)


def trained(seed: int, *phases: Phase) -> Network:
    """A network after these phases, in eval mode."""
    network = start_network(seeded(seed), CLASSES)
    for _ in loop.train(dataclasses.replace(seeded(seed), phases=phases), images(), network, device=CPU):
        pass
    network.model.eval()
    return network


def phases(first: str, then: str, *, epochs: int = 4, lr: float = 3e-4) -> tuple[Phase, Phase]:
    """Two phases at one rate, each with the head alone ("head"), the last two blocks ("last") or all ("all")."""
    blocks = {
        "head": (HEAD,),
        "last": recipes.last_blocks(BASE.backbone, 2),
        "all": recipes.every_block(BASE.backbone),
    }
    return tuple(Phase(name=name, epochs=epochs, lr=lr, trainable=blocks[name]) for name in (first, then))  # type: ignore[return-value]


@torch.no_grad()
def accuracy(layer: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of rows that a head names rightly."""
    return float((layer(x).argmax(1) == y).float().mean())


@torch.no_grad()
def loss_of(layer: nn.Module, x: Tensor, y: Tensor) -> float:
    """Mean cross-entropy."""
    return float(F.cross_entropy(layer(x), y))
