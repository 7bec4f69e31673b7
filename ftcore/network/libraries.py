"""What the libraries of networks, torchvision and timm, know of an entry: its architecture, scaling and classes.

This module knows nothing about weights files.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import Any

from torch import nn

from ftcore._torchvision import torchvision
from ftcore.network.catalogue import Backbone
from ftcore.preprocess import Preprocess

models = torchvision.models


@dataclass(frozen=True)
class Published:
    """A library's word on an entry. `accuracy` is top-1 on ImageNet (0..1), None where nothing is told of it.

    `url` is where its weights are, `megabytes` how many; empty and 0 for what only this program has.
    """

    preprocess: Preprocess
    accuracy: float | None
    url: str = ""
    megabytes: float = 0.0


def model(backbone: Backbone, classes: int) -> nn.Module:
    """The architecture with its library's random initial weights and so many outputs."""
    if backbone.library == "timm":
        made: nn.Module = _timm().create_model(backbone.arch, pretrained=False, num_classes=classes)
        return made
    plain: nn.Module = models.get_model(backbone.arch, weights=None, num_classes=classes)
    return plain


@functools.cache
def published(backbone: Backbone) -> Published:
    """What its library says of an entry; of an architecture without weights of its own, what its best ones expect."""
    if backbone.library == "timm":
        return Published(_of_timm(backbone.arch), None)
    found = _weights(backbone.arch, backbone.weights)
    t = found.transforms()
    (r, g, b), (r2, g2, b2) = t.mean, t.std
    scaling = Preprocess(t.crop_size[0], t.resize_size[0], (r, g, b), (r2, g2, b2), t.interpolation.value)
    top1 = round(float(found.meta["_metrics"]["ImageNet-1K"]["acc@1"]) / 100, 5)
    return Published(scaling, top1, found.url, float(found.meta["_file_size"]))


def _of_timm(arch: str) -> Preprocess:
    """The scaling that timm's config asks for: what is cropped to `input_size` is `crop_pct` of the resized side."""
    config = _timm().get_pretrained_cfg(arch)
    side = int(config.input_size[-1])
    (r, g, b), (r2, g2, b2) = config.mean, config.std
    return Preprocess(side, int(side / config.crop_pct), (r, g, b), (r2, g2, b2), config.interpolation)


def classes(backbone: Backbone) -> tuple[str, ...]:
    """The names of the classes that an entry's own head knows, in output order: ImageNet's 1,000 in timm."""
    arch = "resnet50" if backbone.library == "timm" else backbone.arch
    return tuple(_weights(arch, backbone.weights).meta["categories"])


def _weights(arch: str, name: str | None) -> Any:
    """torchvision's entry of this name for an architecture, its best one where none is named."""
    entries = models.get_model_weights(arch)
    return entries[name] if name else entries.DEFAULT


def _timm() -> Any:
    """timm, when it is first needed: it imports torchvision itself, so that must have been imported before."""
    return importlib.import_module("timm")
