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
from torch import nn

from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.network import hub, libraries, weights
from ftcore.network.blocks import Network
from ftcore.network.catalogue import CATALOGUE, FOR_PHOTOS, Backbone, entry
from ftcore.network.cut import Block, cut
from ftcore.network.libraries import named
from ftcore.network.weights import checkpoints
from ftcore.preprocess import Preprocess
from ftcore.settings import number_from_environment

__all__ = ["CATALOGUE", "FOR_PHOTOS", "Backbone", "Network", "WeightsState", "accuracy", "build", "checkpoints"]
__all__ += ["entry", "licence", "load", "named", "old_classes", "preprocess", "version", "weights_state"]

SHIPPED = ROOT / "assets" / "weights"


@dataclass(frozen=True)
class WeightsState:
    """Where an entry's weights are: `place` is shipped, found or missing; `sentence` says it to a person.

    `url` is where they can be fetched, `by_hand` the file that may be put there instead; both are empty for those that
    ship with the program.
    """

    place: str
    file: Path
    megabytes: float
    sentence: str
    url: str = ""
    by_hand: str = ""


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


def accuracy(name: str) -> float | None:
    """Published top-1 accuracy (0..1) of the pretrained network on its own classes; None where its library tells none."""
    shipped = entry(name).shipped
    return shipped.accuracy if shipped else libraries.published(entry(name)).accuracy


def licence(name: str) -> str:
    """Whose the weights of an entry are, and what they may be used for."""
    return libraries.licence(entry(name)) if entry(name).of_hub else entry(name).licence


def version(name: str) -> tuple[str, ...]:
    """The version of the library that builds an entry, where that is not torchvision."""
    return (f"timm {libraries.timm_version()}",) if entry(name).library == "timm" else ()


def weights_state(name: str) -> WeightsState:
    """Where the weights of an entry are now; touches no network."""
    if entry(name).shipped:
        file = SHIPPED / f"{name}.safetensors"
        size = file.stat().st_size / 2**20 if file.exists() else 0.0
        if not size:
            return WeightsState("missing", file, 0.0, f"{file} is missing: restore it from the repository.")
        return WeightsState("shipped", file, size, f"built in ({size:.0f} MB)")
    if entry(name).of_hub:
        repository, size = libraries.hub_name(entry(name)), _megabytes(name)
        file, url = checkpoints() / f"{entry(name).arch}.safetensors", hub.address(repository)
        kept, by_hand = file if file.is_file() else hub.found(repository), f"{url} as {file.name}"
    else:
        published = libraries.published(entry(name))
        size, url = published.megabytes, published.url
        file = checkpoints() / url.rsplit("/", 1)[-1]
        kept, by_hand = file if file.is_file() else None, file.name
    if kept:
        return WeightsState("found", kept, size, f"on this machine ({kept})", url)
    said = f"to be downloaded once ({size:.0f} MB), or put {by_hand} into {file.parent}"
    return WeightsState("missing", file, size, said, url, by_hand)


@functools.cache
def _megabytes(name: str) -> float:
    """About how large its file is: every number of the network in float32."""
    return 4 * sum(int(t.numel()) for t in skeleton(name).model.state_dict().values()) / 2**20


def build(name: str, classes: int | None = None) -> Network:
    """The architecture with its library's random initial weights and `classes` outputs (its own if None)."""
    outputs = len(old_classes(name)) if classes is None else classes
    network = Network(name, libraries.model(entry(name), max(outputs, 1)), _blocks(name))
    if not outputs:
        network.head.weight = nn.Parameter(network.head.weight[:0])
        network.head.bias = nn.Parameter(network.head.bias[:0])
        network.head.out_features = 0
    return network


@functools.cache
def _blocks(name: str) -> tuple[Block, ...]:
    """The blocks of an entry, found once: they do not depend on weights or classes. Raises `FtError` without."""
    side = preprocess(name).side
    with torch.device("meta"):
        model = libraries.model(entry(name), max(len(old_classes(name)), 1))
    # training all of them takes sixteen bytes each, and images come on top
    size = sum(p.numel() for p in model.parameters()) / 1e6
    most = number_from_environment("THAW_MILLION_PARAMETERS", 200)
    if size > most:
        raise FtError(
            f"{entry(name).title} has {size:,.0f} million parameters, more than the {most:,.0f} million that are allowed "
            "here: choose a smaller network, or set THAW_MILLION_PARAMETERS where the app is started."
        )
    try:
        return cut(model, (3, side, side))
    except FtError as error:
        raise FtError(
            f"{entry(name).title} is no row of blocks to freeze and thaw ({error}): choose another network."
        ) from error


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
            f"connect this machine to the internet, or put the file {state.by_hand} ({state.megabytes:.0f} MB) into the "
            f"folder {state.file.parent}, or choose a backbone that is built in."
        )
        if entry(name).of_hub:
            hub.download(libraries.hub_name(entry(name)), advice, progress)
            state = weights_state(name)
        else:
            weights.download(state.url, state.file, advice, progress)
    network = skeleton(name)
    if entry(name).of_hub:
        return _of_timm(network, state.file)
    wanted = network.model.state_dict()
    network.model.load_state_dict(weights.read(state.file, wanted, shipped.sha256 if shipped else ""), assign=True)
    network.model.requires_grad_(True)
    return Network(name, network.model.eval(), network.blocks)


def _of_timm(bare: Network, file: Path) -> Network:
    """The network with timm's own weights. Where these know no classes, its head is one without outputs."""
    with weights.usable(file):
        model = libraries.filled(entry(bare.backbone), weights.tensors(file))
        if not old_classes(bare.backbone):
            parent, _, child = bare.head_path.rpartition(".")
            setattr(model.get_submodule(parent), child, bare.head.to_empty(device="cpu"))
        weights.check(model.state_dict(), bare.model.state_dict())
    return Network(bare.backbone, model.eval(), bare.blocks)
