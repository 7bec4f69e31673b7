"""Measurements about the pictures one learns from: split, changed on the way, unevenly many; and what a name is worth."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course.measures.ground import BASE, CLASSES, Numbers, accuracy, images, kept
from ftcore.analysis.pretrained import namesakes
from ftcore.data.sketchbook import draw
from ftcore.network import backbones
from ftcore.training.head import features, fit, fresh, learn
from ftcore.training.optimizer import step

DRAWINGS, TAKES = 16, 5  # of each class
VERSIONS, PASSES = 6, 8
EVEN = 16  # images of each class, in the mean
EARLY = 10  # steps


@functools.cache
def _photographed() -> tuple[Tensor, Tensor, Tensor]:
    """Features of drawings that were photographed several times, their labels, and the number of each one's drawing."""
    side = backbones.preprocess(BASE.backbone).side
    rows = [
        (label, number, np.array(draw.draw(label, number, side, take).convert("RGB")))
        for label in range(CLASSES) for number in range(DRAWINGS) for take in range(TAKES)
    ]  # fmt: skip
    x = features(kept()[0], np.stack([picture for _, _, picture in rows]), backbones.preprocess(BASE.backbone))
    labels = torch.tensor([label for label, _, _ in rows])
    return x, labels, torch.tensor([label * DRAWINGS + number for label, number, _ in rows])


def leakage(seed: int, *, by: str) -> Numbers:
    """Hold out a fifth of photographed drawings by "picture" or by "drawing": accuracy there, and on new drawings."""
    x, y, drawing = _photographed()
    order = torch.Generator().manual_seed(seed)
    unit = torch.arange(len(x)) if by == "picture" else drawing
    names = unit.unique()
    held = torch.isin(unit, names[torch.randperm(len(names), generator=order)[: len(names) // TAKES]])
    head = fit(x[~held], y[~held], CLASSES, steps=1000, seed=seed)
    _, _, _, seen, labels = kept()
    return {"measured": accuracy(head, x[held], y[held]), "new": accuracy(head, seen, labels), "held": int(held.sum())}


@functools.cache
def _versions() -> Tensor:
    """Features of the training images, each in several versions: cut, mirrored, recoloured. [versions, images, width]."""
    from torchvision.transforms import v2  # here, where `ftcore._torchvision` has made it work

    change = v2.Compose(
        [
            v2.RandomResizedCrop(64, scale=(0.4, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4),
        ]
    )
    pictures = torch.from_numpy(np.array(images().train.images)).permute(0, 3, 1, 2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = [torch.stack([change(one) for one in pictures]).permute(0, 2, 3, 1).numpy() for _ in range(VERSIONS)]
    return torch.stack([features(kept()[0], one, backbones.preprocess(BASE.backbone)) for one in made])


def augmentation(seed: int, *, augment: bool) -> Numbers:
    """A head trained for some passes on images as they are or changed each time: accuracy while learning, and after it."""
    _, x, y, seen, labels = kept()
    versions = _versions() if augment else x[None]
    order = torch.Generator().manual_seed(seed)
    head = fresh(x.shape[1], CLASSES, seed)
    optimizer, right = torch.optim.AdamW(head.parameters(), lr=3e-3), 0
    for _ in range(PASSES):
        right = 0
        for part in torch.randperm(len(x), generator=order).split(64):
            logits = head(versions[torch.randint(len(versions), part.shape, generator=order), part])
            right += int((logits.argmax(1) == y[part]).sum())
            step(optimizer, F.cross_entropy(logits, y[part]))
    learning, validated = right / len(x), accuracy(head, seen, labels)
    return {"learning": learning, "validated": validated, "above": validated - learning, "sample": accuracy(head, x, y)}


def imbalance(seed: int, *, rare: int, weighted: bool) -> Numbers:
    """Half of the classes with `rare` images each, the same number in all: accuracy on uneven and on even validation.

    Uneven means as in training: rare classes count as little as they are rare there. `weighted` makes the loss of an
    image count as much more as its class is rarer.
    """
    _, x, y, seen, labels = kept()
    common = 2 * EVEN - rare
    counts = torch.tensor([common if label < CLASSES // 2 else rare for label in range(CLASSES)])
    order = torch.Generator().manual_seed(seed)
    taken = torch.cat([_of_class(y, label, int(counts[label]), order) for label in range(CLASSES)])
    weight = counts.sum() / (CLASSES * counts) if weighted else torch.ones(CLASSES)
    head = fresh(x.shape[1], CLASSES, seed)
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)
    for _ in range(300):
        part = taken[torch.randperm(len(taken), generator=order)[:64]]
        step(optimizer, F.cross_entropy(head(x[part]), y[part], weight=weight))
    with torch.no_grad():
        right = (head(seen).argmax(1) == labels).float()
    recall = torch.stack([right[labels == label].mean() for label in range(CLASSES)])
    return {
        "uneven": float((recall * counts).sum() / counts.sum()),
        "even": float(recall.mean()),
        "rare": float(recall[CLASSES // 2 :].mean()),
        "common": float(recall[: CLASSES // 2].mean()),
    }


def _of_class(y: Tensor, label: int, most: int, order: torch.Generator) -> Tensor:
    """The places of so many images of a class."""
    index = (y == label).nonzero()[:, 0]
    return index[torch.randperm(len(index), generator=order)[:most]]


def old_row(seed: int, *, start: str) -> Numbers:
    """A head that begins "random", or with the "old" head's rows where a class has namesakes: accuracy on the way."""
    network, x, y, seen, labels = kept()
    known = namesakes(BASE.backbone, images().classes)
    old = list(backbones.old_classes(BASE.backbone))
    head = fresh(x.shape[1], CLASSES, seed)
    if start == "old":
        with torch.no_grad():
            for at, name in enumerate(images().classes):
                if rows := [old.index(one) for one in known.get(name, ())]:
                    head.weight[at] = network.head.weight[rows].mean(0)
                    head.bias[at] = network.head.bias[rows].mean(0)
    reached = {"before": accuracy(head, seen, labels)}
    optimizer, order = torch.optim.AdamW(head.parameters(), lr=3e-3), torch.Generator().manual_seed(seed)
    for number in range(1, 301):
        learn(head, optimizer, x, y, order)
        if number == EARLY:
            reached["early"] = accuracy(head, seen, labels)
    return {**reached, "last": accuracy(head, seen, labels), "known": len(known)}
