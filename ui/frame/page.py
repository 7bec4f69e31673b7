"""What every page does at its edges: errors become one sentence, and the run to show is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ftcore.errors import FtError
from ftcore.runs import service
from ftcore.settings import RunSettings
from ui import address, callbacks
from ui.frame import guide, sidebar
from ui.runs import live
from ui.runs.live import View
from ui.widgets import component
from ui.words import as_markdown

_STYLE = component.ASSETS / "page.css"


@contextmanager
def errors() -> Iterator[None]:
    """Show an `FtError` as one sentence with a way on, and end the page there."""
    try:
        yield
    except FtError as error:
        callbacks.forget()
        st.error(as_markdown(error))
        st.page_link("pages/pipeline.py", label="Start afresh with the built-in lesson")
        st.stop()


def begin(name: str) -> tuple[RunSettings, View | None, str]:
    """Draw sidebar and guided lesson; return the settings, the run named in the address if any, and the learner.

    A run's own settings win over those in the address, which is set right then.
    """
    st.html(_STYLE)
    named = address.run_id()
    view = live.look(named) if named else None
    if view is not None and address.settings_or_none() != address.public(view.settings):
        address.put(view.settings)
    settings = view.settings if view is not None else address.settings()
    owner = sidebar.draw(settings)
    callbacks.tell()
    guide.draw(name, settings, view, owner)
    return settings, view, owner


def latest(owner: str, settings: RunSettings) -> View | None:
    """The learner's newest run of the same backbone on the same data."""
    for status in service.history(owner):
        if (status.settings.backbone, status.settings.data) == (settings.backbone, settings.data):
            return live.look(status.id)
    return None


def start(settings: RunSettings, owner: str) -> None:
    """Hand the run to the engine and put it into the address; the chosen stage and phase are let go, so the page follows it."""
    try:
        run_id = service.manager().submit(settings, owner, hold=guide.waits())
        address.put(settings, run=run_id, stage=None, phase=None)
    except FtError as error:
        st.error(as_markdown(error))
        return
    st.rerun()
