"""The live panel of a run: what it is doing, how long it still takes, its curves and its epochs.

A fragment looks once a second while the run is active, reads only new lines, and asks for one full rerun when
the run's state or phase changes or its first thawed epoch ends. Drawing is separate from looking, so a page places
the parts as it likes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from course import content
from ftcore import gain
from ftcore.data.own import plans
from ftcore.data.splits import SPLITS
from ftcore.errors import FtError
from ftcore.runs import service
from ftcore.runs.manager import PAUSE_SECONDS
from ftcore.runs.status import Status
from ftcore.settings import RunSettings
from ftcore.story import Story
from ui import address, callbacks, learner
from ui.callbacks import guarded
from ui.engine import setup
from ui.runs import gained, ticks
from ui.runs.log import RunLog, time_left
from ui.widgets import curves, progress
from ui.words import about, as_markdown, count, discreet, percent, plain, seconds, several

_KEPT = 40
SELDOM = 3.0  # seconds between looks at what changes little
PAUSED = 3  # times as long as else
_BADGE, _FIRST = 96, 84  # px, for the longest word: what stands beside it stays where it is
Colour = Literal["gray", "green", "violet", "red"]
BADGES: dict[str, tuple[str, Colour]] = {
    "queued": ("waiting", "gray"),
    "preparing": ("preparing", "gray"),
    "running": ("running", "green"),
    "paused": ("paused", "violet"),
    "stopped": ("stopped", "gray"),
    "failed": ("failed", "red"),
    "interrupted": ("interrupted", "red"),
    "done": ("done", "green"),
}


@dataclass(frozen=True)
class View:
    """A run at one moment."""

    id: str
    status: Status
    log: RunLog

    @property
    def settings(self) -> RunSettings:
        """What the run was started with."""
        return self.status.settings

    @property
    def story(self) -> Story:
        """What has been told of it."""
        return self.log.story

    @property
    def mine(self) -> bool:
        """Did this learner start it? Whoever has the address may watch a run; only its owner steers it."""
        return bool(self.status.owner) and self.status.owner == learner.learner()

    @property
    def phase(self) -> int:
        """The phase (from 1) it is in."""
        return self.log.phase(self.settings)

    @property
    def thawed(self) -> bool:
        """Has an epoch ended since blocks began to move that were frozen before?"""
        moment, rows = self.settings.thaws, self.story.epochs
        return bool(moment and rows and rows[-1].epoch > moment[0])

    @property
    def between(self) -> bool:
        """Does it stand between two phases: the last epoch of one is over, and no step of the next is taken?"""
        rows = self.story.epochs
        return bool(rows and self.log.step is None and rows[-1].phase in {one.phase for one in self.story.phases})

    @property
    def counts(self) -> dict[str, int] | None:
        """Images of train, val and test as the run found them; None before it has."""
        start = self.story.start
        if start is None:
            return None
        return dict(zip(SPLITS, (start.train_images, start.val_images, start.test_images), strict=True))

    @property
    def mark(self) -> tuple[str, int, bool]:
        """What a page must be redrawn for when it changes."""
        return self.status.state, self.phase, self.thawed


def look(run_id: str) -> View:
    """Ask for the run's state and read its new lines. Raises `FtError` when there is no such run, or it is a series."""
    status = service.status(run_id)
    if status.trainings:
        raise FtError("These trainings belong to an experiment: open it on the page Experiments.")
    logs: dict[str, RunLog] = st.session_state.setdefault("thaw_logs", {})
    log = logs.pop(run_id, None) or RunLog()
    events, log.offset = service.read_events(run_id, log.offset)
    log.add(status.settings, events)
    logs[run_id] = log
    while len(logs) > _KEPT:
        del logs[next(iter(logs))]
    return View(run_id, status, log)


