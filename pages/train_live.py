"""Train live: settings of both phases, a run with its curves and epochs as they come, and the learner's history."""

from __future__ import annotations

import dataclasses
import functools

import streamlit as st

from course import content
from ftcore import files
from ftcore.network.describe import BlockInfo, describe
from ftcore.runs import service
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment
from ui import address
from ui.callbacks import pressed
from ui.engine import setup
from ui.frame import guide, nav, page, terms
from ui.runs import coach, compare, counted, epochs, form, guess, history, live, printed
from ui.runs.live import View
from ui.widgets import choice, curves, drift, phone, strip
from ui.words import about, plain, seconds, several

nav.guard()


def main() -> None:
    """Title, the run if there is one, settings, history."""
    settings, view, owner = page.begin("train_live")
    st.title("Train live")
    terms.begin(content.section("train", "intro"))
    data = counted.summary(settings, view)
    if view is not None:
        _run(view, len(data.classes))
    else:
        _others(owner)
        shown = _network(settings, len(data.classes), 1, moving=False)
        guess.before(settings)
        _table(*shown)
    _settings(settings, data.counts, owner, view)
    compare.draw(owner)
    history.draw(owner, view.id if view is not None else None)


def _run(view: View, classes: int) -> None:
    """The run: what it does, which blocks move, its curves, its epochs, and what to see in them."""
    with st.container(key="live-run"):
        st.subheader(history.title(view.settings), anchor=False)
        live.watch(view, _headline)
    led = guide.here() is not None
    if led:  # what the lesson speaks of comes first
        live.watch(view, _curves)
    shown = _network(view.settings, classes, view.phase, moving=view.status.state == "running")
    guess.draw(view)
    if not led:
        live.watch(view, _curves)
    live.watch(view, _rows, live.SELDOM)
    with st.container():  # always there: what follows would be drawn anew, and a click on it in that moment lost
        if not view.status.active:
            printed.draw(view)
    _table(*shown)
    if len(view.settings.phases) > 1:
        with st.expander("Why freeze first, and why two learning rates"):
            st.markdown(content.section("train", "freezing"))
            st.markdown(content.section("train", "rates"))


def _headline(view: View) -> None:
    live.headline(view)
    _skipped(view)


def _skipped(view: View) -> None:
    """Frozen features that did not fit: what each epoch costs without them, and what it would cost with them."""
    skipped, settings = view.log.skipped, view.settings
    if skipped is None:
        return
    weighted = [block.name for block in describe(settings.backbone) if block.learns]
    phase = next((p for p in settings.phases if _boundary(weighted, p) == skipped.boundary), settings.phases[-1])
    ask = functools.partial(setup.epoch_seconds, settings, phase, counts=view.counts)
    sizes = {"gigabytes": skipped.gigabytes, "room": skipped.room}
    values = {name: files.size(value * 2**30) for name, value in sizes.items()}
    values |= {"plain": seconds(ask(cached=False)), "kept": seconds(ask(cached=True)), "boundary": skipped.boundary}
    views = content.section("train", "skipped.views") if len(augment.kept(settings)) > 1 else ""
    st.info(f"{content.section('train', 'skipped', values | {'phase': plain(phase.name)})} {views}".strip())


def _boundary(weighted: list[str], phase: Phase) -> str:
    return next(name for name in weighted if name in phase.trainable)


def _network(
    settings: RunSettings, classes: int, now: int, *, moving: bool
) -> tuple[tuple[BlockInfo, ...], tuple[str, ...]]:  # fmt: skip
    """The strip in one phase: the one named in the address, else the one that the run is in. Gives what it shows."""
    asked = st.query_params.get("phase", "")
    shown = int(asked) if asked in {str(at) for at in range(1, len(settings.phases) + 1)} else now
    blocks = describe(settings.backbone, classes)
    trainable = settings.phases[shown - 1].trainable
    if len(settings.phases) > 1:
        names = {at: f"Phase {at}: {plain(phase.name)}" for at, phase in enumerate(settings.phases, 1)}
        ties = address.widget("live-phase", shown, lambda at: st.query_params.update({"phase": str(at)}))
        choice.row(
            "Phase", list(names), format_func=names.__getitem__, label_visibility="collapsed",
            help=content.section("train", "phase.help"), **ties,
        )  # fmt: skip
    strip.draw(blocks, trainable, "strip", moving=moving and shown == now)
    return blocks, trainable


