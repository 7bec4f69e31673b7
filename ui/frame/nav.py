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

import streamlit as st

from ui import callbacks
from ui.sitemap import ENTRIES

_MARK = "thaw_inside_app"


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