def watch(view: View, draw: Callable[[View], None], every: float = 1.0) -> None:
    """Call `draw` with the run as it is given, and with a new look at it `every` so many seconds while it is active.

    While it is paused, nothing is to be seen for long: looks are rarer.
    """
    rate = every * (PAUSED if view.status.state == "paused" else 1)
    seen = functools.partial(look, view.id)
    ticks.watch(view, seen, lambda now: now.mark, draw, active=view.status.active, every=rate)


def headline(view: View) -> None:
    """State in one line, progress, and for its owner the buttons that fit the state."""
    steered = view.mine and view.status.state != "done"
    standing(view.status.state, sentence(view), functools.partial(controls, view) if steered else None)
    callbacks.tell(view.id)
    if view.status.active:
        progress.draw(done_share(view), f"progress-{view.id}")
    for said in (view.log.found if address.own_pictures(view.settings) else None, view.log.recovered):
        if said is not None:
            st.caption(as_markdown(discreet(said.says)))
    if not view.mine:
        whose = content.section("train", "watching" if view.status.owner else "terminal")
        alike = "" if address.own_pictures(view.settings) else content.section("train", "alike")
        st.caption(f"{whose} {alike}")


def standing(state: str, said: str, buttons: Callable[[], None] | None) -> None:
    """A state, its buttons and the sentence about it, whose length changes: so that no button moves, it comes last."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        word, colour = BADGES[state]
        with st.container(width=_BADGE if buttons else "content"):
            st.badge(word, color=colour)
        if buttons:
            buttons()
        with st.container(key="standing"):  # as high for one line as for two
            st.markdown(said)


def sentence(view: View) -> str:
    """What the run is doing, and what the learner can do about it."""
    status, log, settings = view.status, view.log, view.settings
    done = f"after epoch {status.epochs_done} of {settings.epochs}" if status.epochs_done else "before its first epoch"
    if not status.active and status.state != "done" and _deleted(settings):
        return content.section("train", "state.deleted", {"when": done})
    match status.state:
        case "queued":
            wait = f", {about(status.wait_s)} to wait" if status.wait_s else ""
            return content.section("train", "state.queued", {"position": status.position, "wait": wait})
        case "preparing":
            return _preparing(log) + _left(view)
        case "running":
            return _running(view) + _left(view)
        case "paused":
            if view.between:
                return content.section("train", "state.between", {"when": done})
            return _paused(done, held=status.active)
        case "stopped":
            return content.section("train", "state.stopped", {"when": done})
        case "done":
            ended = "state.done" if len(log.story.epochs) == settings.epochs else "state.early"
            told = len(log.story.epochs)
            epochs = "The one epoch is" if told == 1 else f"All {several(told, 'epoch')} are"
            values = {"all": epochs, "epochs": several(told, "epoch")}
            return content.section("train", ended, values)
        case "interrupted":
            return content.section("train", "state.interrupted", {"when": done})
        case _:
            return as_markdown(discreet(status.message)) or content.section("train", "state.failed", {"when": done})


def _deleted(settings: RunSettings) -> bool:
    """Are the pictures gone that it learned from, so that it cannot go on?"""
    return plans.is_own(settings.data) and plans.set_of(settings.data) is None


def _paused(done: str, *, held: bool) -> str:
    values = {"when": done, "time": about(PAUSE_SECONDS)}
    return content.section("train", "state.paused" if held else "state.displaced", values)


def _preparing(log: RunLog) -> str:
    cache, data = log.cache, log.data
    if cache is not None and cache.done < cache.total:
        return content.section("train", "state.features", {"done": count(cache.done), "total": count(cache.total)})
    if data is not None and data.done < data.total:
        return f"{plain(data.what).capitalize()}: {count(data.done)} of {count(data.total)}."
    return content.section("train", "state.preparing")


def _running(view: View) -> str:
    log, settings = view.log, view.settings
    filling = log.cache is not None and log.cache.done < log.cache.total
    if filling or (log.story.baseline is None and not log.story.epochs):
        return _preparing(log)
    phase, step = view.phase, log.step
    name = f"Phase {phase} of {len(settings.phases)}, {plain(settings.phases[phase - 1].name)}: "
    epoch = step.epoch if step is not None else min(len(log.story.epochs) + 1, settings.epochs)
    if len(log.story.epochs) >= settings.epochs:
        return content.section("train", "state.testing")
    inside = f", step {count(step.step)} of {count(step.steps)}" if step is not None else ""
    return f"{name}epoch {epoch} of {settings.epochs}{inside}."


def _left(view: View) -> str:
    cost = setup.expected(view.settings, view.counts)
    left = time_left(view.log, view.settings, cost.cache, cost.phases)
    return f" {about(left, at_most=view.settings.patience > 0).capitalize()} left." if left is not None else ""


def done_share(view: View) -> float:
    """How much of the run is over, 0..1, by epochs; the pass that fills the cache counts as one epoch."""
    log, total = view.log, view.settings.epochs + 1
    cache = log.cache.done / max(1, log.cache.total) if log.cache is not None else 0.0
    inside = log.step.step / max(1, log.step.steps) if log.step is not None else 0.0
    return min(1.0, (max(cache, float(bool(log.story.epochs))) + len(log.story.epochs) + inside) / total)


def controls(view: View) -> None:
    """Pause, resume and stop, as far as the state allows; each keeps its place."""
    name = view.status.state
    if view.status.active and name != "paused":
        notes = content.section("train", "pause.help")
        _button(view, "Pause", service.manager().pause, notes, disabled=name == "queued")
    if not _deleted(view.settings) and (name == "paused" or (not view.status.active and name != "done")):
        _button(view, "Resume", service.manager().resume, content.section("train", "resume.help"), primary=True)
    if view.status.active:
        _button(view, "Stop training", service.manager().stop, content.section("train", "stop.help"))


def mend(view: View) -> None:
    """For a finished run whose final weights are damaged: train it again, which gives the same."""
    notes = content.section("train", "anew.help")
    _button(view, "Make them anew", service.manager().resume, notes)
    callbacks.tell(view.id)


def _button(
    view: View, label: str, act: Callable[[str, str], None], notes: str, *, primary: bool = False, disabled: bool = False
) -> None:  # fmt: skip
    """Acts before anything is drawn: a click that comes while the run's state changes is not lost to the new page."""
    st.button(
        label, help=notes, type="primary" if primary else "secondary", disabled=disabled, key=f"{label}-{view.id}",
        width=_FIRST if label in ("Pause", "Resume") else "content",
        on_click=guarded(act, view.id), args=(view.id, learner.learner()),
    )  # fmt: skip


