"""How far each block has moved from its pretrained weights, epoch by epoch, and the learning rate below it.

Like the curves, each is one constant Vega-Lite spec with data beside it, so it neither flickers nor loses its
place. This module knows nothing about how a run works.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ftcore.settings import HEAD, RunSettings
from ui.widgets.curves import DOMAIN
from ui.words import EMBER, ICE, listed, rate, several

Row = Mapping[str, Any]
NAMED, ROW = 3, 19
LEGEND = ":blue[■]&nbsp;not&nbsp;moved &emsp;:orange[■]&nbsp;moved, the stronger the further &emsp;:gray[**━**]&nbsp;learning&nbsp;rate"


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
    moved = {name: float(drift[name]) for name in blocks if name != HEAD and drift.get(name)}
    still = sum(1 for name in blocks if name != HEAD) - len(moved)
    parts = []
    if moved:
        parts.append(f"{EMBER} {_moved(moved)} of its size")
    if still:
        parts.append(f"{ICE} {several(still, 'block')} moved by exactly 0")
    text = f"After epoch {rows[-1]['epoch']}: {'; '.join(parts)}."
    if drift.get(HEAD):
        text += f" The head began random and stands {drift[HEAD]:.1f} times its first size away from there."
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
    if share < 0.01:
        return "less than 0.01\u00a0%"
    return f"{share:.0f}\u00a0%" if share >= 9.95 else f"{share:.2g}\u00a0%"


def draw(settings: RunSettings, rows: Sequence[Row], blocks: Sequence[str], key: str) -> None:
    """The heat map of distances with the learning rate under it, on the same epochs."""
    if not rows:
        return
    shown = [name for name in blocks if name != HEAD]
    x: dict[str, Any] = {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [0, settings.epochs * 1.025], "nice": False},  # room for the last label
        "axis": {"title": None, "labels": False, "ticks": False, "grid": False},
    }
    # one plain view, not layers: Streamlit fits only plain views of a vconcat to the width
    heat = {
        "height": ROW * len(shown),
        "width": "container",
        "data": {"name": "cells"},
        "transform": [
            {"calculate": "datum.epoch - 1", "as": "from"},
            {"calculate": "datum.moved > 0 ? 'trainable' : 'frozen'", "as": "kind"},
        ],
        "mark": {"type": "rect", "clip": True},
        "encoding": {
            "x": {**x, "field": "from"},
            "x2": {"field": "epoch"},
            "y": {
                "field": "block",
                "type": "nominal",
                "sort": shown,
                "axis": {
                    "title": "block",
                    "labelLimit": 90,
                    "labelOverlap": False,
                    "labelFlush": False,
                    "labelBound": False,
                    "labelFontSize": 11,
                    "ticks": False,
                },
            },
            "color": {"field": "kind", "type": "nominal", "scale": {"domain": DOMAIN}, "legend": None},
            "opacity": {
                "condition": {"test": "datum.moved === 0", "value": 0.16},
                "field": "moved",
                "type": "quantitative",
                "scale": {"range": [0.15, 1], "zero": True},
                "legend": None,
            },
            "tooltip": [
                {"field": "epoch"},
                {"field": "block"},
                {"field": "moved", "format": ".2%", "title": "moved by"},
            ],
        },
    }
    known = sorted({phase.lr for phase in settings.phases})
    low = known[0] / (100 if any(phase.schedule == "cosine" for phase in settings.phases) else 1)
    rates = {
        "height": 60,
        "width": "container",
        "data": {"name": "rates"},
        "mark": {"type": "line", "interpolate": "step-before", "strokeWidth": 2, "point": False, "clip": True},
        "encoding": {
            "x": {
                **x,
                "axis": {
                    "title": "epoch",
                    "format": "d",
                    "tickMinStep": 1,
                    "grid": False,
                    "tickCount": 15,
                },
            },
            "y": {
                "field": "lr",
                "type": "quantitative",
                "scale": {"type": "log", "domain": [low / 1.5, known[-1] * 1.5], "nice": False},
                "axis": {"title": "rate", "format": "~e", "values": known, "grid": False, "labelOverlap": "greedy"},
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
    st.caption(LEGEND)
    st.vega_lite_chart(chart, width="stretch", key=f"{key}-drift", alt=alt)
    said = f"Learning rate in epoch {rows[-1]['epoch']}: {rate(float(rows[-1]['lr']))}."
    st.caption(f"{words(rows, blocks)} {said}")
