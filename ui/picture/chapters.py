"""The five chapters of a prediction: input, features, classifier, softmax, prediction.

Each draws one layer of the trace with this image's numbers. Knows nothing about where picture and run come from.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from course import content
from ftcore.analysis import trace
from ftcore.analysis.trace import Trace
from ftcore.data.sets import ImageSet
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.settings import RunSettings
from ui.engine import networks
from ui.engine.networks import FINAL, Which
from ui.picture.pick import Picture
from ui.widgets import gallery, pixels, probe, softmax
from ui.widgets.gallery import Cell
from ui.words import EMBER, ICE, count, number, percent, plain, shape

LAYERS = {
    "input": "1 Input",
    "features": "2 Features",
    "classifier": "3 Classifier",
    "softmax": "4 Softmax",
    "prediction": "5 Prediction",
}
LARGE, TOP, OTHERS = 320, 10, 6
FOR, AGAINST, QUIET = "#0B7A5F", "#6D4BB8", "#8A919C"
PATTERNS = ("", "/", "x", ".")


@dataclass(frozen=True)
class Scene:
    """What every chapter needs: the network shown, its classes, the picture and its trace."""

    chosen: RunSettings
    which: Which
    network: Network
    classes: tuple[str, ...]
    picture: Picture
    found: Trace
    images: ImageSet | None
    moved: dict[str, float]

    @property
    def best(self) -> int:
        """The class with the largest logit."""
        return int(self.found.logits.argmax())


def text(name: str, **values: object) -> None:
    """A section of the page's texts."""
    st.markdown(content.section("trace", name, values))


def given(scene: Scene) -> None:
    """Chapter 1: the picture, resized and cropped, normalised; pixel by pixel."""
    p, x = backbones.preprocess(scene.chosen.backbone), scene.found.input
    text("input.what", resize=p.resize, side=p.side)
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**As it came**")
        original = scene.picture.original
        st.image(
            pixels.enlarged(original, LARGE) if max(original.shape[:2]) <= 128 else original,
            width="stretch", alt=f"The picture {scene.picture.name} as it came",
        )  # fmt: skip
        st.caption(f"{original.shape[1]}×{original.shape[0]} pixels shown")
    with middle:
        st.markdown("**Resized and cropped**")
        probe.draw(scene.picture.image, p, "trace-probe")
    with right:
        st.markdown("**Normalised**")
        st.image(
            pixels.enlarged(pixels.seen(x), LARGE), width="stretch", alt="The normalised input drawn as a picture",
        )  # fmt: skip
        st.caption("Drawn with its lowest number black and its highest white.")
    text("input.tensor", side=p.side, numbers=count(x.size), low=number(float(x.min())), high=number(float(x.max())))


def blocks(scene: Scene, block: str) -> None:
    """Chapter 2: what one block makes of the image, its strongest channels, and what else they answer to."""
    step = next(s for s in scene.found.steps if s.name == block)
    text("features.what")
    icon = {True: EMBER, False: ICE}[block in scene.moved]
    name = "pretrained" if not scene.which.run else "trainable" if block in scene.moved else "frozen"
    st.subheader(f"{icon if scene.which.run else ''} {block}", anchor=False)
    text(f"features.{name}", block=block, moved=percent(scene.moved.get(block, 0.0)))
    values = {
        "low": number(step.lowest),
        "high": number(step.highest),
        "mean": number(step.mean),
        "zeros": percent(step.zeros),
    }
    if step.maps is None:
        text("features.vector", features=count(len(step.means)), **values)
        return
    channels, height, width = step.shape
    all_of_it = sum(s.seconds for s in scene.found.steps)
    text(
        "features.shape", channels=count(channels), height=height, width=width,
        time=f"{step.seconds * 1e3:.1f}\u00a0ms", all=f"{all_of_it * 1e3:.0f}\u00a0ms", **values,
    )  # fmt: skip
    text("features.strongest", shown=len(step.maps))
    shown = [int(c) for c in step.order[: len(step.maps)]]
    key = f"trace-channel-{block}"
    chosen = st.session_state.get(key, shown[0])
    chosen = chosen if chosen in shown else shown[0]
    cells = [
        Cell(str(c), _map(m), f"channel {c}: {step.means[c]:.2f}", f"Map of channel {c}")
        for c, m in zip(shown, step.maps, strict=True)
    ]
    gallery.draw(
        cells, f"Strongest channels of {block}", f"trace-maps-{block}", chosen=str(chosen), wide=96,
        on_pick=lambda c: st.session_state.update({key: int(c)}),
    )  # fmt: skip
    _others(scene, block, chosen)


