"""What the network knows before any tuning, for the stages Load and New head of the Pipeline page.

Our classes by name, its own guesses on the learner's pictures, its first filters as pictures, and old and new head side by side.
"""

from __future__ import annotations

import contextlib

import numpy as np
import streamlit as st

from course import content
from ftcore.analysis.pretrained import namesakes
from ftcore.data.sets import Summary
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.network.describe import describe, features
from ftcore.settings import HEAD, RunSettings
from ui import address, callbacks
from ui.callbacks import pressed
from ui.engine import own, setup
from ui.widgets import phone
from ui.words import EMBER, about, count, listed, percent, plain

ACROSS = 16
ENLARGED = 12
NAMED = 10  # classes that are listed by name


def load(settings: RunSettings, classes: tuple[str, ...]) -> None:
    """Stage 1: which classes it knew by name, what it takes a picture of each for, and its first filters."""
    if setup.weights(settings.backbone).place == "missing" or settings.weights == "random":
        st.caption(content.section("pipeline", "knows.missing"))
        return
    if backbones.old_classes(settings.backbone):
        _knows(settings, classes)
    else:
        st.caption(content.section("pipeline", "knows.nothing"))
    st.subheader("Its first filters", anchor=False)
    filters = setup.first_filters(settings.backbone)
    values = {"filters": count(len(filters)), "size": f"{filters.shape[1]}×{filters.shape[2]}"}
    st.image(sheet(filters), width="stretch", alt=f"The {len(filters)} filters of the first convolution as pictures")
    st.caption(content.section("pipeline", "knows.filters", values))


def _knows(settings: RunSettings, classes: tuple[str, ...]) -> None:
    """Old classes with the names of ours, and what it takes one picture of each of ours for."""
    known = "What it knew of our classes"
    with phone.fold(known, "known"):
        st.subheader(known, anchor=False)
        st.markdown(_known(settings.backbone, classes))
    guessed = []
    with contextlib.suppress(FtError):  # that the pictures cannot be read is said where they are shown
        each = settings.train_per_class if address.own_pictures(settings) else 0
        guessed = setup.own_guesses(settings.data, settings.backbone, settings.seed, each)
    if guessed:
        st.subheader("What it sees in our pictures now", anchor=False)
        old = count(len(backbones.old_classes(settings.backbone)))
        st.markdown(content.section("pipeline", "knows.guesses", {"old_classes": old}))
        with phone.row("guesses", 2):
            grid = st.grid(5, min_column_width=150, gap="small")
        for name, picture, guesses in guessed:
            with grid.cell():
                st.image(picture, width="stretch", alt=f"A training image of the class {name}")
                lines = [f"{plain(word, 28)} :gray[{percent(chance)}]" for word, chance in guesses]
                st.markdown(f"**{plain(name, 24)}**  \n" + "  \n".join(lines))


def _known(backbone: str, classes: tuple[str, ...]) -> str:
    """How many of the classes share a name with old ones, and which."""
    found = namesakes(backbone, classes)
    said = [plain(name, 24) + _as(name, old) for name, old in found.items()]
    shown = [*said[:NAMED], *([f"{count(len(said) - NAMED)} more"] if len(said) > NAMED else [])]
    values = {
        "known": count(len(found)),
        "classes": count(len(classes)),
        "old_classes": count(len(backbones.old_classes(backbone))),
        "names": listed(shown),
    }
    return content.section("pipeline", "knows.names" if found else "knows.no_names", values)


def _as(name: str, old: tuple[str, ...]) -> str:
    """The old names that say so, unless they are just the same: ' (freight car, sports car)'."""
    if [word.casefold() for word in old] == [name.casefold()]:
        return ""
    more = f" and {count(len(old) - 2)} more" if len(old) > 2 else ""
    return f" ({', '.join(plain(word, 28) for word in old[:2])}{more})"


def sheet(filters: np.ndarray, across: int = ACROSS, factor: int = ENLARGED) -> np.ndarray:
    """Filters [n, k, k, 3] in 0..1 as one picture, `across` in a row, each pixel `factor` wide, white between."""
    n, k = filters.shape[:2]
    rows, gap = -(-n // across), factor // 2
    cell = k * factor + gap
    picture = np.full((rows * cell - gap, min(n, across) * cell - gap, 3), 255, dtype=np.uint8)
    for at, one in enumerate(filters):
        y, x = at // across * cell, at % across * cell
        big = np.repeat(np.repeat((one * 255).round().astype(np.uint8), factor, 0), factor, 1)
        picture[y : y + k * factor, x : x + k * factor] = big
    return picture


def heads(settings: RunSettings, data: Summary) -> None:
    """Stage 2: old head and new head side by side, and how the new one does before any training."""
    classes = data.classes
    old = backbones.old_classes(settings.backbone)
    width = features(settings.backbone)
    st.subheader("Old head, new head", anchor=False)
    with phone.row("heads"):
        left, right = st.columns(2, gap="medium")
    for column, title, names in ((left, "Old head", old), (right, f"{EMBER} New head", classes)):
        with column, st.container(border=True):
            size = (width + 1) * len(names)
            st.markdown(f"**{title}** · `Linear({width}, {len(names)})`")
            st.markdown(f"weights {len(names)}×{width}, biases {len(names)}: **{count(size)} parameters**")
            shown = [plain(name, 28) for name in names[:12]]
            more = f" and {count(len(names) - 12)} more" if len(names) > 12 else ""
            said = f"It names: {', '.join(shown) if more else listed(shown)}{more}." if names else "It names nothing."
            st.caption(said)
    _before(settings, len(classes), data.counts["val"])


def _before(settings: RunSettings, classes: int, images: int) -> None:
    """Measure the fresh head on the validation images when asked to."""
    key = f"fresh-{settings.to_json()}"
    rows = describe(settings.backbone, classes)
    if key not in st.session_state:
        cost = about(setup.look_seconds(settings, images))
        if not pressed(f"Measure the new head before training, {cost}", key="fresh"):
            return
        with callbacks.told(), own.pictures(settings), st.spinner("Showing it every validation image once"):
            st.session_state[key] = setup.fresh_head_accuracy(settings, classes)
        if key not in st.session_state:
            return
    accuracy: float = st.session_state[key]
    head = next(row.parameters for row in rows if row.name == HEAD)
    values = {"accuracy": percent(accuracy), "chance": percent(1 / classes), "head": count(head)}
    st.markdown(content.section("pipeline", "knows.fresh", values))
