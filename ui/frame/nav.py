"""The pages there are, in reading order, and the guard that makes links to any of them work.

While a folder `pages/` exists, Streamlit starts in its old discovery mode: until some run has called
`st.navigation`, the first visitor on a deep link gets the bare page script. The server ends that mode when it starts
(see `wake`); where there is none, as in tests, each page calls `guard` first, which notices that `app.py` is missing
around it and sets the navigation up.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import streamlit as st

from ui import callbacks
from ui.sitemap import ENTRIES

_MARK = "thaw_inside_app"


def navigation() -> st.Page:
    """Tell Streamlit about the pages and return the one that was asked for. The sidebar draws its own links.

    An address that is none of theirs gets a page of its own, which says so: Streamlit would open the first page with a
    dialog over it. Where the name is but the folder of the app, nobody asks for that page.
    """
    groups: dict[str, list[st.Page]] = {}
    for entry in ENTRIES:
        page = st.Page(entry.file, title=entry.title, url_path=entry.path, default=entry.default)
        groups.setdefault(entry.group, []).append(page)
    asked = unquote((st.context.url or "").rpartition("/")[2]).strip()
    if asked and asked not in {entry.path for entry in ENTRIES}:
        groups[""] = [st.Page(functools.partial(_nowhere, asked), title="Thaw", url_path=asked, visibility="hidden")]
    return st.navigation(groups, position="hidden")


def _nowhere(asked: str) -> None:
    from ui.frame import nowhere  # not before a visitor comes: the server imports this module when it starts

    nowhere.draw(asked)


@contextmanager
def inside() -> Iterator[None]:
    """Mark the session while `app.py` runs a page."""
    st.session_state[_MARK] = True
    try:
        yield
        callbacks.forget()  # a field that is gone cannot tell what it was refused
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