def _table(blocks: tuple[BlockInfo, ...], trainable: tuple[str, ...]) -> None:
    with st.expander("The network as a table"):
        strip.table(blocks, trainable)


def _curves(view: View) -> None:
    live.summary(view)
    if not view.status.active:
        coach.draw(view)
    with phone.row("curves"):
        accuracy, loss = st.columns(2, gap="medium")
    with accuracy:
        st.subheader("Accuracy", anchor=False)
        live.chart(view, "accuracy", "train", 320)
    with loss:
        st.subheader("Loss", anchor=False)
        live.chart(view, "loss", "train", 320)
    with phone.fold("How to read the curves", "curves"):
        st.caption(f"{content.section('train', 'curves')} {content.section('train', 'zoom')}")
        if curves.beside(view.story):
            st.caption(content.section("train", "curves.alone.why"))
    if view.status.active:  # below the charts, which stay where they are while it comes and changes
        coach.draw(view)


def _rows(view: View) -> None:
    _drift(view)
    if view.story.epochs:
        with phone.fold("Epoch by epoch", "epochs"):
            epochs.draw(view)


def _drift(view: View) -> None:
    """Which blocks have moved how far, with the learning rate below."""
    rows = [row for row in view.story.epochs if row.drift]
    if not rows:
        return
    title = "How far each block has moved"
    weighted = [block.name for block in describe(view.settings.backbone) if block.learns]
    with phone.fold(title, "drift"):
        st.subheader(title, anchor=False)
        drift.draw(view.settings, rows, weighted, "train")


def _others(owner: str) -> None:
    """Without a run in the address: lead to the one that is going, or say how to begin."""
    statuses = service.history(owner)
    going = next((status for status in statuses if status.active), None)
    if going is not None:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(content.section("train", "going", {"run": history.title(going.settings)}), width="stretch")
            if pressed("Watch it", key="watch"):
                address.put(going.settings, run=going.id)
                st.rerun()
    elif not statuses:
        st.markdown(content.section("train", "empty"))


def _settings(settings: RunSettings, counts: dict[str, int], owner: str, view: View | None) -> None:
    """What the next run will do, what it will cost, and the button that starts it."""
    if address.own_pictures(settings):
        counted.again(settings)
        return
    label = "Settings" if view is None else "Settings of this run: change them for a new one"
    with st.expander(label, expanded=view is None):
        form.draw(settings, setup.summary(settings.data, 0, settings.seed).each)
    with st.container(horizontal=True, vertical_alignment="center"):
        busy = view is not None and view.mine and view.status.state != "done"
        kind = "secondary" if busy else guide.kind("start")
        words = "Start" if view is None else "Run again"
        begin = pressed(f"{words}, {setup.time_of(settings)}", type=kind, key="start")
        values = {"images": several(counts["train"], "training image"), "epochs": several(settings.epochs, "epoch")}
        st.caption(f"{content.section('train', 'cost', values)} {_price(settings)}".strip(), width="stretch")
    if begin:
        page.start(settings, owner)


def _price(settings: RunSettings) -> str:
    """What it adds to the time that pictures are altered or mixed; nothing where they are not."""
    plainly = dataclasses.replace(settings, augmentation="none", mixup=0.0)
    views = len(augment.kept(settings))
    if views == 1 and not augment.live(settings):
        return ""
    values = {"plain": about(setup.expected(plainly).seconds), "views": views}
    return content.section("train", "cost.live" if augment.live(settings) else "cost.fixed", values)


with page.errors():
    main()
