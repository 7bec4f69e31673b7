"""Pretrained networks: what there is, where the weights are, and how a network comes from them.

Sizes, class names and scaling come from torchvision's own entries. This module knows nothing about images,
training or what is frozen.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ftcore._torchvision import torchvision
from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.names import shown
from ftcore.network import weights
from ftcore.network.blocks import Network
from ftcore.network.cut import Block, cut
from ftcore.network.weights import checkpoints
from ftcore.preprocess import Preprocess

models = torchvision.models

__all__ = ["CATALOGUE", "Backbone", "Network", "WeightsState", "accuracy", "build", "checkpoints", "entry", "load"]
__all__ += ["old_classes", "preprocess", "weights_state"]

SHIPPED = ROOT / "assets" / "weights"


OF_TORCHVISION = "BSD 3-Clause (torchvision); the photos it learned from, ImageNet, have terms of their own"


@dataclass(frozen=True)
class Shipped:
    """A weights file of this program: its sha256 (hex), its own top-1 accuracy (0..1), what it expects."""

    sha256: str
    accuracy: float
    preprocess: Preprocess


@dataclass(frozen=True)
class Backbone:
    """One entry of the catalogue.

    `weights` names torchvision's own weights entry, or is None for a shipped file, which `shipped` describes.
    `block_means` says what one of its blocks is, `licence` what the weights may be used for.
    """

    name: str
    title: str
    arch: str
    weights: str | None
    block_means: str
    note: str
    licence: str = OF_TORCHVISION
    shipped: Shipped | None = None


CATALOGUE: dict[str, Backbone] = {
    entry.name: entry
    for entry in (
        Backbone(
            "resnet18-tinyimagenet64",
            "ResNet-18, 64 px",
            "resnet18",
            None,
            "a residual block: two 3x3 convolutions and a shortcut around them",
            "Built in, works offline. It learned 200 kinds of things from small photographs.",
            "For teaching and research; the photos it learned from are ImageNet's and under its terms",
            Shipped(
                "476aa91752403a9b392c94bec8783aec7103bc002e320b746b9a6fb959e6e1a4",
                0.4179,
                Preprocess(64, 64, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ),
        ),
        Backbone(
            "resnet50",
            "ResNet-50",
            "resnet50",
            "IMAGENET1K_V2",
            "a residual block: three convolutions (1x1, 3x3, 1x1) and a shortcut around them",
            "The classic of fine-tuning lessons.",
        ),
        Backbone(
            "resnet18",
            "ResNet-18",
            "resnet18",
            "IMAGENET1K_V1",
            "a residual block: two 3x3 convolutions and a shortcut around them",
            "The smallest ResNet, at full resolution.",
        ),
        Backbone(
            "mobilenet_v3_small",
            "MobileNetV3-Small",
            "mobilenet_v3_small",
            "IMAGENET1K_V1",
            "an inverted residual block: widen, filter each channel alone, narrow",
            "Made for phones: few parameters, quick on a processor.",
        ),
        Backbone(
            "efficientnet_b0",
            "EfficientNet-B0",
            "efficientnet_b0",
            "IMAGENET1K_V1",
            "an inverted residual block with channel attention",
            "Accurate for its size.",
        ),
        Backbone(
            "convnext_tiny",
            "ConvNeXt-Tiny",
            "convnext_tiny",
            "IMAGENET1K_V1",
            "a ConvNeXt block: one 7x7 convolution per channel, then two linear layers; LayerNorm, no BatchNorm",
            "A modern convolutional network without BatchNorm.",
        ),
        Backbone(
            "vgg16",
            "VGG-16",
            "vgg16",
            "IMAGENET1K_V1",
            "one 3x3 convolution with its activation, and the pooling after it if there is one",
            "An old network of plain convolutions with very large linear layers.",
        ),
    )
}


@dataclass(frozen=True)
class WeightsState:
    """Where an entry's weights are: `place` is shipped, found or missing; `sentence` says it to a person.

    `url` is where they can be fetched; empty for those that ship with the program.
    """

    place: str
    file: Path
    megabytes: float
    sentence: str
    url: str = ""


def entry(name: str) -> Backbone:
    """The catalogue's record; an unknown name raises `FtError` with the names there are."""
    if name not in CATALOGUE:
        raise FtError(f"There is no backbone '{shown(name)}': choose among {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]


def _published(name: str) -> Any:
    backbone = entry(name)
    return models.get_model_weights(backbone.arch)[backbone.weights] if backbone.weights else None


def preprocess(name: str) -> Preprocess:
    """Size, scaling and normalisation that the weights expect, from torchvision's own entry."""
    if shipped := entry(name).shipped:
        return shipped.preprocess
    published = _published(name)
    t = published.transforms()
    (r, g, b), (r2, g2, b2) = t.mean, t.std
    return Preprocess(t.crop_size[0], t.resize_size[0], (r, g, b), (r2, g2, b2), t.interpolation.value)


@functools.cache
def old_classes(name: str) -> tuple[str, ...]:
    """Names of the classes that the pretrained head knows, in output order."""
    published = _published(name)
    if published is None:
        return tuple(row["name"] for row in json.loads((SHIPPED / "classes.json").read_text("utf-8")))
    return tuple(published.meta["categories"])


@functools.cache
def accuracy(name: str) -> float:
    """Published top-1 accuracy (0..1) of the pretrained network on its own classes."""
    if shipped := entry(name).shipped:
        return shipped.accuracy
    return round(float(_published(name).meta["_metrics"]["ImageNet-1K"]["acc@1"]) / 100, 5)


def weights_state(name: str) -> WeightsState:
    """Where the weights of an entry are now; touches no network."""
    published = _published(name)
    if published is None:
        file = SHIPPED / f"{name}.safetensors"
        size = file.stat().st_size / 2**20 if file.exists() else 0.0
        if not size:
            return WeightsState("missing", file, 0.0, f"{file} is missing: restore it from the repository.")
        return WeightsState("shipped", file, size, f"built in ({size:.0f} MB)")
    file = checkpoints() / published.url.rsplit("/", 1)[-1]
    size = float(published.meta["_file_size"])
    if file.is_file():
        return WeightsState("found", file, size, f"on this machine ({file})", published.url)
    said = f"to be downloaded once ({size:.0f} MB), or put {file.name} into {file.parent}"
    return WeightsState("missing", file, size, said, published.url)


def build(name: str, classes: int | None = None) -> Network:
    """The architecture with torchvision's random initial weights and `classes` outputs (its own if None)."""
    backbone, count = entry(name), classes or len(old_classes(name))
    return Network(name, models.get_model(backbone.arch, weights=None, num_classes=count), _blocks(name))


@functools.cache
def _blocks(name: str) -> tuple[Block, ...]:
    """The blocks of an entry, found once: they do not depend on weights or classes."""
    side = preprocess(name).side
    with torch.device("meta"):
        return cut(models.get_model(entry(name).arch, weights=None), (3, side, side))


def skeleton(name: str, classes: int | None = None) -> Network:
    """The network without its numbers, in eval mode on torch's meta device: shapes, names and counts cost no memory."""
    with torch.device("meta"):
        network = build(name, classes)
    network.model.eval()
    return network


def load(name: str, progress: Callable[[int, int], None] | None = None) -> Network:
    """The pretrained network with its own head, in eval mode, on the CPU.

    `progress` gets bytes done and bytes in all during a download. Raises `FtError` when the weights are
    neither shipped, nor on this machine, nor to be had from the net, or when their file is damaged.
    """
    state, published = weights_state(name), _published(name)
    if state.place == "missing":
        if published is None:
            raise FtError(state.sentence)
        advice = (
            f"connect this machine to the internet, or put the file {state.file.name} ({state.megabytes:.0f} MB) into "
            f"the folder {state.file.parent}, or choose a backbone that is built in."
        )
        weights.download(published.url, state.file, advice, progress)
    network = skeleton(name)
    shipped = entry(name).shipped
    network.model.load_state_dict(
        weights.read(state.file, network.model.state_dict(), shipped.sha256 if shipped else ""), assign=True
    )
    network.model.requires_grad_(True)
    return Network(name, network.model.eval(), network.blocks)
