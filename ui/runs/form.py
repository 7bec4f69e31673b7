"""The settings of a run as widgets, made from the settings record's own labels, help texts, choices and limits.

Every change is checked by the record itself and written to the address. This module knows nothing about runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import Field
from typing import Any

import streamlit as st

from course import content
from ftcore import fields
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network.describe import describe
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes
from ui import address, callbacks
from ui.words import listed, plain, rate

_PLACE = "form"
RATES = ("1e-2", "3e-3", "1e-3", "3e-4", "1e-4", "3e-5", "1e-5")
PLANS = {"classic": "Head, then thaw", "head": "Head only", "scratch": "From scratch", "own": "Own"}


def draw(settings: RunSettings) -> None:
    """All settings: a recipe to start from, the phases side by side, and what holds for the whole run."""
    _recipe(settings)
    for column, at in zip(
        st.columns(max(2, len(settings.phases)), gap="medium"), range(len(settings.phases)), strict=False
    ):
        with column, st.container(border=True):
            _phase(settings, at)
    _grid(settings, "first", width=200)
    with st.expander("More settings"):
        _grid(settings, "more", width=220)
    callbacks.tell(_PLACE)


def _grid(settings: RunSettings, group: str, width: int) -> None:
    grid = st.grid(3, min_column_width=width, gap="small")
    for setting in _of(settings, group):
        with grid.cell():
            _field(settings, setting, "run", _putter(setting.name))


def _of(record: RunSettings | Phase, group: str) -> list[Field[Any]]:
    """The settings of this group, in the order in which the record names them."""
    return [setting for setting in fields.plain(record) if setting.metadata["group"] == group]


def ready_made(backbone: str) -> dict[str, tuple[str, tuple[Phase, ...]]]:
    """The ready-made recipes: starting weights and phases."""
    classic = recipes.classic(backbone)
    return {
        "classic": ("pretrained", classic),
        "head": ("pretrained", (dataclasses.replace(classic[0], epochs=sum(p.epochs for p in classic)),)),
        "scratch": ("random", recipes.scratch(backbone)),
    }


def _recipe(settings: RunSettings) -> None:
    ready = ready_made(settings.backbone)
    names = [
        name for name, (weights, phases) in ready.items() if (weights, phases) == (settings.weights, settings.phases)
    ]
    now = names[0] if names else "own"

    def pick(name: str) -> None:
        if name in ready:
            address.choose(weights=ready[name][0], phases=ready[name][1])

    options = [*ready] if names else [*ready, "own"]
    notes = content.section("train", "plan.help")
    ties = address.widget("set-plan", now, pick, _PLACE)
    st.segmented_control("Plan", options, format_func=PLANS.__getitem__, required=True, wrap=True, help=notes, **ties)


def _phase(settings: RunSettings, at: int) -> None:
    phase = settings.phases[at]
    st.markdown(f"**Phase {at + 1}: {plain(phase.name)}**")

    def put(name: str) -> Callable[[Any], None]:
        def change(value: Any) -> None:
            phases = list(address.settings().phases)
            phases[at] = dataclasses.replace(phases[at], **{name: value})
            address.choose(phases=tuple(phases))

        return change

    _trainable(settings.backbone, phase, at, put("trainable"))
    first = _of(phase, "first")
    for column, setting in zip(st.columns(len(first), gap="small", wrap=False), first, strict=True):
        with column:
            _field(phase, setting, f"p{at}", put(setting.name))
    with st.expander("More about this phase"):
        for setting in _of(phase, "more"):
            _field(phase, setting, f"p{at}", put(setting.name))


def choices(backbone: str) -> dict[str, tuple[str, ...]]:
    """Which blocks may learn, by a name a person would use."""
    convs = sum(block.kind == "conv" for block in describe(backbone))
    patterns = {"The head only": (HEAD,), "Last block and head": recipes.last_blocks(backbone, 1)}
    for number, word in ((2, "two"), (4, "four")):
        if convs > number:
            patterns[f"Last {word} blocks and head"] = recipes.last_blocks(backbone, number)
    return patterns | {"Everything": recipes.every_block(backbone)}


def _trainable(backbone: str, phase: Phase, at: int, put: Callable[[Any], None]) -> None:
    options = choices(backbone)
    name = next((name for name, blocks in options.items() if set(blocks) == set(phase.trainable)), None)
    if name is None:
        name = f"{len(phase.trainable)} blocks: {listed(phase.trainable)}"
        options = {name: phase.trainable, **options}
    meta = Phase.__dataclass_fields__["trainable"].metadata
    ties = address.widget(f"set-p{at}-trainable", name, lambda picked: put(options[picked]), _PLACE)
    st.selectbox(meta["label"], list(options), help=meta["help"], **ties)


def _rate(label: str, value: float, put: Callable[[Any], None], name: str, help: str) -> None:
    """A learning rate: one of the usual ones, or typed in."""
    now = rate(value)

    def change(text: str) -> None:
        try:
            typed = float(text)
        except (ValueError, TypeError) as error:
            raise FtError(f"'{shown(text or '', 40)}' is no learning rate: write a number such as 1e-4.") from error
        put(typed)

    options = [*RATES] if now in RATES else [now, *RATES]
    ties = address.widget(name, now, change, _PLACE)
    st.selectbox(label, options, accept_new_options=True, help=help, **ties)


def _field(record: RunSettings | Phase, setting: Field[Any], prefix: str, put: Callable[[Any], None]) -> None:
    """One setting as the widget that was made for it, or else the one that fits its kind."""
    meta, value, name = setting.metadata, getattr(record, setting.name), f"set-{prefix}-{setting.name}"
    label = meta["label"]
    if meta["widget"] == "rate":
        _rate(label, value, put, name, meta["help"])
        return
    common = {"help": meta["help"], **address.widget(name, value, put, _PLACE)}
    if meta["choices"]:
        titles = {"adamw": "AdamW", "sgd": "SGD"}
        st.segmented_control(
            label,
            meta["choices"],
            required=True,
            wrap=True,
            format_func=lambda c: titles.get(c, c.capitalize()),
            **common,
        )
    elif isinstance(value, bool):
        st.toggle(label, **common)
    elif isinstance(value, int):
        st.number_input(label, int(meta["low"]), int(meta["high"]), step=1, **common)
    elif isinstance(value, float):
        st.number_input(label, float(meta["low"]), float(meta["high"]), step=0.01, format="%g", **common)
    else:
        st.text_input(label, max_chars=200, **common)


def _putter(name: str) -> Callable[[Any], None]:
    return lambda value: address.choose(**{name: value})
