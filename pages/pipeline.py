"""Pipeline, the home page: the lesson in six stages with this network's numbers, and one button that runs it."""

from __future__ import annotations

import dataclasses
import functools
from contextlib import nullcontext

import streamlit as st

from course import content
from ftcore.data import catalogue, sets
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from ui import address
from ui.callbacks import pressed
from ui.course import check
from ui.engine import own, setup
from ui.frame import guide, nav, page, terms
from ui.lesson import patterns, pretrained, stages
from ui.lesson.stages import Stage
from ui.runs import counted, guess, live, observe, risk
from ui.runs.live import Colour, View
from ui.widgets import choice, phone, strip
from ui.words import EMBER, ICE, as_markdown, count, listed, percent, plain, several

QUICK = 100
MARKS: dict[str, tuple[str, Colour]] = {
    stages.DONE: ("done", "green"),
    stages.RUNNING: ("running", "violet"),
    stages.WAITING: ("waiting", "gray"),
    stages.NEXT: ("next", "gray"),
    stages.LATER: ("", "gray"),
}

LEADS = {
    "freeze": ("pages/freeze_lab.py", "Freeze and thaw blocks yourself in the Freeze lab"),
    "train": ("pages/train_live.py", "Train the head on the page Train live, with all its settings"),
    "thaw": ("pages/freeze_lab.py", "Choose which blocks to thaw in the Freeze lab"),
    "tune": ("pages/train_live.py", "Follow the fine-tuning epoch by epoch on the page Train live"),
}

nav.guard()


def main() -> None:
    """Title, controls, numbers, drawing, explanation."""
    settings, view, owner = page.begin("pipeline")
    data = counted.summary(settings, view)
    six = stages.build(settings, len(data.classes), data.counts["train"], _results(view))
    marks = stages.progress(view.log if view else None, view.status.state if view else "", settings)

    st.title("Fine-tuning, stage by stage")
    with phone.fold("What this page shows", "intro") if view is not None else nullcontext():
        terms.begin(content.section("pipeline", "intro", six[0].values | {"names": _names(data.classes)}))
    guide.invite(owner)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        stage = six[_stepper(marks)]
        buttons = st.container(horizontal=True, width="content", gap="small", vertical_alignment="center")
    below = st.container()
    if view is not None:
        live.watch(view, live.headline)
    if address.own_pictures(settings):
        counted.again(settings)

    moving = view is not None and view.status.state == "running" and marks[stage.number - 1] == stages.RUNNING
    strip.draw(stage.blocks, stage.trainable, "strip", moving=moving, focus=HEAD if stage.id == "head" else "")
    _metrics(stage)
    left, right = st.columns(2, gap="medium")
    with left:
        _card(stage, marks[stage.number - 1])
    with right:
        if view is None:
            _samples(settings, data)
            _why(stage, None)
        else:
            live.watch(view, _curves)
    if view is not None:
        with left:
            _why(stage, view)
    _touch(settings, stage, data)
    if view is not None:
        with phone.fold(f"The pictures: {data.title}", "samples"):
            _samples(settings, data)
    with st.expander("The network as a table"):
        strip.table(stage.blocks, stage.trainable)
    with buttons:
        chosen = _run_buttons(settings, view)
    with below:
        if not address.own_pictures(settings) and not (view is not None and view.status.active):
            lesson = dataclasses.replace(settings, phases=recipes.lesson(settings))
            risk.draw(lesson, functools.partial(risk.mend, settings), "lesson")
        if chosen is not None:
            page.start(chosen, owner)


def _names(classes: tuple[str, ...], most: int = 10) -> str:
    shown = [plain(name, 24) for name in classes[:most]]
    return listed([*shown, f"{count(len(classes) - most)} more"] if len(classes) > most else shown)


def _results(view: View | None) -> dict[str, str]:
    """What the learner's run reached so far, for the stages that learn."""
    none = content.section("pipeline", "result.none")
    sentences = {"head_result": none, "tune_result": none}
    if view is None:
        return sentences
    reached = observe.reached(view.story)
    for name, value in reached.items():
        sentences[f"{name}_result"] = content.section("pipeline", f"result.{name}", {"accuracy": percent(value)})
    return sentences


def _stepper(marks: list[str]) -> int:
    """The chosen stage (from 0): from the address, else the one the run is in."""
    named = st.query_params.get("stage")
    done = marks.count(stages.DONE)
    shown = named if named in stages.IDS else stages.IDS[min(done, len(marks) - 1)]
    choice.row(
        "Stage",
        stages.IDS,
        format_func=lambda name: f"{stages.IDS.index(name) + 1} {stages.TITLES[stages.IDS.index(name)]}",
        label_visibility="collapsed",
        **address.widget("stage", shown, _choose),
    )
    return stages.IDS.index(shown)


def _choose(name: str) -> None:
    st.query_params["stage"] = name


