"""The learner's runs: what each is called, and a list to open, name or delete them. Runs of experiments stand apart."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field
from typing import Any

import streamlit as st

from course import content
from ftcore import fields
from ftcore.data import catalogue
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.runs import service
from ftcore.runs.manager import Manager
from ftcore.runs.records import NAME_LETTERS, NOTE_LETTERS, Label
from ftcore.runs.status import Status
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes
from ui import address, learner
from ui.callbacks import pressed
from ui.engine import own as engine_own
from ui.runs import live
from ui.runs.live import BADGES, View
from ui.words import ago, as_markdown, count, percent, plain, rate, several

SHOWN = 8
IN_TITLE = ("backbone", "data", "weights", "train_per_class", "epochs")


def title(settings: RunSettings) -> str:
    """A run in a few words: network, data, epochs and images."""
    network = backbones.entry(settings.backbone).title
    data = _data(settings)
    epochs = _epochs(settings.phases)
    images = f", {settings.train_per_class} a class" if settings.train_per_class else ""
    start = ", random weights" if settings.weights == "random" else ""
    return f"{network} on {data}{images}{start}, {epochs}"


def _epochs(phases: Sequence[Phase]) -> str:
    """'5 + 10 epochs', '1 epoch'."""
    numbers = [count(phase.epochs) for phase in phases]
    return f"{' + '.join(numbers)} epoch{'' if numbers == ['1'] else 's'}"


def own(owner: str) -> list[Status]:
    """The runs that a learner started, pinned ones first, then newest first; those of experiments belong to these."""
    mine = [status for status in service.history(owner) if not status.part_of]
    return sorted(mine, key=lambda status: not status.label.pinned)


def called(status: Status) -> str:
    """What a run is called in a list: its own name, else in what it differs from the lesson as it is."""
    return status.label.name or short(status.settings)


def short(settings: RunSettings) -> str:
    """In what a run differs from the lesson of the built-in network and drawings: '20 a class, learning rate 10'."""
    usual = RunSettings()
    parts = []
    if settings.backbone != usual.backbone:
        parts.append(backbones.entry(settings.backbone).title)
    if settings.data != usual.data:
        parts.append(_data(settings))
    if settings.train_per_class:
        parts.append(f"{settings.train_per_class} a class")
    lesson = dataclasses.replace(usual, backbone=settings.backbone, phases=recipes.classic(settings.backbone))
    if settings.phases != lesson.phases:
        parts.append(_phases(settings.phases, lesson.phases))
    mine, common = _plain(settings), _plain(lesson)
    parts += [f"{name} {text}" for name, text in mine.items() if text != common[name]]
    return ", ".join(parts) or "The lesson"


def _phases(phases: Sequence[Phase], usual: Sequence[Phase]) -> str:
    """Epochs and rates of phases that are not the lesson's: '3 + 5 epochs at 1e-3 and 10'."""
    parts = [_epochs(phases)]
    if [phase.lr for phase in phases] != [phase.lr for phase in usual]:
        parts.append(f"at {' and '.join(rate(phase.lr) for phase in phases)}")
    if [phase.trainable for phase in phases] != [phase.trainable for phase in usual]:
        parts.append(f"with {' and '.join(several(len(phase.trainable), 'block') for phase in phases)}")
    return " ".join(parts)


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


def _data(settings: RunSettings) -> str:
    entry = catalogue.CATALOGUE.get(settings.data)
    return entry.title if entry else plain(engine_own.name(settings))


def _plain(settings: RunSettings) -> dict[str, str]:
    """The settings of the whole run that no title tells, in words."""
    whole = [field for field in fields.plain(settings) if field.name not in IN_TITLE]
    return {field.metadata["label"].lower(): _said(settings, field) for field in whole}


def _facts(settings: RunSettings) -> dict[str, str]:
    """What the title leaves out, in words."""
    facts = _plain(settings)
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


