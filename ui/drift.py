"""How far each block has moved from its pretrained weights, epoch by epoch, and the learning rate below it.

Like the curves, each is one constant Vega-Lite spec with data beside it, so it neither flickers nor loses its
place. This module knows nothing about how a run works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ftcore.settings import HEAD, RunSettings
from ui.charts import DOMAIN
from ui.theme import EMBER, ICE, listed, rate, several

Row = Mapping[str, Any]


def cells(rows: Sequence[Row], blocks: Sequence[str]) -> list[dict[str, Any]]:
    """One record per epoch and block: its relative distance from the start; 0 for a block that never moved."""
    return [
        {"epoch": int(row["epoch"]), "block": name, "moved": float(row["drift"].get(name, 0.0))}
        for row in rows
        for name in blocks
        if name != HEAD
    ]


def words(rows: Sequence[Row], blocks: Sequence[str]) -> str:
    """The last epoch's distances in words."""
    if not rows:
        return ""
    drift = rows[-1]["drift"]
    moved = [f"`{name}` {_size(drift[name])}" for name in blocks if name != HEAD and drift.get(name)]
    still = sum(1 for name in blocks if name != HEAD and not drift.get(name))
    text = f"After epoch {rows[-1]['epoch']}: {EMBER} moved by {listed(moved)} of their size" if moved else ""
    rest = f"{ICE} {several(still, 'block')} moved by exactly 0" if still else ""
    head = f"The head began random and stands {drift[HEAD]:.1f} times its first size away." if drift.get(HEAD) else ""
    return " ".join(part for part in (f"{'; '.join(p for p in (text, rest) if p)}.", head) if part)


def _size(value: float) -> str:
    return f"{value * 100:.2g}\u00a0%"


def draw(settings: RunSettings, rows: Sequence[Row], blocks: Sequence[str], key: str) -> None:
    """The heat map of distances with the learning rate under it, on the same epochs."""
    if not rows:
        return
    shown = [name for name in blocks if name != HEAD]
    x: dict[str, Any] = {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [0, settings.epochs], "nice": False},
        "axis": {"title": None, "labels": False, "ticks": False, "grid": False},
    }
    start = {"calculate": "datum.epoch - 1", "as": "from"}
    heat = {
        "height": max(60, 19 * len(shown)),
        "width": "container",
        "data": {"name": "cells"},
        "transform": [start],
        "mark": {"type": "rect", "clip": True},
        "encoding": {
            "x": {**x, "field": "from"},
            "x2": {"field": "epoch"},
            "y": {"field": "block", "type": "nominal", "sort": shown, "axis": {"title": "block", "labelLimit": 90}},
            "color": {"datum": "trainable", "scale": {"domain": DOMAIN}, "legend": None},
            "opacity": {"field": "moved", "type": "quantitative", "scale": {"range": [0, 1], "zero": True}, "legend": None},
            "tooltip": [{"field": "epoch"}, {"field": "block"}, {"field": "moved", "format": ".2%", "title": "moved by"}],
        },
    }  # fmt: skip
    rates = {
        "height": 60,
        "width": "container",
        "data": {"name": "rates"},
        "mark": {"type": "line", "interpolate": "step-before", "strokeWidth": 2, "point": False, "clip": True},
        "encoding": {
            "x": {**x, "axis": {"title": "epoch", "format": "d", "tickMinStep": 1, "grid": False, "tickCount": 15}},
            "y": {
                "field": "lr",
                "type": "quantitative",
                "scale": {"type": "log"},
                "axis": {"title": "rate", "format": ".0e", "tickCount": 3},
            },
            "color": {"datum": "while learning", "scale": {"domain": DOMAIN}, "legend": None},
            "tooltip": [{"field": "epoch"}, {"field": "lr", "format": ".2e", "title": "learning rate"}],
        },
    }
    steps = [{"epoch": 0, "lr": float(rows[0]["lr"])}]
    steps += [{"epoch": int(row["epoch"]), "lr": float(row["lr"])} for row in rows if row["lr"] > 0]
    chart = {
        "vconcat": [heat, rates],
        "spacing": 8,
        "resolve": {"scale": {"x": "independent", "color": "shared"}},
        "datasets": {"cells": cells(rows, blocks), "rates": steps},
    }
    alt = "How far each block has moved from its pretrained weights in each epoch, and the learning rate below."
    st.vega_lite_chart(chart, width="stretch", key=f"{key}-drift", alt=alt)
    said = f"Learning rate in epoch {rows[-1]['epoch']}: {rate(float(rows[-1]['lr']))}."
    st.caption(f"{words(rows, blocks)} {said}")
