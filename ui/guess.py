"""Predict before you see: what will the thaw do? The guess is kept in the address and settled by the run.

The number that settles it is read from the run's own epochs.
"""

from __future__ import annotations

import functools

import streamlit as st

from ftcore import content
from ui import live, state
from ui.charts import thaws
from ui.live import View
from ui.theme import number, percent, points

GUESSES = {
    "lower": "Loss falls below where the head alone had stopped, accuracy climbs",
    "same": "Hardly anything changes, the head has learned what there is to learn",
    "worse": "Loss rises and stays higher, the old features are damaged",
}
SMALL = 0.01


def draw(view: View) -> None:
    """Ask until the first thawed epoch has ended; from then on compare the guess with the run."""
    if not thaws(view.settings):
        return
    guess = _kept(view)
    with st.container(border=True):
        if view.thawed:
            st.markdown("**What happened at the thaw?**")
            live.watch(view, functools.partial(_settle, guess))
            return
        st.markdown("**What will happen when we thaw?**")
        ties = state.widget("guess", guess, functools.partial(_keep, view.id))
        notes = "Nothing is lost by a wrong guess. The run answers when its first epoch after the thaw has ended."
        st.radio(
            "Guess before you see it",
            list(GUESSES),
            format_func=GUESSES.__getitem__,
            index=None,
            help=notes,
            **ties,
        )
        if guess:
            st.caption("Kept. The run will settle it.")


def _kept(view: View) -> str | None:
    """The guess in the address, unless it was made about another run that this session has shown."""
    known: dict[str, str | None] = st.session_state.setdefault("thaw_guesses", {})
    if view.id not in known:
        told = None if known else st.query_params.get("guess")
        known[view.id] = told if told in GUESSES else None
    guess = known[view.id]
    if guess is None:
        st.query_params.pop("guess", None)
    elif st.query_params.get("guess") != guess:
        st.query_params["guess"] = guess
    return guess


def _keep(run_id: str, picked: str) -> None:
    st.session_state["thaw_guesses"][run_id] = picked
    st.query_params["guess"] = picked


def _settle(guess: str | None, view: View) -> None:
    at = int(thaws(view.settings)[0]["start"])
    before = [row for row in view.log.rows if row["epoch"] <= at]
    after = [row for row in view.log.rows if row["epoch"] > at]
    if not before or not after:
        return
    happened = outcome(before[-1]["val_loss"], after[-1]["val_loss"])
    gain = after[-1]["val_accuracy"] - before[-1]["val_accuracy"]
    values = {
        "loss_before": number(before[-1]["val_loss"]),
        "loss_after": number(after[-1]["val_loss"]),
        "accuracy_before": percent(before[-1]["val_accuracy"]),
        "accuracy_after": percent(after[-1]["val_accuracy"]),
        "gain": f"{points(abs(gain))} {'gained' if gain >= 0 else 'lost'}",
        "first": number(after[0]["val_loss"]),
        "epoch": after[-1]["epoch"],
    }
    st.markdown(content.section("train", f"guess.{happened}", values))
    if guess:
        right = guess == happened
        final = "You guessed it" if right else "You guessed otherwise"
        so_far = "So far your guess comes true" if right else "So far it goes otherwise than you guessed"
        said = final if view.log.end is not None else so_far
        st.caption(f"{said}: {GUESSES[guess][:1].lower()}{GUESSES[guess][1:]}.")


def outcome(before: float, after: float) -> str:
    """Which guess the validation loss bears out; within one percent counts as the same."""
    if abs(after - before) <= SMALL * before:
        return "same"
    return "lower" if after < before else "worse"
