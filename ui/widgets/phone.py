"""What a phone shows otherwise than a wide window, which all of this leaves as it is.

The sidebar closes after a choice, what is read once is folded, and what would stack stands in a row. Where a phone
begins is said in the styles: at `page.css` for the page, at `phone.js` for the sidebar, which is Streamlit's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.widgets import component

_phone = component.declare("phone")
_fold = component.declare("fold", '<button type="button" aria-expanded="false"></button>')


def watch(chosen: str) -> None:
    """Close the sidebar, where it lies over the page, once `chosen` has changed, and let fingers on charts scroll.

    Mounted in the sidebar of every page; takes no room.
    """
    _phone(key="thaw_phone", data={"chosen": chosen})


@contextmanager
def fold(title: str, name: str) -> Iterator[None]:
    """Room for what is read once: a phone folds it behind its title. `name` is its own on the page.

    What was unfolded stays so while the page is open, also where another text of the same name takes its place.
    """
    with st.container(key=f"fold-{name}"):
        _fold(key=f"unfold-{name}", data={"title": title, "name": name})
        yield


@contextmanager
def row(name: str, shown: int = 1) -> Iterator[None]:
    """Room for columns, a grid or what stands below each other: a phone makes one row of it, to be scrolled sideways.

    `shown` of them (1, 2 or 4) and a part of the next are seen at once; how it goes on is thus seen too.
    """
    with st.container(key=f"row-{shown}-{name}"):
        yield


@contextmanager
def beside(name: str) -> Iterator[None]:
    """Room for columns that are narrow enough to stay side by side on a phone."""
    with st.container(key=f"beside-{name}"):
        yield
