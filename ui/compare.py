"""Runs of one learner side by side on one chart, chosen by ticking them.

Finished epochs only; the live curves of one run are drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from ftcore import runs
from ftcore.settings import FtError
from ui import history, live
from ui.live import View
from ui.theme import number, percent

MOST = 8
# Not the colours of ice, ember or the three curves; each with its own dash and mark, so colour is never alone.
LOOKS = (
    ("#0072B2", "solid", "circle"),
    ("#B58900", "dash", "square"),
    ("#A23B72", "dot", "diamond"),
    ("#3E8E41", "dashdot", "triangle-up"),
    ("#7A5195", "longdash", "x"),
    ("#777777", "longdashdot", "cross"),
    ("#00A6A6", "solid", "star"),
    ("#8B4513", "dash", "triangle-down"),
)


def draw(owner: str) -> None:
    """The section with ticks and chart; nothing before there are two runs with an epoch each."""
    found = [view for view in _views(owner) if view.log.rows]
    if len(found) < 2:
        return
    st.subheader("Side by side", anchor=False)
    what = st.segmented_control(
        "Compare", ("accuracy", "loss"), default="accuracy", required=True, key="compare-what",
        format_func=str.capitalize, help="Both on the validation images, which no run trains on.",
    )  # fmt: skip
    ticked = []
    for at, view in enumerate(found):
        label = f"**{at + 1}** · {history.title(view.settings)} :gray[· {_last(view, what)}]"
        if st.checkbox(label, value=at < 2, key=f"compare-{view.id}"):
            ticked.append((at, view))
    if ticked:
        figure = chart([(at, view) for at, view in ticked], what)
        alt = "Validation " + what + ": " + "; ".join(f"run {at + 1} {_last(view, what)}" for at, view in ticked)
        st.plotly_chart(figure, width="stretch", key="compare-chart", alt=alt, config={"displayModeBar": False})


def _views(owner: str) -> list[View]:
    views = []
    for status in runs.history(owner)[:MOST]:
        try:
            views.append(live.look(status.id))
        except FtError:
            continue  # deleted in another tab meanwhile
    return views


def _last(view: View, what: str) -> str:
    value = float(view.log.rows[-1][f"val_{what}"])
    return f"{percent(value) if what == 'accuracy' else number(value)} after epoch {view.log.rows[-1]['epoch']}"


def chart(chosen: Sequence[tuple[int, View]], what: str) -> go.Figure:
    """One line per run over the epochs; both axes are shared."""
    figure = go.Figure()
    for at, view in chosen:
        colour, dash, mark = LOOKS[at % len(LOOKS)]
        few = len(view.log.rows) <= 60
        figure.add_scatter(
            x=[int(row["epoch"]) for row in view.log.rows],
            y=[float(row[f"val_{what}"]) for row in view.log.rows],
            name=f"run {at + 1}",
            mode="lines+markers" if few else "lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": mark, "size": 7},
        )
    figure.update_layout(
        template="plotly", height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10}, hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(title_text="epoch", rangemode="tozero", dtick=None)
    figure.update_yaxes(title_text=f"validation {what}", tickformat=".0%" if what == "accuracy" else None)
    return figure
