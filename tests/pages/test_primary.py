"""At most one primary action a page, and which it is in each state: the guided lesson outlines its own."""

from __future__ import annotations

import pytest

from tests.made import ALONE, SHORT, OpenPage, write_run
from ui import sitemap
from ui.frame.steps import STEPS, Step

FRESH = {
    "pipeline": ["run-full"],
    "freeze_lab": ["lab-start"],
    "train_live": ["start"],
    "trace": ["trace-next"],
    "experiment": [],  # a list of equal cards
    "your_data": ["new-set"],
    "quiz": ["begin-short"],
    "review": ["turn"],
}
GUIDED = {"start": ["start"], "trace": ["trace-next"], "quiz": ["begin-short"]}


def primary(open_page: OpenPage, page: str, **query: str) -> list[str]:
    """The primary buttons of a page by the first words of their keys."""
    test = open_page(page, **query)
    assert not test.exception
    keys = [str(button.key) for button in test.button if button.proto.type == "primary"]
    return [next((name for name in ("Resume", "turn") if key.startswith(f"{name}-")), key) for key in keys]


@pytest.mark.parametrize("page", [entry.path for entry in sitemap.ENTRIES])
def test_a_visitor_finds_one_thing_to_do(page: str, open_page: OpenPage) -> None:
    assert primary(open_page, page) == FRESH[page]


@pytest.mark.parametrize("page", ["pipeline", "train_live"])
@pytest.mark.parametrize(("state", "wanted"), [("stopped", ["Resume"]), ("failed", ["Resume"]), ("done", None)])
def test_of_a_run_that_can_go_on_that_is_the_thing_to_do(
    page: str, state: str, wanted: list[str] | None, open_page: OpenPage
) -> None:
    run = write_run(SHORT if state == "done" else ALONE, 0.5, end=state)
    assert primary(open_page, page, run=run) == (wanted or FRESH[page])


@pytest.mark.parametrize("step", [step for step in STEPS if step.id != "watch"], ids=lambda step: step.id)
def test_in_the_guided_lesson_it_is_what_the_step_outlines(step: Step, open_page: OpenPage) -> None:
    assert primary(open_page, step.page, guide=step.id, **step.query) == GUIDED.get(step.id, [])
