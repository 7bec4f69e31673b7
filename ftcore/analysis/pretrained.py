"""What a pretrained network knows before any tuning: its own guesses, its first filters, a fresh head's luck.

This module knows nothing about training or pages.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ftcore.data.prepared import Split
from ftcore.errors import FtError
from ftcore.network import backbones, pixels, surgery
from ftcore.network.blocks import Network
from ftcore.settings import HEAD, RunSettings
from ftcore.training import features
from ftcore.training.loop import evaluate
from ftcore.training.start import pick_device, start_network


def own_guesses(network: Network, images: np.ndarray, top: int = 5) -> list[list[tuple[str, float]]]:
    """The `top` classes of the network's own head for each image [n, side, side, 3] with their probability."""
    names = backbones.old_classes(network.backbone)
    x = pixels.pixels(images, backbones.preprocess(network.backbone), torch.device("cpu"))
    with torch.no_grad():
        chances = torch.softmax(network.run(x), 1)
    likeliest = chances.topk(top, dim=1)
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
