"""What a thaw has brought: against the head trained on alone, and only beyond what the images leave to chance."""

from __future__ import annotations

import dataclasses

import pytest

from ftcore import gain
from ftcore.events import RunEnd
from ftcore.gain import Gain
from ftcore.story import Story
from ftcore.terminal.story import _gained
from tests.stories import HEAD_DONE, going, story
from ui.runs import gained

UP = [(1.2, 0.70, 1.5, 0.60), (1.0, 0.75, 1.3, 0.70)]
PERFECT = [(0.1, 1.0, 0.1, 1.0)] * 2
NBSP = "\u00a0"


def of(told: Story) -> Gain:
    found = gain.of(told)
    assert found is not None
    return found


def test_it_is_measured_against_the_head_trained_on_alone() -> None:
    found = of(story(HEAD_DONE, UP, alone=(0.58, 0.62)))
    assert (found.head, found.alone, found.tuned, found.images) == (0.55, 0.62, 0.70, 1000)
    assert found.amount == pytest.approx(0.08)
    assert of(story(HEAD_DONE, UP)).amount == pytest.approx(0.15)
    assert of(story(HEAD_DONE, UP, alone=(0.58,))).alone is None, "it was not trained on for as long"


def test_while_the_run_goes_on_both_stand_at_the_same_epoch() -> None:
    told = going(story(HEAD_DONE, UP[:1], alone=(0.58, 0.62, 0.63)), 3)
    assert (of(told).alone, told.control) == (0.58, {4: (2 * (1 - 0.58), 0.58)})
    assert gain.of(going(story(HEAD_DONE, alone=(0.58,)), 3)) is None


def test_a_control_that_follows_another_epoch_is_none() -> None:
    told = story(HEAD_DONE, UP, alone=(0.58, 0.62))
    assert told.alone is not None
    stale = dataclasses.replace(told, alone=dataclasses.replace(told.alone, after=2))
    assert stale.control == {}
    assert of(stale).alone is None


@pytest.mark.parametrize(
    ("images", "last", "verdict"),
    [(1000, 0.60, "gained"), (100, 0.60, "level"), (1000, 0.57, "level"), (1000, 0.50, "lost"), (9, 0.1, "lost")],
)
def test_two_standard_errors_of_the_validation_set_divide_a_gain_from_none(
    images: int, last: float, verdict: str
) -> None:
    """At 55 % of 1,000 images two of them are 3.1 points, of 100 images 9.9."""
    assert of(story(HEAD_DONE, [(1.0, 0.7, 1.5, last)], images=images)).verdict == verdict


def test_what_was_all_right_before_the_thaw_shows_no_gain() -> None:
    assert of(story(PERFECT, PERFECT, alone=(1.0, 1.0))).verdict == "full"
    assert of(story(PERFECT, [(0.1, 1.0, 0.2, 0.999)])).verdict == "level"
    assert of(story(PERFECT, [(0.1, 1.0, 0.2, 0.9)])).verdict == "lost"


def test_without_a_phase_of_the_head_alone_there_is_nothing_to_gain_on() -> None:
    assert gain.of(story(HEAD_DONE)) is None
    assert gain.of(dataclasses.replace(story(HEAD_DONE, UP), start=None)) is None


TOLD = {
    "gained": (
        story(HEAD_DONE, UP, alone=(0.58, 0.62)),
        "The head alone was stopped at **55.0 %** on the validation images. Trained on alone for as many epochs it "
        "reaches **62.0 %**. With thawed blocks it is **70.0 %**, **8.0 points** more.",
        "validation accuracy: head 55.0 %, trained on alone 62.0 %, thawed 70.0 %: 8.0 points more",
    ),
    "lost": (
        story(HEAD_DONE, [(2.1, 0.2, 2.2, 0.25)]),
        "The head alone reached **55.0 %** on the validation images. With blocks thawed at a rate of 1e-4 it is "
        "**25.0 %**, **30.0 points** less.",
        "validation accuracy: head 55.0 %, thawed 25.0 %: 30.0 points less",
    ),
    "level": (
        story(HEAD_DONE, UP, alone=(0.58, 0.69)),
        "The head alone was stopped at **55.0 %** on the validation images. Trained on alone for as many epochs it "
        "reaches **69.0 %**. With thawed blocks it is **70.0 %**: no difference that 1,000 validation images can show.",
        "validation accuracy: head 55.0 %, trained on alone 69.0 %, thawed 70.0 %: no difference that 1,000 "
        "validation images can show",
    ),
    "full": (
        story(PERFECT, PERFECT),
        "The head alone reached **100 %** on the validation images. With thawed blocks it is **100 %** too. Where "
        "nothing is wrong without the thaw, no gain can be seen.",
        "validation accuracy: head 100 %, thawed 100 %: no difference that 1,000 validation images can show",
    ),
}


@pytest.mark.parametrize("verdict", TOLD)
def test_pages_and_terminal_say_the_same(verdict: str) -> None:
    told, page, line = TOLD[verdict]
    found = of(dataclasses.replace(told, end=RunEnd(0.5, 0.5, 5, 9.0)))
    assert found.verdict == verdict
    assert gained.told(found, told.settings.phases[-1].lr).replace(NBSP, " ") == page
    assert _gained(found) == line