def table(scene: Scene) -> None:
    """Every block in numbers."""
    rows = [
        {
            "block": step.name,
            "state": "as pretrained"
            if not scene.which.run
            else f"{EMBER} trained"
            if step.name in scene.moved
            else f"{ICE} frozen",
            "output": shape(step.shape),
            "mean": number(step.mean),
            "highest": number(step.highest),
            "exactly 0": percent(step.zeros),
            "time": f"{step.seconds * 1e3:.2f}\u00a0ms",
        }
        for step in scene.found.steps
    ]
    st.table(rows, border="horizontal", hide_index=True, alt="What each block made of this image")


def _map(values: np.ndarray) -> np.ndarray:
    return pixels.enlarged(pixels.coloured(values, float(values.min()), float(values.max())), 64)


def _others(scene: Scene, block: str, channel: int) -> None:
    """The validation images to which one channel answers most strongly."""
    if scene.images is None:
        return
    places, answers = networks.answers(scene.which, scene.chosen, block)
    means = answers[:, channel]
    text("features.others", channel=channel, block=block, looked=len(places))
    cells = []
    for at in means.argsort()[::-1][:OTHERS]:
        image, label = scene.images.val.images[places[at]], scene.images.val.labels[places[at]]
        name = scene.images.classes[int(label)]
        cells.append(Cell(str(at), np.array(image), f"{name}: {means[at]:.2f}", f"A validation image of class {name}"))
    gallery.draw(cells, f"Images to which channel {channel} answers", f"trace-others-{block}", wide=96)


def classifier(scene: Scene) -> None:
    """Chapter 3: one logit as a sum of products, and where in the image it comes from."""
    text("classifier.what", features=count(len(scene.found.features)))
    order = [int(c) for c in scene.found.logits.argsort()[::-1]]
    label = st.selectbox(
        "Class", order, key=f"trace-label-{len(scene.classes)}", help="Which class's logit to take apart.",
        format_func=lambda c: f"{scene.classes[c]}: logit {scene.found.logits[c]:.3f}",
    )  # fmt: skip
    taken = trace.parts(scene.network, scene.found, label)
    largest = [int(i) for i in np.abs(taken.products).argsort()[::-1][:TOP]]
    rest = float(taken.products.sum() - taken.products[largest].sum())
    rows = [
        (f"feature {i}", float(taken.products[i]), f"{taken.weights[i]:.3f} × {taken.features[i]:.3f}") for i in largest
    ]
    others = len(taken.products) - len(largest)
    rows += [(f"{others} others", rest, "added up"), ("bias", taken.bias, "the class's own")]
    st.plotly_chart(
        _bars(rows), width="stretch", key="trace-parts", config={"displayModeBar": False},
        alt="Parts of the logit: " + "; ".join(f"{name} {value:+.3f}" for name, value, _ in rows),
    )  # fmt: skip
    text(
        "classifier.sum", label=plain(scene.classes[label]), shown=len(largest), rest=count(others),
        products=f"{taken.products.sum():.3f}", bias=f"{taken.bias:.3f}", logit=f"{taken.logit:.3f}",
    )  # fmt: skip
    last = trace.mapped(scene.network)[-1]
    if trace.pools_and_classifies(scene.network):
        text("classifier.maps")
        maps = networks.maps(scene.which, scene.picture.image, last, tuple(largest))
        cells = [
            Cell(str(i), _map(m), f"feature {i}: {taken.products[i]:+.2f}", f"Map behind feature {i}")
            for i, m in zip(largest, maps, strict=True)
        ]
        gallery.draw(cells, "Maps behind the largest products", "trace-behind", wide=96)
    else:
        text("classifier.hidden")
    _heat(scene, label, taken)


