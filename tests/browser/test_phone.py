"""The app on a phone: every page fits, what is touched has room for a finger, and the sidebar leaves after a choice."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenTab, Server, rest, to_the_end, until
from tests.browser.test_accessible import CUT, DESK, PHONE, SMALL
from ui import sitemap
from ui.frame.steps import IDS, STEPS
from ui.lesson import stages
from ui.picture.chapters import LAYERS

LEAST = 40
# What a finger can hit around the middle of each control, in width and height, less what a neighbour takes of it. A
# link inside a sentence is as high as its line.
CRAMPED = """([least, part]) => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
  const KINDS = "button, a[href], summary, label:has(input), [role=tab], [role=combobox], .tools input[type=range], tr[tabindex], " +
    "[data-testid=stNumberInputField], [data-testid=stTextInputField], div:has(> [data-testid=stSliderThumbValue])";
  const field = (e) => e.closest(".react-aria-ComboBox [role=group]");
  const sentence = (e) => e.tagName === "A" && e.closest("p") && e.closest("p").textContent !== e.textContent;
  const hit = (x, y) => {
    let e = document.elementFromPoint(x, y);
    while (e?.shadowRoot?.elementFromPoint(x, y) && e.shadowRoot.elementFromPoint(x, y) !== e) e = e.shadowRoot.elementFromPoint(x, y);
    return e;
  };
  const within = (e, place) => { for (; e; e = e.parentElement ?? e.getRootNode().host) if (e === place) return true; };
  const found = [];
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getBoundingClientRect().width;
  const touched = all(document.querySelector(part)).filter(e => e.matches(KINDS) && !sentence(e) && seen(e));
  for (const place of new Set(touched.map(e => field(e) ?? e))) {
    place.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = place.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const reach = (dx, dy) => { let n = 0; while (n < least && within(hit(x + dx * n, y + dy * n), place)) n++; return n; };
    const wide = reach(1, 0) + reach(-1, 0) - 1, high = reach(0, 1) + reach(0, -1) - 1;
    if (wide < least - 1 || high < least - 1) found.push(`${wide} by ${high}: ${place.outerHTML.slice(0, 200)}`);
  }
  all(document.body).filter(e => e.scrollLeft || e.scrollTop).forEach(e => e.scrollTo({ left: 0, top: 0, behavior: "instant" }));
  return found;
}"""

UNFOLD = """async () => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
  const own = (e) => e.matches("[aria-expanded=false]") && e.getRootNode() instanceof ShadowRoot;
  const folded = (e) => (own(e) || e.matches("details:not([open]) > summary")) && e.checkVisibility();
  for (let depth = 0; depth < 3; depth++) {
    all(document.querySelector("[data-testid=stMain]")).filter(folded).forEach(e => e.click());
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
}"""


def fits(tab: Page, where: str, part: str = "stMain") -> None:
    """Nothing is cut, and all that is touched has room for a finger."""
    rest(tab)
    found = tab.evaluate(CUT) + tab.evaluate(CRAMPED, [LEAST, f"[data-testid={part}]"])
    assert not found, "\n".join([where, *found])


def unfold(tab: Page) -> None:
    """Open what everybody finds folded, and what only a phone folds, also inside each other."""
    rest(tab)
    tab.evaluate(UNFOLD)


def sidebar(tab: Page) -> Locator:
    return tab.get_by_test_id("stSidebar")


def choose(tab: Page, what: str, option: re.Pattern[str]) -> None:
    """Open the sidebar and take something in one of its choices; opening that alone closes nothing."""
    if sidebar(tab).get_attribute("data-collapsed") == "true":
        tab.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar(tab)).to_have_attribute("data-collapsed", "false")
    rest(tab)
    sidebar(tab).get_by_role("combobox", name=re.compile(what)).click()
    taken = tab.get_by_role("option", name=option)
    expect(taken).to_be_visible()
    expect(sidebar(tab)).to_have_attribute("data-collapsed", "false")
    taken.click()


def closed(tab: Page) -> None:
    expect(sidebar(tab)).to_have_attribute("data-collapsed", "true")


def go(tab: Page, title: str) -> None:
    """To a page by the sidebar, which has room for a finger itself and leaves with the choice."""
    tab.get_by_test_id("stExpandSidebarButton").tap()
    expect(sidebar(tab)).to_have_attribute("data-collapsed", "false")
    rest(tab)
    assert tab.evaluate(CRAMPED, [LEAST, "[data-testid=stSidebar]"]) == []
    sidebar(tab).get_by_role("link", name=title, exact=True).tap()
    closed(tab)


def walk(tab: Page) -> None:
    """Every page with a run, all stages and chapters; what a phone folds is measured too."""
    for entry in sitemap.ENTRIES:
        go(tab, entry.title)
        fits(tab, f"{entry.path}, folded")
        unfold(tab)
        fits(tab, entry.path)
        steps = [f"{at} {name}" for at, name in enumerate(stages.TITLES, 1)] if entry.default else []
        for step in steps or (LAYERS.values() if entry.path == "trace" else ()):
            tab.get_by_role("radio", name=step, exact=True).tap()
            expect(tab.get_by_role("radio", name=step, exact=True)).to_be_checked()
            unfold(tab)
            fits(tab, step)


def swipe(tab: Page, thing: Locator, across: int = 0, up: int = 0) -> None:
    """A finger moves over it, by so many pixels to the left and up."""
    thing.scroll_into_view_if_needed()
    box, finger = thing.bounding_box(), tab.context.new_cdp_session(tab)
    assert box
    x, y = box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2
    for part in range(11):
        point = {"x": x - across * part / 10, "y": y - up * part / 10}
        kind = "touchMove" if part else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        tab.wait_for_timeout(16)  # as a screen reports a finger
    tab.wait_for_timeout(200)  # it rests before it leaves, else the page would go on by itself
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def scroll_on_charts(tab: Page) -> None:
    """A finger on a chart scrolls the page up and down, and to the side the row that the chart stands in, not the chart."""
    chart = tab.get_by_test_id("stVegaLiteChart").first
    row, main = tab.locator("[class*=st-key-row-]").filter(has=chart).first, tab.get_by_test_id("stMain")
    shown = chart.locator("svg").text_content()
    swipe(tab, chart, across=150)
    until(tab, "row => row.scrollLeft > 100", arg=row.element_handle())
    row.evaluate("row => row.scrollTo({ left: 0, behavior: 'instant' })")
    before = main.evaluate("main => main.scrollTop")
    swipe(tab, chart, up=150)
    until(tab, "([main, before]) => main.scrollTop > before + 50", arg=[main.element_handle(), before])
    assert chart.locator("svg").text_content() == shown


def test_every_page_and_every_choice_of_the_sidebar_on_a_phone(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(f"train_live?{SMALL}", viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    unfold(tab)
    fits(tab, "train_live without a run")
    tab.get_by_role("button", name=re.compile("^Start, ")).tap()
    to_the_end(tab)
    rest(tab)
    scroll_on_charts(tab)
    walk(tab)
    for what, option in {"Run": "None", "Data": "Sketchbook", "Backbone": "MobileNetV3"}.items():
        choose(tab, what, re.compile(option))
        closed(tab)
    for step in ("load", "lab", "guess", "trace", "quiz"):
        here = STEPS[IDS.index(step)]
        place = "" if here.page == "pipeline" else here.page
        tab.goto(f"{server.url}/{place}?data=digits&guide={step}")
        expect(tab.locator(".st-key-guide")).to_be_visible()
        fits(tab, f"guided lesson, {step}")
    tab.set_viewport_size(DESK)
    choose(tab, "Data", re.compile("Sketchbook"))
    until(tab, "!location.search.includes('data=digits')")
    rest(tab)
    expect(sidebar(tab)).to_have_attribute("data-collapsed", "false")
