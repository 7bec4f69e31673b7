"""The current run, of which every page speaks: named in the sidebar, with a switch to any other of the learner's."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from course import content, experiments
from ftcore.runs.status import Status
from ui import address, learner
from ui.runs import history, live
from ui.runs.live import BADGES, View
from ui.words import percent, plain

_THEN = " · "  # before what a run has come to
NONE = ""  # stands for the set-up without a run


def draw(view: View | None) -> None:
    """The switch; nothing before there is a run."""
    runs = history.own(learner.learner())
    listed = {NONE: content.section("frame", "run.none"), **numbered(runs)}
    if view is not None and view.id not in listed:
        listed[view.id] = _apart(view)
    if len(listed) == 1:
        return
    shown = view.id if view is not None else NONE

    def switch(picked: str) -> None:
        run = picked if picked in listed else _meant(picked, listed)
        if run is not None and run != shown:
            _switch(run)

    st.selectbox(
        "Run",
        list(listed),
        format_func=listed.__getitem__,
        help=content.section("frame", "run.help"),
        **address.widget("side-run", shown, switch),
    )


def _meant(label: str, listed: Mapping[str, str]) -> str | None:
    """The run of an earlier label: a browser answers with the label it shows, while what a run has come to moves on."""
    name = label.rpartition(_THEN)[0]
    return next((run for run, now in listed.items() if name and now.rpartition(_THEN)[0] == name), None)


def numbered(runs: list[Status]) -> Mapping[str, str]:
    """Each run with its number (1 is the oldest), its name and what it has come to."""
    places = history.numbers(runs)
    return {run.id: f"{places[run.id]} · {history.called(run)}{_THEN}{came_to(run)}" for run in runs}


def came_to(run: Status) -> str:
    """What a run has come to: its test accuracy, else its state."""
    return f"test {percent(run.result.test_accuracy)}" if run.result is not None else BADGES[run.state][0]


def _apart(view: View) -> str:
    """A run that is not among the learner's own: of an experiment, of a terminal, of somebody else."""
    status = view.status
    if not status.part_of:
        return f"{history.called(status)}{_THEN}{came_to(status)}"
    title = next((one.title for one in experiments.load()[0] if one.id == status.part_of), status.part_of)
    return f"{plain(title)}: {history.called(status)}{_THEN}{came_to(status)}"


def _switch(run_id: str) -> None:
    """Show another run, or its set-up without one."""
    settings = live.look(run_id).settings if run_id else address.settings()
    address.put(settings, run=run_id or address.NO_RUN, stage=None, phase=None, pick=None)
