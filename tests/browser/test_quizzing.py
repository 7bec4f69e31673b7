"""The quiz in a real browser: by mouse and by keyboard, through a reload, and from a wrong answer to the number."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from course import quiz
from tests.browser.conftest import OpenTab, rest

FURTHER = re.compile("^(Next question|See the result)$")  # whichever it is
MUST = {question.prompt: question for question in quiz.load().questions if question.must}


def asked(tab: Page) -> quiz.Question:
    """The question on the page; its choices have no numbers of their own, so the file's texts are on the screen."""
    heading = tab.get_by_test_id("stMain").get_by_role("heading", level=3).first
    expect(heading).to_have_text(re.compile("|".join(re.escape(prompt) for prompt in MUST)))
    return MUST[heading.inner_text().strip()]


def text(question: quiz.Question, correct: bool) -> str:
    return next(choice.text for choice in question.choices if choice.correct is correct)


def answer(tab: Page, correct: bool) -> quiz.Question:
    """Choose by mouse and check."""
    question = asked(tab)
    tab.get_by_text(text(question, correct), exact=True).click()
    tab.get_by_role("button", name="Check the answer").click()
    expect(tab.get_by_text("Right." if correct else "Not quite.", exact=True)).to_be_visible()
    return question


def go_on(tab: Page, name: str | re.Pattern[str]) -> None:
    """Press what leads on from an answer, once the button of the question before is gone, too."""
    rest(tab)
    tab.get_by_role("button", name=name).click()


def reach(tab: Page, wanted: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement || element.contains(document.activeElement)"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"{wanted} cannot be reached by the Tab key")


def test_the_short_quiz_by_mouse_and_a_reload_in_the_middle(open_tab: OpenTab) -> None:
    tab = open_tab("quiz")
    tab.get_by_role("button", name="Short quiz, 3 questions").click()
    first = answer(tab, correct=True)
    go_on(tab, "Next question")
    expect(tab.get_by_text("question 2 of 3")).to_be_visible()
    second = answer(tab, correct=False)
    tab.reload()
    expect(tab.get_by_text("question 2 of 3")).to_be_visible()
    expect(tab.get_by_text("score 1 of 2 · streak 0")).to_be_visible()
    expect(tab.get_by_text("Not quite.", exact=True)).to_be_visible()
    go_on(tab, "Next question")
    expect(tab.get_by_text("question 3 of 3")).to_be_visible()
    third = answer(tab, correct=True)
    go_on(tab, "See the result")
    expect(tab.get_by_role("heading", name="2 of 3 questions right")).to_be_visible()
    assert len({first.id, second.id, third.id}) == 3
    expect(tab.get_by_role("button", name="What was wrong, 1 question")).to_be_enabled()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download a summary").click()
    assert download.value.suggested_filename == "thaw-quiz.md"


def test_the_short_quiz_by_keyboard_alone(open_tab: OpenTab) -> None:
    tab = open_tab("quiz")
    begin = tab.get_by_role("button", name="Short quiz, 3 questions")
    expect(begin).to_be_enabled()
    reach(tab, begin)
    tab.keyboard.press("Enter")
    for number in range(1, 4):
        expect(tab.get_by_text(f"question {number} of 3")).to_be_visible()
        asked(tab)
        reach(tab, tab.get_by_role("radiogroup"))
        tab.keyboard.press("Space")
        check = tab.get_by_role("button", name="Check the answer")
        expect(check).to_be_enabled()
        reach(tab, check)
        tab.keyboard.press("Enter")
        rest(tab)
        following = tab.get_by_role("button", name=FURTHER)
        expect(following).to_be_visible()
        reach(tab, following)
        tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name=re.compile("of 3 questions right"))).to_be_visible()


def test_a_wrong_answer_leads_to_the_experiment_that_settles_it(open_tab: OpenTab) -> None:
    tab = open_tab("quiz")
    tab.get_by_role("button", name="Short quiz, 3 questions").click()
    for _ in range(3):
        question = answer(tab, correct=False)
        if question.id == "thaw-curve":
            break
        go_on(tab, FURTHER)
        expect(tab.get_by_text("Not quite.", exact=True)).to_have_count(0)
    tab.get_by_role("link", name=re.compile("Settle it by an experiment")).click()
    expect(tab.get_by_role("heading", name="What the thaw brings", level=1)).to_be_visible()
    run = tab.get_by_role("button", name=re.compile("^Run it, "))
    expect(run).to_have_count(0)
    tab.get_by_text("Lower than with the head alone, trained on").click()
    run.click()
    expect(tab.get_by_text(re.compile(r"\d of 9 trainings done"))).to_be_visible()
    tab.reload()
    expect(tab.get_by_text("1 seed so far, too few for a verdict")).to_be_visible()
    tab.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    halted = tab.get_by_text(re.compile(r"stands still after \d of 9 trainings"))
    expect(halted).to_be_visible()
    expect(tab.get_by_role("button", name="Go on", exact=True)).to_be_visible()
    tab.reload()
    expect(halted).to_be_visible()
    expect(tab.get_by_text(re.compile("so far, too few for a verdict"))).to_be_visible()
    tab.get_by_role("link", name="Set up 'thawed' in Train live").click()
    expect(tab.get_by_role("heading", name="Train live", level=1)).to_be_visible()
    assert "run=none" in tab.url or "run=" not in tab.url
