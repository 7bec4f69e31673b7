"""Tuning on a set: which network knows most of it already, a recipe that fits it, and trying what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from course import content
from ftcore.analysis import probe
from ftcore.analysis.probe import Probe
from ftcore.data.own import keeping, plans
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.runs import service
from ftcore.runs.status import Status
from ftcore.settings import RunSettings
from ftcore.training import recipes
from ui import address
from ui.callbacks import guarded, pressed
from ui.engine import setup
from ui.exchange.shelf import Shown
from ui.runs import history, live
from ui.words import about, as_markdown, percent, seconds, several


def draw(shown: Shown) -> RunSettings | None:
    """Networks, recipes, runs; gives the settings of the recipe whose button was pressed."""
    try:
        data = plans.data_of(shown.one, shown.now)
    except FtError as error:
        st.info(as_markdown(error))
        return None
    backbone, measured = _networks(shown, data)
    chosen = _recipes(shown, data, backbone, measured)
    _tried(shown)
    return chosen


def _networks(shown: Shown, data: str) -> tuple[str, Probe | None]:
    """The networks that are on this machine, with what a head alone reaches; gives the chosen one, and that of it."""
    st.subheader("Which network", anchor=False)
    st.markdown(content.section("sets", "networks"))
    here = [name for name in backbones.CATALOGUE if setup.weights(name).place != "missing"]
    file = shown.one.folder / "probes.json"
    found = probe.kept(file)
    lacking = [name for name in here if f"{data} {name}" not in found]
    titles = {name: _words(name, found.get(f"{data} {name}")) for name in here}
    usual = backbones.FOR_PHOTOS if backbones.FOR_PHOTOS in here else here[0]
    now = st.session_state.get("tune-network", usual)
    now = now if now in here else usual
    ties = address.widget("tune", now, lambda picked: st.session_state.update({"tune-network": picked}))
    st.radio("Network", here, format_func=titles.__getitem__, label_visibility="collapsed", **ties)
    if lacking:
        images = sum(sum(sides.values()) for sides in shown.now.counts().values())
        timed = [RunSettings(backbone=name, data=data) for name in lacking if setup.timed(name)]
        expected = sum(setup.look_seconds(settings, min(images, probe.MOST)) for settings in timed)
        words = f"Measure a head alone{f', {about(expected)}' if expected else ''}"
        if pressed(words, key="probe", help=content.section("sets", "probe.help")):
            _measure(shown, data, lacking)
    return now, found.get(f"{data} {now}")


def _words(backbone: str, found: Probe | None) -> str:
    title = backbones.entry(backbone).title
    if found is None:
        return title
    said = f"{percent(found.accuracy)} of {several(found.images, 'validation picture')} right with a head alone"
    return f"{title}: {said}, in {seconds(found.seconds)}"


def _measure(shown: Shown, data: str, lacking: list[str]) -> None:
    """One network after the other; each is put down as it is done, so that calling it off loses none."""
    bar = st.progress(0.0, "Getting ready")
    st.button(
        "Call it off", key="probe-stop", on_click=guarded(lambda: None), help=content.section("sets", "probe.stop")
    )

    def told(what: str, done: int, total: int) -> None:
        # a click anywhere ends this drawing of the page here, and with it the measuring
        bar.progress(done / total if total else 0.0, f"{name}: {what.lower()}, {done:,} of {total:,}")

    file = shown.one.folder / "probes.json"
    for backbone in lacking:
        name = backbones.entry(backbone).title
        bar.progress(0.0, f"{name}: getting ready")
        with setup.WORK:
            measured = probe.measure(data, backbone, told)
        with keeping.writing():
            probe.keep(file, {**probe.kept(file), f"{data} {backbone}": measured})
    st.rerun()


def _recipes(shown: Shown, data: str, backbone: str, measured: Probe | None) -> RunSettings | None:
    """The recommended recipe beside others, each with its time."""
    st.subheader("Train", anchor=False)
    best = "whole" if measured is not None and measured.accuracy < recipes.WEAK_HEAD else "tail"
    if measured is None:
        st.markdown(content.section("sets", "best.unmeasured"))
    else:
        st.markdown(content.section("sets", f"best.{best}", {"right": percent(measured.accuracy)}))
    base = RunSettings(backbone=backbone, data=data)
    fitted = recipes.fitted(base, [sides["train"] for sides in shown.now.counts().values()])
    lesson = dataclasses.replace(base, phases=recipes.classic(backbone)), ("lesson",)
    both = [reason for reason in fitted["tail"][1] if reason in fitted["whole"][1] and reason != "longer"]
    chosen = None
    for column, (name, (settings, reasons)) in zip(
        st.columns(3, gap="medium"), {**fitted, "lesson": lesson}.items(), strict=True
    ):
        with column, st.container(border=True):
            st.markdown(f"**{content.section('sets', f'recipe.{name}')}**")
            cost = setup.time_of(settings)
            if pressed(f"Start, {cost}", key=f"start-{name}", type="primary" if name == best else "secondary"):
                chosen = settings
            _why([reason for reason in reasons if reason not in both], settings)
    st.markdown(content.section("sets", "recipe.both"))
    _why(both, base)
    return chosen


def _why(reasons: Sequence[str], settings: RunSettings) -> None:
    values = {
        "head": settings.phases[0].epochs, "later": settings.phases[-1].epochs, "decay": recipes.DEPTH_DECAY,
        "patience": recipes.PATIENCE,
    }  # fmt: skip
    st.markdown("\n".join(f"- {content.section('sets', f'why.{reason}', values)}" for reason in reasons))


def _tried(shown: Shown) -> None:
    """The runs that learned from this set, each with a way to try it."""
    runs = of_set(shown.one.id, shown.one.owner)
    if not runs:
        return
    st.subheader("Runs on this set", anchor=False)
    for run in runs[:8]:
        _run(run)


def _run(run: Status) -> None:
    query = {**address.to_query(run.settings), "run": run.id}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        word, colour = live.BADGES[run.state]
        st.badge(word, color=colour)
        st.markdown(history.title(run.settings), width="content")
        if run.state == "done":
            st.page_link("pages/trace.py", label="Try it with the camera", query_params={**query, "pick": "camera"})
            st.page_link("pages/trace.py", label="Try it with a file", query_params={**query, "pick": "upload"})
        else:
            st.page_link("pages/train_live.py", label="Watch it", query_params=query)


def of_set(set_id: str, owner: str) -> list[Status]:
    """The runs of this learner that learned from the set."""
    return [run for run in service.history(owner) if run.settings.data.startswith(plans.prefix(set_id))]
