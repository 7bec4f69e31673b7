"""Predict before you see: what will the thaw do? The guess is kept in the address and settled by the run.

It can be made before the run is started, without haste, or while the head learns. The number that settles it is
read from the run's own epochs.
"""

from __future__ import annotations

import functools
import math
import time

import streamlit as st

from course import content
from ftcore import gain
from ftcore.events import EpochEnd
from ftcore.settings import RunSettings
from ui import address
from ui.runs import gained, live
from ui.runs.live import View
from ui.words import apart, number, percent, rate

SMALL = 0.01
NEXT = ""  # stands for the run that will be started next


def choices() -> dict[str, str]:
    """The guesses that can be made, each with what it says."""
    return {
        "lower": content.section("train", "choice.lower"),
        "same": content.section("train", "choice.same"),
        "worse": content.section("train", "choice.worse"),
    }


def before(settings: RunSettings) -> None:
    """Ask about a run that has not been started: the next one gets the guess."""
    if settings.thaws:
        with st.container(border=True):
            _ask(NEXT, _waiting())


def draw(view: View) -> None:
    """Ask until the first thawed epoch has ended; from then on compare the guess with the run."""
    if not view.settings.thaws:
        return
    guess = _kept(view)
    with st.container(border=True):
        if view.thawed:
            st.markdown(content.section("train", "expect.settled"))
            live.watch(view, functools.partial(_settle, guess), live.SELDOM)
            return
        _ask(view.id, guess)


def _ask(run_id: str, guess: str | None) -> None:
    st.markdown(content.section("train", "expect.ask"))
    options = choices()
    st.radio(
        "Guess before you see it",
        list(options),
        format_func=options.__getitem__,
        index=None,
        help=content.section("train", "expect.help"),
        **address.widget("guess", guess, functools.partial(_keep, run_id)),
    )
    if guess:
        st.caption(content.section("train", "expect.kept"))


def _guesses() -> dict[str, str | None]:
    """What was guessed in this session, by run."""
    guesses: dict[str, str | None] = st.session_state.setdefault("thaw_guesses", {})
    return guesses


def _told() -> str | None:
    """The guess in the address, which counts only while this session knows of no other."""
    told = st.query_params.get("guess")
    return told if told in choices() and not _guesses() else None


def _waiting() -> str | None:
    """The guess about the next run."""
    if NEXT not in _guesses():
        told = _told()
        if told:
            _keep(NEXT, told)
    return _shown(_guesses().get(NEXT))


def _kept(view: View) -> str | None:
    """The guess about this run: made on its page, or before it was started, or told by the address."""
    known = _guesses()
    if view.id not in known:
        since = st.session_state.get("thaw_guessed", math.inf)
        known[view.id] = known.pop(NEXT) if NEXT in known and view.status.created >= since else _told()
    return _shown(known[view.id])


def _shown(guess: str | None) -> str | None:
    """Let the address say the same."""
    if guess is None:
        st.query_params.pop("guess", None)
    elif st.query_params.get("guess") != guess:
        st.query_params["guess"] = guess
    return guess


def forget() -> None:
    """Let go of a guess that no run has got yet."""
    _guesses().pop(NEXT, None)


def _keep(run_id: str, picked: str) -> None:
    _guesses()[run_id] = picked
    if run_id == NEXT:
        st.session_state["thaw_guessed"] = time.time()
    st.query_params["guess"] = picked


def _settle(guess: str | None, view: View) -> None:
    told = happened(view)
    if not told:
        return
    st.markdown(told)
    if guess:
        before, after = _around(view)
        right = guess == outcome(before[-1].val_loss, after[-1].val_loss)
        final = "You guessed it" if right else "You guessed otherwise"
        so_far = "So far your guess comes true" if right else "So far it goes otherwise than you guessed"
        said = final if view.story.end is not None else so_far
        words = choices()[guess]
        st.caption(f"{said}: {words[:1].lower()}{words[1:]}.")


def happened(view: View) -> str:
    """What the thaw did to this run so far, with its numbers; empty before its first thawed epoch has ended."""
    before, after = _around(view)
    if not before or not after:
        return ""
    was, now = before[-1], after[-1]
    stopped, first, last = apart(number, was.val_loss, after[0].val_loss, now.val_loss)
    values = {
        "loss_before": stopped,
        "loss_after": last,
        "accuracy_before": percent(was.val_accuracy),
        "accuracy_after": percent(now.val_accuracy),
        "first": first,
        "epoch": now.epoch,
    }
    happened = outcome(was.val_loss, now.val_loss)
    said = [content.section("train", f"guess.{happened}", values)]
    if happened == "worse":
        said.append(_cause(was, now, view.settings.phases[now.phase - 1].lr))
    if (found := gain.of(view.story)) is not None:
        loss, accuracy = view.story.control.get(now.epoch, (math.nan, math.nan))
        beside = {"loss": number(loss), "accuracy": percent(accuracy), "gain": gained.short(found)}
        said.append(content.section("train", "guess.beside" if found.alone is None else "guess.alone", beside))
    return " ".join(said)


def _cause(was: EpochEnd, now: EpochEnd, lr: float) -> str:
    """Why validation loss may be higher: what the loss on training images did tells it."""
    then, last = apart(number, was.sample_loss, now.sample_loss)
    values = {"then": then, "now": last, "rate": rate(lr)}
    return content.section("train", "guess.known" if now.sample_loss < was.sample_loss else "guess.rate", values)


def _around(view: View) -> tuple[list[EpochEnd], list[EpochEnd]]:
    """The epochs before the thaw and those after it; a run that thaws nothing has neither."""
    at = view.settings.thaws[0] if view.settings.thaws else 0
    rows = view.story.epochs if at else ()
    return [row for row in rows if row.epoch <= at], [row for row in rows if row.epoch > at]


def outcome(before: float, after: float) -> str:
    """Which guess the validation loss bears out; within one percent counts as the same."""
    if abs(after - before) <= SMALL * before:
        return "same"
    return "lower" if after < before else "worse"
