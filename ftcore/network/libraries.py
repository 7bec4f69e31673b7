"""What the libraries of networks, torchvision and timm, know of an entry: its architecture, scaling, classes, licence.

This module knows nothing about weights files.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ftcore._torchvision import torchvision
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network.catalogue import CATALOGUE, OF_TIMM, Backbone
from ftcore.preprocess import Preprocess

models = torchvision.models

_IMAGENET = 1000


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
    """The architecture with its library's random initial weights and so many outputs, one or more."""
    if backbone.library == "timm":
        return _made(backbone, classes)
    plain: nn.Module = models.get_model(backbone.arch, weights=None, num_classes=classes)
    return plain


def filled(backbone: Backbone, tensors: Mapping[str, Tensor]) -> nn.Module:
    """One of timm's networks with these pretrained tensors, put in by timm, which knows older names and other sizes.

    Where they name no classes, there is nothing in the place of its head. Raises `ValueError` where they do not fit.
    """
    overlay = {"state_dict": dict(tensors), "custom_load": False}
    try:
        return _made(backbone, len(classes(backbone)), pretrained=True, pretrained_cfg_overlay=overlay)
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise ValueError("it does not fit the network") from error


def _made(backbone: Backbone, outputs: int, **more: object) -> nn.Module:
    if backbone.side:
        more["img_size"] = backbone.side
    made: nn.Module = _timm().create_model(backbone.arch, num_classes=outputs, **more)
    return made


@functools.cache
def published(backbone: Backbone) -> Published:
    """What its library says of an entry; of an architecture without weights of its own, what its best ones expect."""
    if backbone.library == "timm":
        return Published(_scaling(backbone), None)
    found = _weights(backbone.arch, backbone.weights)
    t = found.transforms()
    (r, g, b), (r2, g2, b2) = t.mean, t.std
    scaling = Preprocess(t.crop_size[0], t.resize_size[0], (r, g, b), (r2, g2, b2), t.interpolation.value)
    top1 = round(float(found.meta["_metrics"]["ImageNet-1K"]["acc@1"]) / 100, 5)
    return Published(scaling, top1, found.url, float(found.meta["_file_size"]))


def _scaling(backbone: Backbone) -> Preprocess:
    """The scaling that timm's config asks for: what is cropped to `input_size` is `crop_pct` of the resized side."""
    config = _config(backbone)
    _, height, width = config.input_size
    if height != width:
        raise FtError(
            f"{backbone.title} wants images of {width} by {height} pixels, which are no squares: choose another."
        )
    side = backbone.side or int(width)
    (r, g, b), (r2, g2, b2) = config.mean, config.std
    return Preprocess(side, int(side / config.crop_pct), (r, g, b), (r2, g2, b2), config.interpolation)


@functools.cache
def classes(backbone: Backbone) -> tuple[str, ...]:
    """The names of the classes that an entry's own head knows, in output order; empty for one that knows none."""
    if backbone.library == "torchvision":
        return tuple(_weights(backbone.arch, backbone.weights).meta["categories"])
    config = _config(backbone)
    if config.num_classes == _IMAGENET:
        return tuple(_weights("resnet50", None).meta["categories"])
    data = importlib.import_module("timm.data")
    subset = data.infer_imagenet_subset({"num_classes": config.num_classes})
    return tuple(name.split(",")[0] for name in data.ImageNetInfo(subset).label_descriptions()) if subset else ()


def licence(backbone: Backbone) -> str:
    """Whose the weights of one of timm's networks are and what they may be used for, as timm has it."""
    config = _config(backbone)
    whose = f"from {config.origin_url}" if config.origin_url else f"timm's, {hub_name(backbone)}"
    return f"{whose}, licence {config.license or 'not told'}; the photos it learned from have terms of their own"


def timm_version() -> str:
    """Which timm is installed."""
    return str(_timm().__version__)


def hub_name(backbone: Backbone) -> str:
    """Where the weights of one of timm's networks lie on the Hugging Face hub, as in `timm/resnet10t.c3_in1k`."""
    return str(_config(backbone).hf_hub_id or "")


def named(text: str) -> str:
    """The name of a backbone as it is typed: of the catalogue, or one that only timm knows. Raises `FtError`."""
    name = text.strip()
    if name in CATALOGUE:
        return name
    _known(name.removeprefix(OF_TIMM))
    return OF_TIMM + name.removeprefix(OF_TIMM)


def _known(arch: str) -> None:
    """Raise `FtError`, with what is near, unless timm has pretrained weights of this name."""
    if _timm().is_model(arch) and _timm().is_model_pretrained(arch):
        return
    known = [*CATALOGUE, *_timm().list_models(pretrained=True, include_tags=False)]
    near = difflib.get_close_matches(arch.partition(".")[0], known, 3) or ["resnet10t", "regnety_002"]
    raise FtError(
        f"There is no pretrained network '{shown(arch)}' in the list, and none in timm: choose one from the list, or a "
        f"name that timm knows, such as {', '.join(near)}."
    )


def _config(backbone: Backbone) -> Any:
    """timm's config of an entry; a name that it does not know raises `FtError`."""
    _known(backbone.arch)
    return _timm().get_pretrained_cfg(backbone.arch)


def _weights(arch: str, name: str | None) -> Any:
    """torchvision's entry of this name for an architecture, its best one where none is named."""
    entries = models.get_model_weights(arch)
    return entries[name] if name else entries.DEFAULT


def _timm() -> Any:
    """timm, when it is first needed: it imports torchvision itself, so that must have been imported before."""
    return importlib.import_module("timm")
