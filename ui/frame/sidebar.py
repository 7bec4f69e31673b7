"""The sidebar of every page: the current run, the set-up in two choices, the pages and the version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from course import content
from ftcore import files
from ftcore.data import catalogue, downloads
from ftcore.data.own import keeping, plans, steps
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ui import address, callbacks, learner, sitemap
from ui.engine import own, setup
from ui.frame import built_in
from ui.runs import current
from ui.runs.live import View
from ui.widgets import copylink, phone, reach
from ui.words import ICE, plain

_OWN, _OTHER, _SET = "own", "side-other", "set:"


def draw(settings: RunSettings, view: View | None) -> None:
    """Draw it. Choosing another set-up starts with no run."""
    with st.sidebar:
        _name()
        _backbone(settings.backbone)
        needs = {need.setting: [need] for need in setup.needs_of(settings)}
        if "backbone" in needs:
            _weights(settings)
            built_in.offer(needs["backbone"], "side")
        _data(settings)
        if "data" in needs:
            _pictures(settings)
            built_in.offer(needs["data"], "side")
        current.draw(view)
        _links(address.link())
        copylink.draw(content.section("frame", "link"), content.section("frame", "link.copied"))
        st.caption(f"Thaw {files.version()}")
        reach.tables()
        phone.watch(f"{settings.backbone} {address.public(settings).data} {view.id if view is not None else ''}")


def bare() -> None:
    """The sidebar of an address that holds what cannot be: the pages, to be opened without it."""
    with st.sidebar:
        _name()
        _links({"run": address.NO_RUN})


def _name() -> None:
    st.markdown(f"## {ICE} Thaw")
    st.caption("See fine-tuning happen")


def _choice(
    label: str, field: str, value: str, titles: dict[str, str], meant: Callable[[str], str] = lambda name: name
) -> None:
    """A setting to choose by name; `meant` makes of what is picked what the setting holds."""

    def chosen(name: str) -> None:
        address.choose(**{field: meant(name)})

    notes, name = RunSettings.__dataclass_fields__[field].metadata["help"], f"side-{field}"
    ties = address.widget(name, value, chosen, name)
    st.selectbox(label, list(titles), format_func=titles.__getitem__, help=notes, **ties)
    callbacks.tell(name)


def _backbone(now: str) -> None:
    """The networks of the catalogue, and a field for any other that timm knows; one of those that is chosen joins them."""
    titles = {name: entry.title for name, entry in backbones.CATALOGUE.items()}
    _choice("Backbone", "backbone", now, titles | {now: backbones.entry(now).title})

    label = content.section("frame", "other.name")

    def named(text: str) -> None:
        if not text.strip():
            return
        try:
            address.choose(backbone=backbones.named(text))
        except FtError as error:
            raise FtError(f"{label} is not taken. {error} It stays as it was.") from error

    with st.expander(content.section("frame", "other")):
        other = "" if now in backbones.CATALOGUE else backbones.entry(now).title
        ties = address.widget(_OTHER, other, named, _OTHER)
        st.text_input(label, help=content.section("frame", "other.help"), placeholder="regnety_002", **ties)
        callbacks.tell(_OTHER)


def _data(settings: RunSettings) -> None:
    """The sets of the catalogue and the learner's own; a run on other pictures adds its own, by name."""
    titles = {name: entry.title for name, entry in catalogue.CATALOGUE.items()}
    titles |= {f"{_SET}{one.id}": one.name for one in keeping.every(learner.learner())}
    if not address.own_pictures(settings):
        mine = plans.set_of(settings.data)  # whatever state of it
        _choice("Data", "data", f"{_SET}{mine.id}" if mine else settings.data, titles, _as_it_stands)
        return
    _choice("Data", "data", _OWN, {_OWN: f"{own.name(settings)}, of this run", **titles})
    st.caption(content.section("own", "sidebar"))


def _as_it_stands(name: str) -> str:
    """What `data` is for a set that is picked: an own one is taken as it stands now."""
    if not name.startswith(_SET):
        return name
    mine = keeping.find(name.removeprefix(_SET), learner.learner())
    return plans.data_of(mine, steps.standing(mine))


def _weights(settings: RunSettings) -> None:
    state = setup.weights(settings.backbone)
    values = {"size": f"{state.megabytes:.0f} MB", "file": state.by_hand, "folder": state.file.parent}
    st.caption(content.section("frame", "weights", values))


def _pictures(settings: RunSettings) -> None:
    """How a set is had that is not here; its files lie in one folder, those of some sets below it."""
    entry = downloads.DOWNLOADS[settings.data]
    values = {
        "size": f"{entry.megabytes} MB",
        "files": ", ".join(plain(Path(path).name) for path in entry.archives),
        "folder": plain(str((downloads.place() / entry.archives[0]).parent), 200),
    }
    st.caption(content.section("frame", "pictures", values), help=content.section("frame", "pictures.help", values))


def _links(query: dict[str, str]) -> None:
    group = ""
    for entry in sitemap.ENTRIES:
        if entry.group != group:
            group = entry.group
            st.markdown(f"**{plain(group)}**")
        st.page_link(entry.file, label=entry.title, query_params=query)
