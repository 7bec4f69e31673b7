"""Pretrained networks: what there is, where the weights are, and how a network comes from them.

This module knows nothing about images, training or what is frozen.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.network import libraries, weights
from ftcore.network.blocks import Network
from ftcore.network.catalogue import CATALOGUE, FOR_PHOTOS, Backbone, entry
from ftcore.network.cut import Block, cut
from ftcore.network.weights import checkpoints
from ftcore.preprocess import Preprocess

__all__ = ["CATALOGUE", "FOR_PHOTOS", "Backbone", "Network", "WeightsState", "accuracy", "build", "checkpoints"]
__all__ += ["entry", "load", "old_classes", "preprocess", "weights_state"]

SHIPPED = ROOT / "assets" / "weights"


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


def preprocess(name: str) -> Preprocess:
    """Size, scaling and normalisation that the weights expect."""
    shipped = entry(name).shipped
    return (shipped and shipped.preprocess) or libraries.published(entry(name)).preprocess


@functools.cache
def old_classes(name: str) -> tuple[str, ...]:
    """Names of the classes that the pretrained head knows, in output order."""
    shipped = entry(name).shipped
    if shipped and shipped.classes:
        return tuple(row["name"] for row in json.loads((SHIPPED / shipped.classes).read_text("utf-8")))
    return libraries.classes(entry(name))


def accuracy(name: str) -> float:
    """Published top-1 accuracy (0..1) of the pretrained network on its own classes."""
    shipped = entry(name).shipped
    found = shipped.accuracy if shipped else libraries.published(entry(name)).accuracy
    assert found is not None
    return found


def weights_state(name: str) -> WeightsState:
    """Where the weights of an entry are now; touches no network."""
    if entry(name).shipped:
        file = SHIPPED / f"{name}.safetensors"
        size = file.stat().st_size / 2**20 if file.exists() else 0.0
        if not size:
            return WeightsState("missing", file, 0.0, f"{file} is missing: restore it from the repository.")
        return WeightsState("shipped", file, size, f"built in ({size:.0f} MB)")
    published = libraries.published(entry(name))
    file = checkpoints() / published.url.rsplit("/", 1)[-1]
    size = published.megabytes
    if file.is_file():
        return WeightsState("found", file, size, f"on this machine ({file})", published.url)
    said = f"to be downloaded once ({size:.0f} MB), or put {file.name} into {file.parent}"
    return WeightsState("missing", file, size, said, published.url)


def build(name: str, classes: int | None = None) -> Network:
    """The architecture with its library's random initial weights and `classes` outputs (its own if None)."""
    return Network(name, libraries.model(entry(name), classes or len(old_classes(name))), _blocks(name))


@functools.cache
def _blocks(name: str) -> tuple[Block, ...]:
    """The blocks of an entry, found once: they do not depend on weights or classes."""
    side = preprocess(name).side
    with torch.device("meta"):
        return cut(libraries.model(entry(name), len(old_classes(name))), (3, side, side))


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
    state, shipped = weights_state(name), entry(name).shipped
    if state.place == "missing":
        if shipped:
            raise FtError(state.sentence)
        advice = (
            f"connect this machine to the internet, or put the file {state.file.name} ({state.megabytes:.0f} MB) into "
            f"the folder {state.file.parent}, or choose a backbone that is built in."
        )
        weights.download(state.url, state.file, advice, progress)
    network = skeleton(name)
    network.model.load_state_dict(
        weights.read(state.file, network.model.state_dict(), shipped.sha256 if shipped else ""), assign=True
    )
    network.model.requires_grad_(True)
    return Network(name, network.model.eval(), network.blocks)
