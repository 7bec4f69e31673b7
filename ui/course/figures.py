"""The numbers of an experiment as people read them, and all seeds of it as dots with their means.

Knows nothing about learners or runs.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from course.experiments import TRIALS, Experiment
from course.verdicts import Row
from ftcore.numerals import NO_NUMBER
from ui.widgets.looks import GOLD, QUIET, RUNS
from ui.words import count, moved, number, percent, points, rate, seconds

COUNTS = {"steps", "norms", "held", "left", "looked", "certain", "outputs", "old", "heads", "few", "rest", "known",
          "parameters", "trunk", "images"}  # fmt: skip
CHANGES = {"weights", "statistics", "moved", "still"}
DIFFERENCES = {"above", "lag", "over"}
OWN = RUNS[1][0]
ROW, ROOM = 34, 90  # pixels of an arm's line, and of all else in a chart
OWN_LINE = 0.14  # where own dots and means lie about an arm's line, in shares of it


def word(name: str, value: float) -> str:
    """One number, by what it is called after its arm."""
    kind = name.rpartition("_")[2]
    if not math.isfinite(value):
        return NO_NUMBER
    if kind in COUNTS:
        return count(round(value))
    if kind in CHANGES:
        return moved(value)
    if kind in DIFFERENCES:
        return points(value)
    say: Mapping[str, Callable[[float], str]] = {"rate": _two_digits, "loss": number, "epoch": seconds}
    return say.get(kind, percent)(value)


def _two_digits(value: float) -> str:
    return rate(float(f"{value:.2g}"))


def words(numbers: Mapping[str, float]) -> dict[str, str]:
    """The numbers of an outcome as people read them."""
    return {name: word(name, value) for name, value in numbers.items()}


def draw(one: Experiment, own: Mapping[int, Row], recorded: Mapping[int, Row]) -> None:
    """A chart for each shown number: a dot for each own seed and arm, recorded ones quiet behind, a bar at the mean.

    The mean is that of the recorded ones where there are none of the learner's own.
    """
    counted, told = TRIALS[one.id].counted, own or recorded
    mean = f"mean of {len(told)} {'of your' if own else 'recorded'} seeds"
    for at, (what, said) in enumerate(one.shown.items()):
        alt = f"{said.capitalize()}{'' if counted else f', {mean}'}: " + "; ".join(
            f"{label} {word(what, _mean(told, arm, what))}" for arm, label in one.labels.items()
        )
        figure = _dots(one, what, own, recorded)
        if not counted:
            _mark_means(figure, one, what, told, mean)
        figure.update_layout(showlegend=at == 0 and not counted)
        st.plotly_chart(figure, width="stretch", key=f"dots-{one.id}-{what}", alt=alt, config={"displayModeBar": False})
    with st.expander("In numbers" if counted else "All seeds in numbers"):
        st.table(table(one, own, recorded), border="horizontal", alt="The shown numbers of every seed")


def _dots(one: Experiment, what: str, own: Mapping[int, Row], recorded: Mapping[int, Row]) -> go.Figure:
    """Arms from top to bottom, values from left to right; seeds of an arm lie a little apart, so that none hides one."""
    labels = list(one.labels.values())
    figure = go.Figure()
    for rows, name, colour, mark, size, shift in (
        (recorded, "recorded", QUIET, "circle-open", 6, -0.18), (own, "your seeds", OWN, "circle", 10, OWN_LINE),
    ):  # fmt: skip
        dots = [
            (row.get(f"{arm}_{what}", math.nan), at, seed)
            for seed, row in rows.items()
            for at, arm in enumerate(one.labels)
        ]
        if dots:
            figure.add_scatter(
                x=[x for x, _, _ in dots], y=[at + shift + 0.05 * (seed % 3 - 1) for _, at, seed in dots],
                customdata=[[f"seed {seed}", word(what, x)] for x, _, seed in dots], name=name, mode="markers",
                marker={"color": colour, "symbol": mark, "size": size}, hovertemplate="%{customdata[1]}, %{customdata[0]}",
            )  # fmt: skip
    figure.update_layout(
        template="plotly", height=ROOM + ROW * len(labels), margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, dragmode=False,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=labels, range=[len(labels) - 0.5, -0.5], zeroline=False,
        automargin=True, fixedrange=True,
    )  # fmt: skip
    shares: dict[str, Any] = {} if what in ("loss", "epoch") else {"tickformat": ".2~%"}
    figure.update_xaxes(title_text=one.shown[what], zeroline=False, fixedrange=True, **shares)
    return figure


def _mark_means(figure: go.Figure, one: Experiment, what: str, rows: Mapping[int, Row], name: str) -> None:
    means = [_mean(rows, arm, what) for arm in one.labels]
    figure.add_scatter(
        x=means, y=[at + OWN_LINE for at in range(len(means))], name=name, mode="markers",
        marker={"color": GOLD, "symbol": "line-ns", "size": 20, "line": {"width": 3, "color": GOLD}},
        hovertemplate="%{text}", text=[word(what, mean) for mean in means],
    )  # fmt: skip


def table(one: Experiment, own: Mapping[int, Row], recorded: Mapping[int, Row]) -> pd.DataFrame:
    """Every seed a row, every shown number of every arm a column; recorded ones below the learner's own."""
    say = functools.partial(_cells, one)
    named = {**{f"seed {seed}": row for seed, row in sorted(own.items())},
             **{f"recorded, seed {seed}": row for seed, row in sorted(recorded.items())}}  # fmt: skip
    return pd.DataFrame.from_dict({name: say(row) for name, row in named.items()}, orient="index")


def _cells(one: Experiment, row: Row) -> dict[str, str]:
    return {
        f"{label}: {said}": word(what, row[f"{arm}_{what}"])
        for what, said in one.shown.items() for arm, label in one.labels.items() if f"{arm}_{what}" in row
    }  # fmt: skip


def _mean(rows: Mapping[int, Row], arm: str, what: str) -> float:
    return statistics.fmean(row[f"{arm}_{what}"] for row in rows.values())
