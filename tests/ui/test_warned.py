"""A warning before the start in words: complete for every end, and the same in the terminal as on a page."""

from __future__ import annotations

import re

import pytest

from course import content
from ftcore import rates
from ftcore.rates import BAD, Risk
from ftcore.settings import Phase, RunSettings
from ftcore.terminal import risk as terminal
from ui.runs import risk as page

SETTINGS = RunSettings(phases=(Phase(name="*Head*", lr=10.0), RunSettings().phases[1]))


def bare(said: str) -> str:
    """What is read of it: no bold, no marks before signs."""
    return re.sub(r"\\(.)", r"\1", said.replace("**", ""))


@pytest.mark.parametrize("phase", [1, 2])
@pytest.mark.parametrize("at", [10.0, 1.0])
@pytest.mark.parametrize("ends", [*((kind,) * 6 for kind in BAD), ("chance", "damaged", "chance"), BAD])
def test_page_and_terminal_say_the_same(phase: int, at: float, ends: tuple[str, ...]) -> None:
    measured = rates.load().measured
    risk = Risk(phase, 10.0, at, ends, 0.1, 1e-3, 6)
    said = page.words(risk, SETTINGS, measured)
    assert bare(said) == terminal.words(risk, SETTINGS, measured)
    assert ("already at 1, " in said) == (at != 10.0)
    assert "1e-3 went well in 6 of 6" in said


def test_what_happened_most_often_comes_first() -> None:
    risk = Risk(2, 10.0, 10.0, ("damaged", "chance", "chance"), 0.1, 1e-3, 6)
    said = terminal.words(risk, SETTINGS, rates.load().measured)
    assert "in 2 of 3 short runs the end was no better than guessing and in 1 this phase cost accuracy;" in said


def test_each_end_has_its_words() -> None:
    ends = {name.removeprefix("end.") for name in content.load("rates") if name.startswith("end.")}
    assert ends == set(BAD) == set(terminal.ENDS)
