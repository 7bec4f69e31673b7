"""A learner's own pictures in a real browser: brought in by drop, camera and keys, mended, tuned on, tried."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import OpenTab, Server, rest, to_the_end
from tests.browser.ownsets import begin, choose, holds, main, part, picture, send, settled

SEND = "**/app-upload"


def test_from_nothing_to_an_answer(open_tab: OpenTab, server: Server, tmp_path: Path) -> None:
    """The example zip is downloaded, dropped, mended, learned from; then the network is asked about another picture."""
    tab = open_tab("your_data")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="A small set to try").click()
    download.value.save_as(tmp_path / "example.zip")
    begin(tab, "Things")
    send(tab, tmp_path / "example.zip")
    holds(tab, "Things: 75 pictures in 3 classes")
    part(tab, "2 Mend")
    mend(tab)
    part(tab, "3 Tune")
    tab.get_by_role("button", name=re.compile("^Measure a head alone")).click()
    expect(main(tab).get_by_text(re.compile("^ResNet-18, 64 px.* right with a head alone"))).to_be_visible()
    rest(tab)
    main(tab).get_by_role("radio", name=re.compile("^ResNet-18")).press("Space")
    rest(tab)
    main(tab).get_by_role("button", name=re.compile("^Start, ")).first.click()
    to_the_end(tab)
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Your data").click()
    part(tab, "3 Tune")
    tab.get_by_role("link", name="Try it with a file").click()
    expect(tab.get_by_role("heading", name="Prediction trace", level=1)).to_be_visible()
    (tmp_path / "mine.png").write_bytes(picture(9, (90, 90, 200)))
    tab.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    tab.get_by_role("radio", name=re.compile("Prediction$")).click()
    expect(main(tab).get_by_text(re.compile("The network says (fish|house|tree)"))).to_be_visible()


def mend(tab: Page) -> None:
    """Each finding of the example by its own button, until none is left; the last one comes back and goes again."""
    cures = {
        "finding-unreadable": ("1 file cannot be used as a picture.", "Leave it out"),
        "finding-two-classes": ("The same picture is in two classes", "Leave all of these out"),
        "finding-twice": ("The same picture is more than once in one class", "Keep one of each"),
        "finding-small": ("One picture is less than 32 pixels high or wide", "Leave it out"),
    }
    boxes = {name: tab.locator(f".st-key-{name}") for name in cures}
    for name, (says, _) in cures.items():
        expect(boxes[name].get_by_text(says)).to_be_visible()
    for name, (_, cure) in cures.items():
        boxes[name].get_by_role("button", name=cure).click()
        expect(boxes[name]).to_have_count(0)
    expect(main(tab).get_by_text("Nothing to mend")).to_be_visible()
    holds(tab, "Things: 71 pictures in 3 classes")
    tab.get_by_role("button", name="Undo").click()
    expect(boxes["finding-small"]).to_be_visible()
    boxes["finding-small"].get_by_role("button", name="Leave it out").click()
    expect(main(tab).get_by_text("Nothing to mend")).to_be_visible()


def test_class_by_class_through_the_camera(eyed: Browser, open_tab: OpenTab) -> None:
    tab = open_tab("your_data", by=eyed)
    begin(tab, "Seen")
    for number, label in enumerate(("cup", "pen"), 1):
        tab.get_by_role("radio", name="Camera").click()
        choose(tab, label)
        tab.get_by_role("button", name="Open the camera").click()
        expect(tab.locator("video")).to_have_js_property("readyState", 4)
        for taken in range(1, 3):
            tab.get_by_role("button", name="Take picture").click()
            expect(tab.get_by_text(f"Arrived: {taken}.")).to_be_visible()
        tab.get_by_role("button", name="Close the camera").click()
        tab.get_by_role("button", name=f"Add 2 pictures to {label}").click()
        holds(tab, f"Seen: {2 * number} pictures in {'1 class' if number == 1 else '2 classes'}")
    part(tab, "2 Mend")
    expect(main(tab).get_by_text(re.compile("^2 pictures: "))).to_have_count(2)


def test_taking_in_goes_on_after_a_reload_and_leaves_nothing_when_called_off(
    open_tab: OpenTab, server: Server, garden: Path
) -> None:
    """Somebody else's lock holds it up, so that it is met in the middle for certain."""
    tab = open_tab("your_data")
    made = begin(tab, "Held up")
    folder = server.home / "sets" / made
    lock = FileLock(server.home / "sets" / f"{made}.bring.lock")
    waiting = main(tab).get_by_text("Waiting for its turn")
    with lock:
        send(tab, garden)
        expect(waiting).to_be_visible()
        tab.reload()
        expect(waiting).to_be_visible()
    holds(tab, "Held up: 21 pictures in 2 classes")
    before = settled(tab, folder)
    assert Counter(path.split("/")[0] for path in before)["pictures"] == 21
    rest(tab)
    with lock:
        send(tab, garden)
        main(tab).get_by_role("button", name="Call it off").click()
        expect(main(tab).get_by_role("button", name="Choose files")).to_be_visible()
    rest(tab)
    tab.reload()
    holds(tab, "Held up: 21 pictures in 2 classes")
    assert settled(tab, folder) == before


