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
from ftcore.network.describe import describe
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes
from ui import address, callbacks
from ui.runs import risk
from ui.widgets import choice, phone
from ui.words import count, listed, plain, rate, several

TITLES = {"adamw": "AdamW", "sgd": "SGD"}
RATES = ("1e-2", "3e-3", "1e-3", "3e-4", "1e-4", "3e-5", "1e-5")
PLANS = {"classic": "Head, then thaw", "head": "Head only", "scratch": "From scratch", "own": "Own"}


def draw(settings: RunSettings, each: int) -> None:
    """All settings: a recipe to start from, the phases side by side, and what holds for the whole run.

    `each` is how many training images every class of the set has, 0 where that cannot be said.
    """
    _recipe(settings)
    with phone.fold("All settings", "settings"):
        columns = st.columns(max(2, len(settings.phases)), gap="medium")
        for column, at in zip(columns, range(len(settings.phases)), strict=False):
            with column, st.container(border=True):
                _phase(settings, at)
        _grid(settings, "first", 200, each)
        with st.expander("More settings"):
            _grid(settings, "more", 220, each)


def _grid(settings: RunSettings, group: str, width: int, each: int) -> None:
    grid = st.grid(3, min_column_width=width, gap="small")
    for setting in _of(settings, group):
        with grid.cell():
            whole = count(each) if setting.name == "train_per_class" and each else ""
            callbacks.tell(_field(settings, setting, "run", _putter(setting.name), whole))


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
    ties = address.widget("set-plan", now, pick, "set-plan")
    choice.row("Plan", options, format_func=PLANS.__getitem__, help=notes, **ties)
    callbacks.tell("set-plan")


def _phase(settings: RunSettings, at: int) -> None:
    phase = settings.phases[at]
    st.markdown(f"**Phase {at + 1}: {plain(phase.name)}**")

    def put(name: str) -> Callable[[Any], None]:
        def change(value: Any) -> None:
            phases = list(address.settings().phases)
            if at < len(phases):  # else a plan with fewer has been chosen in the same moment
                phases[at] = dataclasses.replace(phases[at], **{name: value})
                address.choose(phases=tuple(phases))

        return change

    _trainable(settings.backbone, phase, at, put("trainable"))
    first, names = _of(phase, "first"), []
    for column, setting in zip(st.columns(len(first), gap="small", wrap=False), first, strict=True):
        with column:
            names.append(_field(phase, setting, f"p{at}", put(setting.name)))
    for name in names:
        callbacks.tell(name)
    risk.draw(settings, lambda found: put("lr")(found.well), "form", at + 1)
    with st.expander("More about this phase"):
        for setting in _of(phase, "more"):
            callbacks.tell(_field(phase, setting, f"p{at}", put(setting.name)))


def choices(backbone: str) -> dict[str, tuple[str, ...]]:
    """Which blocks may learn, by a name a person would use."""
    body = sum(block.in_body for block in describe(backbone))
    patterns = {"The head only": (HEAD,), "Last block and head": recipes.last_blocks(backbone, 1)}
    for number, word in ((2, "two"), (4, "four")):
        if body > number:
            patterns[f"Last {word} blocks and head"] = recipes.last_blocks(backbone, number)
    return patterns | {"Everything": recipes.every_block(backbone)}


def _trainable(backbone: str, phase: Phase, at: int, put: Callable[[Any], None]) -> None:
    options = choices(backbone)
    name = next((name for name, blocks in options.items() if set(blocks) == set(phase.trainable)), None)
    if name is None:
        name = f"{several(len(phase.trainable), 'block')}: {listed(phase.trainable)}"
        options = {name: phase.trainable, **options}
    meta, key = Phase.__dataclass_fields__["trainable"].metadata, f"set-p{at}-trainable"
    ties = address.widget(key, name, lambda picked: put(options[picked]), key)
    st.selectbox(meta["label"], list(options), help=meta["help"], **ties)
    callbacks.tell(key)


def _field(
    record: RunSettings | Phase, setting: Field[Any], prefix: str, put: Callable[[Any], None], whole: str = ""
) -> str:  # fmt: skip
    """One setting as the widget that was made for it, or else the one that fits its kind.

    `whole` is said beside what an empty field means. Gives the place that tells what is refused.
    """
    meta, value, name = setting.metadata, getattr(record, setting.name), f"set-{prefix}-{setting.name}"
    common = {"label": meta["label"], "help": meta["help"]}
    if meta["widget"] == "rate":
        _rate(setting, value, put, name)
    elif meta["choices"]:
        ties = address.widget(name, value, put, name)
        choice.row(
            options=meta["choices"], format_func=lambda c: TITLES.get(c, c.capitalize()),
            **common, **ties,
        )  # fmt: skip
    elif isinstance(value, bool):
        st.toggle(**common, **address.widget(name, value, put, name))
    elif isinstance(value, int | float):
        _number(setting, value, put, name, whole)
    else:
        st.text_input(**common, max_chars=200, **address.widget(name, value, put, name))
    return name


def _kept(put: Callable[[Any], None], now: str) -> Callable[[Any], None]:
    """`put`, whose refusal also says what stays."""

    def change(value: Any) -> None:
        try:
            put(value)
        except FtError as error:
            raise FtError(f"{error} It stays as it was: {now}.") from error

    return change


def _rate(setting: Field[Any], value: float, put: Callable[[Any], None], name: str) -> None:
    """A learning rate: one of the usual ones, or typed in."""
    now, meta = rate(value), setting.metadata

    def change(text: str | None) -> None:
        put(fields.typed(setting, text or ""))

    options = [*RATES] if now in RATES else [now, *RATES]
    ties = address.widget(name, now, _kept(change, now), name)
    st.selectbox(meta["label"], options, accept_new_options=True, help=meta["help"], **ties)


def _number(setting: Field[Any], value: float, put: Callable[[Any], None], name: str, whole: str) -> None:
    """A number, which the record alone checks: what a browser refuses itself would stand there and not be in force.

    Whole ones are fractions to the browser, which would else cut 2.5 to 2 without a word.
    """
    meta, counts = setting.metadata, isinstance(setting.default, int)
    empty = f"{meta['empty']} {whole}".strip()
    now = None if empty and not value else float(value)

    def change(number: float | None) -> None:
        if number is None and not empty:
            raise FtError(f"{meta['label']} cannot be left empty: write {fields.limits(setting)}.")
        number = number or 0.0
        put(int(number) if counts and number.is_integer() and abs(number) < 2**53 else number)

    said = empty if now is None else fields.digits(value)
    ties = address.widget(name, now, _kept(change, said), name)
    st.number_input(
        meta["label"], value=None, step=1.0 if counts else 0.01, format="%.0f" if counts else "%g",
        placeholder=empty or None, help=meta["help"], **ties,
    )  # fmt: skip


def _putter(name: str) -> Callable[[Any], None]:
    return lambda value: address.choose(**{name: value})
