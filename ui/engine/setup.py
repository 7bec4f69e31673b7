"""Cached questions to the engine: the only place with `st.cache_data`.

Everything here is a fact about a backbone, a dataset or this machine. Runs are asked directly, they change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import streamlit as st
from PIL import Image

from ftcore.analysis import pretrained, steps
from ftcore.costs import estimate, machine
from ftcore.costs.estimate import Estimate
from ftcore.data import catalogue, pictures, sets
from ftcore.data.own import keeping, plans
from ftcore.data.sketchbook import draw
from ftcore.network import backbones
from ftcore.network.describe import describe
from ftcore.preprocess import Preprocess
from ftcore.runs import needs
from ftcore.settings import Phase, RunSettings
from ftcore.training.start import load_images
from ui.words import about

WORK = threading.Lock()  # experiments in the server itself go one at a time
SAMPLE_SIDE = 160
SAMPLE_SEED = 2  # the third training drawing of each class, larger than the network gets it


@st.cache_data(ttl=5, show_spinner=False)
def weights(backbone: str) -> backbones.WeightsState:
    """Where the weights of a backbone are; asked again after a few seconds, a file may have been put there."""
    return backbones.weights_state(backbone)


@st.cache_data(ttl=5, show_spinner=False)
def needs_of(settings: RunSettings) -> tuple[needs.Need, ...]:
    """What a run would have to download first; asked again like `weights`, and without the net."""
    return needs.of(settings)


@st.cache_data(ttl=60, show_spinner=False)
def summary(data: str, train_per_class: int, seed: int) -> sets.Summary:
    """Classes and number of images of a dataset."""
    return sets.summary(data, train_per_class=train_per_class, seed=seed)


@st.cache_data(ttl=20, max_entries=200, show_spinner="Measuring this machine…")
def expected(settings: RunSettings, counts: dict[str, int] | None = None) -> Estimate:
    """Expected time of a run on this machine.

    `counts` gives the images of train, val and test where they are known, so that the set need not be there.
    """
    return estimate.of_run(settings, counts)


def time_of(settings: RunSettings) -> str:
    """The expected time of a run in words: 'up to' where it may stop early."""
    return about(expected(settings).seconds, at_most=settings.patience > 0)


@st.cache_data(max_entries=8, show_spinner=False)
def samples(data: str, backbone: str, seed: int, train_per_class: int = 0) -> list[tuple[str, np.ndarray]]:
    """One picture of each of the first classes with its class name, uint8 [side, side, 3].

    The drawings are made on the spot, those of an own set are its previews; any other set is prepared if it was not, with
    `train_per_class` as its run has it. A set that would have to be downloaded gives no pictures. Raises `FtError` for a
    folder that cannot be read.
    """
    kind = catalogue.CATALOGUE[data].kind if data in catalogue.CATALOGUE else "own"
    if kind == "generated":
        names = draw.CLASSES
        return [(name, np.asarray(draw.draw(label, SAMPLE_SEED, SAMPLE_SIDE))) for label, name in enumerate(names)]
    if kind == "download":
        return []
    if plans.is_own(data):
        return _previews(data)
    images = sets.load(data, backbones.preprocess(backbone), train_per_class=train_per_class, seed=seed)
    first = [int(np.argmax(images.train.labels == label)) for label in range(min(10, len(images.classes)))]
    return [(name, np.array(images.train.images[at])) for name, at in zip(images.classes, first, strict=False)]


def _previews(data: str) -> list[tuple[str, np.ndarray]]:
    plan = plans.open_plan(data)
    one, first = plans.set_of(data), {item.label: item for item in reversed(plan.splits["train"])}
    assert one is not None
    side = Preprocess(SAMPLE_SIDE, SAMPLE_SIDE, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return [
        (name, pictures.prepare(pictures.read_picture(keeping.preview_of(one, int(first[label].where))), side))
        for label, name in enumerate(plan.classes[:10])
    ]


@st.cache_data(ttl=20, max_entries=500, show_spinner=False)
def epoch_seconds(settings: RunSettings, phase: Phase, *, cached: bool, counts: dict[str, int] | None = None) -> float:
    """Expected seconds of one epoch of a phase on this machine, with or without kept features; `counts` as above."""
    return estimate.of_epoch(settings, phase, cached=cached, counts=counts)


def timed(backbone: str) -> bool:
    """Has this network been measured on this machine, so that times can be told at once?"""
    return machine.known(backbone)


def measure(backbone: str, told: Callable[[int, int], None]) -> None:
    """Measure it now, which can take half a minute; `told` gets the blocks done and in all."""
    machine.measured(backbone, told)


def movement(settings: RunSettings, phase: Phase, *, plain: bool) -> tuple[steps.Movement, ...]:
    """How far ten real steps of a phase move each block, as a run takes them or `plain`; measured at each call."""
    needs.require(settings)
    with WORK:
        return steps.movement(settings, phase, load_images(settings).train, plain=plain)


def one_steps(settings: RunSettings, phase: Phase, blocks: tuple[str, ...]) -> list[steps.OneStep]:
    """One real optimizer step on a weight of each of these blocks."""
    needs.require(settings)
    with WORK:
        return [steps.one_step(settings, phase, load_images(settings).train, block) for block in blocks]


@st.cache_data(max_entries=8, show_spinner="Asking the network about our pictures")
def own_guesses(
    data: str, backbone: str, seed: int, train_per_class: int = 0
) -> list[tuple[str, np.ndarray, list[tuple[str, float]]]]:
    """For each picture of `samples`: its class, the picture, the network's own top five."""
    shown = samples(data, backbone, seed, train_per_class)
    if not shown:
        return []
    preprocess = backbones.preprocess(backbone)
    images = np.stack([pictures.prepare(Image.fromarray(picture), preprocess) for _, picture in shown])
    with WORK:
        guesses = pretrained.own_guesses(backbones.load(backbone), images)
    return [(name, picture, guess) for (name, picture), guess in zip(shown, guesses, strict=True)]


@st.cache_data(max_entries=8, show_spinner=False)
def first_filters(backbone: str) -> np.ndarray:
    """The first convolution's filters as pictures [filters, k, k, 3] in 0..1."""
    return pretrained.first_filters(backbones.load(backbone))


@st.cache_data(ttl=20, show_spinner=False)
def look_seconds(settings: RunSettings, images: int) -> float:
    """Expected seconds to show the whole network so many images of a set once, which may have to be drawn or read first."""
    cost = machine.costs(settings.backbone)
    each = sum(cost[row.name].forward for row in describe(settings.backbone))
    return estimate.drawing(settings) + images * each


def fresh_head_accuracy(settings: RunSettings, classes: int) -> float:
    """Accuracy on the validation images of the network with its new head, before any training."""
    needs.require(settings)
    images = load_images(settings)
    with WORK:
        return pretrained.fresh_head_accuracy(settings, images.val, classes)