def test_what_was_sent_before_a_reload_waits_for_its_class(open_tab: OpenTab, server: Server, tmp_path: Path) -> None:
    tab = open_tab("your_data")
    made = begin(tab, "Broken off")
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(number, (200, 60, 60)))
    main(tab).get_by_role("radio", name="One class").click()
    choose(tab, "roses")
    tab.route(
        SEND, lambda route: route.abort() if route.request.headers.get("x-thaw-number") == "2" else route.continue_()
    )
    send(tab, *(tmp_path / f"{number}.png" for number in range(3)))
    expect(main(tab).get_by_text("The server does not answer. Trying again.")).to_be_visible()
    tab.on("dialog", lambda asks: asks.accept())  # whether to leave while something is sent
    tab.goto(f"{server.url}/your_data?set={made}&part=bring")
    expect(main(tab).get_by_text("2 files came in before the page was left.")).to_be_visible()
    expect(main(tab).get_by_role("button", name="Take them in")).to_be_disabled()
    choose(tab, "roses")
    main(tab).get_by_role("button", name="Take them in").click()
    holds(tab, "Broken off: 2 pictures in 1 class")
    assert settled(tab, server.home / "sets" / made)


def reach(tab: Page, thing: Locator) -> None:
    """Press Tab until it has the focus."""
    expect(thing).to_be_visible()
    rest(tab)
    for _ in range(80):
        if thing.evaluate("e => e.getRootNode().activeElement === e"):
            return
        tab.keyboard.press("Tab")
    pytest.fail(f"no Tab leads to {thing}")


def test_by_keys_alone(open_tab: OpenTab, garden: Path) -> None:
    tab = open_tab("your_data")
    reach(tab, main(tab).get_by_role("textbox", name="Name"))
    tab.keyboard.type("Keys")
    reach(tab, main(tab).get_by_role("button", name="Begin a set"))
    tab.keyboard.press("Enter")
    holds(tab, "Keys is empty")
    reach(tab, main(tab).get_by_role("button", name="Choose files"))
    with tab.expect_file_chooser() as dialog:
        tab.keyboard.press("Enter")
    dialog.value.set_files(garden)
    expect(main(tab).get_by_role("button", name=re.compile("^Send "))).to_be_focused()
    tab.keyboard.press("Space")
    holds(tab, "Keys: 21 pictures in 2 classes")
    reach(tab, main(tab).get_by_role("radio", name="1 Bring"))
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Space")
    twice = tab.locator(".st-key-finding-twice")
    reach(tab, twice.get_by_role("button", name="Keep one of each"))
    tab.keyboard.press("Enter")
    expect(twice).to_have_count(0)
    holds(tab, "Keys: 20 pictures in 2 classes")
