"""What a run's numbers bear out, in words, with a button that sets up the next try."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from course import content
from ftcore import coach
from ftcore.coach import Verdict
from ftcore.settings import RunSettings
from ui import address
from ui.callbacks import pressed
from ui.runs.live import View
from ui.words import apart, count, number, percent, plain, points, rate, several

GOOD = ("perfect", "converged", "learning")
BAD = ("diverged", "chance", "memorised", "recovered", "damaged", "lost", "memorising", "unsteady")


FORMS: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(("accuracy", "accuracy_best", "before", "best", "chance", "known", "some"), percent),
    **dict.fromkeys(("loss", "lowest", "even", "worst", "worst_after", "earlier", "first", "last"), number),
    **dict.fromkeys(("sample", "sample_before", "sample_best", "sample_since"), number),
    **dict.fromkeys(("since", "when", "few", "back", "jumps", "epochs"), lambda value: count(int(value))),
    "images": lambda value: several(int(value), "validation image"),
    "noise": points,
    "so_far": lambda value: several(int(value), "epoch"),
    "rate": rate,
}


def draw(view: View) -> None:
    """The verdict on the run as far as it has been told, and a button that sets up what to try next."""
    verdict = coach.judge(view.story)
    if verdict is None:
        return
    show = st.warning if verdict.kind in BAD else st.success if verdict.kind in GOOD else st.info
    show(words(verdict))
    if verdict.next is None or view.status.active or address.own_pictures(view.settings):
        return
    if pressed(then(verdict, view.settings), key=f"next-{view.id}", help=content.section("coach", "help")):
        address.put(verdict.next, run=None, phase=None)
        st.rerun()


def words(verdict: Verdict) -> str:
    """A verdict as it is shown: what it is in bold, then its numbers."""
    return content.section("coach", verdict.kind, numbers(verdict))


def numbers(verdict: Verdict) -> dict[str, str]:
    """The numbers behind a verdict as they are written."""
    losses = {name: value for name, value in verdict.values.items() if FORMS[name] is number}
    said = dict(zip(losses, apart(number, *losses.values()), strict=True))
    return {name: said.get(name) or FORMS[name](value) for name, value in verdict.values.items()}


def then(verdict: Verdict, settings: RunSettings) -> str:
    """What the next try changes, for its button."""
    assert verdict.next is not None
    old, new = settings.phases[verdict.phase - 1], verdict.next.phases[verdict.phase - 1]
    values = {"phase": plain(new.name), "rate": rate(new.lr), "epochs": several(new.epochs, "epoch")}
    return content.section("coach", "rate.next" if new.lr != old.lr else "epochs.next", values)
