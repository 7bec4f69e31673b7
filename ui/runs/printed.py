"""The printed lesson beside a finished run: both on the same axes, and where and why they go different ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from course import content, printed
from ftcore.story import Story
from ui.runs.live import View
from ui.widgets import curves, phone, vega
from ui.words import apart, number, percent, rate, several

LOSSES = ("stopped", "first", "last", "lowest", "sample_then", "sample")
OWN, EXAMPLE = "your run, validation", "a textbook's example"
LEGEND = f":green[**━━**]&nbsp;{OWN.replace(' ', '&nbsp;')} &emsp;:gray[**■╌╌■**]&nbsp;{EXAMPLE.replace(' ', '&nbsp;')}"
# The theme's colours in their order: validation's for the run, the quiet one of the third curve for the example.
_COLOURS = (OWN, "", EXAMPLE, "thaw in print", "thaw")


def draw(view: View) -> None:
    """Folded, for a run that has ended and whose head learned alone first."""
    story, heads = view.story, view.settings.head_phases
    if (
        story.end is None
        or story.start is None
        or not {False, True} <= {epoch.phase <= heads for epoch in story.epochs}
    ):
        return
    with st.expander("The printed lesson beside your run"):
        st.markdown(content.section("printed", "example"))
        st.caption(LEGEND)
        with phone.row("printed"):
            columns = st.columns(2, gap="medium")
        for column, what in zip(columns, ("accuracy", "loss"), strict=True):
            alt = content.section("printed", "alt", {"what": what.capitalize()})
            column.vega_lite_chart(
                spec(what, story), width="stretch", height=240, key=f"printed-{view.id}-{what}", alt=alt
            )
        st.markdown("\n\n".join(told(story)))


def spec(what: str, story: Story) -> dict[str, Any]:
    """The Vega-Lite spec of both lines; `what` is 'accuracy' or 'loss'."""
    say = percent if what == "accuracy" else number
    own = [(row.epoch, getattr(row, f"val_{what}")) for row in story.epochs]
    example = [(point.epoch, getattr(point, what)) for point in printed.TRACE]
    lines = [
        {"epoch": epoch, "value": value, "said": say(value), "curve": curve}
        for curve, points in ((OWN, own), (EXAMPLE, example))
        for epoch, value in points
        if math.isfinite(value)
    ]
    thaws = {printed.STOPPED.epoch: "thaw in print"} | dict.fromkeys(story.settings.thaws, "thaw")
    marks = [{"start": epoch, "label": label} for epoch, label in thaws.items()]
    return vega.spec(
        "printed", what=what, colours=[*_COLOURS], ticks=curves.TICK[what], data={"lines": lines, "thaws": marks}
    )


def told(story: Story) -> list[str]:
    """A sentence or two on each: the thaw, what came after it, the gain."""
    return [content.section("printed", one.kind, numbers(one.values)) for one in printed.differences(story)]


def numbers(values: Mapping[str, float]) -> dict[str, str]:
    """The numbers of run and example as they are written."""
    stopped, first, last, lowest, then, sample = apart(number, *(values[name] for name in LOSSES))
    return {
        "stopped": stopped,
        "first": first,
        "last": last,
        "lowest": lowest,
        "sample_then": then,
        "sample": sample,
        "when": str(int(values["when"])),
        "rate": rate(values["rate"]),
        "head": percent(values["head"]),
        "tuned": percent(values["tuned"]),
        "alone": percent(values.get("alone", math.nan)),
        "images": several(int(values["images"]), "training image"),
        "printed_stopped": number(printed.STOPPED.loss),
        "printed_first": number(printed.THAWED.loss),
        "printed_head": percent(printed.STOPPED.accuracy),
        "printed_tuned": percent(printed.LAST.accuracy),
    }
