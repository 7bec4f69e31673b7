"""axe-core looks at every page in light and in dark, and at what a page shows only in a certain state.

Violations that it calls serious or critical fail the test. It looks into the components too: their shadow roots are
open and no page has a frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.browser import ownsets
from tests.browser.conftest import PATIENCE, OpenTab, Server, rest, to_the_end, until
from tests.browser.test_quizzing import answer
from ui import sitemap
from ui.lesson import stages
from ui.picture.chapters import LAYERS

GRAVE = ("serious", "critical")
SCHEMES = ("light", "dark")
DESK: ViewportSize = {"width": 1400, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL = "data=digits&train_per_class=8&p1=epochs:1&p2=name:Fine-tune;epochs:2;lr:0.001;trainable:layer4.1%2Bhead"
LOOK = """([grave, rules]) => axe.run({ resultTypes: ["violations"], ...rules })
  .then(({ violations }) => violations.filter(({ impact }) => grave.includes(impact)))"""
# What a phone cuts: a page wider than the screen, a choice or a link that lacks room, a thing beyond the edge that
# cannot be scrolled to, and what is scrolled but does not begin at its beginning or does not show that it goes on.
CUT = """() => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
  const main = document.querySelector("[data-testid=stMain]");
  const parts = all(main).filter(e => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length);
  const box = (e) => e.getBoundingClientRect();
  const up = (e) => e.parentElement ?? e.getRootNode().host;
  const inside = (e) => { while ((e = up(e)) && e !== main) if (getComputedStyle(e).overflowX !== "visible") return true; };
  const wider = (e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1;
  const rows = parts.filter(e => /auto|scroll/.test(getComputedStyle(e).overflowX) && wider(e));
  const within = (row) => all(row).concat(row.shadowRoot ? all(row.shadowRoot) : []).map(box).filter(r => r.width && r.height);
  const found = {
    "too wide": [document.documentElement, main].filter(wider),
    "no room": parts.filter(e => e.closest("[data-testid=stButtonGroup] [role$=group], [data-testid=stPageLink]") && wider(e)),
    "beyond the edge": parts.filter(e => (box(e).right > innerWidth + 1 || box(e).left < -1) && box(e).width > 1 && !inside(e)),
    "no beginning": rows.filter(row => row.scrollLeft || within(row).some(r => r.left < box(row).left - 4)),
    "no going on": rows.filter(row => !within(row).some(r => r.left < box(row).right - 8 && r.right > box(row).right + 1)),
  };
  return Object.entries(found).flatMap(([what, them]) => them.map(e => what + ": " + e.outerHTML.slice(0, 300)));
}"""
BACKGROUND = {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 23, 28)"}
HAS_COLOURS = "scheme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme"


def unfold(tab: Page) -> None:
    """Open all that is folded."""
    rest(tab)
    for folded in tab.locator("summary").all():
        folded.click()


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def grave(tab: Page, rules: Mapping[str, object] = {}) -> list[str]:
    """What axe-core finds on the page as it stands: a line for each rule and for each element that breaks it."""
    rest(tab)
    assert len(tab.frames) == 1, "axe looks into one frame only"
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(Axe().axe_script)
    return [line for one in tab.evaluate(LOOK, [GRAVE, rules]) for line in told(one)]


def told(violation: dict[str, Any]) -> list[str]:
    """The rule, and its elements: where, what they look like in HTML, and why."""
    nodes = [f"    {node['target']} {node['html'][:300]} {node['failureSummary']}" for node in violation["nodes"]]
    return [f"{violation['id']} ({violation['impact']}): {violation['help']}", *nodes]


def check(tab: Page, state: str, *, phone: bool = False) -> None:
    """No grave violation in light nor in dark: the page follows the system's colours while it is open.

    It begins with the colours that the page has already, which saves drawing it anew; with the others only what depends
    on colours is looked at. On a phone nothing is wider than the window, and no choice and no link is cut.
    """
    first, second = sorted(SCHEMES, key=lambda name: not tab.evaluate(HAS_COLOURS, name))
    for scheme, rules in ((first, {}), (second, COLOURS)):
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        until(tab, HAS_COLOURS, arg=scheme)
        found = grave(tab, rules)
        assert not found, "\n".join([f"{state}, {scheme}:", *found])
        background = tab.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
        assert background == BACKGROUND[scheme]
    if phone:
        tab.set_viewport_size(PHONE)
        found = grave(tab)
        assert not found, "\n".join([f"{state} on a phone, {scheme}:", *found])
        assert tab.evaluate(CUT) == []
        tab.set_viewport_size(DESK)


@dataclass(frozen=True)
class Learner:
    """Somebody with two finished runs: what their browser keeps, and the id of the second run."""

    kept: StorageState
    run: str


@pytest.fixture(scope="module")
def learner(browser: Browser, server: Server) -> Learner:
    """Made once for all tests here, with two runs of three epochs."""
    context = browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    tab = context.new_page()
    tab.goto(f"{server.url}/train_live?{SMALL}")
    tab.get_by_role("button", name=re.compile("^Start, ")).click()
    tab.wait_for_url(re.compile("run="))
    to_the_end(tab)
    rest(tab)  # what is being drawn may be drawn anew under the pointer: that is no click
    first = tab.url
    tab.get_by_role("button", name=re.compile("^Run again, ")).click()
    tab.wait_for_url(lambda url: url != first)
    tab.reload()  # the end of the first run may still stand there
    to_the_end(tab)
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    learner = Learner(context.storage_state(), found[1])
    context.close()
    return learner


@pytest.mark.parametrize("path", [entry.path for entry in sitemap.ENTRIES])
def test_each_page_as_it_opens(path: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{path}?data=digits")
    check(tab, path, phone=True)


def test_each_stage_of_the_pipeline(learner: Learner, open_tab: OpenTab) -> None:
    tab = open_tab(f"?run={learner.run}&stage=load&guide=0")
    for number, name in enumerate(stages.IDS, 1):
        tab.get_by_role("radio", name=f"{number} {stages.TITLES[number - 1]}").click()
        expect(tab.get_by_role("heading", name=re.compile(f"^{number} ·"))).to_be_visible()
        check(tab, f"stage {name}")


def test_each_chapter_of_the_trace_and_the_drawing_pad(learner: Learner, open_tab: OpenTab) -> None:
    tab = open_tab(f"trace?run={learner.run}&guide=0")
    for layer, title in LAYERS.items():
        tab.get_by_role("radio", name=title).click()
        expect(tab.get_by_role("heading", name=title[2:], exact=True)).to_be_visible()
        unfold(tab)
        check(tab, f"chapter {layer}")
    tab.get_by_role("radio", name="Draw").click()
    expect(tab.locator(".pad canvas")).to_be_visible()
    check(tab, "drawing pad")


def test_a_finished_run_beside_another_with_all_that_can_be_opened(learner: Learner, open_tab: OpenTab) -> None:
    tab = open_tab(f"train_live?run={learner.run}&guide=0", storage_state=learner.kept)
    expect(tab.get_by_role("heading", name="Side by side")).to_be_visible()
    unfold(tab)
    check(tab, "finished run", phone=True)
    tab.get_by_role("combobox", name="Data").click()
    expect(tab.get_by_role("option").first).to_be_visible()
    check(tab, "list of data sets")


def test_the_quiz_in_the_middle_of_a_round(open_tab: OpenTab) -> None:
    tab = open_tab("quiz")
    tab.get_by_role("button", name="Short quiz, 3 questions").click()
    expect(tab.get_by_text("question 1 of 3")).to_be_visible()
    check(tab, "question")
    answer(tab, correct=False)
    check(tab, "wrong answer")
    tab.get_by_role("button", name="Start over").click()
    expect(tab.get_by_role("button", name="Forget them")).to_be_visible()
    check(tab, "start over")


def test_the_freeze_lab_after_its_steps(open_tab: OpenTab) -> None:
    tab = open_tab(f"freeze_lab?{SMALL}")
    tab.get_by_role("button", name=re.compile("^Take 10 real steps")).click()
    expect(tab.get_by_test_id("stTable").filter(has_text="statistics moved by")).to_be_visible()
    rest(tab)
    tab.get_by_role("button", name=re.compile("^Take one real step")).click()
    expect(tab.get_by_test_id("stTable")).to_have_count(4)
    check(tab, "after the steps", phone=True)


def test_an_experiment_before_the_guess_and_with_its_outcome(open_tab: OpenTab) -> None:
    tab = open_tab("experiment?exp=last-two")
    check(tab, "before the guess")
    tab.get_by_role("radiogroup").locator("label").first.click()
    tab.get_by_role("button", name=re.compile("^Run it, ")).click()
    expect(tab.get_by_role("heading", name="What came out")).to_be_visible()
    check(tab, "outcome")


def test_a_card_turned_the_cheat_sheet_and_the_glossary(open_tab: OpenTab) -> None:
    tab = open_tab("review")
    tab.get_by_role("button", name="Turn the card").click()
    expect(tab.get_by_text("How well did you know it")).to_be_visible()
    check(tab, "turned card")
    for name, shown in (("Cheat sheet", "Download this page"), ("Glossary", "Find a term")):
        tab.get_by_role("tab", name=name).click()
        expect(tab.get_by_text(shown)).to_be_visible()
        check(tab, name)


def test_each_part_of_an_own_set_with_findings(open_tab: OpenTab, garden: Path) -> None:
    tab = open_tab("your_data")
    ownsets.begin(tab, "Garden")
    check(tab, "empty set", phone=True)
    ownsets.send(tab, garden)
    ownsets.holds(tab, "Garden: 21 pictures in 2 classes")
    for title in ("1 Bring", "2 Mend", "3 Tune", "4 Keep"):
        ownsets.part(tab, title)
        check(tab, title, phone=True)
    tab.get_by_role("button", name="Delete the set").click()
    expect(tab.get_by_role("button", name="Delete it for good")).to_be_visible()
    check(tab, "before it is deleted")


def test_a_damaged_address(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.goto(tab.url.split("?")[0] + "?data=nowhere")
    expect(tab.get_by_text("There is no dataset")).to_be_visible()
    check(tab, "damaged address")


def test_a_planted_violation_is_found_on_the_page_and_inside_a_component(open_tab: OpenTab) -> None:
    tab = open_tab()
    assert grave(tab) == []
    plant = """place => place.insertAdjacentHTML(
        "beforeend", '<img><p style="background: #fff; color: #999">pale words</p>')"""
    tab.get_by_test_id("stMain").get_by_test_id("stMarkdownContainer").first.evaluate(plant)
    tab.get_by_role("group", name=re.compile("^11 blocks")).evaluate(plant)
    found = grave(tab)
    assert len([line for line in found if "<img>" in line]) == 2
    assert len([line for line in found if "pale words" in line]) == 2
    assert [line.split(":")[0] for line in found if line[0] != " "] == [
        "color-contrast (serious)",
        "image-alt (critical)",
    ]
