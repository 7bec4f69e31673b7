"""The lesson in a real browser: one button to the end, through a reload, and through a killed worker."""

from __future__ import annotations

import os
import re
import signal

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenTab, Server, rest, to_the_end, until

PHASES = "p1=epochs:2&p2=name:Fine-tune;epochs:{epochs};lr:0.0001;trainable:layer4.0%2Blayer4.1%2Bhead"


def charts(tab: Page) -> Locator:
    return tab.get_by_test_id("stVegaLiteChart").locator("svg.marks")


def epoch_of(tab: Page) -> int:
    """The last finished epoch according to the words under the accuracy chart."""
    said = re.compile(r"Epoch (\d+): validation")
    found = said.search(tab.get_by_test_id("stMain").get_by_text(said).first.inner_text())
    assert found
    return int(found[1])


def wait_for_epoch(tab: Page, number: int) -> None:
    script = (
        "n => { const m = /Epoch (\\d+): validation/.exec(document.body.textContent); return m && Number(m[1]) >= n; }"
    )
    until(tab, script, arg=number)


def test_what_was_chosen_travels_to_the_other_page(open_tab: OpenTab) -> None:
    tab = open_tab("?data=digits&stage=freeze")
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Train live").click()
    expect(tab.get_by_role("heading", name="Train live", level=1)).to_be_visible()
    expect(tab.get_by_role("combobox", name="Data")).to_have_value("Digits")
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Pipeline").click()
    expect(tab.get_by_role("radio", name="3 Freeze")).to_be_checked()
    expect(tab.get_by_role("combobox", name="Data")).to_have_value("Digits")


def test_one_button_runs_the_lesson_and_a_reload_does_not_lose_it(open_tab: OpenTab) -> None:
    tab = open_tab("?data=digits&train_per_class=40&" + PHASES.format(epochs=12))  # each longer than a look at it
    tab.get_by_role("button", name="Quick run").click()
    tab.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    wait_for_epoch(tab, 4)  # with the first thawed epoch the whole page is drawn anew, and then not before the end
    expect(charts(tab)).to_have_count(2)
    expect(tab.get_by_role("radio", name="6 Fine-tune")).to_be_checked()
    assert "stage=" not in tab.url, "the page follows the run until a stage is picked"
    charts(tab).first.evaluate("chart => { chart.dataset.first = 'yes'; }")
    wait_for_epoch(tab, epoch_of(tab) + 1)
    assert charts(tab).first.get_attribute("data-first") == "yes", "new data must not mount the chart anew"
    tab.reload()
    wait_for_epoch(tab, 5)
    to_the_end(tab)
    expect(tab.get_by_text("On the test images, untouched until now", exact=False)).to_be_visible()
    expect(tab.get_by_role("radio", name="6 Fine-tune")).to_be_checked()


def test_a_page_that_has_lost_its_timer_goes_on(open_tab: OpenTab) -> None:
    """As on a busy machine, where the message that sets it may be dropped."""
    tab = open_tab("train_live?data=digits&train_per_class=20&" + PHASES.format(epochs=2))
    tab.evaluate("() => { const real = setInterval; window.setInterval = (f, ms) => ms === 1000 ? 0 : real(f, ms); }")
    tab.get_by_role("button", name=re.compile("^Start")).click()
    to_the_end(tab)


def test_a_killed_worker_is_told_and_resumed_and_the_zoom_stays(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab("train_live?data=digits&train_per_class=8&" + PHASES.format(epochs=98))
    tab.get_by_role("button", name=re.compile("^Start")).click()
    wait_for_epoch(tab, 4)
    whole = axis(tab)
    zoom(tab)
    expect(epoch_axis(tab)).not_to_have_text(whole)
    wait_for_epoch(tab, epoch_of(tab) + 2)
    assert axis(tab) != whole, "new data must not reset the zoom"

    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    expect(tab.get_by_text("The worker process ended unexpectedly")).to_be_visible()
    reached = epoch_of(tab)
    tab.get_by_role("button", name="Resume").click()
    wait_for_epoch(tab, reached + 1)
    tab.get_by_role("button", name="Stop training").click()
    expect(tab.get_by_text("Stopped after epoch")).to_be_visible()
    rest(tab)
    told = tab.get_by_test_id("stTable").first.locator("tbody tr td:first-child").all_inner_texts()
    numbers = [int(number) for number in told]
    assert numbers == [*range(numbers[0], numbers[-1] + 1)], "none is missing, none is there twice"
    assert numbers[0] <= reached < numbers[-1] < 100


def epoch_axis(tab: Page) -> Locator:
    """The labels of the epoch axis of the accuracy chart; those of the other axis have percent signs."""
    return charts(tab).first.locator("g.role-axis-label").filter(has_not_text="%")


def axis(tab: Page) -> str:
    """The numbers on the epoch axis, one after the other."""
    return epoch_axis(tab).text_content() or ""


def zoom(tab: Page) -> None:
    """Zoom into the first chart with Shift and the wheel."""
    charts(tab).first.scroll_into_view_if_needed()
    box = charts(tab).first.bounding_box()
    assert box
    tab.keyboard.down("Shift")
    for _ in range(12):
        tab.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
        tab.mouse.wheel(0, -240)
    tab.keyboard.up("Shift")


def test_pause_and_stop_and_what_the_history_keeps(open_tab: OpenTab) -> None:
    tab = open_tab("train_live?data=digits&train_per_class=8&" + PHASES.format(epochs=200))
    tab.get_by_role("button", name=re.compile("^Start")).click()
    wait_for_epoch(tab, 3)
    pause = tab.get_by_role("button", name="Pause")
    expect(pause).to_have_count(1)  # at the thaw the page is drawn anew, and for a moment the old one stands beside it
    pause.click()
    expect(tab.get_by_text("Resume goes on from here")).to_be_visible()
    tab.get_by_role("button", name="Resume").click()
    wait_for_epoch(tab, epoch_of(tab) + 1)
    tab.get_by_role("button", name="Stop training").click()
    expect(tab.get_by_text("Stopped after epoch")).to_be_visible()
    expect(tab.get_by_text("shown above")).to_be_visible()
    other = open_tab("train_live")
    expect(other.get_by_text("No run yet.")).to_be_visible()
    tab.reload()
    expect(tab.get_by_text("shown above")).to_be_visible()


def test_the_strip_shows_the_chosen_stage_and_can_be_walked_by_keyboard(open_tab: OpenTab) -> None:
    tab = open_tab("?stage=thaw", viewport={"width": 390, "height": 844})
    head = tab.get_by_role("button", name=re.compile("^head · head"))
    frozen = tab.get_by_role("button", name=re.compile("^stem"))
    expect(head).to_have_attribute("aria-pressed", "true")
    expect(frozen).to_have_attribute("aria-pressed", "false")
    expect(tab.get_by_role("button", name=re.compile(r"^layer4\.0"))).to_be_in_viewport()
    frozen.focus()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name=re.compile(r"^layer1\.0"))).to_be_focused()
    tab.get_by_role("radio", name="3 Freeze").click()
    expect(tab.get_by_role("button", name=re.compile(r"^layer4\.0 .* frozen"))).to_have_attribute(
        "aria-pressed", "false"
    )
