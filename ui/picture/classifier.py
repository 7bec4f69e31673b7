"""Chapter 3: one logit as a sum of products, and where in the image it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from course import content
from ftcore.analysis import trace
from ui.engine import networks
from ui.engine.networks import FINAL, Which
from ui.picture.scene import LARGE, Scene, map_image, more, text
from ui.widgets import gallery, phone, pixels
from ui.widgets.gallery import Cell
from ui.widgets.looks import AGAINST, FOR
from ui.words import adding, count, fixed, percent, plain, several

TOP = 10


def classifier(scene: Scene) -> None:
    """Chapter 3: one logit as a sum of products, and where in the image it comes from."""
    text("classifier.what")
    more("classifier.formula", features=count(len(scene.found.features)))
    order = [int(c) for c in scene.found.logits.argsort()[::-1]]
    label = st.selectbox(
        "Class", order, key=f"trace-label-{len(scene.classes)}", help=content.section("trace", "class.help"),
        format_func=lambda c: f"{scene.classes[c]}: logit {fixed(float(scene.found.logits[c]))}",
    )  # fmt: skip
    taken = trace.parts(scene.network, scene.found, label)
    largest = [int(i) for i in np.abs(taken.products).argsort()[::-1][:TOP]]
    rest = float(taken.products.sum() - taken.products[largest].sum())
    others = len(taken.products) - len(largest)
    *sizes, bias = adding([*(float(taken.products[i]) for i in largest), rest, taken.bias], taken.logit)
    hows = [f"{fixed(float(taken.weights[i]))} × {fixed(float(taken.features[i]))} ≈ " for i in largest]
    names = [*(f"feature {i}" for i in largest), several(others, "other"), "bias"]
    rows = list(zip(names, (*sizes, bias), (*hows, "added up ", "the class's own "), strict=True))
    st.plotly_chart(
        _bars(rows), width="stretch", key="trace-parts", config={"displayModeBar": False},
        alt="Parts of the logit: " + "; ".join(f"{name} {fixed(value, plus=True)}" for name, value, _ in rows),
    )  # fmt: skip
    text(
        "classifier.sum", label=plain(scene.classes[label]), shown=len(largest), rest=several(others, "other"),
        products=fixed(sum(sizes)), bias=fixed(bias), logit=fixed(taken.logit),
    )  # fmt: skip
    last = trace.mapped(scene.network)[-1]
    if trace.pools_and_classifies(scene.network):
        text("classifier.maps")
        maps = networks.maps(scene.which, scene.picture.image, last, tuple(largest))
        cells = [
            Cell(
                str(i),
                map_image(m),
                f"feature {i}: {fixed(taken.products[i], 2, plus=True)}",
                f"Map behind feature {i}",
            )
            for i, m in zip(largest, maps, strict=True)
        ]
        gallery.draw(cells, "Maps behind the largest products", "trace-behind", wide=96)
    else:
        text("classifier.hidden")
    _heat(scene, label, taken)


def _bars(rows: Sequence[tuple[str, Decimal, str]]) -> go.Figure:
    """Products as horizontal bars; for and against differ in colour, pattern and direction."""
    figure = go.Figure(
        go.Bar(
            y=[name for name, _, _ in rows],
            x=[float(value) for _, value, _ in rows],
            orientation="h",
            text=[fixed(value, plus=True) for _, value, _ in rows],
            customdata=[how for _, _, how in rows],
            hovertemplate="%{y}: %{customdata}%{text}<extra></extra>",
            marker={
                "color": [FOR if value >= 0 else AGAINST for _, value, _ in rows],
                "pattern": {"shape": ["" if value >= 0 else "/" for _, value, _ in rows]},
            },
            textposition="auto",
        )
    )
    figure.update_layout(template="plotly", height=60 + 30 * len(rows), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_xaxes(title_text="weight × feature, added to the logit")
    figure.update_yaxes(autorange="reversed", title_text="")
    return figure


def _heat(scene: Scene, label: int, taken: trace.Parts) -> None:
    """The heat map of a class on the image, at a block and after an epoch of choice."""
    st.subheader("Where it comes from", anchor=False)
    names = trace.answering(scene.network)
    with phone.beside("heat"):
        left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
    with right:
        block = st.select_slider(
            "Block", names, value=names[-1], key=f"trace-heat-{scene.which.backbone}",
            help=content.section("trace", "block.help"),
        )  # fmt: skip
        which = _epoch(scene)
    network, classes = networks.network(which)
    heat = networks.heat(which, scene.picture.image, block, label)
    logits = networks.trace_of(which, scene.picture.image).logits
    name = plain(classes[label])
    with left:
        st.image(
            pixels.overlaid(scene.picture.image, heat.values, LARGE), width="stretch",
            alt=f"Heat map of {heat.values.shape[0]} by {heat.values.shape[1]} squares for {classes[label]}, on the image",
        )  # fmt: skip
    with right:
        bias = float(network.head.bias.detach()[label])
        mean, own = adding([float(heat.values.mean()), bias], float(logits[label]))
        text(f"heat.{heat.method}")
        more(f"heat.{heat.method}.formula", mean=fixed(mean), bias=fixed(own), logit=fixed(logits[label]))
        with phone.fold("How to read it", "limits"):
            text("heat.limits", height=heat.values.shape[0], width=heat.values.shape[1])
        chance = percent(float(trace.columns(logits).probabilities[label]))
        values = {"label": name, "moment": _when(which), "logit": fixed(logits[label]), "chance": chance}
        st.caption(content.section("trace", "heat.said", values))
        if (last := trace.mapped(scene.network)[-1]) not in names:
            st.caption(content.section("trace", "heat.ends", {"block": last}))
        if heat.values.max() <= 0:
            st.caption(content.section("trace", "heat.nothing"))


def _epoch(scene: Scene) -> Which:
    """The network after an epoch of choice, among those whose weights are kept."""
    if not scene.which.run:
        return scene.which
    epochs = [0, *networks.epochs(scene.which.run)]
    if len(epochs) < 2:
        return scene.which
    at = st.select_slider(
        "Epoch", epochs, value=epochs[-1], key=f"trace-epoch-{scene.which.run}-{len(epochs)}",
        format_func=lambda e: str(e) if e else "before",
        help=content.section("trace", "epoch.help"),
    )  # fmt: skip
    return Which(scene.which.backbone, scene.which.run, at)


def _when(which: Which) -> str:
    if not which.run:
        return "after pretraining"
    if which.epoch == FINAL:
        return "now"
    return "before training" if which.epoch == 0 else f"after epoch {which.epoch}"
