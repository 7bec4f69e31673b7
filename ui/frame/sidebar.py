"""The sidebar of every page: the current run, the set-up in two choices, the pages, the version, and who is looking."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore import files
from ftcore.data import catalogue
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ui import address, learner, sitemap
from ui.engine import own, setup
from ui.runs import current
from ui.runs.live import View
from ui.widgets import copylink, reach
from ui.words import ICE, plain

_OWN = "own"


def draw(settings: RunSettings, view: View | None) -> str:
    """Draw it and return the learner's `owner` name. Choosing another set-up starts with no run."""
    with st.sidebar:
        st.markdown(f"## {ICE} Thaw")
        st.caption("See fine-tuning happen")
        _choice("Backbone", "backbone", settings.backbone, {name: b.title for name, b in backbones.CATALOGUE.items()})
        _weights(settings)
        _data(settings)
        current.draw(view)
        _links()
        copylink.draw(content.section("frame", "link"), content.section("frame", "link.copied"))
        st.caption(f"Thaw {files.version()}")
        reach.tables()
        return learner.meet_learner()


def _choice(label: str, field: str, value: str, titles: dict[str, str]) -> None:
    def chosen(name: str) -> None:
        address.choose(**{field: name})

    notes = RunSettings.__dataclass_fields__[field].metadata["help"]
    st.selectbox(
        label,
        list(titles),
        format_func=titles.__getitem__,
        help=notes,
        **address.widget(f"side-{field}", value, chosen),
    )


def _data(settings: RunSettings) -> None:
    """The sets of the catalogue; a run on own pictures adds its own, by name."""
    titles = {name: entry.title for name, entry in catalogue.CATALOGUE.items()}
    if not address.own_pictures(settings):
        _choice("Data", "data", settings.data, titles)
        return
    _choice("Data", "data", _OWN, {_OWN: f"{own.name(settings)}, of this run", **titles})
    st.caption(content.section("own", "sidebar"))


def _weights(settings: RunSettings) -> None:
    state = setup.weights(settings.backbone)
    if state.place == "missing":
        size = f" ({state.megabytes:.0f} MB)" if state.megabytes else ""
        values = {"size": size, "file": state.file.name, "folder": state.file.parent}
        st.caption(content.section("frame", "weights", values))


def _links() -> None:
    group = ""
    for entry in sitemap.ENTRIES:
        if entry.group != group:
            group = entry.group
            st.markdown(f"**{plain(group)}**")
        st.page_link(entry.file, label=entry.title, query_params=address.link())
