"""The five chapters of a prediction: input, features, classifier, softmax, prediction.

Each draws one layer of the trace with this image's numbers. Knows nothing about where picture and run come from.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from course import content
from ftcore.analysis import attention, trace
from ftcore.network import backbones
from ftcore.network.layout import layout
from ui.engine import networks
from ui.picture import looking
from ui.picture.scene import LARGE, Scene, map_image, more, text
from ui.widgets import gallery, phone, pixels, probe, softmax
from ui.widgets.gallery import Cell
from ui.words import EMBER, ICE, count, fixed, moved, number, of_size, percent, shape

OTHERS = 6
LAYERS = {
    "input": "1 Input",
    "features": "2 Features",
    "classifier": "3 Classifier",
    "softmax": "4 Softmax",
    "prediction": "5 Prediction",
}


def given(scene: Scene) -> None:
    """Chapter 1: the picture, resized and cropped, normalised; pixel by pixel."""
    p, x = backbones.preprocess(scene.which.backbone), scene.found.input
    with phone.fold("What is done to a picture", "input"):
        text("input.what", resize=p.resize, side=p.side, brightest=np.iinfo(np.uint8).max)
    with phone.row("input"):
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
        st.caption(content.section("trace", "input.drawn"))
    text(
        "input.tensor",
        shape=shape(x.shape),
        numbers=count(x.size),
        low=number(float(x.min())),
        high=number(float(x.max())),
    )


def blocks(scene: Scene, block: str) -> None:
    """Chapter 2: what one block makes of the image, its strongest channels, and what else they answer to."""
    step = next(s for s in scene.found.steps if s.name == block)
    first = scene.found.steps[0]
    text("features.what.tokens" if len(first.shape) == 2 else "features.what")
    icon = {True: EMBER, False: ICE}[block in scene.moved]
    name = "pretrained" if not scene.which.run else "trainable" if block in scene.moved else "frozen"
    st.subheader(f"{icon if scene.which.run else ''} {block}", anchor=False)
    text(f"features.{name}", block=block, moved=of_size(moved(scene.moved.get(block, 0.0)), "their"))
    _numbers(scene, step)
    if step.maps is None:
        return
    text("features.strongest", shown=len(step.maps))
    shown = [int(c) for c in step.order[: len(step.maps)]]
    key = f"trace-channel-{block}"
    picked = st.session_state.get(key, shown[0])
    picked = picked if picked in shown else shown[0]
    cells = [
        Cell(str(c), map_image(m), f"channel {c}: {fixed(step.means[c], 2)}", f"Map of channel {c}")
        for c, m in zip(shown, step.maps, strict=True)
    ]
    gallery.draw(
        cells, f"Strongest channels of {block}", f"trace-maps-{block}", chosen=str(picked), wide=96,
        on_pick=lambda c: st.session_state.update({key: int(c)}),
    )  # fmt: skip
    _others(scene, block, picked)
    looking.draw(scene, block)


def _numbers(scene: Scene, step: trace.Step) -> None:
    """How many numbers a block gives, as maps, tokens or features, and between which bounds."""
    lies = layout(step.shape)
    all_of_it = sum(s.seconds for s in scene.found.steps)
    values = {
        "low": number(step.lowest),
        "high": number(step.highest),
        "mean": number(step.mean),
        "zeros": percent(step.zeros),
        "time": f"{step.seconds * 1e3:.1f}\u00a0ms",
        "all": f"{all_of_it * 1e3:.0f}\u00a0ms",
    }
    if lies is None:
        text("features.vector", features=count(len(step.means)), **values)
    elif lies.kind == "tokens":
        text(
            "features.tokens", tokens=count(step.shape[0]), channels=count(lies.channels), side=lies.side,
            in_front=_in_front(scene, lies.in_front), **values,
        )  # fmt: skip
    else:
        text("features.shape", channels=count(lies.channels), height=lies.side, width=lies.side, **values)


def _in_front(scene: Scene, tokens: int) -> str:
    """What stands in front of the tokens of the patches."""
    if not tokens:
        return ""
    if attention.has_class_token(scene.network):
        return content.section("trace", "features.class_token")
    return content.section("trace", "features.other_tokens", {"count": tokens})


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
        cells.append(
            Cell(str(at), np.array(image), f"{name}: {fixed(means[at], 2)}", f"A validation image of class {name}")
        )
    gallery.draw(cells, f"Images to which channel {channel} answers", f"trace-others-{block}", wide=96)


def chances(scene: Scene) -> None:
    """Chapter 4: from logits to probabilities, column by column, at a temperature of choice."""
    with phone.fold("What softmax does", "softmax"):
        text("softmax.what")
        more("softmax.formula")
    notes = content.section("trace", "temperature.help")
    temperature = st.slider("Temperature", 0.1, 5.0, 1.0, 0.1, key="trace-temperature", help=notes)
    columns = trace.columns(scene.found.logits, temperature)
    softmax.draw(columns, scene.found.logits.tolist(), scene.classes, scene.picture.truth, temperature)
