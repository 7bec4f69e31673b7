"""The guided lesson: it says what to do, sees it done, and ends with the learner's own numbers."""

from __future__ import annotations

import dataclasses

import pytest

from ftcore import content, surgery
from ftcore.settings import RunSettings
from tests.pages.made import OpenPage, texts, write_run
from ui import guide, nav
from ui.guide import END, STEPS, Place

SHORT = dataclasses.replace(RunSettings(), phases=surgery.classic("resnet18-tinyimagenet64", epochs=(2, 2)))


def test_every_step_has_its_text_and_a_page_that_exists() -> None:
    assert list(content.load("guide")) == [*(step.id for step in STEPS), "insight", "unfinished"]
    assert {step.page for step in STEPS} <= {entry.path for entry in nav.ENTRIES}


@pytest.mark.parametrize(
    ("text", "found"), [(None, None), ("", None), ("-1", None), ("x", None), ("99", None), ("0", 0), (str(END), END)]
)
def test_the_address_is_checked(text: str | None, found: int | None) -> None:
    assert guide.at(text) == found


def test_without_the_guide_there_is_an_invitation_and_no_box(open_page: OpenPage) -> None:
    test = open_page("pipeline")
    assert "Guided lesson" not in texts(test)
    assert any(link.proto.label == "Take the guided lesson" for link in test.get("page_link"))


def test_doing_what_it_says_leads_on(open_page: OpenPage) -> None:
    test = open_page("pipeline", guide="0", stage="load")
    assert "step 1 of" in texts(test)
    assert "See what a pretrained network knows" in texts(test)
    test = open_page("pipeline", guide="0", stage="head")
    assert test.query_params["guide"] in ("1", ["1"])
    assert "The old head goes" in texts(test)
    test = open_page("freeze_lab", guide="2")
    assert "Click a block on the strip" in texts(test)
    test = open_page("freeze_lab", guide="2", lab="layer4.1+head")
    assert "Now train for real" in texts(test)


def test_steps_that_need_a_run_look_at_the_run(open_page: OpenPage) -> None:
    going = write_run(SHORT, 0.5, end="stopped")
    test = open_page("train_live", guide="4", run=going, **SHORT.to_query())
    assert "Guess before you see" in texts(test)
    done = write_run(SHORT, 0.5, 0.6, 0.7, 0.81)
    test = open_page("train_live", guide="5", run=done, **SHORT.to_query())
    assert "Follow one image" in texts(test)


def test_skip_and_leave(open_page: OpenPage) -> None:
    test = open_page("pipeline", guide="0", stage="load")
    test.button(key="guide-skip").click().run()
    assert test.query_params["guide"] in ("1", ["1"])
    test.button(key="guide-leave").click().run()
    assert "guide" not in test.query_params
    assert "Guided lesson" not in texts(test)


def test_the_insight_has_the_runs_own_numbers(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    said = texts(open_page("quiz", guide="8", run=run, **SHORT.to_query()))
    for number in (
        "**62.0\u00a0%**",
        "**19.0 points**",
        "**81.0\u00a0%**",
        "**91.0\u00a0%**",
        "**1 min 23 s**",
        "75.1\u00a0%",
    ):
        assert number in said
    assert "no finished run" in texts(open_page("quiz", guide=str(END)))


def test_a_step_is_done_only_by_what_it_asks_for() -> None:
    nowhere = Place("review", {}, None)
    assert [guide.reached(start, nowhere) for start in range(END)] == list(range(END))
    assert guide.reached(END, nowhere) == END
