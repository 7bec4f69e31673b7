"""What every page does at its edges: errors become one sentence, and the run to show is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import streamlit as st

from ftcore.errors import FtError
from ftcore.runs import service
from ftcore.runs.needs import OutOfReach
from ftcore.settings import RunSettings
from ui import address, callbacks, learner
from ui.engine import setup
from ui.frame import built_in, guide, sidebar
from ui.runs import history, live
from ui.runs.live import View
from ui.widgets import component
from ui.words import as_markdown

_STYLE = component.ASSETS / "page.css"


@contextmanager
def errors() -> Iterator[None]:
    """Show an `FtError` as one sentence with a way on, and end the page there."""
    try:
        with callbacks.one_drawing():
            yield
    except FtError as error:
        callbacks.forget()
        st.error(as_markdown(error))
        st.page_link(
            "pages/pipeline.py", label="Start afresh with the built-in lesson", query_params={"run": address.NO_RUN}
        )
        st.stop()


def begin(name: str) -> tuple[RunSettings, View | None, str]:
    """Draw sidebar and guided lesson; return the settings, the current run if there is one, and the learner.

    The current run is the one named in the address, else the learner's newest that fits it; the sidebar names it. A
    run's own settings win over those in the address, which is set right then.
    """
    st.html(_STYLE)
    owner = learner.meet()
    try:
        settings, view = _asked()
    except FtError:
        sidebar.bare()
        st.title("This address cannot be opened")
        raise
    sidebar.draw(settings, view)
    callbacks.tell()
    guide.draw(name, settings, view, owner)
    return settings, view, owner


def _asked() -> tuple[RunSettings, View | None]:
    """What the address names: settings, and the current run if there is one."""
    named = address.run_id() or _fitting(address.settings_or_none())
    view = live.look(named) if named else None
    if view is not None and (address.run_id() != named or address.settings_or_none() != address.public(view.settings)):
        address.put(view.settings, run=named)
    return view.settings if view is not None else address.settings(), view


def _fitting(settings: RunSettings | None) -> str | None:
    """The learner's newest run with exactly these settings, or, where the address names none, the newest of all.

    The guided lesson begins without one.
    """
    if settings is None or "guide" in st.query_params or address.says_no_run():
        return None
    for run in sorted(history.own(learner.learner()), key=lambda run: run.created, reverse=True):
        if address.is_bare() or run.settings == settings:
            with suppress(FtError):  # one that is damaged takes no page away: the next one is as good
                return live.look(run.id).id
    return None


def start(settings: RunSettings, owner: str, page: str = "") -> None:
    """Hand the run to the engine and show it, here or on another page.

    Chosen stage and phase leave the address, so that the page follows the run.
    """
    try:
        with st.spinner("Asking whether it can be downloaded") if setup.needs_of(settings) else nullcontext():
            run = service.manager().submit(settings, owner, hold=guide.waits())
    except FtError as error:
        st.error(as_markdown(error))
        if isinstance(error, OutOfReach):
            built_in.offer(error.needs, "instead")
        return
    if page:
        query = {**address.to_query(settings), **guide.carried(), "run": run}
        st.switch_page(f"pages/{page}.py", query_params=query)
    address.put(settings, run=run, stage=None, phase=None)
    st.rerun()
