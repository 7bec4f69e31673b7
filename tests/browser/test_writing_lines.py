"""An exercise in a real browser: lines typed by keyboard really run in a process of their own."""

from __future__ import annotations

from playwright.sync_api import expect

from course import exercises
from tests.browser.conftest import OpenTab

ONE = exercises.load()[0][0]


def test_lines_are_written_run_and_kept(open_tab: OpenTab) -> None:
    tab = open_tab("quiz")
    tab.get_by_role("button", name=ONE.title).click()
    expect(tab.get_by_role("heading", name=ONE.title, level=1)).to_be_visible()
    written = tab.get_by_role("textbox", name="Your lines")
    written.click()
    tab.keyboard.type("model.eval()")
    run = tab.get_by_role("button", name="Run the lines")
    run.click()
    expect(tab.get_by_text("layer4 still may move: 11,176,512 parameters.")).to_be_visible()
    written.fill(ONE.answer)
    run.click()
    expect(tab.get_by_text("Your lines leave what the engine leaves.")).to_be_visible()
    tab.reload()
    expect(written).to_have_value(ONE.answer)
    tab.get_by_role("button", name="Back to the quiz").click()
    expect(tab.get_by_text("solved", exact=True)).to_be_visible()
