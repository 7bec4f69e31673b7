"""Where a vision transformer's class token looks in a block: all heads averaged, and each of them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from course import content
from ftcore.analysis.attention import Attention
from ui.engine import networks
from ui.picture.scene import LARGE, Scene, map_image, text
from ui.widgets import gallery, phone, pixels
from ui.widgets.gallery import Cell
from ui.words import count, percent

ALL = "all"


def draw(scene: Scene, block: str) -> None:
    """The attention of the class token over the image; nothing in a block that has none."""
    found = networks.attention(scene.which, scene.picture.image, block)
    if found is None:
        return
    heads = found.by_class_token
    st.subheader(content.section("trace", "looking.heading"), anchor=False)
    text("looking.what", block=block, heads=count(len(heads)))
    key = f"trace-look-{block}"
    named = {ALL: heads.mean(0)} | {str(at): head for at, head in enumerate(heads)}
    picked = st.session_state.get(key, ALL)
    chosen = picked if picked in named else ALL
    seen = named[chosen]
    with phone.beside("looking"):
        left, right = st.columns([2, 3], gap="medium")
    with left:
        st.image(
            pixels.overlaid(scene.picture.image, seen, LARGE), width="stretch", alt=_alt(_name(chosen), seen),
        )  # fmt: skip
    with right:
        cells = [
            Cell(id, map_image(head), "average" if id == ALL else _name(id), _alt(_name(id), head))
            for id, head in named.items()
        ]
        gallery.draw(
            cells, f"Where the heads of {block} look", f"trace-heads-{block}", chosen=chosen, wide=72,
            on_pick=lambda id: st.session_state.update({key: id}),
        )  # fmt: skip
    st.caption(_said(found, chosen, seen))
    with phone.fold(content.section("trace", "looking.proof"), "looking"):
        text("looking.limits")


def _name(chosen: str) -> str:
    return "all heads, averaged" if chosen == ALL else f"head {int(chosen) + 1}"


def _said(found: Attention, chosen: str, seen: np.ndarray) -> str:
    """The shares in words: what the token keeps for itself, and how much the few patches that get most have."""
    own = found.weights[:, 0, 0] if chosen == ALL else found.weights[int(chosen), 0, 0]
    tenth = max(1, seen.size // 10)
    values = {
        "head": _name(chosen).capitalize(),
        "own": percent(float(np.mean(own))),
        "few": count(tenth),
        "patches": count(seen.size),
        "most": percent(float(np.sort(seen, axis=None)[-tenth:].sum())),
        "even": percent(tenth / seen.size),
    }
    return content.section("trace", "looking.said", values)


def _alt(name: str, seen: np.ndarray) -> str:
    row, column = divmod(int(seen.argmax()), len(seen))
    return (
        f"Attention of the class token, {name}: most, {percent(float(seen.max()))}, at row {row + 1} and column "
        f"{column + 1} of {len(seen)} by {len(seen)} patches"
    )