def _run_buttons(settings: RunSettings, view: View | None) -> RunSettings | None:
    """Full and quick lesson, each with what it costs here; not for pictures that only the terminal can name.

    Gives the settings of the one that was pressed.
    """
    if address.own_pictures(settings):
        return None
    busy = view is not None and view.mine and view.status.active
    waits = content.section("pipeline", "run.busy") if busy else ""
    full = dataclasses.replace(settings, train_per_class=0, phases=recipes.lesson(settings))
    quick = dataclasses.replace(full, train_per_class=QUICK)
    entry = setup.summary(settings.data, 0, settings.seed)
    images, fewer = entry.counts["train"], setup.summary(settings.data, QUICK, settings.seed).counts["train"]
    label = f"Run the lesson, {setup.time_of(full)}"
    values = {"images": count(images), "epochs": several(full.epochs, "epoch")}
    notes = waits or content.section("pipeline", "run.help", values)
    unfinished = view is not None and view.mine and view.status.state != "done"
    kind = "secondary" if unfinished else guide.kind()  # of an unfinished run going on is the one primary action
    chosen = full if pressed(label, type=kind, disabled=busy, help=notes, key="run-full") else None
    if fewer < images:
        label = f"Quick run, {setup.time_of(quick)}"
        notes = waits or content.section("pipeline", "quick.help", {"each": QUICK, "images": count(fewer)})
        chosen = quick if pressed(label, disabled=busy, help=notes, key="run-quick") else chosen
    return chosen


def _metrics(stage: Stage) -> None:
    total, moving = stages.size(stage.blocks), stages.size(stage.blocks, stage.trainable)
    grid = st.grid(4, min_column_width=150, gap="small")
    grid.metric(f"{EMBER} Trainable", count(moving), border=True)
    grid.metric(f"{ICE} Frozen", count(total - moving), border=True)
    grid.metric("Share trainable", percent(moving / total), border=True)
    grid.metric("Classes it can name", count(stage.blocks[-1].shape[0]), border=True)


def _card(stage: Stage, mark: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f"{stage.number} · {stage.heading}", anchor=False, width="content")
            _badge(mark)
        terms.markdown(f"**Before.** {stage.before}")
        terms.markdown(f"**What happens.** {stage.happens}")
        with phone.fold("The code", "code"):
            st.code(stage.code, language="python", wrap_lines=True)
        terms.markdown(f"**After.** {stage.after}")


def _why(stage: Stage, view: View | None) -> None:
    """The reasons for a stage; what thawing did to the curves is told by a run that is over."""
    words = stage.why
    if stage.id == "tune":
        told = guess.happened(view) if view is not None and not view.status.active else ""
        asked = content.section("train", "expect.settled")
        words += "\n\n" + (f"{asked} {told}" if told else content.section("pipeline", "tune.curves"))
    with phone.fold("Why", "why"):
        terms.markdown(words)


def _touch(settings: RunSettings, stage: Stage, data: sets.Summary) -> None:
    """What this stage lets one see or try, where to go from it, and its check question."""
    if stage.id == "load":
        pretrained.load(settings, data.classes)
    elif stage.id == "head":
        pretrained.heads(settings, data)
    else:
        file, label = LEADS[stage.id]
        phase = {"train": 1, "tune": len(settings.phases)}.get(stage.id)
        opened = {"phase": str(phase)} if phase else {"lab": patterns.text(stage.trainable, stage.blocks)}
        query = address.link() | opened
        st.page_link(file, label=label, icon=":material/arrow_forward:", query_params=query)
    check.ask(stage.id, stage.values, len(backbones.old_classes(settings.backbone)))


def _badge(mark: str) -> None:
    word, colour = MARKS[mark]
    if word:
        st.badge(word, color=colour)


def _curves(view: View) -> None:
    with phone.row("curves"):
        for what, height in (("accuracy", 250), ("loss", 220)):
            with st.container():
                live.chart(view, what, "pipeline", height)
    live.summary(view)


def _samples(settings: RunSettings, data: sets.Summary) -> None:
    """A picture of each class, named; class names are the data's own and never markup."""
    st.subheader(f"The pictures: {plain(data.title)}", anchor=False)
    mine = address.own_pictures(settings)
    try:
        with own.pictures(settings):
            pictures = setup.samples(
                settings.data, settings.backbone, settings.seed, settings.train_per_class if mine else 0
            )
    except FtError as error:
        st.caption(as_markdown(error))
        return
    if not pictures:
        note = plain(catalogue.CATALOGUE[settings.data].note, 400)
        st.markdown(content.section("pipeline", "samples.none", {"note": note}))
        return
    with phone.row("samples", 4):
        grid = st.grid(10, min_column_width=84, gap="xsmall")
    for name, picture in pictures:
        grid.image(picture, caption=plain(name, 24), width="stretch", alt=f"A training image of the class {name}")
    side = backbones.preprocess(settings.backbone).side
    values = {
        "shown": count(len(pictures)),
        "images": count(
            data.counts["train"] if mine else setup.summary(settings.data, 0, settings.seed).counts["train"]
        ),
        "side": side,
    }
    st.caption(content.section("pipeline", "samples", values))


with page.errors():
    main()
