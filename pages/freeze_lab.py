"""Freeze lab: click blocks frozen or trainable, see what that costs, and see that frozen means frozen."""

from __future__ import annotations

import functools

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from course import content
from ftcore import files
from ftcore.analysis import steps
from ftcore.costs import flops
from ftcore.network import backbones
from ftcore.network.describe import BlockInfo, describe
from ftcore.settings import RunSettings
from ftcore.training import augment
from ui import address, callbacks
from ui.callbacks import pressed
from ui.engine import own, setup
from ui.frame import guide, nav, page, terms
from ui.lesson import patterns as parts
from ui.runs import counted, risk
from ui.widgets import choice, phone, strip
from ui.words import EMBER, ICE, about, count, percent, seconds

nav.guard()


def main() -> None:
    """Title, pattern, costs, code, experiments."""
    settings, view, owner = page.begin("freeze_lab")
    data = counted.summary(settings, view)
    blocks = describe(settings.backbone, len(data.classes))
    pattern = parts.parse(st.query_params.get("lab"), blocks, settings.phases[-1].trainable)

    st.title("Freeze lab")
    terms.begin(content.section("freeze", "intro"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _presets(settings, pattern)
        _norms(settings)
    start = st.container(horizontal=True)  # a row of its own: its words change, and nothing below may move
    below = st.container()
    if address.own_pictures(settings):
        counted.again(settings)
    hint = guide.hint(settings)
    strip.draw(blocks, pattern, "lab-strip", hint=hint, on_pick=lambda name: _toggle(name, settings, blocks))
    timed = setup.timed(settings.backbone)
    totals = flops.totals(settings.backbone, len(data.classes), pattern, settings.phases[-1].optimizer)
    told = _metrics(settings, pattern, totals, data.counts, timed)
    if pattern and not address.own_pictures(settings):
        risk.draw(parts.with_pattern(settings, pattern), functools.partial(risk.mend, settings), "lab")
    for words in parts.oddities(settings, pattern, blocks):
        st.info(words)

    left, right = st.columns([5, 6], gap="medium")
    with left, phone.fold("The code", "code"):
        st.subheader("The code", anchor=False)
        st.code(parts.code(settings, pattern, len(data.classes)), language="python", wrap_lines=True)
        st.caption(content.section("freeze", "code"))
    with right:
        _frozen(settings, pattern, any(block.batch_norms for block in blocks), timed)
    _lens(settings, pattern, timed)
    with start:
        chosen = _start(settings, pattern, timed)
    if chosen is not None:
        with below:
            page.start(chosen, owner, "train_live")
    costs = flops.block_costs(settings.backbone, len(data.classes), pattern)
    _blocks(parts.block_table(blocks, costs, pattern, settings.batch_norm))
    if not timed:
        _measure(settings.backbone, told)


def _blocks(rows: list[dict[str, str]]) -> None:
    title = "Block by block, for one image"
    with phone.fold(title, "blocks"):
        st.subheader(title, anchor=False)
        st.table(rows, border="horizontal", hide_index=True, alt="Every block with its state, size and costs")
        st.caption(content.section("freeze", "blocks"))


def _measure(backbone: str, told: DeltaGenerator) -> None:
    """Measure a network that is new to this machine, once all that needs no clock stands on the page."""

    def tell(done: int, total: int) -> None:
        values = {"backbone": backbones.entry(backbone).title, "done": done + 1, "total": total}
        told.caption(content.section("freeze", "measuring", values))

    setup.measure(backbone, tell)
    if setup.timed(backbone):  # not on a full disk: then the page stays without times
        st.rerun()


def _toggle(name: str, settings: RunSettings, blocks: tuple[BlockInfo, ...]) -> None:
    """A click on the strip: freeze what was trainable, thaw what was frozen."""
    now = set(parts.parse(st.query_params.get("lab"), blocks, settings.phases[-1].trainable))
    st.query_params["lab"] = parts.text(now ^ {name}, blocks)


def _presets(settings: RunSettings, pattern: tuple[str, ...]) -> None:
    """Usual patterns; from scratch also changes the starting weights."""
    ready, told = parts.presets(settings.backbone), address.own_pictures(settings)  # then the run's weights stay
    if settings.weights == "random" and pattern == ready["Everything"] and not told:
        now: str | None = parts.SCRATCH
    else:
        now = next((name for name, blocks in ready.items() if blocks == pattern), None)

    def pick(name: str | None) -> None:
        if name is None:
            return
        weights, norm = ("random", "update") if name == parts.SCRATCH else ("pretrained", "keep")
        if weights != settings.weights and not told:
            address.choose(weights=weights, batch_norm=norm)
        blocks = describe(settings.backbone)
        st.query_params["lab"] = parts.text(ready.get(name, ready["Everything"]), blocks)

    options = [*ready] if told else [*ready, parts.SCRATCH]
    notes = content.section("freeze", "pattern.help")
    choice.pills("Pattern", options, help=notes, **address.widget("lab-preset", now, pick))


def _norms(settings: RunSettings) -> None:
    """The run's rule for BatchNorm, the same setting as on Train live."""
    meta = RunSettings.__dataclass_fields__["batch_norm"].metadata

    def pick(rule: str) -> None:
        address.choose(batch_norm=rule)

    choice.row(
        meta["label"], list(meta["choices"]), format_func=str.capitalize, help=meta["help"],
        disabled=address.own_pictures(settings), **address.widget("lab-norm", settings.batch_norm, pick),
    )  # fmt: skip


def _start(settings: RunSettings, pattern: tuple[str, ...], timed: bool) -> RunSettings | None:
    """The one button that costs time: train this pattern, on the page that shows it live. Gives what was pressed."""
    if address.own_pictures(settings):
        return None
    if not pattern:
        st.button("Nothing to train", disabled=True, help=content.section("freeze", "odd.nothing"), key="lab-start")
        return None
    if not timed:
        st.button("Train this", disabled=True, key="lab-start-later")
        return None
    lesson = parts.with_pattern(settings, pattern)
    words = f"Train this, {setup.time_of(lesson)}"
    notes = content.section("freeze", "start.help")
    return lesson if pressed(words, type=guide.kind(), key="lab-start", help=notes) else None


def _metrics(
    settings: RunSettings, pattern: tuple[str, ...], totals: flops.Totals, counts: dict[str, int], timed: bool
) -> DeltaGenerator:
    """Counts, and what an epoch costs where that is known; returns the place of the words below."""
    lesson = parts.with_pattern(settings, pattern) if pattern else settings
    images = augment.pictures(lesson, counts)
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
    words = st.empty()
    if not pattern or not timed:
        grid.metric("One epoch", "…" if pattern else "none", border=True, height="stretch")
    else:
        phase = lesson.phases[-1]
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
        with words.container(), phone.fold("Where these numbers come from", "costs"):
            told = [content.section("freeze", key, {"boundary": totals.boundary, "images": count(images)})]
            if disk and augment.live(lesson):
                told.append(content.section("freeze", "totals.live"))
            elif disk and images > sum(counts.values()):
                told.append(content.section("freeze", "totals.views", {"views": len(augment.kept(lesson))}))
            st.caption(" ".join(told))
    return words


def _frozen(settings: RunSettings, pattern: tuple[str, ...], norms: bool, timed: bool) -> None:
    """Ten real steps and what they moved: as a run takes them, and apart from that as much code does."""
    st.subheader("Frozen means frozen", anchor=False)
    terms.markdown(content.section("freeze", "frozen.intro", {"steps": steps.STEPS}))
    if not pattern:
        st.caption(content.section("freeze", "odd.nothing"))
        return
    _steps(settings, pattern, timed, plain=False)
    with st.container(border=True):
        st.markdown("**What plain `model.train()` would do**")
        if norms:
            with phone.fold("Why it would differ", "norms"):
                terms.markdown(content.section("freeze", "norms"))
            _steps(settings, pattern, timed, plain=True)
        else:
            st.markdown(content.section("freeze", "norms.none"))


def _steps(settings: RunSettings, pattern: tuple[str, ...], timed: bool, *, plain: bool) -> None:
    """The button, and the table of what was measured with just these settings."""
    phase, key = parts.with_pattern(settings, pattern).phases[-1], "lab-plain" if plain else "lab-moved"
    label = f"Take {steps.STEPS} plain steps" if plain else f"Take {steps.STEPS} real steps"
    cost = f", {about(steps.movement_seconds(settings, phase))}" if timed else ""
    if pressed(label + cost, key=f"{key}-steps", disabled=not timed):
        with callbacks.told(), own.pictures(settings), st.spinner("Taking real steps on a copy of the network"):
            st.session_state[key] = (settings, pattern, setup.movement(settings, phase, plain=plain))
    last = st.session_state.get(key)
    if last and last[:2] == (settings, pattern):
        st.table(
            parts.movement_table(last[2]), border="horizontal", hide_index=True,
            alt="How far weights and BatchNorm statistics of each block moved",
        )  # fmt: skip
        st.markdown(parts.movement_words(last[2], settings.batch_norm, plain=plain))


def _lens(settings: RunSettings, pattern: tuple[str, ...], timed: bool) -> None:
    """One optimizer step on one weight of each of two blocks."""
    if not pattern:
        return
    phase = parts.with_pattern(settings, pattern).phases[-1]
    st.subheader("One step under the lens", anchor=False)
    terms.markdown(content.section("freeze", "step.intro"))
    cost = f", {about(steps.movement_seconds(settings, phase, steps=1))}" if timed else ""
    if pressed(f"Take one real step{cost}", key="lab-step", disabled=not timed):
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
