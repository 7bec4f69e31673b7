"""Pictures in a row that wraps; where asked, each is a button. Knows nothing about what they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ui.callbacks import guarded
from ui.widgets import component, pixels

_gallery = component.declare(
    "gallery",
    '<div class="gallery" role="group"></div>',
)


@dataclass(frozen=True)
class Cell:
    """One picture uint8 [height, width, 3 or none], the words below it, and its text alternative."""

    id: str
    image: np.ndarray
    words: str
    alt: str


def draw(
    cells: Sequence[Cell], title: str, key: str, *,
    chosen: str = "", wide: int = 84, smooth: bool = False, on_pick: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Draw the pictures, each `wide` CSS pixels. `on_pick` gets the id of one that is clicked."""

    def picked() -> None:
        name = st.session_state[key].picked
        if on_pick is not None and name in {cell.id for cell in cells}:
            on_pick(name)

    rows = [
        {
            "id": cell.id,
            "src": pixels.address(cell.image),
            "words": cell.words,
            "alt": cell.alt,
            "chosen": cell.id == chosen,
        }
        for cell in cells
    ]
    data = {"cells": rows, "title": title, "wide": wide, "smooth": smooth, "clickable": on_pick is not None}
    _gallery(key=key, data=data, on_picked_change=guarded(picked))