def _bars(rows: list[tuple[str, float, str]]) -> go.Figure:
    """Products as horizontal bars; for and against differ in colour, pattern and direction."""
    figure = go.Figure(
        go.Bar(
            y=[name for name, _, _ in rows],
            x=[value for _, value, _ in rows],
            orientation="h",
            text=[f"{value:+.3f}" for _, value, _ in rows],
            customdata=[how for _, _, how in rows],
            hovertemplate="%{y}: %{customdata} = %{x:.3f}<extra></extra>",
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
    names = trace.mapped(scene.network)
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
    with right:
        block = st.select_slider(
            "Block", names, value=names[-1], key=f"trace-heat-{scene.chosen.backbone}",
            help="Earlier blocks have finer maps, later ones know more about the class.",
        )  # fmt: skip
        which = _epoch(scene)
    network, classes = networks.network(which)
    found = networks.heat(which, scene.picture.image, block, label)
    logits = networks.trace_of(which, scene.picture.image).logits
    name = plain(classes[label])
    with left:
        st.image(
            pixels.overlaid(scene.picture.image, found.values, LARGE), width="stretch",
            alt=f"Heat map of {found.values.shape[0]} by {found.values.shape[1]} squares for {classes[label]}, on the image",
        )  # fmt: skip
    with right:
        bias = float(network.head.bias.detach()[label])
        text(
            f"heat.{found.method}",
            mean=number(float(found.values.mean())),
            bias=number(bias),
            logit=number(float(logits[label])),
        )
        text("heat.limits", height=found.values.shape[0], width=found.values.shape[1])
        chance = float(trace.columns(logits).probabilities[label])
        st.caption(f"For {name} after {_when(which)}: logit {logits[label]:.3f}, probability {percent(chance)}.")
        if found.values.max() <= 0:
            st.caption("No square speaks for this class here.")


def _epoch(scene: Scene) -> Which:
    """The network after an epoch of choice, among those whose weights are kept."""
    if not scene.which.run:
        return scene.which
    kept = [0, *networks.epochs(scene.which.run)]
    if len(kept) < 2:
        return scene.which
    at = st.select_slider(
        "Epoch", kept, value=kept[-1], key=f"trace-epoch-{scene.which.run}-{len(kept)}",
        format_func=lambda e: str(e) if e else "before",
        help="The network's weights were kept after these epochs. Move back to watch the map form.",
    )  # fmt: skip
    return Which(scene.which.backbone, scene.which.run, at)


def _when(which: Which) -> str:
    if not which.run:
        return "pretraining"
    return "no training" if which.epoch == 0 else f"epoch {which.epoch}"


def chances(scene: Scene) -> None:
    """Chapter 4: from logits to probabilities, column by column, at a temperature of choice."""
    text("softmax.what")
    temperature = st.slider(
        "Temperature", 0.1, 5.0, 1.0, 0.1, key="trace-temperature", help="1 is what the network says."
    )
    found = trace.columns(scene.found.logits, temperature)
    softmax.draw(found, scene.found.logits.tolist(), scene.classes, scene.picture.truth, temperature)


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
    figure, looks = go.Figure(), (QUIET, AGAINST, FOR, "#A67C00")
    for place, (name, p) in enumerate(moments.items()):
        figure.add_bar(
            name=name, x=[html.escape(scene.classes[c]) for c in top], y=[float(p[c]) for c in top],
            text=[f"{p[c]:.0%}" for c in top], textposition="outside", cliponaxis=False,
            marker={"color": looks[place % 4], "pattern": {"shape": PATTERNS[place % 4]}},
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
    st.subheader("How sure is it, and is that worth anything?", anchor=False)
    all_of_them = networks.chances(scene.which, scene.chosen)
    sure = all_of_them.max(1)
    right = all_of_them.argmax(1) == scene.images.val.labels
    text(
        "sure.what", classes=len(scene.classes), chance=percent(largest), count=count(len(sure)),
        below=percent(float((sure < largest).mean())),
    )  # fmt: skip
    edges = np.linspace(0, 1, 21)
    figure = go.Figure()
    for name, chosen, colour, pattern in (("right", right, FOR, ""), ("wrong", ~right, AGAINST, "/")):
        heights, _ = np.histogram(sure[chosen], edges)
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
    alt = f"Largest probabilities of the validation images: right ones on average {percent(_mean(sure[right]))}, wrong ones {percent(_mean(sure[~right]))}; this picture {percent(largest)}."
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
    kept = networks.epochs(which.run)
    lasts = {phase: epoch for epoch, phase in kept.items()}
    found = {"before tuning": Which(which.backbone, which.run, 0)}
    for phase, epoch in lasts.items():
        if phase < phases and phase < max(lasts):
            found[f"after phase {phase}"] = Which(which.backbone, which.run, epoch)
    found["now" if which.epoch == FINAL else f"after epoch {which.epoch}"] = which
    return found
