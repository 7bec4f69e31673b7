"""Runs on pictures of the learner's own, made in the terminal: what the pages know without saying where these lie.

Classes and counts come from the run, so they are known even when the pictures are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from course import content
from ftcore.data.sets import Summary
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.settings import RunSettings
from ui import engine, state
from ui.live import View
from ui.theme import plain


def name(chosen: RunSettings) -> str:
    """The folder or zip without the way to it, not fit for Markdown."""
    return shown(re.split(r"[\\/]", chosen.data.rstrip("\\/"))[-1], 40)


def again(chosen: RunSettings) -> None:
    """Instead of a button that trains: how to train on these pictures once more."""
    st.caption(content.section("own", "again", {"name": plain(name(chosen))}))


@contextmanager
def pictures(chosen: RunSettings) -> Iterator[None]:
    """While pictures of a set are read: what is wrong with own ones is said without telling where they lie."""
    try:
        yield
    except FtError as error:
        if not state.own_pictures(chosen):
            raise
        raise FtError(content.section("own", "gone", {"name": name(chosen)})) from error


def summary(chosen: RunSettings, view: View | None) -> Summary:
    """Classes and counts of the set; of own pictures as the run has counted them."""
    counts = view.counts if view is not None else None
    if view is not None and view.log.start is not None and counts is not None and state.own_pictures(chosen):
        return Summary(name(chosen), tuple(view.log.start["classes"]), counts)
    with pictures(chosen):
        return engine.summary(chosen.data, chosen.train_per_class, chosen.seed)
