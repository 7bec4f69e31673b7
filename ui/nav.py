"""The pages there are, in reading order, and the guard that makes links to any of them work.

While a folder `pages/` exists, Streamlit starts in its old discovery mode: until some run has called
`st.navigation`, the first visitor on a deep link gets the bare page script. Each page therefore calls `guard`
first, which notices that `app.py` is missing around it and sets the navigation up.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

_MARK = "thaw_inside_app"


@dataclass(frozen=True)
class Key:
    """A parameter of the address beside the settings.

    Once one of the settings in `about` changes, a value that begins with `begins` means nothing any more.
    """

    name: str
    about: tuple[str, ...] = ()
    begins: str = ""


@dataclass(frozen=True)
class Entry:
    """A page of the app. `path` is its address, the file's own name, so that both start-up modes agree.

    `own` names what the page keeps in the address.
    """

    group: str
    title: str
    path: str
    own: tuple[Key, ...] = ()
    default: bool = False

    @property
    def file(self) -> str:
        """The page's script, relative to `app.py`."""
        return f"pages/{self.path}.py"


EVERYWHERE = (Key("run"), Key("guide"))
ENTRIES = (
    Entry("Learn", "Pipeline", "pipeline", (Key("stage"),), default=True),
    Entry("Learn", "Freeze lab", "freeze_lab", (Key("lab", about=("backbone",)),)),
    Entry("Learn", "Train live", "train_live", (Key("phase"), Key("guess"))),
    Entry("Learn", "Prediction trace", "trace", (Key("layer"), Key("pick", about=("data", "seed"), begins="val-"))),
    Entry("Check", "Quiz", "quiz"),
    Entry("Check", "Experiments", "experiment", (Key("exp"),)),
    Entry("Check", "Review", "review"),
)
OWN = {key.name: key for key in (*EVERYWHERE, *(key for entry in ENTRIES for key in entry.own))}


def navigation() -> st.Page:
    """Tell Streamlit about the pages and return the one that was asked for. The sidebar draws its own links."""
    groups: dict[str, list[st.Page]] = {}
    for entry in ENTRIES:
        page = st.Page(entry.file, title=entry.title, url_path=entry.path, default=entry.default)
        groups.setdefault(entry.group, []).append(page)
    return st.navigation(groups, position="hidden")


@contextmanager
def inside() -> Iterator[None]:
    """Mark the session while `app.py` runs a page."""
    st.session_state[_MARK] = True
    try:
        yield
    finally:
        st.session_state[_MARK] = False
        _settle()


@functools.cache
def _settle() -> None:
    """After the first page set what is loaded aside from garbage collection.

    Streamlit collects after every run of a script and every tick of a fragment. Going through all objects of torch,
    plotly and pandas each time took nine tenths of what watching a run cost the server.
    """
    gc.collect()
    gc.freeze()


def guard() -> None:
    """First line of every page: if `app.py` is not around it, set the navigation up and start again."""
    if not st.session_state.get(_MARK):
        navigation()
        st.rerun()
