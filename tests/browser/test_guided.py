"""The guided lesson in a real browser: from the invitation to the insight by doing only what the bar says."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from safetensors.torch import load_file

from ftcore import gain
from ftcore.events import EpochEnd, HeadAlone, RunEnd
from ftcore.network import backbones
from ftcore.runs import records
from ftcore.story import Story
from tests.browser.conftest import PATIENCE, OpenTab, Server, rest, until
from tests.browser.test_quizzing import go_on
from ui.frame.steps import END
from ui.words import between, percent, seconds

TUNE = "p2=name:Fine-tune;epochs:3;lr:0.001;trainable:layer4.0%2Blayer4.1%2Bhead"
SHORT = f"data=digits&train_per_class=20&p1=epochs:2&{TUNE}"


# A thing's distance from the top of the page, however far that is scrolled; nothing while it is being drawn anew.
PLACE = """e => e.getClientRects().length
  ? e.getBoundingClientRect().top + document.querySelector('[data-testid=stMain]').scrollTop : null"""
IN_SIGHT = """e => e.getBoundingClientRect().top >= 60 &&
  e.getBoundingClientRect().bottom <= document.querySelector(".st-key-guide").getBoundingClientRect().top"""
MOVED = 4
# A machine so slow that some part of the page is being drawn whenever one looks.
NEVER_AT_REST = """new MutationObserver(() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (app && app.dataset.testScriptState !== "running") app.dataset.testScriptState = "running";
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-test-script-state"] });"""
HEIGHT = {1280: re.compile(r"^96px$"), 390: re.compile(r"^169\.\d+px$")}  # of the bar in a window of this width


def box(tab: Page) -> Locator:
    return tab.locator(".st-key-guide")


def at_step(tab: Page, number: int) -> None:
    """The bar says so by itself, at the lower edge, always as high, and its text has room."""
    expect(box(tab).get_by_text(f"Guided lesson, step {number} of {END + 1}", exact=True)).to_be_visible()
    size = tab.viewport_size
    assert size
    expect(box(tab)).to_have_css("height", HEIGHT[size["width"]])
    found = box(tab).bounding_box()
    assert found
    assert round(found["y"] + found["height"]) == size["height"]
    for text in box(tab).locator(".st-key-guide-text").all():
        assert text.evaluate("e => e.scrollHeight <= e.clientHeight")


def in_sight(tab: Page, thing: Locator) -> None:
    """It stands between header and bar, or comes there by itself."""
    end = time.monotonic() + PATIENCE
    while not thing.evaluate(IN_SIGHT):
        assert time.monotonic() < end, f"out of sight: {thing}"
        tab.wait_for_timeout(100)


def press(tab: Page, control: Locator, named: str = "") -> None:
    """The bar names it, the page outlines it where one sees it: then click it."""
    if named:
        expect(box(tab).get_by_text(named, exact=True)).to_be_visible()
    expect(control).to_have_css("outline-style", "dashed")
    in_sight(tab, control)
    control.click()


def places(tab: Page, things: list[Locator]) -> list[float]:
    """How far from the top of the page they are, once none of them is being drawn anew."""
    end = time.monotonic() + PATIENCE
    while None in (found := [thing.evaluate(PLACE) for thing in things]):
        assert time.monotonic() < end, "not all are drawn"
        tab.wait_for_timeout(50)
    return found


def stands(tab: Page, control: Locator, act: Callable[[], None]) -> None:
    """Nothing is moved by what is done with a control: neither it nor the title nor the strip."""
    rest(tab)
    things = [control, tab.get_by_role("heading", level=1), tab.locator(".st-key-strip, .st-key-lab-strip")]
    things = [thing for thing in things if thing.count()]
    said = tab.get_by_test_id("stMain").inner_text()[:600]
    before = places(tab, things)
    act()
    rest(tab)
    for thing in things:  # a busy server may begin to draw only now
        expect(thing).not_to_have_count(0)
    rest(tab)
    after = places(tab, things)
    assert after == pytest.approx(before, abs=MOVED), (control, said)


def go_there(tab: Page, title: str) -> None:
    there = box(tab).get_by_role("link", name="Go there")
    expect(there).to_have_css("outline-style", "dashed")
    there.click()
    expect(tab.get_by_role("heading", name=title, level=1)).to_be_visible()


def choose(tab: Page, stage: str) -> None:
    control = tab.get_by_role("radio", name=stage)
    stands(tab, control, lambda: press(tab, control, stage))


def follow(tab: Page, words: str, title: str) -> None:
    press(tab, tab.get_by_test_id("stPageLink-NavLink").filter(has_text=words), words)
    expect(tab.get_by_role("heading", name=title, level=1)).to_be_visible()


def stages(tab: Page) -> None:
    """Steps 1 to 7: all stages of the Pipeline, and the Freeze lab after the third."""
    at_step(tab, 1)
    seen = tab.get_by_role("heading", name="What it sees in our pictures now")
    box(tab).get_by_role("link", name="What it sees in our pictures now").click()
    in_sight(tab, seen)
    box(tab).get_by_role("link", name="2 New head").click()  # what a name means can be pressed by the name
    at_step(tab, 2)
    expect(tab.get_by_role("heading", name="Old head, new head")).to_be_attached()
    choose(tab, "3 Freeze")
    at_step(tab, 3)
    follow(tab, "Freeze and thaw blocks yourself in the Freeze lab", "Freeze lab")
    at_step(tab, 4)
    block = tab.get_by_role("button", name=re.compile(r"^layer4\.1"))
    expect(block).to_have_accessible_name(re.compile("frozen"))
    stands(tab, block, lambda: press(tab, block, "layer4.1"))
    expect(block).to_have_accessible_name(re.compile("trainable"))
    at_step(tab, 5)
    go_there(tab, "Fine-tuning, stage by stage")
    choose(tab, "5 Thaw")
    at_step(tab, 6)
    choose(tab, "6 Fine-tune")
    at_step(tab, 7)
    follow(tab, "Follow the fine-tuning epoch by epoch on the page Train live", "Train live")
    at_step(tab, 8)


def train(tab: Page) -> str:
    """Steps 8 to 10: guess, start, see the first phase while the run waits, then the second; gives the run."""
    expect(box(tab).get_by_text("What will happen when we thaw?", exact=True)).to_be_visible()
    guess = tab.get_by_role("radiogroup", name="Guess before you see it").get_by_text(re.compile("^Loss falls below"))
    in_sight(tab, guess)
    stands(tab, guess, guess.click)
    at_step(tab, 9)
    press(tab, tab.get_by_role("button", name=re.compile("^Start, ")), "Start")
    tab.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    at_step(tab, 10)
    in_sight(tab, tab.get_by_role("heading", name="Accuracy"))
    in_sight(tab, tab.get_by_test_id("stVegaLiteChart").first)
    resume = tab.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    expect(tab.get_by_text("Paused after epoch 2 of 5, between two phases.")).to_be_visible()
    in_sight(tab, tab.get_by_test_id("stVegaLiteChart").first)
    at_step(tab, 10)
    press(tab, resume, "Resume")
    expect(box(tab).get_by_text("Guided lesson, step 11 of")).to_be_visible()
    return found[1]


def answer_the_short_quiz(tab: Page) -> None:
    press(tab, tab.get_by_role("button", name="Short quiz, 3 questions"), "Short quiz")
    for number in (1, 2, 3):
        expect(tab.get_by_text(f"question {number} of 3")).to_be_visible()
        tab.get_by_test_id("stMain").get_by_role("radiogroup").locator("label").first.click()
        tab.get_by_role("button", name="Check the answer").click()
        expect(tab.get_by_text(re.compile(rf"question {number} of 3 .* of {number} · streak"))).to_be_visible()
        at_step(tab, 12)
        go_on(tab, "Next question" if number < 3 else "See the result")


def moved_share(folder: Path) -> float:
    """Of the pretrained weights outside the head, how many stand at another value in the run's own file."""
    tuned = load_file(folder / "model.safetensors")
    before = {
        key: p for key, p in backbones.load("resnet18-tinyimagenet64").model.named_parameters() if "fc." not in key
    }
    changed = sum(int(torch.ne(p.detach(), tuned[key]).sum()) for key, p in before.items())
    return changed / sum(p.numel() for p in before.values())


def insight(folder: Path) -> list[str]:
    """The numbers that the last step must tell, from the run's files."""
    log, _ = records.read_log(folder)
    rows = [said for said in log if isinstance(said, EpochEnd)]
    end = next(said for said in log if isinstance(said, RunEnd))
    beside = next(said for said in log if isinstance(said, HeadAlone))
    head, tuned, alone = rows[1].val_accuracy, rows[4].val_accuracy, beside.val_accuracy[-1]
    assert (rows[1].phase, rows[2].phase, len(rows)) == (1, 2, 5)
    found = gain.of(Story.of(records.settings_of(folder), log))
    shown = found is not None and found.verdict in ("gained", "lost")
    return [
        f"alone was stopped at {percent(head)}",
        f"Trained on alone for as many epochs it reaches {percent(alone)}",
        f"{percent(tuned)}, {between(alone, tuned)}" if shown else f"{percent(tuned)}: no difference",
        percent(end.test_accuracy),
        f"took {seconds(sum(row.seconds for row in rows[2:]))} of training, of {seconds(end.seconds)} in all",
        f"{percent(moved_share(folder))} of the pretrained weights moved",
    ]


def test_what_a_step_names_comes_into_sight_on_a_page_that_is_never_at_rest(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(viewport={"width": 390, "height": 844})
    tab.add_init_script(NEVER_AT_REST)
    tab.goto(f"{server.url}/train_live?{SHORT}&guide=guess")
    thing = tab.locator('[class*="st-key-guess-"]')
    until(tab, "document.querySelector('[data-testid=stMain]').scrollTop > 0")
    in_sight(tab, thing)
    expect(tab.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "running")


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)], ids=["laptop", "phone"])
def test_from_the_invitation_to_the_insight(open_tab: OpenTab, server: Server, size: tuple[int, int]) -> None:
    viewport = {"width": size[0], "height": size[1]}
    tab = open_tab("?" + SHORT, viewport=viewport)
    expect(box(tab)).to_have_count(0)
    invitation = tab.get_by_role("button", name="Take the guided lesson")
    rest(tab)
    stands(tab, tab.get_by_role("radio", name="1 Load"), invitation.click)
    stages(tab)
    run = train(tab)
    go_there(tab, "Prediction trace")
    for _ in range(4):
        chapter = tab.get_by_role("radio", checked=True, name=re.compile(r"^[1-5] ")).inner_text()
        following = tab.get_by_role("button", name="Next", exact=True)
        stands(tab, following, functools.partial(press, tab, following, "Next"))
        expect(tab.get_by_role("radio", name=chapter)).not_to_be_checked()
    at_step(tab, 12)

    link = tab.url
    box(tab).get_by_role("button", name="Leave").click()
    expect(box(tab)).to_have_count(0)
    if not tab.get_by_test_id("stSidebar").is_visible():
        tab.get_by_test_id("stExpandSidebarButton").click()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Pipeline").click()
    tab.get_by_role("button", name="Go on with the guided lesson, step 12 of 13").click()
    expect(tab.get_by_role("heading", name="Quiz", level=1)).to_be_visible()
    at_step(tab, 12)
    again = open_tab(link.split("/", 3)[3], viewport=viewport)
    at_step(again, 12)
    again.context.close()

    answer_the_short_quiz(tab)
    at_step(tab, 13)
    assert f"run={run}" in tab.url
    numbers = insight(server.home / "runs" / run)
    for words in numbers:
        expect(box(tab)).to_contain_text(words)
    title = box(tab).locator("summary").filter(has_text="What you have seen, in your own numbers")
    stands(tab, title, title.click)
    expect(box(tab).get_by_text(numbers[0])).not_to_be_visible()
    tab.reload()
    at_step(tab, 13)
