"""The live curves of loss and accuracy as one constant Vega-Lite spec with data beside it.

While the spec and `alt` stay the same, Streamlit feeds new data into the standing chart: no flicker, and the
zoom stays (the selection must be registered for that). The numbers in words stand under the chart instead of
in `alt`. This module knows nothing about how a run works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ftcore.settings import RunSettings
from ui.words import number, percent

Row = Mapping[str, Any]
# Order and colours follow `chartCategoricalColors` in the theme: three curves, then ice and ember.
CURVES = ("validation", "training set, eval mode", "while learning")
DOMAIN = [*CURVES, "frozen", "trainable"]
FIELDS = {
    "accuracy": ("val_accuracy", "sample_accuracy", "train_accuracy"),
    "loss": ("val_loss", "sample_loss", "train_loss"),
}
POINTS_UP_TO = 60
LEGEND = ":green[**━━**] validation &emsp;:violet[**╍╍**] training set, eval mode &emsp;:gray[**┈┈**] while learning"


def curves(what: str, rows: Sequence[Row], baseline: Row | None) -> list[dict[str, Any]]:
    """Long form of the epochs: one record per epoch and curve; epoch 0 is the network before training."""
    found = []
    if baseline is not None:
        found.append({"epoch": 0, "curve": CURVES[0], "value": float(baseline[f"val_{what}"])})
    for row in rows:
        for curve, name in zip(CURVES, FIELDS[what], strict=True):
            if row.get(name) is not None:
                found.append({"epoch": int(row["epoch"]), "curve": curve, "value": float(row[name])})
    return found


def spans(settings: RunSettings) -> list[dict[str, Any]]:
    """The stretches of the phases; ice while only the head learns, ember once pretrained blocks move."""
    begin, found = 0, []
    for phase, end in zip(settings.phases, settings.ends, strict=True):
        kind = "frozen" if phase.head_only else "trainable"
        found.append({"start": begin, "end": end, "kind": kind, "name": phase.name})
        begin = end
    return found


def spec(what: str, settings: RunSettings) -> dict[str, Any]:
    """The Vega-Lite spec for one run; the same for every epoch of it. `what` is 'accuracy' or 'loss'."""
    total = settings.epochs
    room = total * 0.012
    x = {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [-room, total + room], "nice": False},
        "axis": {"title": "epoch", "tickMinStep": 1, "format": "d", "grid": False, "tickCount": min(total, 15)},
    }
    number_format = ".0%" if what == "accuracy" else ".2~f"
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {"title": what, "format": number_format, "tickCount": 5},
    }
    encoding: dict[str, Any] = {"x": x, "y": y}
    encoding["color"] = {"field": "curve", "scale": {"domain": DOMAIN}, "legend": None}
    dashes = [[1, 0], [7, 4], [2, 3], [1, 0], [1, 0]]
    encoding["strokeDash"] = {"field": "curve", "scale": {"domain": DOMAIN, "range": dashes}, "legend": None}
    widths = [3.2, 2, 2, 1, 1]
    encoding["strokeWidth"] = {"field": "curve", "scale": {"domain": DOMAIN, "range": widths}, "legend": None}
    tooltip = [
        {"field": "epoch", "title": "epoch"},
        {"field": "curve", "title": "curve"},
        {"field": "value", "title": what, "format": ".1%" if what == "accuracy" else ".3f"},
    ]
    zoom = {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.shiftKey]"}
    dots = {**encoding, "tooltip": tooltip}
    dots = {name: channel for name, channel in dots.items() if name not in ("strokeDash", "strokeWidth")}
    tint = {"field": "kind", "type": "nominal", "scale": {"domain": DOMAIN}, "legend": None}
    begin = {"field": "start", "type": "quantitative"}
    side = "top" if what == "loss" else "bottom"  # away from the curves
    return {
        "layer": [
            {
                "data": {"name": "spans"},
                "mark": {"type": "rect", "opacity": 0.13, "clip": True},
                "encoding": {"x": begin, "x2": {"field": "end"}, "color": tint},
            },
            {
                "data": {"name": "thaws"},
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": begin, "color": {"datum": "trainable", "scale": {"domain": DOMAIN}, "legend": None}},
            },
            {
                "data": {"name": "thaws"},
                "mark": {"type": "text", "align": "left", "baseline": side, "dx": 5, "dy": 4 if side == "top" else -4},
                "encoding": {
                    "x": begin,
                    "y": {"value": 0 if side == "top" else "height"},
                    "text": {"field": "label"},
                    "color": {"datum": "trainable", "scale": {"domain": DOMAIN}, "legend": None},
                },
            },
            {
                "data": {"name": "curves"},
                "mark": {"type": "line", "clip": True, "strokeCap": "round"},
                "encoding": encoding,
            },
            {
                "data": {"name": "curves"},
                "params": [{"name": "zoom", "select": zoom, "bind": "scales"}],
                "mark": {
                    "type": "point",
                    "filled": True,
                    "clip": True,
                    "opacity": 1 if total <= POINTS_UP_TO else 0,
                    "size": 36,
                },
                "encoding": dots,
            },
        ],
        "datasets": {},
    }


def draw(
    what: str, settings: RunSettings, rows: Sequence[Row], baseline: Row | None, key: str, height: int = 300
) -> None:
    """Draw one chart and its numbers in words below it."""
    data = curves(what, rows, baseline)
    if not data:
        return
    chart = spec(what, settings)
    chart["datasets"] = {
        "curves": data,
        "spans": spans(settings),
        "thaws": [{"start": end, "label": "thaw"} for end in settings.thaws],
    }
    alt = f"{what.capitalize()} of each epoch: validation, training set in evaluation mode, and while learning."
    st.caption(LEGEND)
    st.vega_lite_chart(chart, width="stretch", height=height, key=f"{key}-{what}", on_select="rerun", alt=alt)
    st.caption(words(what, rows, baseline))


def words(what: str, rows: Sequence[Row], baseline: Row | None) -> str:
    """What the chart shows, in one or two sentences with its numbers."""
    say = percent if what == "accuracy" else number
    if not rows:
        return f"Before training: validation {what} {say(baseline[f'val_{what}'])}." if baseline is not None else ""
    last, name = rows[-1], f"val_{what}"
    best = (max if what == "accuracy" else min)(rows, key=lambda row: row[name])
    text = (
        f"Epoch {last['epoch']}: validation {say(last[name])}, training set in eval mode {say(last[f'sample_{what}'])}, "
        f"while learning {say(last[f'train_{what}'])}."
    )
    if best["epoch"] != last["epoch"]:
        text += f" Best validation {what} so far: {say(best[name])} in epoch {best['epoch']}."
    return text
