"""How far each block has moved from its pretrained weights, epoch by epoch, and the learning rate below it.

Like the curves, each is one constant Vega-Lite spec with data beside it, so it neither flickers nor loses its
place. This module knows nothing about how a run works.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from course import content
from ftcore.events import EpochEnd
from ftcore.settings import HEAD, RunSettings
from ui.widgets import vega
from ui.widgets.curves import DOMAIN
from ui.words import EMBER, ICE, listed, of_size, rate, several, times

NAMED, ROW = 3, 19
LEGEND = ":blue[■]&nbsp;not&nbsp;moved &emsp;:orange[■]&nbsp;moved, the stronger the further &emsp;:gray[**━**]&nbsp;learning&nbsp;rate"


def cells(rows: Sequence[EpochEnd], blocks: Sequence[str]) -> list[dict[str, Any]]:
    """One record per epoch and block: its relative distance from the start; 0 for a block that never moved."""
    return [
        {
            "epoch": row.epoch,
            "block": name,
            "moved": (far := row.drift.get(name, 0.0)),
            "said": _size(far) if far else "0",
        }
        for row in rows
        for name in blocks
        if name != HEAD
    ]


def words(rows: Sequence[EpochEnd], blocks: Sequence[str]) -> str:
    """The last epoch's distances in words."""
    if not rows:
        return ""
    drift = rows[-1].drift
    moved = {name: drift[name] for name in blocks if name != HEAD and drift.get(name)}
    still = sum(1 for name in blocks if name != HEAD) - len(moved)
    parts = []
    if moved:
        parts.append(f"{EMBER} {of_size(_moved(moved))}")
    if still:
        parts.append(f"{ICE} {several(still, 'block')} moved by exactly 0")
    text = f"After epoch {rows[-1].epoch}: {'; '.join(parts)}."
    if drift.get(HEAD):
        text += " " + content.section("train", "drift.head", {"times": times(drift[HEAD])})
    return text


def _moved(moved: Mapping[str, float]) -> str:
    if len(moved) <= NAMED:
        return listed([f"`{name}` by {_size(value)}" for name, value in moved.items()]).replace(" by", " moved by", 1)
    most, least = max(moved, key=moved.__getitem__), min(moved, key=moved.__getitem__)
    return (
        f"{several(len(moved), 'block')} moved, `{most}` furthest with {_size(moved[most])} "
        f"and `{least}` least with {_size(moved[least])}"
    )


def _size(value: float) -> str:
    """0.034 -> '3.4 %', 1.5 -> '150 %', with as many digits as tell something."""
    share = value * 100
    if not math.isfinite(share):
        return "more than can be counted"
    if value >= 10:
        return times(value)
    if share < 0.01:
        return "less than 0.01\u00a0%"
    return f"{share:.0f}\u00a0%" if share >= 9.95 else f"{share:.2g}\u00a0%"


def draw(settings: RunSettings, rows: Sequence[EpochEnd], blocks: Sequence[str], key: str) -> None:
    """The heat map of distances with the learning rate under it, on the same epochs."""
    if not rows:
        return
    alt = content.section("train", "drift.alt")
    st.caption(LEGEND)
    st.vega_lite_chart(spec(settings, rows, blocks), width="stretch", key=f"{key}-drift", alt=alt)
    said = f"Learning rate in epoch {rows[-1].epoch}: {rate(rows[-1].lr)}."
    st.caption(f"{words(rows, blocks)} {said}")


def spec(settings: RunSettings, rows: Sequence[EpochEnd], blocks: Sequence[str]) -> dict[str, Any]:
    """The Vega-Lite spec with its data: plain views one above the other, since Streamlit fits only those to the width."""
    shown = [name for name in blocks if name != HEAD]
    known = sorted({phase.lr for phase in settings.phases})
    low = known[0] / (100 if any(phase.schedule == "cosine" for phase in settings.phases) else 1)
    first = {"epoch": 0, "lr": rows[0].lr, "said": rate(rows[0].lr)}
    steps = [first, *({"epoch": row.epoch, "lr": row.lr, "said": rate(row.lr)} for row in rows if row.lr > 0)]
    return vega.spec(
        "drift", height=ROW * len(shown), blocks=shown, colours=DOMAIN, known=known,
        epochs=[0, settings.epochs * 1.025],  # room for the last label
        rates=[low / 1.5, known[-1] * 1.5], data={"cells": cells(rows, blocks), "rates": steps},
    )  # fmt: skip
