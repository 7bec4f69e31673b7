"""Exercises on the page Quiz: cards, lines that run, lines that do not run here, what is kept."""

from __future__ import annotations

import pytest

from course import exercises, learners
from course.exercises import Outcome
from course.lines.judge import Finding
from tests.made import OWNER, OpenPage, texts

ONE, NEXT, *_ = exercises.load()[0]


@pytest.fixture(autouse=True)
def _open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_EXERCISES", "1")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines that were to run; what comes of them is told without a process, right only for the answer."""
    heard: list[str] = []

    def check(one: exercises.Exercise, lines: str) -> Outcome:
        heard.append(lines)
        right = lines.strip() == one.answer
        return Outcome(Finding("right") if right else Finding("still", {"blocks": ["fc"], "count": 1}), "two\n", 4.0)

    monkeypatch.setattr(exercises, "check", check)
    return heard


def test_wrong_lines_then_right_ones(open_page: OpenPage, said: list[str]) -> None:
    test = open_page("quiz", lines=ONE.id)
    assert test.title[0].value == ONE.title
    test.text_area[0].set_value("model.eval()")
    test.button(key=f"run-lines-{ONE.id}").click().run()
    assert test.warning[0].value == "`fc` cannot learn: 1 parameter that should move are frozen."
    assert "solved" not in learners.load(OWNER).exercises[ONE.id]
    test.text_area[0].set_value(ONE.answer)
    test.button(key=f"run-lines-{ONE.id}").click().run()
    assert not test.exception
    assert test.success[0].value.startswith("**Right.**")
    assert "two" in [code.value.strip() for code in test.code]
    assert said == ["model.eval()", ONE.answer]
    kept = learners.load(OWNER).exercises[ONE.id]
    assert (kept["lines"], kept["tries"]) == (ONE.answer, 2)
    assert kept["solved"] > 0
    again = open_page("quiz", lines=ONE.id)
    assert again.text_area[0].value == ONE.answer


def test_from_the_quiz_to_the_next_one_and_back(open_page: OpenPage) -> None:
    test = open_page("quiz")
    test.button(key=f"open-lines-{ONE.id}").click().run()
    assert test.title[0].value == ONE.title
    test.button(key="next-lines").click().run()
    assert test.title[0].value == NEXT.title
    test.button(key="all-lines").click().run()
    assert test.title[0].value == "Quiz"


def test_lines_that_cannot_be_read_are_answered_by_a_sentence(open_page: OpenPage) -> None:
    test = open_page("quiz", lines=ONE.id)
    test.text_area[0].set_value("import os")
    test.button(key=f"run-lines-{ONE.id}").click().run()
    assert not test.exception
    assert "Only torch, nn and F can be imported" in test.error[0].value
    assert learners.load(OWNER).exercises == {}


def test_where_lines_do_not_run_the_page_says_why_and_runs_nothing(
    open_page: OpenPage, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_EXERCISES", "0")
    test = open_page("quiz", lines=ONE.id)
    assert [button.key for button in test.button if str(button.key).startswith("run-lines")] == []
    assert "has switched that off" in test.info[0].value
    assert ONE.answer in [code.value for code in test.code]
    assert "has switched that off" in texts(open_page("quiz"))
    monkeypatch.delenv("THAW_EXERCISES")  # the harness has no visitor on this machine
    assert "Lines are not run" in texts(open_page("quiz"))
    assert said == []


def test_an_exercise_that_is_not_there_is_the_quiz(open_page: OpenPage) -> None:
    assert open_page("quiz", lines="nothing").title[0].value == "Quiz"
