"""The learner's runs as a list: open one, or delete it after asking."""

from __future__ import annotations

import time

import streamlit as st

from ftcore import backbones, datasets, runs
from ftcore.settings import FtError, RunSettings
from ui import live, state
from ui.live import BADGES, View
from ui.theme import ago, percent, plain

SHOWN = 8


def title(settings: RunSettings) -> str:
    """A run in a few words: network, data, epochs and images."""
    network = backbones.entry(settings.backbone).title
    entry = datasets.CATALOGUE.get(settings.data)
    data = entry.title if entry else plain(settings.data.rstrip("/").rsplit("/", 1)[-1])
    epochs = " + ".join(str(phase.epochs) for phase in settings.phases)
    images = f", {settings.train_per_class} a class" if settings.train_per_class else ""
    start = ", random weights" if settings.weights == "random" else ""
    return f"{network} on {data}{images}{start}, {epochs} epochs"


def draw(owner: str, shown: str | None) -> None:
    """The list, newest first; `shown` is the run that the page shows already."""
    found = runs.history(owner)
    if not found:
        return
    st.subheader("Your runs", anchor=False)
    everything = len(found) <= SHOWN or st.toggle(f"Show all {len(found)}", key="history-all")
    for status in found if everything else found[:SHOWN]:
        try:
            _row(live.look(status.id), shown)
        except FtError as error:
            st.caption(plain(str(error), 300))


def _row(view: View, shown: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        word, colour = BADGES[view.status.state]
        st.badge(word, color=colour)  # type: ignore[arg-type]
        st.markdown(f"{title(view.settings)} :gray[· {ago(time.time() - view.status.created)}]", width="stretch")
        st.markdown(result(view), width="content")
        if view.id == shown:
            st.caption("shown above", width="content")
        elif st.button("Open", key=f"open-{view.id}"):
            state.put(view.settings, run=view.id)
            st.rerun()
        _delete(view, shown)


def result(view: View) -> str:
    """The best number there is: test accuracy at the end, else the last validation accuracy."""
    if view.log.end is not None:
        return f"test **{percent(view.log.end['test_accuracy'])}**"
    return f"validation {percent(view.log.rows[-1]['val_accuracy'])}" if view.log.rows else ""


def _delete(view: View, shown: str | None) -> None:
    with st.popover("Delete", key=f"delete-{view.id}"):
        st.markdown("Delete this run with its weights and curves? This cannot be undone.")
        if st.button("Delete for good", key=f"really-{view.id}"):
            try:
                runs.manager().delete(view.id)
            except FtError as error:
                st.error(plain(str(error), 300))
                return
            if view.id == shown:
                state.put(view.settings, run=None)
            st.rerun()
