"""The printed lesson beside a run: it is marked as an example, and what is said of the run follows from its numbers."""

from __future__ import annotations

import dataclasses
import json

import pytest

from course import printed
from ftcore.events import RunEnd
from tests.made import ALONE, SHORT, OpenPage, texts, write_run
from tests.stories import HEAD_DONE, Row, story
from ui.runs import printed as beside

FALLS: list[Row] = [(1.2, 0.70, 1.5, 0.60), (1.0, 0.75, 1.3, 0.70)]
MEMORISES: list[Row] = [(1.0, 0.7, 1.4, 0.6), (0.5, 0.9, 1.5, 0.6), (0.1, 1.0, 1.6, 0.65)]
BLOWN: list[Row] = [(935.0, 0.1, 800.0, 0.1), (2.4, 0.1, 2.4, 0.1)]
WAVERS: list[Row] = [(1.2, 0.7, 1.5, 0.6), (1.25, 0.7, 1.65, 0.55)]
STANDS: list[Row] = [(1.2, 0.7, 1.69, 0.55), (1.1, 0.7, 1.71, 0.55)]


@pytest.mark.parametrize(
    ("tune", "kinds", "words"),
    [
        (FALLS, ("thaw.fell", "after.fell"), "Yours fell from 1.700 to 1.500.|Yours did too, to 1.300"),
        (MEMORISES, ("thaw.fell", "after.memorised"), "lowest in epoch 4, at 1.400, and ended at 1.600.|from 1.000 to 0.100: the network memorises the 300 training images"),
        (BLOWN, ("thaw.rose", "after.worse"), "Yours rose from 1.700 to 800|at a rate of 1e-4 the steps|ended at 2.400, above the 1.700 of the head alone|a rate of 1e-4 is too high here"),
        (WAVERS, ("thaw.fell", "after.wavered"), "from 1.700 with the head alone it went no clear way"),
        (STANDS, ("thaw.stood", "after.stood"), "Yours hardly moved: 1.700 before, 1.690 after.|1.700 then, 1.710 at the end"),
    ],
)  # fmt: skip
def test_where_and_why_they_differ_follows_from_the_runs_numbers(
    tune: list[Row], kinds: tuple[str, ...], words: str
) -> None:
    told = story(HEAD_DONE, tune)
    assert tuple(one.kind for one in printed.differences(told)) == (*kinds, "gain.open")
    said = " ".join(beside.told(told))
    assert [part for part in words.split("|") if part not in said] == []
    assert "from 0.600 to 0.580" in said


def test_the_gain_in_print_has_no_control_and_yours_may_have() -> None:
    said = beside.told(story(HEAD_DONE, FALLS, alone=(0.58, 0.62)))[-1].replace("\u00a0", " ")
    assert "from 55.0 % accuracy went to 70.0 %, and the head trained on alone reaches 62.0 %" in said
    assert "was not measured" in beside.told(story(HEAD_DONE, FALLS))[-1]


def test_both_are_drawn_and_the_example_is_called_one() -> None:
    told = dataclasses.replace(story(HEAD_DONE, FALLS), end=RunEnd(1.0, 0.7, 5, 9.0))
    drawn = beside.spec("loss", told)["datasets"]
    example = [row["value"] for row in drawn["lines"] if row["curve"] == "a textbook's example"]
    assert example == [point.loss for point in printed.TRACE]
    assert [row["value"] for row in drawn["lines"] if row["curve"] == beside.OWN] == [2.0, 1.8, 1.7, 1.5, 1.3]
    assert {(row["start"], row["label"]) for row in drawn["thaws"]} == {(5, "thaw in print"), (3, "thaw")}
    assert '"value": 0.88' in json.dumps(beside.spec("accuracy", told))


def test_it_stands_under_a_finished_run_that_thawed_and_under_no_other(open_page: OpenPage) -> None:
    def shown(run: str) -> bool:
        test = open_page("train_live", run=run)
        assert not test.exception
        return "A textbook's example" in texts(test)

    assert shown(write_run(SHORT, 0.5, 0.6, 0.7, 0.8))
    assert not shown(write_run(SHORT, 0.5, 0.6, 0.7, end="stopped"))
    assert not shown(write_run(ALONE, 0.5, 0.6))
