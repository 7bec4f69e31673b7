"""The guided lesson in a real browser: from the invitation to the insight by doing only what the box says."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from playwright.sync_api import Locator, Page, expect
from safetensors.torch import load_file

from ftcore.events import EpochEnd, RunEnd
from ftcore.network import backbones
from ftcore.runs import records
from tests.browser.conftest import OpenTab, Server
from ui.frame.guide import END
from ui.words import percent, points, seconds

LONG = 180_000
TUNE = "p2=name:Fine-tune;epochs:3;lr:0.001;trainable:layer4.0%2Blayer4.1%2Bhead"
SHORT = f"data=digits&train_per_class=20&p1=epochs:2&{TUNE}"


def box(tab: Page) -> Locator:
    return tab.locator(".st-key-guide")


def at_step(tab: Page, number: int) -> None:
    """The box says so by itself, and stands where one sees it."""
    expect(box(tab).get_by_text(f"Guided lesson, step {number} of {END + 1}", exact=True)).to_be_visible()
    expect(box(tab)).to_be_in_viewport()


def press(tab: Page, control: Locator, named: str = "") -> None:
    """The box names it, the page outlines it: then click it."""
    if named:
        expect(box(tab).get_by_text(named, exact=True)).to_be_visible()
    expect(control).to_have_css("outline-style", "dashed")
    control.click()


def go_there(tab: Page, title: str) -> None:
    press(tab, box(tab).get_by_role("link", name="Go there"))
    expect(tab.get_by_role("heading", name=title, level=1)).to_be_visible()


def train(tab: Page) -> str:
    """Steps 5 to 7: guess, start, watch; gives the run."""
    expect(box(tab).get_by_text("What will happen when we thaw?", exact=True)).to_be_visible()
    tab.get_by_role("radiogroup", name="Guess before you see it").get_by_text(re.compile("^Loss falls below")).click()
    at_step(tab, 6)
    press(tab, tab.get_by_role("button", name=re.compile("^Start, ")), "Start")
    at_step(tab, 7)
    tab.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    expect(box(tab).get_by_text("Guided lesson, step 8 of")).to_be_visible(timeout=LONG)
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    return found[1]


def answer_the_short_quiz(tab: Page) -> None:
    press(tab, tab.get_by_role("button", name="Short quiz, 3 questions"), "Short quiz")
    for number in (1, 2, 3):
        expect(tab.get_by_text(f"question {number} of 3")).to_be_visible()
        tab.get_by_test_id("stMain").get_by_role("radiogroup").locator("label").first.click()
        tab.get_by_role("button", name="Check the answer").click()
        following = tab.get_by_role("button", name="Next question" if number < 3 else "See the result")
        expect(following).to_be_visible()
        at_step(tab, 9)
        following.click()


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
    head, tuned = rows[1].val_accuracy, rows[4].val_accuracy
    assert (rows[1].phase, rows[2].phase, len(rows)) == (1, 2, 5)
    return [
        f"alone reached {percent(head)}",
        points(abs(tuned - head)),
        percent(tuned),
        percent(end.test_accuracy),
        f"cost {seconds(sum(row.seconds for row in rows[2:]))} of training, of {seconds(end.seconds)} in all",
        f"{percent(moved_share(folder))} of the pretrained weights moved",
    ]


def test_from_the_invitation_to_the_insight(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab("?" + SHORT)
    expect(box(tab)).to_have_count(0)
    tab.get_by_role("button", name="Take the guided lesson").click()
    at_step(tab, 1)
    expect(tab.get_by_role("heading", name="What it sees in our pictures now")).to_be_attached()
    press(tab, tab.get_by_role("radio", name="2 New head"), "2 New head")
    at_step(tab, 2)
    expect(tab.get_by_role("heading", name="Old head, new head")).to_be_attached()
    press(tab, tab.get_by_role("radio", name="3 Freeze"), "3 Freeze")
    at_step(tab, 3)
    link = "Freeze and thaw blocks yourself in the Freeze lab"
    press(tab, tab.get_by_role("link", name=link), link)
    expect(tab.get_by_role("heading", name="Freeze lab", level=1)).to_be_visible()
    at_step(tab, 4)
    tab.get_by_role("button", name=re.compile(r"^layer4\.1")).click()
    at_step(tab, 5)
    go_there(tab, "Train live")
    run = train(tab)
    go_there(tab, "Prediction trace")
    for _ in range(4):
        chapter = tab.get_by_role("radio", checked=True, name=re.compile(r"^[1-5] ")).inner_text()
        press(tab, tab.get_by_role("button", name="Next"), "Next")
        expect(tab.get_by_role("radio", name=chapter)).not_to_be_checked()
    at_step(tab, 9)

    link = tab.url
    box(tab).get_by_role("button", name="Leave").click()
    expect(box(tab)).to_have_count(0)
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Pipeline").click()
    tab.get_by_role("button", name="Go on with the guided lesson, step 9 of 10").click()
    expect(tab.get_by_role("heading", name="Quiz", level=1)).to_be_visible()
    at_step(tab, 9)
    again = open_tab(link.split("/", 3)[3])
    at_step(again, 9)
    again.context.close()

    answer_the_short_quiz(tab)
    at_step(tab, 10)
    assert f"run={run}" in tab.url
    for words in insight(server.home / "runs" / run):
        expect(box(tab)).to_contain_text(words)
    tab.reload()
    at_step(tab, 10)
