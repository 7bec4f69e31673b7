"""Pictures that a real browser takes with a camera that is none, and sends to the disk one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, rest, until

OpenPhotos = Callable[..., Page]
LIVE = "() => window.streams.flatMap(one => one.getTracks()).filter(one => one.readyState === 'live').length"
KEPT = """window.streams = []; const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) navigator.mediaDevices.getUserMedia = async wanted => { const got = await ask(wanted); streams.push(got); return got; };"""


@pytest.fixture
def open_photos(receiving: tuple[str, Path]) -> Iterator[OpenPhotos]:
    """`open_photos(browser, before)` opens the page with the camera; the script `before` runs before the page's own."""
    url, home = receiving
    contexts, broken = [], []
    for path in (home / "photos").glob("*") if (home / "photos").exists() else ():
        path.unlink()

    def opened(browser: Browser, before: str = KEPT, wide: int = 1400) -> Page:
        context = browser.new_context(viewport={"width": wide, "height": 900})
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: broken.append(str(error)))
        tab.add_init_script(before)
        tab.goto(f"{url}/photos")
        expect(tab.get_by_role("button", name="Open the camera")).to_be_visible()
        rest(tab)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert broken == []


def take(tab: Page, name: str = "Take picture") -> None:
    """One press, once the camera shows something."""
    until(tab, "() => window.streams.at(-1)?.active")
    tab.get_by_role("button", name=name).click()


def test_one_picture_after_another_arrives(eyed: Browser, open_photos: OpenPhotos, receiving: tuple[str, Path]) -> None:
    tab, folder = open_photos(eyed), receiving[1] / "photos"
    assert tab.evaluate(LIVE) == 0, "it is off until it is asked for"
    tab.get_by_role("button", name="Open the camera").click()
    for number in (1, 2, 3):
        take(tab)
        files = "1 picture" if number == 1 else f"{number} pictures"
        expect(tab.get_by_text(f"Taken: {files}. Arrived: {number}.")).to_be_visible()
    expect(tab.get_by_text("Heard of 3 photos")).to_be_visible()
    expect(tab.get_by_role("img", name=re.compile(r"^Picture \d$"))).to_have_count(3)
    for path in folder.glob("*.data"):
        with Image.open(path) as picture:
            assert picture.format == "JPEG"
            assert 320 <= max(picture.size) <= 1920
    told = sorted(json.loads(path.read_bytes())["name"] for path in folder.glob("*.json"))
    assert [re.sub(r"\d{8}-\d{6}", "now", name) for name in told] == [f"photo-now-000{n}.jpg" for n in (1, 2, 3)]


def test_holding_takes_several_by_key_and_by_pointer(eyed: Browser, open_photos: OpenPhotos) -> None:
    tab = open_photos(eyed, wide=390)
    tab.get_by_role("button", name="Open the camera").focus()
    tab.keyboard.press("Enter")
    button = tab.get_by_role("button", name="Take picture")
    expect(button).to_be_focused()
    until(tab, "() => window.streams.at(-1)?.active")
    tab.keyboard.down("Space")
    expect(tab.get_by_text(re.compile(r"^Taken: [3-9] pictures"))).to_be_visible()
    tab.keyboard.up("Space")
    button.hover()
    tab.mouse.down()
    expect(tab.get_by_text(re.compile(r"^Taken: ([7-9]|1\d) pictures"))).to_be_visible()
    tab.mouse.up()
    expect(tab.get_by_text(re.compile(r"^Taken: (\d+) pictures\. Arrived: \1\."))).to_be_visible()
    expect(tab.get_by_text(re.compile(r"^Heard of ([7-9]|[1-4]\d) photos"))).to_be_visible()
    assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_it_is_off_when_it_is_closed_hidden_or_left(eyed: Browser, open_photos: OpenPhotos) -> None:
    tab = open_photos(eyed)
    opened = tab.get_by_role("button", name="Open the camera")
    hidden = "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
    for leave in (
        lambda: tab.get_by_role("button", name="Close the camera").click(),
        lambda: tab.evaluate(f"() => {{ {hidden} document.dispatchEvent(new Event('visibilitychange')); }}"),
        lambda: tab.get_by_role("link", name="other").click(),
    ):
        opened.click()
        expect(tab.get_by_role("button", name="Take picture")).to_be_focused()
        assert tab.evaluate(LIVE) == 1
        leave()
        expect(tab.get_by_role("button", name="Take picture")).to_have_count(0)
        until(tab, f"() => ({LIVE})() === 0")


def test_pictures_wait_while_the_server_does_not_answer(eyed: Browser, open_photos: OpenPhotos) -> None:
    tab = open_photos(eyed)
    tab.route("**/app-upload", lambda route: route.abort())
    tab.get_by_role("button", name="Open the camera").click()
    for _ in range(2):
        take(tab)
    expect(tab.get_by_text("The server does not answer. Trying again. Taken: 2 pictures. Arrived: 0.")).to_be_visible()
    tab.get_by_role("button", name="Close the camera").click()
    tab.unroute("**/app-upload")
    expect(tab.get_by_text("Taken: 2 pictures. Arrived: 2.")).to_be_visible()
    expect(tab.get_by_text("Heard of 2 photos")).to_be_visible()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }", "does not let"),
        ("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotReadableError'); }", "used by another"),
        ("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }", "No camera was found"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false})", "over https or from localhost"),
    ],
)  # fmt: skip
def test_why_there_is_no_picture_is_said(browser: Browser, open_photos: OpenPhotos, before: str, said: str) -> None:
    tab = open_photos(browser, before)
    tab.get_by_role("button", name="Open the camera").click()
    expect(tab.get_by_text(said)).to_be_visible()
    expect(tab.get_by_role("button", name="Open the camera")).to_be_visible()
    expect(tab.get_by_role("button", name="Take picture")).to_have_count(0)
