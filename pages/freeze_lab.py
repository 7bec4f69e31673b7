"""Freeze lab: click blocks frozen or trainable, see what that costs, and see that frozen means frozen."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore import files
from ftcore.analysis import steps
from ftcore.costs import flops
from ftcore.errors import FtError
from ftcore.network.describe import BlockInfo, describe
from ftcore.runs import service
from ftcore.settings import RunSettings
from ui import address, callbacks
from ui.engine import own, setup
from ui.frame import guide, nav, page, terms
from ui.lesson import patterns as parts
from ui.runs import counted
from ui.widgets import strip
from ui.words import EMBER, ICE, about, as_markdown, count, percent, seconds

nav.guard()


def main() -> None:
    """Title, pattern, costs, code, experiments."""
    settings, view, owner = page.begin("freeze_lab")
    data = counted.summary(settings, view)
    blocks = describe(settings.backbone, len(data.classes))
    pattern = parts.parse(st.query_params.get("lab"), blocks, settings.phases[-1].trainable)

    st.title("Freeze lab")
    terms.begin(content.section("freeze", "intro"))
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        _presets(settings, pattern)
        _start(settings, pattern, owner)
    if address.own_pictures(settings):
        counted.again(settings)
    hint = guide.hint(settings)
    strip.draw(blocks, pattern, "lab-strip", hint=hint, on_pick=lambda name: _toggle(name, settings, blocks))
    totals = flops.totals(settings.backbone, len(data.classes), pattern, settings.phases[-1].optimizer)
    _metrics(settings, pattern, totals, data.counts)
    for words in parts.oddities(settings, pattern, blocks):
        st.info(words)

    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.subheader("The code", anchor=False)
        st.code(parts.code(settings, pattern), language="python", wrap_lines=True)
        st.caption(content.section("freeze", "code"))
    with right:
        _frozen(settings, pattern)
    _lens(settings, pattern)
    st.subheader("Block by block, for one image", anchor=False)
    costs = flops.block_costs(settings.backbone, len(data.classes), pattern)
    rows = parts.block_table(blocks, costs, pattern, settings.batch_norm)
    st.table(rows, border="horizontal", hide_index=True, alt="Every block with its state, size and costs")
    st.caption(content.section("freeze", "blocks"))


def _toggle(name: str, settings: RunSettings, blocks: tuple[BlockInfo, ...]) -> None:
    """A click on the strip: freeze what was trainable, thaw what was frozen."""
    now = set(parts.parse(st.query_params.get("lab"), blocks, settings.phases[-1].trainable))
    st.query_params["lab"] = parts.text(now ^ {name}, blocks)


def _presets(settings: RunSettings, pattern: tuple[str, ...]) -> None:
    """Usual patterns; from scratch also changes the starting weights."""
    ready = parts.presets(settings.backbone)
    if settings.weights == "random" and pattern == ready["Everything"]:
        now: str | None = parts.SCRATCH
    else:
        now = next((name for name, blocks in ready.items() if blocks == pattern), None)

    def pick(name: str | None) -> None:
        if name is None:
            return
        weights, norm = ("random", "update") if name == parts.SCRATCH else ("pretrained", "keep")
        if weights != settings.weights:
            address.choose(weights=weights, batch_norm=norm)
        blocks = describe(settings.backbone)
        st.query_params["lab"] = parts.text(ready.get(name, ready["Everything"]), blocks)

    options = [*ready, parts.SCRATCH]
    notes = content.section("freeze", "pattern.help")
    st.pills("Pattern", options, help=notes, wrap=True, **address.widget("lab-preset", now, pick))


def _start(settings: RunSettings, pattern: tuple[str, ...], owner: str) -> None:
    """The one button that costs time: train this pattern, on the page that shows it live."""
    if address.own_pictures(settings):
        return
    if not pattern:
        st.button("Nothing to train", disabled=True, help=content.section("freeze", "odd.nothing"), key="lab-start")
        return
    lesson = parts.with_pattern(settings, pattern)
    words = f"Train this, {about(setup.expected(lesson).seconds)}"
    notes = content.section("freeze", "start.help")
    if st.button(words, type="primary", key="lab-start", help=notes):
        try:
            run_id = service.manager().submit(lesson, owner, hold=guide.waits())
        except FtError as error:
            st.error(as_markdown(error))
            return
        st.switch_page(
            "pages/train_live.py", query_params={**address.to_query(lesson), **guide.carried(), "run": run_id}
        )


def _metrics(settings: RunSettings, pattern: tuple[str, ...], totals: flops.Totals, counts: dict[str, int]) -> None:
    images = sum(counts.values())
    whole = totals.trainable + totals.frozen
    grid = st.grid(6, min_column_width=128, gap="small")
    grid.metric(f"{EMBER} Trainable", count(totals.trainable), border=True, height="stretch")
    grid.metric(f"{ICE} Frozen", count(totals.frozen), border=True, height="stretch")
    grid.metric("Share trainable", percent(totals.trainable / whole), border=True, height="stretch")
    notes = content.section("freeze", "optimizer.help")
    grid.metric("Optimizer", files.size(totals.optimizer_bytes), border=True, height="stretch", help=notes)
    disk = totals.cache_bytes * images
    notes = content.section("freeze", "features.help")
    grid.metric("Kept features", files.size(disk) if disk else "none", border=True, height="stretch", help=notes)
    if pattern:
        phase = parts.with_pattern(settings, pattern).phases[-1]
        cached = setup.epoch_seconds(settings, phase, cached=bool(disk) and settings.cache, counts=counts)
        plainly = setup.epoch_seconds(settings, phase, cached=False, counts=counts)
        grid.metric(
            "One epoch",
            seconds(cached),
            delta=f"plain {seconds(plainly)}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        key = "totals" if disk else "totals.none"
        st.caption(content.section("freeze", key, {"boundary": totals.boundary, "images": count(images)}))
    else:
        grid.metric("One epoch", "none", border=True, height="stretch")


def _frozen(settings: RunSettings, pattern: tuple[str, ...]) -> None:
    """Ten real steps, and what they moved."""
    st.subheader("Frozen means frozen", anchor=False)
    st.markdown(content.section("freeze", "frozen.intro", {"steps": steps.STEPS}))
    options = {"keep": "Keep", "update": "Update"}
    norm = st.segmented_control(
        "BatchNorm statistics", list(options), default="keep", format_func=options.__getitem__, required=True,
        key="lab-norm", wrap=True, help=content.section("freeze", "norms.help"),
    )  # fmt: skip
    if not pattern:
        st.caption(content.section("freeze", "odd.nothing"))
        return
    phase = parts.with_pattern(settings, pattern).phases[-1]
    cost = about(steps.movement_seconds(settings, phase))
    if st.button(f"Take {steps.STEPS} real steps, {cost}", key="lab-steps"):
        with callbacks.told(), own.pictures(settings), st.spinner("Taking real steps on a copy of the network"):
            st.session_state["lab-moved"] = (settings, pattern, norm, setup.movement(settings, phase, norm))
    last = st.session_state.get("lab-moved")
    if last and last[:2] == (settings, pattern):
        st.table(
            parts.movement_table(last[3]), border="horizontal", hide_index=True,
            alt="How far weights and BatchNorm statistics of each block moved",
        )  # fmt: skip
        st.markdown(f"With *{options[last[2]].lower()}*: {parts.movement_words(last[3], last[2])}")
    else:
        terms.markdown(content.section("freeze", "norms"))


def _lens(settings: RunSettings, pattern: tuple[str, ...]) -> None:
    """One optimizer step on one weight of each of two blocks."""
    if not pattern:
        return
    phase = parts.with_pattern(settings, pattern).phases[-1]
    st.subheader("One step under the lens", anchor=False)
    st.markdown(content.section("freeze", "step.intro"))
    if st.button(f"Take one real step, {about(steps.movement_seconds(settings, phase, steps=1))}", key="lab-step"):
        two = tuple(dict.fromkeys((phase.trainable[-1], phase.trainable[-2:][0])))
        with callbacks.told(), own.pictures(settings), st.spinner("Taking one step"):
            st.session_state["lab-stepped"] = (settings, pattern, setup.one_steps(settings, phase, two))
    last = st.session_state.get("lab-stepped")
    if last and last[:2] == (settings, pattern):
        for column, step in zip(st.columns(2, gap="medium"), last[2], strict=False):
            with column:
                place = ", ".join(map(str, step.index))
                st.markdown(f"{EMBER} **{step.block}** · `{step.parameter}[{place}]`")
                st.table(
                    parts.step_table(step, phase.optimizer), border="horizontal", hide_index=True, hide_header=True,
                    alt=f"One step on a weight of {step.block}",
                )  # fmt: skip
        st.caption(content.section("freeze", f"step.{phase.optimizer}"))


with page.errors():
    main()
