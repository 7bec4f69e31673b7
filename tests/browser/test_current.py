"""The current run in a real browser: an experiment does not take its place, and the sidebar's switch moves every page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from course import content
from tests.browser.conftest import OpenTab, rest, to_the_end
from ui import sitemap

SMALL = "data=digits&train_per_class=8&p1=epochs:1&p2=name:Fine-tune;epochs:1;lr:0.001;trainable:layer4.1%2Bhead"

OTHERS = content.section("train", "watching")
# Notes whether a page says this of a run, for however short a time.
WATCH = """new MutationObserver(() => { window.saidOthers ||= document.body?.textContent.includes("%s"); })
  .observe(document, { childList: true, subtree: true, characterData: true })"""


def switch(tab: Page) -> Locator:
    """The sidebar's choice of the run."""
    return tab.get_by_test_id("stSidebar").get_by_role("combobox", name="Run")


def go(tab: Page, entry: sitemap.Entry) -> None:
    """To a page by its link in the sidebar."""
    tab.get_by_test_id("stSidebar").get_by_role("link", name=entry.title, exact=True).click()
    there = "" if entry.default else entry.path
    tab.wait_for_url(lambda url: urlsplit(url).path.strip("/") == there)


def train(tab: Page, button: str) -> str:
    """Start a run and wait for its end; gives its id."""
    rest(tab)
    before = tab.url
    tab.get_by_role("button", name=re.compile(f"^{button}, ")).click()
    tab.wait_for_url(lambda url: "run=" in url and url != before)
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    speaks_of(tab, found[1])
    to_the_end(tab)
    return found[1]


def speaks_of(tab: Page, run: str) -> None:
    """Wait until the page has followed its address: the sidebar's last link leads on with this run."""
    link = tab.get_by_test_id("stSidebar").get_by_role("link", name="Review", exact=True)
    expect(link).to_have_attribute("href", re.compile(run))


def test_a_lesson_then_an_experiment_and_every_page_still_speaks_of_the_lesson(open_tab: OpenTab) -> None:
    tab = open_tab(f"train_live?{SMALL}")
    lesson = train(tab, "Start")
    named = re.compile(r"^1 · Digits, 8 a class, 1 \+ 1 epochs .* · test \d")
    expect(switch(tab)).to_have_value(named)
    tab.add_init_script(WATCH % OTHERS)
    tab.reload()
    to_the_end(tab)
    rest(tab)
    assert not tab.evaluate("window.saidOthers")
    other = open_tab(tab.url.split("/", 3)[3])
    expect(other.get_by_text(OTHERS)).to_be_visible()
    other.context.close()

    tab.goto(re.sub(r"/train_live\?", "/experiment?exp=val-above&", tab.url))
    tab.get_by_test_id("stMain").get_by_role("radiogroup").locator("label").first.click()
    tab.get_by_role("button", name=re.compile("^Run it, ")).click()
    expect(tab.get_by_role("button", name=re.compile("^Run it again"))).to_be_visible()
    expect(tab.get_by_role("heading", name="What came out")).to_be_visible()
    for entry in sitemap.ENTRIES:
        go(tab, entry)
        expect(tab.get_by_role("heading", level=1)).to_be_visible()
        expect(switch(tab)).to_have_value(named)
        assert f"run={lesson}" in tab.url, entry.path

    go(tab, next(entry for entry in sitemap.ENTRIES if entry.path == "train_live"))
    second = train(tab, "Run again")
    assert second != lesson
    shown = {2: second, 1: lesson}
    now = 2
    for entry in sitemap.ENTRIES:
        go(tab, entry)
        expect(switch(tab)).to_have_value(re.compile(f"^{now} · "))
        now = 3 - now
        switch(tab).click()
        tab.get_by_role("option", name=re.compile(f"^{now} · ")).click()
        tab.wait_for_url(re.compile(f"run={shown[now]}"))
        speaks_of(tab, shown[now])
