"""The learner's runs as a list: open one, or delete it after asking."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import Field
from typing import Any

import streamlit as st

from course import content
from ftcore import fields
from ftcore.data import catalogue
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.runs import service
from ftcore.settings import RunSettings
from ui import address, learner
from ui.runs import live
from ui.runs.live import BADGES, View
from ui.words import ago, as_markdown, percent, plain, rate

SHOWN = 8
IN_TITLE = ("backbone", "data", "weights", "train_per_class", "epochs")


def title(settings: RunSettings) -> str:
    """A run in a few words: network, data, epochs and images."""
    network = backbones.entry(settings.backbone).title
    entry = catalogue.CATALOGUE.get(settings.data)
    data = entry.title if entry else plain(settings.data.rstrip("/").rsplit("/", 1)[-1])
    epochs = " + ".join(str(phase.epochs) for phase in settings.phases)
    images = f", {settings.train_per_class} a class" if settings.train_per_class else ""
    start = ", random weights" if settings.weights == "random" else ""
    return f"{network} on {data}{images}{start}, {epochs} epochs"


def names(runs: Sequence[RunSettings]) -> list[str]:
    """The title of each run with what tells it apart from the others of the same title."""
    apart = told_apart(runs)
    return [" · ".join(part for part in (title(s), a) if part) for s, a in zip(runs, apart, strict=True)]


def told_apart(runs: Sequence[RunSettings]) -> list[str]:
    """For each run, the settings in which it differs from another run of the same title; often nothing."""
    facts = [_facts(settings) for settings in runs]
    words = []
    for settings, mine in zip(runs, facts, strict=True):
        like = [other for s, other in zip(runs, facts, strict=True) if title(s) == title(settings)]
        differ = [name for name, text in mine.items() if any(other.get(name) != text for other in like)]
        words.append(", ".join(f"{name} {mine[name]}" for name in differ))
    return words


def _facts(settings: RunSettings) -> dict[str, str]:
    """What the title leaves out, in words."""
    whole = [field for field in fields.plain(settings) if field.name not in IN_TITLE]
    facts = {field.metadata["label"].lower(): _said(settings, field) for field in whole}
    for place, phase in enumerate(settings.phases, 1):
        for field in fields.plain(phase):
            if field.name not in ("name", *IN_TITLE):
                facts[f"phase {place} {field.metadata['label'].lower()}"] = _said(phase, field)
    return facts


def _said(record: Any, field: Field[Any]) -> str:
    value = getattr(record, field.name)
    if isinstance(value, bool):
        return "on" if value else "off"
    if not value and field.metadata["empty"]:
        return str(field.metadata["empty"])
    if isinstance(value, tuple):
        return plain(", ".join(value))
    return rate(value) if isinstance(value, float) else plain(str(value))


def draw(owner: str, shown: str | None) -> None:
    """The list, newest first; `shown` is the run that the page shows already."""
    statuses = service.history(owner)
    if not statuses:
        return
    st.subheader("Your runs", anchor=False)
    everything = len(statuses) <= SHOWN or st.toggle(f"Show all {len(statuses)}", key="history-all")
    called = names([status.settings for status in statuses])
    for place, status in enumerate(statuses if everything else statuses[:SHOWN]):
        try:
            _row(live.look(status.id), f"**{len(statuses) - place}** · {called[place]}", shown)
        except FtError as error:
            st.caption(as_markdown(error))


def _row(view: View, name: str, shown: str | None) -> None:
    with st.container(gap="xsmall", border=True):
        st.markdown(f"{name} :gray[· {ago(time.time() - view.status.created)}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            word, colour = BADGES[view.status.state]
            st.badge(word, color=colour)
            st.markdown(result(view), width="stretch")
            if view.id == shown:
                st.caption("shown above", width="content")
            elif st.button("Open", key=f"open-{view.id}"):
                address.put(view.settings, run=view.id)
                st.rerun()
            if view.mine:
                _delete(view, shown)


def result(view: View) -> str:
    """The best number there is: test accuracy at the end, else the last validation accuracy."""
    if view.story.end is not None:
        return f"test **{percent(view.story.end.test_accuracy)}**"
    return f"validation {percent(view.story.epochs[-1].val_accuracy)}" if view.story.epochs else ""


def _delete(view: View, shown: str | None) -> None:
    with st.popover("Delete", key=f"delete-{view.id}"):
        st.markdown(content.section("train", "history.delete"))
        if st.button("Delete for good", key=f"really-{view.id}"):
            try:
                service.manager().delete(view.id, learner.learner())
            except FtError as error:
                st.error(as_markdown(error))
                return
            if view.id == shown:
                address.put(view.settings, run=None)
            st.rerun()
