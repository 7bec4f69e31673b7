"""The guess before the thaw: asked once, kept, judged by the numbers."""

from __future__ import annotations

import math

import pytest

from ftcore.events import HeadAlone
from ftcore.runs import locks, records
from tests.made import ALONE, SHORT, OpenPage, epoch, run_with, texts, tied, write_run
from ui.runs import guess


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        (1.0, 0.5, "lower"),
        (1.0, 0.989, "lower"),
        (1.0, 0.991, "same"),
        (1.0, 1.0, "same"),
        (1.0, 1.009, "same"),
        (1.0, 1.011, "worse"),
        (0.1, 0.102, "worse"),
        (100.0, 100.9, "same"),
        (1.0, math.nan, "worse"),
        (1.0, math.inf, "worse"),
    ],
)
def test_one_percent_of_the_loss_divides_a_change_from_none(before: float, after: float, happened: str) -> None:
    assert guess.outcome(before, after) == happened


def test_before_the_thaw_the_page_asks_and_keeps_the_guess_in_the_address(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, end="stopped")
    test = open_page("train_live", run=run)
    asked = tied(test.radio, "guess")
    assert asked.value is None
    assert asked.options == list(guess.choices().values())
    assert "What will happen when we thaw?" in texts(test)
    asked.set_value("worse").run()
    assert not test.exception
    assert test.query_params["guess"] == "worse"
    assert test.query_params["run"] == run
    again = open_page("train_live", run=run, guess="worse")
    assert tied(again.radio, "guess").value == "worse"


def test_the_guess_is_closed_once_a_thawed_epoch_has_ended(open_page: OpenPage) -> None:
    rows = [epoch(number, 1 if number <= 2 else 2, val) for number, val in enumerate((0.5, 0.6, 0.7), 1)]
    run = run_with(SHORT, *rows, state="running")
    with locks.lock(records.folder_of(run)):
        said = {kept: texts(open_page("train_live", run=run, guess=kept)) for kept in guess.choices()}
    assert all("What will happen" not in words for words in said.values())
    assert "So far your guess comes true" in said["lower"]
    assert "So far it goes otherwise than you guessed" in said["worse"]
    assert all("You guessed" not in words for words in said.values()), "the run has not ended"


def test_a_guess_belongs_to_its_run(open_page: OpenPage) -> None:
    first, second = write_run(SHORT, 0.5, end="stopped"), write_run(SHORT, 0.5, 0.6, 0.7, 0.8)
    test = open_page("train_live", run=first)
    tied(test.radio, "guess").set_value("worse").run()
    test.button(key=f"open-{second}").click().run()
    assert test.query_params["run"] == second
    assert "guess" not in test.query_params
    assert "guessed" not in texts(test)
    test.button(key=f"open-{first}").click().run()
    assert tied(test.radio, "guess").value == "worse"
    assert test.query_params["guess"] == "worse"


@pytest.mark.parametrize(
    ("last", "alone", "told"),
    [
        (0.55, (), "against the head where it was stopped: 5.0 points less."),
        (0.61, (), "against the head where it was stopped: no difference that 1,000 validation images can show."),
        (0.75, (), "against the head where it was stopped: 15.0 points more."),
        (0.75, (0.65,), "a loss of 0.700 and 65.0\u00a0% right. Accuracy with thawed blocks against that: 10.0 points more."),
        (0.75, (0.74,), "against that: no difference that 1,000 validation images can show."),
        (0.62, (0.67,), "against that: 5.0 points less."),
    ],
)  # fmt: skip
def test_a_gain_is_told_against_the_head_alone_and_only_beyond_chance(
    last: float, alone: tuple[float, ...], told: str, open_page: OpenPage
) -> None:
    beside = [HeadAlone(2, tuple(2 * (1 - value) for value in alone), alone)] if alone else []
    thawed = epoch(3, 2, last, val_loss=0.5)
    said = texts(open_page("train_live", run=run_with(SHORT, epoch(1, 1, 0.5), epoch(2, 1, 0.6), *beside, thawed)))
    assert told in said
    assert ("Trained on alone for as many epochs" in said) == bool(alone)


@pytest.mark.parametrize(
    ("sample", "told"),
    [(0.4, "fell meanwhile, from 0.760 to 0.400"), (0.9, "at a rate of 1e-4 the steps are too large here")],
)
def test_a_loss_that_rose_has_its_cause_from_the_training_images(sample: float, told: str, open_page: OpenPage) -> None:
    rows = (epoch(1, 1, 0.5), epoch(2, 1, 0.6), epoch(3, 2, 0.5, sample_loss=sample))
    assert told in texts(open_page("train_live", run=run_with(SHORT, *rows)))


@pytest.mark.parametrize("odd", ["everything", "<b>lower</b>", ""])
def test_a_guess_that_is_none_of_the_three_counts_as_no_guess(odd: str, open_page: OpenPage) -> None:
    test = open_page("train_live", run=write_run(SHORT, 0.5, end="stopped"), guess=odd)
    assert not test.exception
    assert tied(test.radio, "guess").value is None
    settled = open_page("train_live", run=write_run(SHORT, 0.5, 0.6, 0.7), guess=odd)
    assert "You guessed" not in texts(settled)


@pytest.mark.parametrize(
    ("values", "happened"),
    [((0.5, 0.6, 0.55, 0.7), "lower"), ((0.5, 0.6, 0.65, 0.6), "same"), ((0.5, 0.6, 0.65, 0.55), "worse")],
)
def test_after_the_thaw_the_page_says_whether_the_guess_came_true(
    values: tuple[float, ...], happened: str, open_page: OpenPage
) -> None:
    run = write_run(SHORT, *values)
    for kept in guess.choices():
        test = open_page("train_live", run=run, guess=kept)
        said = texts(test)
        assert not test.exception
        assert ("You guessed it" in said) == (kept == happened)
        assert ("You guessed otherwise" in said) == (kept != happened)
        assert "What happened at the thaw?" in said
        assert not [radio for radio in test.radio if str(radio.key).startswith("guess")]
    last = 2 * (1 - values[-1])
    assert f"{last:.3f}" in said
    assert f"{100 * values[-1]:.1f}\u00a0%" in said


def test_a_run_without_a_thaw_asks_nothing(open_page: OpenPage) -> None:
    test = open_page("train_live", run=write_run(ALONE, 0.5, end="stopped"))
    assert not test.exception
    assert "when we thaw" not in texts(test)
    assert not [radio for radio in test.radio if str(radio.key).startswith("guess")]
