"""The live curves of loss and accuracy as one constant Vega-Lite spec with data beside it.

While the spec and `alt` stay the same, Streamlit feeds new data into the standing chart: no flicker, and the
zoom stays (the selection must be registered for that). The numbers in words stand under the chart instead of
in `alt`. This module knows nothing about how a run works.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from course import content
from ftcore import coach
from ftcore.settings import RunSettings
from ftcore.story import Story
from ftcore.training import augment
from ui.widgets import vega
from ui.words import number, percent

# Order and colours follow `chartCategoricalColors` in the theme: three curves, then ice and ember.
CURVES = ("validation", "training set, eval mode", "while learning")
Rows = Sequence[Mapping[str, object]]
DOMAIN = [*CURVES, "frozen", "trainable"]
FIELDS = {
    "accuracy": ("val_accuracy", "sample_accuracy", "train_accuracy"),
    "loss": ("val_loss", "sample_loss", "train_loss"),
}
POINTS_UP_TO = 60
# A loss that is no longer a loss would have two dozen digits; `tickMinStep` keeps a flat curve to a single one.
TICK = {
    "accuracy": "format(datum.value, '.2~%')",
    "loss": "abs(datum.value) < 1e5 ? format(datum.value, ',.4~f') : replace(format(datum.value, '.2~e'), '+', '')",
}
_LEGEND = (  # no line ends between a mark and its word
    ":green[**━━**]&nbsp;validation &emsp;:violet[**╍╍**]&nbsp;training&nbsp;set, eval&nbsp;mode &emsp;"
    ":gray[**┈┈**]&nbsp;while&nbsp;learning"
)
ALONE = "head alone, continued"


def legend(story: Story) -> str:
    """Which mark is which curve; the head trained on alone is named as long as it is there or to be expected."""
    return f"{_LEGEND} &emsp;:green[·····]&nbsp;head&nbsp;alone, continued" if beside(story) else _LEGEND


def beside(story: Story) -> bool:
    """Is the head trained on alone beside this run? Before the thaw that is to be expected where features are kept."""
    heads = story.settings.head_phases
    soon = (
        story.settings.cache
        and not augment.live(story.settings)
        and all(epoch.phase <= heads for epoch in story.epochs)
    )
    return bool(heads and (soon or story.control))


def curves(what: str, story: Story) -> list[dict[str, Any]]:
    """Long form of the epochs: one record per epoch and curve; epoch 0 is the network before training."""
    rows, top = [], ceiling(what, story)
    if story.baseline is not None:
        rows.append({"epoch": 0, "curve": CURVES[0], "value": getattr(story.baseline, f"val_{what}")})
    for epoch in story.epochs:
        for curve, name in zip(CURVES, FIELDS[what], strict=True):
            rows.append({"epoch": epoch.epoch, "curve": curve, "value": getattr(epoch, name)})
    highest = max((row["value"] for row in rows), default=0.0)
    return [_drawn(what, row, top, highest) for row in rows]


def ceiling(what: str, story: Story) -> float:
    """Where the axis ends: losses out of all bounds would press all others to a line at its foot."""
    numbers = coach.numbers_of(story) if what == "loss" else None
    return numbers.bound if numbers is not None else math.inf


def _drawn(what: str, row: dict[str, Any], top: float, highest: float) -> dict[str, Any]:
    """A record with its value in words, at the end of the axis if it lies beyond; the highest of those is written there."""
    value = row["value"]
    said = (percent if what == "accuracy" else number)(value)
    beyond = value > top
    return {
        **row,
        "value": top if beyond else value,
        "said": said,
        "beyond": f"▲ {said}" if beyond and value == highest else "",
    }


def alone(what: str, story: Story) -> list[dict[str, Any]]:
    """The head trained on alone, from the epoch that ended its phase up to the newest of the run."""
    if not story.control:
        return []
    say, at = (percent, 1) if what == "accuracy" else (number, 0)
    stopped = next(epoch for epoch in story.epochs if epoch.epoch + 1 in story.control)
    values = {stopped.epoch: getattr(stopped, f"val_{what}")} | {n: both[at] for n, both in story.control.items()}
    top = ceiling(what, story)
    return [{"epoch": n, "curve": ALONE, "value": min(value, top), "said": say(value)} for n, value in values.items()]


def spans(settings: RunSettings) -> list[dict[str, Any]]:
    """The stretches of the phases; ice while only the head learns, ember once pretrained blocks move."""
    begin, rows = 0, []
    for phase, end in zip(settings.phases, settings.ends, strict=True):
        kind = "frozen" if phase.head_only else "trainable"
        rows.append({"start": begin, "end": end, "kind": kind, "name": phase.name})
        begin = end
    return rows


def spec(
    what: str, settings: RunSettings, data: Mapping[str, Rows] | None = None, limits: Sequence[float] = ()
) -> dict[str, Any]:
    """The Vega-Lite spec for one run; the same for every epoch of it. `what` is 'accuracy' or 'loss'.

    `limits` are the ends of the vertical axis, which else follow the curves.
    """
    total, share = settings.epochs, what == "accuracy"
    room = total * 0.012
    epochs = {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [-room, total + room], "nice": False},
        "axis": {"title": "epoch", "tickMinStep": 1, "format": "d", "grid": False, "tickCount": min(total, 15)},
    }
    values = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False, "nice": True, **({"domain": list(limits)} if limits else {})},
        # digits as far as they differ: a curve that hardly moves would else have the same number at every tick
        "axis": {"title": what, "labelExpr": TICK[what], "tickMinStep": 1e-4, "tickCount": 5},
    }
    side = ("bottom", -4, "height") if share else ("top", 4, 0)  # the word stands away from the curves
    return vega.spec(
        "curves", what=what, epochs=epochs, values=values, colours=DOMAIN,
        thaw_side=side[0], thaw_shift=side[1], thaw_height=side[2], points=1 if total <= POINTS_UP_TO else 0,
        data=dict(data or {}),
    )  # fmt: skip


def data_of(what: str, story: Story, *, told: bool = True) -> dict[str, Rows]:
    """All that is drawn of a run, by the names that the template asks for; of the phases nothing unless `told`."""
    lines = {"curves": curves(what, story), "alone": alone(what, story) if told else []}
    thaws = [{"start": end, "label": "thaw"} for end in story.settings.thaws]
    return {**lines, "spans": spans(story.settings) if told else [], "thaws": thaws if told else []}


def draw(what: str, story: Story, key: str, height: int = 300, *, among: Sequence[Story] = ()) -> None:
    """Draw one chart and its numbers in words below it.

    One `among` several that are to be told apart by their curves has the axis of all, and neither tint nor thaw, nor
    the control that only a run with a thaw has.
    """
    if not curves(what, story):
        return
    values = [row["value"] for other in among for row in curves(what, other)]
    limits = (min(values), max(values)) if among else ()
    chart = spec(what, story.settings, data_of(what, story, told=not among), limits)
    control = beside(story) and not among
    alt = content.section("train", "curves.alt.beside" if control else "curves.alt", {"what": what.capitalize()})
    st.caption(_LEGEND if among else legend(story))
    st.vega_lite_chart(chart, width="stretch", height=height, key=f"{key}-{what}", on_select="rerun", alt=alt)
    st.caption(words(what, story))


def words(what: str, story: Story) -> str:
    """What the chart shows, in one or two sentences with its numbers."""
    say = percent if what == "accuracy" else number
    val, sample, train = (operator.attrgetter(name) for name in FIELDS[what])
    if not story.epochs:
        if story.baseline is None:
            return ""
        return content.section("train", "curves.before", {"what": what, "value": say(val(story.baseline))})
    last, best = story.epochs[-1], (max if what == "accuracy" else min)(story.epochs, key=val)
    values = {"epoch": last.epoch, "val": say(val(last)), "sample": say(sample(last)), "train": say(train(last))}
    text = content.section("train", "curves.said", values)
    if best.epoch != last.epoch:
        better = {"what": what, "value": say(val(best)), "epoch": best.epoch}
        text += " " + content.section("train", "curves.best", better)
    if last.epoch in story.control:
        value = story.control[last.epoch][what == "accuracy"]
        text += " " + content.section("train", "curves.alone", {"value": say(value)})
    return f"{text} {_cut(story)}".rstrip() if what == "loss" else text


def _cut(story: Story) -> str:
    """What of the loss lies beyond the end of the axis, the highest of it; nothing where all is drawn as it is."""
    top = ceiling("loss", story)
    found = [
        (getattr(epoch, name), epoch.epoch, curve)
        for epoch in story.epochs
        for curve, name in zip(CURVES, FIELDS["loss"], strict=True)
    ]
    value, epoch, curve = max(found, default=(0.0, 0, ""))
    if not value > top:
        return ""
    values = {"top": number(top), "epoch": epoch, "value": number(value), "curve": curve}
    return content.section("train", "curves.cut", values)
