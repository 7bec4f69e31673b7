"""Prediction trace: one image through the network in five chapters, before and after tuning."""

from __future__ import annotations

from contextlib import nullcontext

import streamlit as st

from course import content
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.network.describe import BlockInfo, describe
from ftcore.runs import records, verdict
from ftcore.settings import HEAD, RunSettings
from ui import address
from ui.callbacks import guarded
from ui.engine import networks
from ui.engine.networks import FINAL, Which
from ui.frame import nav, page
from ui.picture import chapters, classifier, pick, prediction
from ui.picture.chapters import LAYERS
from ui.picture.scene import Scene
from ui.runs import history, live
from ui.runs.live import View
from ui.widgets import choice, phone, strip
from ui.words import as_markdown, count, discreet

RECOGNISED = 14  # pixels of a map's side

nav.guard()


def main() -> None:
    """Which network, which picture, the strip, and the chapter that the address names."""
    settings, view, _ = page.begin("trace")
    st.title("Prediction trace")
    with phone.fold("What this page shows", "intro"):
        st.markdown(content.section("trace", "intro"))
    which, note = _which(settings, view)
    if view is not None and which.run:
        which = _sound(which, view)
    network, classes = networks.network(which)
    if which.run:
        st.markdown(content.section("trace", "tuned", {"run": history.title(settings)}))
        if doubt := verdict.doubt(records.folder_of(which.run)):
            st.warning(as_markdown(doubt))
    if note:
        ended = networks.ENDED.get(view.status.state, "") if view is not None else ""
        values = {"classes": count(len(classes)), "epoch": which.version, "ended": ended}
        st.info(content.section("trace", note, values))
    ready = pick.source() == "set"  # one is chosen already: a phone has its room for the chapter
    with phone.fold("Choose the picture", "choose") if ready else nullcontext(), st.container(border=True):
        picture = pick.choose(settings, which, classes)
    if picture is None:
        return
    moved = view.story.epochs[-1].drift if view is not None and which.run else {}
    trace = networks.trace_of(which, picture.image)
    scene = Scene(settings, which, network, classes, picture, trace, moved)
    _chapters(scene)


def _which(settings: RunSettings, view: View | None) -> tuple[Which, str]:
    """The network to show, and what to say about it: a run's own once an epoch is done, else the pretrained one."""
    if view is not None and view.story.epochs:
        now = view.status.state
        version = -1 if now == "done" else int(view.story.epochs[-1].epoch)
        return Which(settings.backbone, view.id, FINAL, version), networks.note(now)
    free = view is None and settings.backbone == RunSettings().backbone
    which = Which(_pretrained() if free else settings.backbone)
    return which, "pretrained" if backbones.old_classes(which.backbone) else "pretrained.nameless"


def _pretrained() -> str:
    """Before any run: the network that knows photos, or the lesson's own, as the address says."""
    names = {"photos": backbones.FOR_PHOTOS, "lesson": RunSettings().backbone}
    said = {"photos": content.section("trace", "net.photos"), "lesson": content.section("trace", "net.lesson")}
    now = "lesson" if st.query_params.get("net") == "lesson" else "photos"
    ties = address.widget("trace-net", now, lambda picked: st.query_params.update({"net": picked}))
    choice.row(
        "Network", list(names), format_func=lambda key: f"{backbones.entry(names[key]).title}, {said[key]}",
        help=content.section("trace", "net.help"), **ties,
    )  # fmt: skip
    return names[now]


def _sound(which: Which, view: View) -> Which:
    """The same; of a run whose final weights are damaged, the last epoch whose weights can still be looked at."""
    try:
        networks.network(which)
    except FtError as error:
        last = networks.last_sound(which)
        if last is None:
            raise
        st.warning(f"{as_markdown(discreet(str(error)))} {content.section('trace', 'before', {'epoch': last.epoch})}")
        if view.mine and view.status.state == "done":
            live.mend(view)
        return last
    return which


def _layer() -> str:
    layer = st.query_params.get("layer", "")
    return layer if layer in LAYERS else "input"


def _go(layer: str | None) -> None:
    st.query_params["layer"] = layer or "input"


def _telling(rows: tuple[BlockInfo, ...]) -> str:
    """The last block whose maps are large enough to recognise something in; the first if all are small."""
    large = [row.name for row in rows if row.layout and row.layout.side >= RECOGNISED]
    return large[-1] if large else rows[0].name


def _chapters(scene: Scene) -> None:
    """The strip, the five layers as a row of steps with back and next, and the chapter itself."""
    layer, names = _layer(), list(LAYERS)
    rows = describe(scene.which.backbone, len(scene.classes) if scene.which.run else None)
    blocks = [row.name for row in rows if row.name != HEAD]
    key = f"trace-block-{scene.which.backbone}"
    block = st.session_state.get(key)
    block = block if block in blocks else _telling(rows)
    focus = {"input": rows[0].name, "features": block}.get(layer, HEAD)

    def clicked(name: str) -> None:
        if name != HEAD:
            st.session_state[key] = name
        _go("classifier" if name == HEAD else "features")

    strip.draw(rows, tuple(scene.moved), "strip", focus=focus, marked=focus, on_pick=clicked, verb="look")
    at = names.index(layer)
    with st.container(horizontal=True, vertical_alignment="center"):
        ties = address.widget("trace-layer", layer, _go)
        choice.row(
            "Layer", names, format_func=LAYERS.__getitem__, label_visibility="collapsed",
            help=content.section("trace", "layer.help"), **ties,
        )  # fmt: skip
        st.button(
            "Back", icon=":material/arrow_back:", disabled=at == 0, on_click=guarded(_go), args=(names[max(at - 1, 0)],)
        )
        last = at == len(names) - 1
        st.button(
            "Next", icon=":material/arrow_forward:", type="primary", disabled=last, on_click=guarded(_go),
            args=(names[min(at + 1, len(names) - 1)],), key="trace-next",
        )  # fmt: skip
    st.header(LAYERS[layer][2:], anchor=False)
    if layer == "input":
        chapters.given(scene)
    elif layer == "features":
        chapters.blocks(scene, block)
        with st.expander("All blocks as a table"):
            chapters.table(scene)
    elif not scene.classes:
        st.markdown(content.section("trace", "nameless"))
    elif layer == "classifier":
        classifier.classifier(scene)
    elif layer == "softmax":
        chapters.chances(scene)
    else:
        prediction.prediction(scene, prediction.moments(scene.which, len(scene.chosen.phases)))


with page.errors():
    main()
