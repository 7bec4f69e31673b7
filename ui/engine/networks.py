"""What the Prediction trace asks the engine: networks as they stood after an epoch, and what they make of an image.

Kept for a while, since neither a finished epoch nor an image ever changes.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from PIL import Image

from ftcore.analysis import attention as looking
from ftcore.analysis import trace
from ftcore.costs import machine
from ftcore.data import catalogue, pictures
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.network import backbones, change, surgery
from ftcore.network.blocks import Network
from ftcore.runs import needs, records, results
from ftcore.settings import RunSettings
from ftcore.training import features, snapshots
from ftcore.training.start import load_images, start_network
from ui.engine import own
from ui.engine.setup import WORK

FINAL = -1
ENDED = {"paused": "is paused", "stopped": "was stopped", "failed": "failed", "interrupted": "ended unexpectedly"}
FEWEST, OTHERS, PATIENCE = 20, 300, 2.0


@dataclass(frozen=True)
class Which:
    """A network: of a run after an epoch (0 before training, `FINAL` as it was kept), or without a run pretrained.

    `version` tells a run's final networks apart while it goes on: its number of finished epochs.
    """

    backbone: str
    run: str = ""
    epoch: int = FINAL
    version: int = 0


def note(state: str) -> str:
    """The section of `trace.md` that says how a run stands; nothing where it is done."""
    return {"done": "", "queued": "waiting"}.get(state, "halted" if state in ENDED else "going")


@st.cache_resource(max_entries=6, show_spinner=False)
def network(which: Which) -> tuple[Network, tuple[str, ...]]:
    """The network in eval mode and its class names."""
    if not which.run:
        needs.require(RunSettings(which.backbone))
        made = backbones.load(which.backbone)
        made.model.eval()
        return made, backbones.old_classes(which.backbone)
    folder = records.folder_of(which.run)
    if which.epoch == FINAL:
        return results.tuned_network(folder)
    classes = results.classes_of(folder)
    settings = records.settings_of(folder)
    needs.require(dataclasses.replace(settings, data=RunSettings().data))
    made = start_network(settings, len(classes))
    if which.epoch:
        snapshots.put(folder, made, which.epoch)
    made.model.eval()
    return made, classes


def last_sound(which: Which) -> Which | None:
    """The last epoch before the end of a run whose weights can still be used; None without one."""
    for epoch in sorted(epochs(which.run), reverse=True):
        earlier = dataclasses.replace(which, epoch=epoch)
        with contextlib.suppress(FtError):
            network(earlier)
            return earlier
    return None


def epochs(run: str) -> dict[int, int]:
    """Epochs of a run whose weights are kept, each with the number of its phase."""
    return snapshots.epochs(records.folder_of(run))


@st.cache_data(max_entries=50, show_spinner="Comparing the tuned weights with the pretrained ones")
def moved(backbone: str, run: str) -> change.Moved:
    """How far a finished run has moved the pretrained weights."""
    before, after = (network(Which(backbone, run, epoch))[0] for epoch in (0, FINAL))
    return change.compare(before, after)


@st.cache_data(max_entries=64, show_spinner=False)
def trace_of(which: Which, image: np.ndarray) -> trace.Trace:
    """One image through the network, step by step."""
    with WORK:
        return trace.trace(network(which)[0], image)


@st.cache_data(max_entries=200, show_spinner=False)
def heat(which: Which, image: np.ndarray, block: str, label: int) -> trace.Heat:
    """Where in the image a class's logit comes from, at this block."""
    with WORK:
        return trace.heat(network(which)[0], image, block, label)


@st.cache_data(max_entries=64, show_spinner=False)
def attention(which: Which, image: np.ndarray, block: str) -> looking.Attention | None:
    """Where the tokens of a block look, of a vision transformer with a class token; None in others."""
    with WORK:
        return looking.attention(network(which)[0], image, block)


def images(settings: RunSettings) -> ImageSet | None:
    """The set, if showing it needs no download. Raises `FtError` for own pictures that are gone."""
    entry = catalogue.CATALOGUE.get(settings.data)
    if entry is not None and entry.kind == "download":
        return None
    with own.pictures(settings):
        return _set(settings)


@st.cache_resource(max_entries=4, show_spinner="Getting the images ready")
def _set(settings: RunSettings) -> ImageSet:
    return load_images(settings)


def suited(which: Which, settings: RunSettings, images: np.ndarray) -> np.ndarray:
    """Images of the set [n, side, side, 3] as this network gets them; anew where they are prepared for another."""
    wanted = backbones.preprocess(which.backbone)
    if backbones.preprocess(settings.backbone).kind == wanted.kind:
        return images
    return np.stack([pictures.prepare(Image.fromarray(image), wanted) for image in images])


@st.cache_data(max_entries=12, show_spinner="Showing the network every validation image")
def chances(which: Which, settings: RunSettings) -> np.ndarray:
    """Probabilities of the validation images, [images, classes]."""
    device = torch.device("cpu")
    val, preprocess = _set(settings).val, backbones.preprocess(settings.backbone)
    with WORK:
        made = network(which)[0]
        boundary = surgery.boundary(made, settings.phases[-1].trainable) if which.run else made.names[0]
        return trace.probabilities(made, features.source(made, boundary, val, preprocess, device))


@st.cache_data(max_entries=12, show_spinner="Showing the block other images")
def answers(which: Which, settings: RunSettings, block: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of some validation images, and how strongly each channel of a block answers to each of them.

    Numbers [images] are evenly over the set, which may be sorted by class: as many as this machine shows the network
    in about `PATIENCE` seconds. Answers are [images, channels].
    """
    val = _set(settings).val
    each = sum(cost.forward for cost in machine.costs(which.backbone).values())
    looked = min(len(val), max(FEWEST, min(OTHERS, int(PATIENCE / each))))
    places = np.linspace(0, len(val) - 1, looked).astype(int)
    with WORK:
        return places, trace.answers(network(which)[0], block, suited(which, settings, val.images[places]))


@st.cache_data(max_entries=64, show_spinner=False)
def maps(which: Which, image: np.ndarray, block: str, channels: tuple[int, ...]) -> np.ndarray:
    """The maps of these channels of a block, [channels, height, width]."""
    with WORK:
        return trace.maps(network(which)[0], image, block)[list(channels)]
