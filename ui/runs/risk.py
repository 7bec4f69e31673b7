"""A warning before the start: what was measured at such a learning rate, with a button that takes one that went well.

It holds nobody back, and says nothing of what was not measured.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable

import streamlit as st

from course import content
from ftcore import rates
from ftcore.rates import Measured, Risk
from ftcore.settings import RunSettings
from ui import address
from ui.callbacks import guarded
from ui.words import listed, plain, rate, several


def draw(settings: RunSettings, put: Callable[[Risk], None], key: str, phase: int = 0) -> None:
    """A warning for each phase of this run whose rate is known to end badly, or for one phase (from 1) alone.

    `put` takes the rate that went well into the address, `key` tells the buttons of different places apart.
    """
    table = rates.load()
    for risk in rates.risks(settings, table):
        if phase in (0, risk.phase):
            st.warning(words(risk, settings, table.measured))
            label = content.section("rates", "take", {"rate": rate(risk.well)})
            notes = content.section("rates", "take.help")
            st.button(label, help=notes, key=f"take-{key}-{risk.phase}", on_click=guarded(put), args=(risk,))


def mend(settings: RunSettings, risk: Risk) -> None:
    """Take the rate that went well, where the run was made from the first and the last phase of these settings."""
    phases = list(settings.phases)
    at = 0 if risk.phase == 1 else len(phases) - 1
    phases[at] = dataclasses.replace(phases[at], lr=risk.well)
    address.choose(phases=tuple(phases))


def words(risk: Risk, settings: RunSettings, measured: Measured) -> str:
    """The warning as it is shown."""
    phase = settings.phases[risk.phase - 1]
    ends = [
        content.section("rates", "other" if at else "first", {
            "count": count, "all": len(risk.ends), "what": content.section("rates", f"end.{kind}"),
        })
        for at, (kind, count) in enumerate(Counter(risk.ends).most_common())
    ]  # fmt: skip
    values = {
        "phase": plain(phase.name), "rate": rate(risk.lr), "at": rate(risk.at), "ends": listed(ends),
        "well": rate(risk.well), "tries": risk.well_tries, "measured": _source(measured, after_head=risk.phase > 1),
    }  # fmt: skip
    return content.section("rates", "risk" if risk.at == risk.lr else "risk.between", values)


def _source(measured: Measured, *, after_head: bool) -> str:
    values = {
        "data": listed(measured.data), "images": several(measured.train_per_class, "image"),
        "epochs": several(measured.epochs, "epoch"),
    }  # fmt: skip
    return content.section("rates", "measured.after" if after_head else "measured", values)