def numbers(runs: Sequence[Status]) -> dict[str, int]:
    """The number of each run: 1 is the oldest, so a new run renames none."""
    return {run.id: place for place, run in enumerate(sorted(runs, key=lambda run: run.created), 1)}


def draw(owner: str, shown: str | None) -> None:
    """The list, pinned runs first; `shown` is the current run. Runs of experiments are folded below."""
    runs = own(owner)
    if runs:
        st.subheader("Your runs", anchor=False)
        everything = len(runs) <= SHOWN or st.toggle(f"Show all {count(len(runs))}", key="history-all")
        _rows(runs if everything else runs[:SHOWN], numbers(runs), shown)
    theirs = [run for run in service.history(owner) if run.part_of and not run.trainings]
    if theirs:
        with st.expander(f"Runs of experiments, {len(theirs)}"):
            _rows(theirs, numbers(theirs), shown)


def _rows(runs: Sequence[Status], places: Mapping[str, int], shown: str | None) -> None:
    titles = names([run.settings for run in runs])
    for run, name in zip(runs, titles, strict=True):
        given = f"**{plain(run.label.name)}** :gray[· {name}]" if run.label.name else name
        pin = ":material/keep: " if run.label.pinned else ""
        try:
            _row(live.look(run.id), f"{pin}**{places[run.id]}** · {given}", shown)
        except FtError as error:
            st.caption(as_markdown(error))


def _row(view: View, name: str, shown: str | None) -> None:
    with st.container(gap="xsmall", border=True):
        st.markdown(f"{name} :gray[· {ago(time.time() - view.status.created)}]")
        if view.status.label.note:
            st.caption(plain(view.status.label.note, NOTE_LETTERS))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            live.watch(view, _standing, live.SELDOM)
            if view.id == shown:
                st.caption("shown above", width="content")
            elif pressed("Open", key=f"open-{view.id}"):
                address.put(view.settings, run=view.id)
                st.rerun()
            if view.mine:
                _labelled(view)
                _delete(view, shown)


def _standing(view: View) -> None:
    """State and best number, which follow an active run."""
    word, colour = BADGES[view.status.state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(word, color=colour)
        st.markdown(result(view), width="stretch")


def result(view: View) -> str:
    """The best number there is: test accuracy at the end, else the last validation accuracy."""
    if view.story.end is not None:
        return f"test **{percent(view.story.end.test_accuracy)}**"
    return f"validation {percent(view.story.epochs[-1].val_accuracy)}" if view.story.epochs else ""


def _labelled(view: View) -> None:
    """A name, a note and a pin of the learner's own."""
    label = view.status.label
    with st.popover("Name", key=f"label-{view.id}", help=content.section("train", "label.help")):
        name = st.text_input(
            "Name", label.name, max_chars=NAME_LETTERS, key=f"name-{view.id}", placeholder=short(view.settings)
        )
        note = st.text_input("Note", label.note, max_chars=NOTE_LETTERS, key=f"note-{view.id}")
        pinned = st.toggle("Keep on top of the list", label.pinned, key=f"pin-{view.id}")
        if pressed("Save", key=f"save-{view.id}"):
            _act(view, lambda manager, owner: manager.label(view.id, owner, Label.of(name, note, pinned)))


def _delete(view: View, shown: str | None) -> None:
    with st.popover("Delete", key=f"delete-{view.id}"):
        st.markdown(content.section("train", "history.delete"))
        if pressed("Delete for good", key=f"really-{view.id}"):
            _act(view, lambda manager, owner: manager.delete(view.id, owner), gone=view.id == shown)


def _act(view: View, act: Callable[[Manager, str], None], *, gone: bool = False) -> None:
    """Do it and draw the page anew, without the run if it has gone; what is refused is said."""
    try:
        act(service.manager(), learner.learner())
    except FtError as error:
        st.error(as_markdown(error))
        return
    if gone:
        address.put(view.settings, run=None)
    st.rerun()
