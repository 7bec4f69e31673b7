"""Predict before you see: what will the thaw do? The guess is kept in the address and settled by the run.

The number that settles it is read from the run's own epochs.
"""

from __future__ import annotations

import streamlit as st

from ftcore import content
from ui import state
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
    """Ask while the first phase is to come or going; afterwards compare the guess with the run."""
    moment = thaws(view.settings)
    if not moment:
        return
    at = int(moment[0]["start"])
    rows = view.log.rows
    before = [row for row in rows if row["epoch"] <= at]
    after = [row for row in rows if row["epoch"] > at]
    guess = st.query_params.get("guess")
    guess = guess if guess in GUESSES else None
    with st.container(border=True):
        st.markdown("**What will happen when we thaw?**" if not after else "**What happened at the thaw?**")
        if not after:
            ties = state.widget("guess", guess, lambda picked: st.query_params.update({"guess": picked}))
            options = list(GUESSES)
            st.radio("Guess before you see it", options, format_func=GUESSES.__getitem__, index=None, **ties)
            if guess:
                st.caption("Kept. The run will settle it.")
            return
        if not before:
            return
        happened = outcome(before[-1]["val_loss"], after[-1]["val_loss"])
        values = {
            "loss_before": number(before[-1]["val_loss"]),
            "loss_after": number(after[-1]["val_loss"]),
            "accuracy_before": percent(before[-1]["val_accuracy"]),
            "accuracy_after": percent(after[-1]["val_accuracy"]),
            "gain": points(after[-1]["val_accuracy"] - before[-1]["val_accuracy"]),
            "first": number(after[0]["val_loss"]),
            "epoch": after[-1]["epoch"],
        }
        st.markdown(content.section("train", f"guess.{happened}", values))
        if guess:
            right = "You guessed it" if guess == happened else "You guessed otherwise"
            st.caption(f"{right}: {GUESSES[guess][:1].lower()}{GUESSES[guess][1:]}.")


def outcome(before: float, after: float) -> str:
    """Which guess the validation loss bears out; within one percent counts as the same."""
    if abs(after - before) <= SMALL * before:
        return "same"
    return "lower" if after < before else "worse"
