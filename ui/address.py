"""What a page knows beyond its own run: settings and run in the address, and who the learner is.

The address is the only store of choices, so a link reopens the same set-up and a reload changes nothing.
Whatever comes from it is checked: data must be a name of the catalogue or a set of this learner. No path is read from it
or written to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ftcore.data import catalogue
from ftcore.data.own import keeping, plans
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings, names_phase
from ftcore.training import recipes
from ui import learner, sitemap
from ui.callbacks import guarded

NO_RUN = "none"  # in the address: the set-up alone, whatever runs there are
_PATHS = {"data", "labels"}  # settings that may name a place on this machine


def settings() -> RunSettings:
    """The settings in the address. Raises `FtError` for values that cannot be, and for data that is a path."""
    return from_query(st.query_params.to_dict())


def settings_or_none() -> RunSettings | None:
    """The settings in the address, or None where they are damaged."""
    try:
        return settings()
    except FtError:
        return None


def from_query(query: Mapping[str, str]) -> RunSettings:
    """The settings in URL parameters; without phases, the classic lesson of the chosen backbone."""
    data = query.get("data", RunSettings().data)
    if plans.is_own(data) and not is_mine(data):
        raise FtError(keeping.GONE)
    if data not in catalogue.CATALOGUE and not plans.is_own(data):
        raise FtError(f"There is no dataset '{shown(data, 60)}' here: choose among {', '.join(catalogue.CATALOGUE)}.")
    settings = RunSettings.from_query(query)
    if settings.labels:
        raise FtError("A table of labels cannot come from an address: take 'labels' out of it.")
    backbones.entry(settings.backbone)
    if not any(map(names_phase, query)):
        settings = dataclasses.replace(settings, phases=recipes.classic(settings.backbone))
    return settings


def is_mine(data: str) -> bool:
    """Is it one of this learner's own sets? Not one of somebody else, nor one that was deleted."""
    found = plans.set_of(data)
    return found is not None and bool(learner.learner()) and found.owner == learner.learner()


def own_pictures(settings: RunSettings) -> bool:
    """Does it learn from what this learner cannot name: a folder or zip of this machine, a set of somebody else?"""
    return settings.data not in catalogue.CATALOGUE and not is_mine(settings.data)


def public(settings: RunSettings) -> RunSettings:
    """The settings as an address may tell them: without a path of this machine."""
    visible = set() if own_pictures(settings) else {"data"}
    hidden: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(settings) if f.name in _PATHS - visible}
    return dataclasses.replace(settings, **hidden)


def to_query(settings: RunSettings) -> dict[str, str]:
    """URL parameters for settings; the classic lesson of the backbone needs none for its phases, a path is left out."""
    query = public(settings).to_query()
    if settings.phases == recipes.classic(settings.backbone):
        query = {name: text for name, text in query.items() if not names_phase(name)}
    return query


def put(settings: RunSettings, **own: str | None) -> None:
    """Write settings into the address; `own` sets (or with None removes) what the pages keep there, others stay."""
    others = {name: text for name, text in st.query_params.to_dict().items() if name in sitemap.OWN}
    others |= {name: text for name, text in own.items() if text is not None}
    for name in [name for name, text in own.items() if text is None]:
        others.pop(name, None)
    st.query_params.from_dict({**to_query(settings), **others})


def choose(**fields: Any) -> None:
    """Change settings in the address and leave the run that was shown, with what meant something for the old ones."""
    old = settings()
    new = change(old, **fields)
    changed = {field.name for field in dataclasses.fields(new) if getattr(new, field.name) != getattr(old, field.name)}
    query = st.query_params.to_dict()
    void = [k.name for k in sitemap.OWN.values() if changed & {*k.about} and query.get(k.name, "").startswith(k.begins)]
    no_run = NO_RUN if not to_query(new) else None  # a bare address would bring back the newest run
    put(new, **dict.fromkeys(void), run=no_run)


def link() -> dict[str, str]:
    """The address' parameters for a link to another page: everything chosen travels along."""
    return st.query_params.to_dict()


def change(settings: RunSettings, **fields: Any) -> RunSettings:
    """Settings with some fields changed. Another backbone has other blocks, so its phases are fitted to it."""
    if "backbone" in fields and fields["backbone"] != settings.backbone:
        fields["phases"] = fitted(settings.phases, fields["backbone"])
    return dataclasses.replace(settings, **fields)


def fitted(phases: tuple[Phase, ...], backbone: str) -> tuple[Phase, ...]:
    """The classic lesson for a backbone, keeping epochs and rates where the old phases match its two steps."""
    classic = recipes.classic(backbone)
    if len(phases) != len(classic):
        return classic
    return tuple(
        dataclasses.replace(old, name=new.name, trainable=new.trainable)
        for old, new in zip(phases, classic, strict=True)
    )


def widget(name: str, value: Any, act: Callable[[Any], None], place: str = "") -> dict[str, Any]:
    """`key` and `on_change` of a widget that shows `value` from the address; `act` gets what the learner picks.

    What `act` refuses is told at `place` of the page that follows.

    When the page changes the value, not the learner, the widget gets a new key: a browser that polls may still
    send the old value, which would look like a choice. Nor is the page's own value, sent back, a choice.
    """
    turns: dict[str, int] = st.session_state.setdefault("thaw_widgets", {})
    key = f"{name}-{turns.get(name, 0)}"
    if st.session_state.get(key, value) != value:
        turns[name] = turns.get(name, 0) + 1
        key = f"{name}-{turns[name]}"
    st.session_state[key] = value  # each time: on another page the same key is a fresh widget

    def picked() -> None:
        if st.session_state[key] != value:
            act(st.session_state[key])

    return {"key": key, "on_change": guarded(picked, place)}


def run_id() -> str | None:
    """The run named in the address, if there is one; whether it exists is for the engine to say."""
    named = st.query_params.get("run", "")
    return named if named not in ("", NO_RUN) else None


def says_no_run() -> bool:
    """Was the set-up chosen without a run?"""
    return st.query_params.get("run") == NO_RUN


def is_bare() -> bool:
    """Does the address name no setting, as when a learner just comes?"""
    return not set(st.query_params) - set(sitemap.OWN)
