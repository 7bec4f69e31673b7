"""What every chapter of a prediction shows: a network, a picture, and what the one makes of the other."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass

import numpy as np
import streamlit as st

from course import content
from ftcore.analysis.trace import Trace
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.network.blocks import Network
from ftcore.settings import RunSettings
from ui.engine import networks
from ui.engine.networks import Which
from ui.picture.pick import Picture
from ui.widgets import pixels

LARGE = 320


@dataclass(frozen=True)
class Scene:
    """What every chapter needs: the network shown, its classes, the picture and its trace."""

    chosen: RunSettings
    which: Which
    network: Network
    classes: tuple[str, ...]
    picture: Picture
    found: Trace
    moved: dict[str, float]

    @functools.cached_property
    def images(self) -> ImageSet | None:
        """The set of the settings, got ready when it is first asked for; None where it is not to be had."""
        with contextlib.suppress(FtError):
            return networks.images(self.chosen)
        return None

    @property
    def best(self) -> int:
        """The class with the largest logit."""
        return int(self.found.logits.argmax())


def text(name: str, **values: object) -> None:
    """A section of the page's texts."""
    st.markdown(content.section("trace", name, values))


def more(name: str, **values: object) -> None:
    """A section for whoever wants the formula, folded behind its title."""
    with st.expander(content.section("trace", "more")):
        text(name, **values)


def map_image(values: np.ndarray) -> np.ndarray:
    """A map of a block as a picture, darkest where it is lowest."""
    return pixels.enlarged(pixels.coloured(values, float(values.min()), float(values.max())), 64)
