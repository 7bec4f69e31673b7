"""Chapter 5: the answer, the same picture before and after tuning, and how much the certainty is worth."""

from __future__ import annotations

import html
import itertools

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from course import content
from ftcore.analysis import trace
from ui.engine import networks
from ui.engine.networks import FINAL, Which
from ui.picture.scene import Scene, text
from ui.widgets.looks import AGAINST, FOR, MOMENTS, QUIET
from ui.words import count, percent, plain, whole_percent


def prediction(scene: Scene, before: dict[str, Which]) -> None:
    """Chapter 5: the answer, the same picture before and after tuning, and how much the certainty is worth."""
    p = trace.columns(scene.found.logits).probabilities
    label, truth = scene.classes[scene.best], scene.picture.truth
    values = {"label": plain(label), "chance": percent(float(p[scene.best])), "truth": plain(truth)}
    if truth in scene.classes:
        values["true_chance"] = percent(float(p[scene.classes.index(truth)]))
        text("prediction.right" if truth == label else "prediction.wrong", **values)
    else:
        text("prediction.unknown", **values)
    _stages(scene, before)
    if scene.which.run and scene.images is not None:
        _sure(scene, float(p.max()))


def _stages(scene: Scene, before: dict[str, Which]) -> None:
    """The top classes as bars, one colour and pattern for each moment of the run."""
    moments = {
        name: trace.columns(networks.trace_of(which, scene.picture.image).logits).probabilities
        for name, which in before.items()
    }
    now = list(moments.values())[-1]
    top = [int(c) for c in now.argsort()[::-1][:5]]
    if scene.picture.truth in scene.classes and scene.classes.index(scene.picture.truth) not in top:
        top.append(scene.classes.index(scene.picture.truth))
    if len(moments) > 1:
        text("prediction.before")
    figure = go.Figure()
    for (name, p), (colour, pattern) in zip(moments.items(), itertools.cycle(MOMENTS), strict=False):
        figure.add_bar(
            name=name, x=[html.escape(scene.classes[c]) for c in top], y=[float(p[c]) for c in top],
            text=[whole_percent(float(p[c])) for c in top], textposition="outside", cliponaxis=False,
            marker={"color": colour, "pattern": {"shape": pattern}},
        )  # fmt: skip
    figure.update_layout(
        template="plotly", barmode="group", height=340, margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": 1.04, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text="probability", tickformat=".0%", range=[0, 1.08])
    words = "; ".join(
        f"{name}: {', '.join(f'{scene.classes[c]} {percent(float(p[c]))}' for c in top)}" for name, p in moments.items()
    )
    st.plotly_chart(figure, width="stretch", key="trace-stages", alt=words, config={"displayModeBar": False})


def _sure(scene: Scene, largest: float) -> None:
    """The largest probability of this picture among those of the validation images."""
    assert scene.images is not None
    st.subheader(content.section("trace", "sure.heading"), anchor=False)
    all_of_them = networks.chances(scene.which, scene.chosen)
    sure = all_of_them.max(1)
    right = all_of_them.argmax(1) == scene.images.val.labels
    text(
        "sure.what", classes=len(scene.classes), chance=percent(largest), count=count(len(sure)),
        below=percent(float((sure < largest).mean())),
    )  # fmt: skip
    edges = np.linspace(0, 1, 21)
    figure = go.Figure()
    for name, which, colour, pattern in (("right", right, FOR, ""), ("wrong", ~right, AGAINST, "/")):
        heights, _ = np.histogram(sure[which], edges)
        figure.add_bar(
            name=name, x=(edges[:-1] + edges[1:]) / 2, y=heights, width=0.048,
            marker={"color": colour, "pattern": {"shape": pattern}},
        )  # fmt: skip
    figure.add_vline(
        x=largest, line={"width": 3, "dash": "dash", "color": QUIET}, annotation_text="this picture",
        annotation={"y": 1, "yanchor": "bottom", "xanchor": "right" if largest > 0.5 else "left"},
    )  # fmt: skip
    figure.update_layout(
        template="plotly", barmode="stack", height=280, margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": 1.08, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(title_text="largest probability", tickformat=".0%", range=[0, 1.02])
    figure.update_yaxes(title_text="validation images")
    values = {"right": percent(_mean(sure[right])), "wrong": percent(_mean(sure[~right])), "this": percent(largest)}
    alt = content.section("trace", "sure.alt", values)
    st.plotly_chart(figure, width="stretch", key="trace-sure", alt=alt, config={"displayModeBar": False})
    text("sure.calibrated", accuracy=percent(float(right.mean())), confidence=percent(float(sure.mean())))
    if not scene.picture.truth:
        text("sure.outside")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def moments(which: Which, phases: int) -> dict[str, Which]:
    """The network before tuning, after each phase that has ended, and now."""
    if not which.run:
        return {"pretrained": which}
    epochs = networks.epochs(which.run)
    lasts = {phase: epoch for epoch, phase in epochs.items()}
    stages = {"before tuning": Which(which.backbone, which.run, 0)}
    for phase, epoch in lasts.items():
        if phase < phases and phase < max(lasts):
            stages[f"after phase {phase}"] = Which(which.backbone, which.run, epoch)
    stages["now" if which.epoch == FINAL else f"after epoch {which.epoch}"] = which
    return stages
