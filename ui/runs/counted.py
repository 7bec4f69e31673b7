"""The classes and counts of a run's set, own pictures of the terminal included: as the run has counted them."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore.data.own import plans
from ftcore.data.sets import Summary
from ftcore.settings import RunSettings
from ui import address
from ui.engine import setup
from ui.engine.own import name, pictures
from ui.runs.live import View
from ui.words import plain


def again(settings: RunSettings) -> None:
    """Instead of a button that trains: how to train on these pictures once more."""
    if plans.is_own(settings.data):
        st.caption(content.section("own", "again.set"))
        return
    st.caption(content.section("own", "again", {"name": plain(name(settings))}))


def summary(settings: RunSettings, view: View | None) -> Summary:
    """Classes and counts of the set; of own pictures as the run has counted them."""
    counts = view.counts if view is not None else None
    if view is not None and view.story.start is not None and counts is not None and address.own_pictures(settings):
        return Summary(name(settings), tuple(view.story.start.classes), counts)
    with pictures(settings):
        return setup.summary(settings.data, settings.train_per_class, settings.seed)
