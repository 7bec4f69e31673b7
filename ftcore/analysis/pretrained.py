"""What a pretrained network knows before any tuning: our classes by name, its own guesses, its first filters.

This module knows nothing about training or pages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ftcore.analysis.trace import softmax
from ftcore.data.prepared import Split
from ftcore.errors import FtError
from ftcore.network import backbones, pixels, surgery
from ftcore.network.blocks import Network
from ftcore.settings import HEAD, RunSettings
from ftcore.training import features
from ftcore.training.passes import evaluate
from ftcore.training.start import pick_device, start_network

SHORTEST = 3  # letters of a word that may stand for a whole name


def namesakes(backbone: str, classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Those of `classes` that the pretrained head knows by name, each with the old names that say so.

    Compared are words alone, without capitals, signs and a plural s. The same name counts. Without one, names that end
    in it do, since the kind of a thing stands last: a "sports car" is a car, and a "car wheel" is none. Without those,
    a last word made of two does, when the first of them is a word of the old names too: "goldfish" is a fish, and
    "cauliflower" no flower. Nothing here knows that a tabby is a cat.
    """
    found = {name: _same(backbone, " ".join(_words(name))) for name in classes}
    return {name: old for name, old in found.items() if old}


def _same(backbone: str, name: str) -> tuple[str, ...]:
    for table in _endings(backbone):
        if old := table.get(name) or table.get(name.removesuffix("s")):
            return tuple(old)
    return ()


@functools.cache
def _endings(backbone: str) -> tuple[dict[str, list[str]], ...]:
    """Old names by all their words, by their last words, and by the second half of a last word made of two."""
    # timm's networks know ImageNet's classes too, and to ask them would import it for the first page
    ours = (entry.name for entry in backbones.CATALOGUE.values() if entry.library == "torchvision")
    everyone = (old for name in ours for old in backbones.old_classes(name))
    known = {word for old in everyone for word in _words(old)}
    whole: dict[str, list[str]] = {}
    last: dict[str, list[str]] = {}
    half: dict[str, list[str]] = {}
    for old in backbones.old_classes(backbone):
        words = _words(old)
        whole.setdefault(" ".join(words), []).append(old)
        for ending in (" ".join(words[at:]) for at in range(1, len(words))):
            if len(ending) >= SHORTEST:
                last.setdefault(ending, []).append(old)
        for at in range(SHORTEST, len(words[-1]) - SHORTEST + 1):
            if words[-1][:at] in known:
                half.setdefault(words[-1][at:], []).append(old)
    return whole, last, half


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def own_guesses(network: Network, images: np.ndarray, top: int = 5) -> list[list[tuple[str, float]]]:
    """The `top` classes of the network's own head for each image [n, side, side, 3] with their probability."""
    names = backbones.old_classes(network.backbone)
    x = pixels.pixels(images, backbones.preprocess(network.backbone), torch.device("cpu"))
    with torch.no_grad():
        chances = softmax(network.run(x))
    likeliest = chances.topk(min(top, len(names)), dim=1)
    return [
        [(names[i], chance) for i, chance in zip(index, values, strict=True)]
        for index, values in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    ]


def first_filters(network: Network) -> np.ndarray:
    """The first convolution's filters as pictures [filters, k, k, 3] in 0..1, each scaled to its own range."""
    for module in network.model.modules():
        if isinstance(module, nn.Conv2d):
            w = module.weight.detach().float().permute(0, 2, 3, 1)
            low, high = w.amin((1, 2, 3), keepdim=True), w.amax((1, 2, 3), keepdim=True)
            scaled: np.ndarray = ((w - low) / (high - low).clamp_min(1e-12)).numpy()
            return scaled
    raise FtError(f"{network.backbone} has no convolution to show: choose another backbone.")


def fresh_head_accuracy(settings: RunSettings, split: Split, classes: int) -> float:
    """Accuracy (0..1) on a split of the network with its new head, before any training."""
    network, device = start_network(settings, classes), pick_device()
    network.model.to(device)
    boundary = surgery.boundary(network, (HEAD,))
    source = features.Source(network, boundary, split, backbones.preprocess(settings.backbone), device)
    return evaluate(network, source, torch.arange(len(split)))[1]
