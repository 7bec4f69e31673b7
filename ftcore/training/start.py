"""What a run begins with: the device, the images, the network before its first step."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from ftcore.data import reading, sets
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network import backbones, surgery
from ftcore.network.blocks import Network
from ftcore.settings import RunSettings


def pick_device() -> torch.device:
    """The fastest device of this machine: cuda, mps or cpu; `$THAW_DEVICE` overrules, which must be one it has."""
    name = os.environ.get("THAW_DEVICE")
    if not name:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # a name torch does not know, or a device that is not there
        raise FtError(f"THAW_DEVICE is '{shown(name)}', which this machine has not: set cuda, mps or cpu.") from error


def load_images(settings: RunSettings, progress: reading.Progress | None = None) -> ImageSet:
    """The images that these settings name, as their backbone wants them. Raises `FtError`."""
    return sets.load(
        settings.data,
        backbones.preprocess(settings.backbone),
        train_per_class=settings.train_per_class,
        seed=settings.seed,
        labels=settings.labels,
        skip_bad=settings.skip_bad,
        progress=progress,
    )


def start_network(settings: RunSettings, classes: int, progress: Callable[[int, int], None] | None = None) -> Network:
    """The network before training: pretrained with a fresh head, or random; eval mode, channels_last."""
    if settings.weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = backbones.build(settings.backbone, classes)
    else:
        network = backbones.load(settings.backbone, progress)
        surgery.replace_head(network, classes, settings.seed)
    network.model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