def chart(view: View, what: str, key: str, height: int = 300) -> None:
    """One chart of the run; an empty frame in its place, as high and as far down, until there is a number."""
    if view.story.baseline is None and not view.story.epochs:
        st.caption(curves.legend(view.story))
        middle: dict[str, Any] = {"vertical_alignment": "center", "horizontal_alignment": "center"}
        with st.container(height=height, border=True, key=f"frame-{key}-{what}-{view.id}", **middle):
            st.caption(content.section("train", "curves.none", {"what": what}), width="content")
        return
    curves.draw(what, view.story, f"{key}-{view.id}", height)


def summary(view: View) -> None:
    """The final word on a finished run, with its own numbers."""
    story, found = view.story, gain.of(view.story)
    if story.end is None or not story.epochs:
        return
    ended = {"test": percent(story.end.test_accuracy), "seconds": seconds(story.end.seconds), "kept": ""}
    if story.end.kept_epoch != story.epochs[-1].epoch:
        ended["kept"] = content.section("train", "done.kept", {"epoch": story.end.kept_epoch})
    if found is None:
        values = ended | {"tuned": percent(story.epochs[-1].val_accuracy)}
        st.success(content.section("train", "done.single", values))
        return
    values = ended | {"gained": gained.told(found, story.phase_of(story.epochs[-1]).lr)}
    show = st.success if found.verdict == "gained" else st.info
    show(content.section("train", "done", values))
