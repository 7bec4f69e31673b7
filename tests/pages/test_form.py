"""Every setting has its place in the app: in the form with label and help, or in the place made for it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ftcore import fields
from ftcore.settings import Phase, RunSettings
from tests.made import OpenPage, texts
from ui.words import plain

FORM = {(kind, f.name): f for kind in (RunSettings, Phase) for f in fields.plain(kind)}
# The place made for each setting that stands in no group of the form.
SIDEBAR, TERMINAL, PHASE = {"backbone", "data"}, {"labels", "skip_bad"}, {"name", "trainable"}


@pytest.fixture
def shown(open_page: OpenPage) -> list[tuple[str, str]]:
    """Label and help of every widget of the page Train live."""
    test = open_page("train_live")
    assert not test.exception
    headings = {f"**Phase {at}: {plain(phase.name)}**" for at, phase in enumerate(RunSettings().phases, 1)}
    assert headings <= set(texts(test).split("\n"))
    kinds: tuple[Any, ...] = (test.number_input, test.selectbox, test.toggle, test.text_input, test.button_group)
    return [(one.label, one.help) for kind in kinds for one in kind]


def test_every_setting_stands_in_the_form_as_often_as_it_can_be_set(shown: list[tuple[str, str]]) -> None:
    phases = len(RunSettings().phases)
    for (kind, name), f in FORM.items():
        if name in TERMINAL or name == "name":
            continue
        wanted = 1 if kind is RunSettings else phases
        assert shown.count((f.metadata["label"], f.metadata["help"])) == wanted, name


def test_a_setting_outside_the_form_has_a_place_of_its_own() -> None:
    outside = {name for (_, name), f in FORM.items() if not f.metadata["group"]}
    assert outside == SIDEBAR | TERMINAL | PHASE
    assert {f.metadata["group"] for f in FORM.values()} == {"first", "more", ""}
    assert all(f.metadata["option"] for (_, name), f in FORM.items() if name in TERMINAL)
    others = {f.name for kind in (RunSettings, Phase) for f in dataclasses.fields(kind)} - {name for _, name in FORM}
    assert others == {"phases"}


def test_one_block_of_a_pattern_without_a_name_is_one_block(open_page: OpenPage) -> None:
    test = open_page("train_live", p1="trainable:stem")
    assert not test.exception
    assert "1 block: stem" in [str(box.value) for box in test.selectbox]
