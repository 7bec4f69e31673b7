"""How well a new head alone does on a set: what the pretrained network knows of it already, measured in seconds.

A linear probe (Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes") at the last
layer: the frozen trunk's features of some pictures, and a head fitted on them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ftcore import files
from ftcore.data.reading import Progress, Report
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import head
from ftcore.training.start import load_images, start_network

MOST = 1000  # training pictures that are looked at, evenly over the classes


@dataclass(frozen=True)
class Probe:
    """What came of it: accuracy (0..1) on so many validation `images`, after learning from so many others.

    `seconds` are those of features and head, the pictures being ready.
    """

    accuracy: float
    images: int
    learned: int
    seconds: float


def measure(data: str, backbone: str, progress: Progress | None = None) -> Probe:
    """Measure it now; `progress` is called as images are made ready and looked at. Raises `FtError` for a set or weights
    that are not there."""
    settings = RunSettings(backbone=backbone, data=data)
    images, preprocess = load_images(settings, progress), backbones.preprocess(backbone)
    start = time.perf_counter()
    network = start_network(settings, len(images.classes))
    some = _some(images.train.labels)
    looked = Report(progress, len(some) + len(images.val), "Looking at pictures")
    x = head.features(network, images.train.images[some], preprocess, looked.steps)
    y = torch.from_numpy(images.train.labels[some])
    fitted = head.fit(x, y, len(images.classes))
    with torch.no_grad():
        guessed = fitted(head.features(network, images.val.images, preprocess, looked.steps)).argmax(1).numpy()
    right = float((guessed == images.val.labels).mean())
    return Probe(right, len(images.val), len(some), time.perf_counter() - start)


def _some(labels: np.ndarray) -> np.ndarray:
    """Places of at most `MOST` pictures, as many of each class as there are of the others, as far as they go."""
    each = max(1, MOST // max(1, len(np.unique(labels))))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]))


def kept(file: Path) -> dict[str, Probe]:
    """What was measured before, by name; nothing where that is not known."""
    return files.derived(lambda: {k: Probe(**v) for k, v in json.loads(file.read_bytes()).items()}) or {}


def keep(file: Path, found: Mapping[str, Probe]) -> None:
    """Put it down for the next time."""
    with files.whole(file) as out:
        out.write(json.dumps({name: asdict(one) for name, one in found.items()}).encode())
