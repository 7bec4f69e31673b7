"""Runs of one learner side by side on one chart, chosen by ticking them.

Finished epochs only; the live curves of one run are drawn elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from course import content
from ftcore.errors import FtError
from ui.runs import history, live
from ui.runs.live import View
from ui.widgets import choice
from ui.widgets.looks import RUNS
from ui.words import number, percent

MOST = 8
FLAT = 1e-3  # the height of an axis below which its ticks would differ in digits that no page shows


def draw(owner: str) -> None:
    """The section with ticks and chart; nothing before there are two runs with an epoch each."""
    views = _views(owner)
    if len(views) < 2:
        return
    st.subheader("Side by side", anchor=False)
    what = choice.row(
        "Compare", ("accuracy", "loss"), default="accuracy", key="compare-what",
        format_func=str.capitalize, help=content.section("train", "compare.help"),
    )  # fmt: skip
    names = history.names([view.settings for _, view in views])
    ticked = []
    for place, (at, view) in enumerate(views):
        label = f"**{at + 1}** · {names[place]} :gray[· {_last(view, what)}]"
        if st.checkbox(label, value=place < 2, key=f"compare-{view.id}"):
            ticked.append((at, view))
    if ticked:
        ticked.reverse()  # the oldest first: its solid line then lies under the dashes of the next
        figure = chart(ticked, what)
        alt = "Validation " + what + ": " + "; ".join(f"run {at + 1} {_last(view, what)}" for at, view in ticked)
        st.plotly_chart(figure, width="stretch", key="compare-chart", alt=alt, config={"displayModeBar": False})


def _views(owner: str) -> list[tuple[int, View]]:
    """The newest runs that have an epoch, each with its place: 0 is the oldest, so a new run renames none."""
    known, views = sorted(history.own(owner), key=lambda run: run.created, reverse=True), []
    for back, status in enumerate(known[:MOST], 1):
        try:
            views.append((len(known) - back, live.look(status.id)))
        except FtError:
            continue  # deleted in another tab meanwhile
    return [(at, view) for at, view in views if view.story.epochs]


def _last(view: View, what: str) -> str:
    value: float = getattr(view.story.epochs[-1], f"val_{what}")
    return f"{percent(value) if what == 'accuracy' else number(value)} after epoch {view.story.epochs[-1].epoch}"


def chart(views: Sequence[tuple[int, View]], what: str) -> go.Figure:
    """One line per run over the epochs; both axes are shared."""
    figure = go.Figure()
    for at, view in views:
        colour, dash, mark = RUNS[at % len(RUNS)]
        few = len(view.story.epochs) <= 60
        figure.add_scatter(
            x=[row.epoch for row in view.story.epochs],
            y=[getattr(row, f"val_{what}") for row in view.story.epochs],
            name=f"run {at + 1}",
            mode="lines+markers" if few else "lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": mark, "size": 7},
        )
    figure.update_layout(
        template="plotly", height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10}, hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    longest = max(len(view.story.epochs) for _, view in views)
    figure.update_xaxes(title_text="epoch", rangemode="tozero", dtick=1 if longest <= 15 else None)
    figure.update_yaxes(title_text=f"validation {what}", **_axis(what, [y for line in figure.data for y in line.y]))
    return figure


def _axis(what: str, values: Sequence[float]) -> dict[str, Any]:
    """Ticks as the values need them: no dozen digits for a curve that hardly moves, or for a loss out of all bounds."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if what == "loss" and high >= 1e5:
        ticks = [high * part / 4 for part in range(5)]
        return {"tickvals": ticks, "ticktext": [number(tick) for tick in ticks]}
    room = {"range": [low - FLAT, high + FLAT]} if high - low < FLAT else {}
    return {"tickformat": ".2~%" if what == "accuracy" else ",.4~f", **room}
