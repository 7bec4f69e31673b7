"""What the shown code of an exercise finds: a real pretrained network and a few images, the same for the same seed.

The process that runs a learner's lines and the engine's side both begin here, each with a network of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ftcore.network import backbones, surgery
from ftcore.network.blocks import Network
from ftcore.network.pixels import pixels
from ftcore.settings import RunSettings

BACKBONE = RunSettings().backbone
CLASSES, BATCH = 10, 8
FILE = "net.pt"  # the one file that an exercise may write and read


@dataclass(frozen=True)
class Given:
    """The network, images [8, 3, 64, 64], labels [8], and `more`: what an exercise has besides, by its name."""

    network: Network
    images: Tensor
    labels: Tensor
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, Any]:
        """Everything that lines can name, the modules of torch included."""
        here = {"model": self.network.model, "images": self.images, "labels": self.labels}
        return {"torch": torch, "nn": nn, "F": F, **here, **self.more}


def make(name: str, seed: int) -> Given:
    """What the exercise of this name begins with. The pictures are noise: only numbers are compared."""
    draw = torch.Generator().manual_seed(seed)
    network = backbones.load(BACKBONE)
    if name != "head":
        surgery.replace_head(network, CLASSES, seed)
    side = backbones.preprocess(BACKBONE).side
    raw = torch.randint(256, (BATCH, 3, side, side), generator=draw, dtype=torch.uint8)
    x = pixels(raw.permute(0, 2, 3, 1).numpy(), backbones.preprocess(BACKBONE), torch.device("cpu"))
    labels = torch.randint(CLASSES, (BATCH,), generator=draw)
    given = Given(network, x, labels, {"raw": raw})
    return Given(network, x, labels, MORE[name](given) if name in MORE else {})


def _logits(given: Given) -> dict[str, Any]:
    return {"logits": given.network.model(given.images)}


def _picture(given: Given) -> dict[str, Any]:
    expected = backbones.preprocess(BACKBONE)
    mean, std = (torch.tensor(value)[:, None, None] for value in (expected.mean, expected.std))
    return {"image": given.more["raw"][0], "mean": mean, "std": std}


def _fresh(_: Given) -> dict[str, Any]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {"fresh": backbones.build(BACKBONE, CLASSES).model}


def _leftover(given: Given) -> dict[str, Any]:
    """An optimizer with momentum that has moved the last stage and the head once; their gradients are still there."""
    model = given.network.model.requires_grad_(False)
    learned = [p for part in (model.get_submodule("layer4"), given.network.head) for p in part.parameters()]
    for p in learned:
        p.requires_grad_(True)
    optimizer = torch.optim.SGD(learned, lr=1e-2, momentum=0.9)
    F.cross_entropy(model(given.images), given.labels).backward()
    optimizer.step()
    return {"optimizer": optimizer}


def _classes(_: Given) -> dict[str, Any]:
    return {"classes": CLASSES}


MORE: dict[str, Callable[[Given], dict[str, Any]]] = {
    "head": _classes, "loss": _logits, "normalise": _picture, "saved": _fresh,
    "leftover": _leftover,
}  # fmt: skip
