"""Files that go from a real browser to the disk: many and small, in folders, slow, cancelled, after failures, by keys."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PATIENCE, free_port, rest, serving

MB = 2**20
SEND = "**/app-upload"


OpenFiles = Callable[..., tuple[Page, Path]]


@pytest.fixture
def open_files(browser: Browser, receiving: tuple[str, Path]) -> Iterator[OpenFiles]:
    """Open the page with the drop zone; gives it and the folder that it sends to, which nothing is left unfinished in."""
    url, home = receiving
    contexts, broken = [], []
    folder = home / "files"
    for path in folder.glob("*") if folder.exists() else ():
        path.unlink()

    def opened(**options: Any) -> tuple[Page, Path]:
        context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: broken.append(str(error)))
        tab.on("filechooser", lambda _: None)  # dialogs are caught from now on: a key may open one before a later call
        tab.goto(f"{url}/")
        expect(zone(tab).get_by_role("button", name="Choose files")).to_be_visible()
        rest(tab)
        return tab, folder

    yield opened
    for context in contexts:
        context.close()
    assert broken == []


def zone(tab: Page) -> Any:
    """The drop zone for many files."""
    return tab.get_by_role("group", name="Pictures")


def choose(tab: Page, *paths: Path, by: str = "Choose files") -> None:
    """Through the browser's own dialog."""
    with tab.expect_file_chooser() as dialog:
        zone(tab).get_by_role("button", name=by).click()
    dialog.value.set_files(paths[0] if by == "Choose a folder" else list(paths))


def told(tab: Page, times: int, files: int) -> None:
    """How often the page heard of a batch, and how many files it found."""
    expect(tab.get_by_text(f"Told {times} times, {files} files")).to_be_visible()


def names(folder: Path) -> set[str]:
    """What the files were called that are whole."""
    return {json.loads(path.read_bytes())["name"] for path in folder.glob("*.json")}


def slow(tab: Page, rate: int = MB) -> None:
    """Bytes a second that the browser sends from now on."""
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    tab.context.new_cdp_session(tab).send("Network.emulateNetworkConditions", line)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces."""
    path = tmp_path_factory.mktemp("big") / "big.bin"
    path.write_bytes(os.urandom(11 * MB))
    return path


def test_a_folder_of_two_hundred_files_arrives_under_its_names(open_files: OpenFiles, tmp_path: Path) -> None:
    tab, folder = open_files()
    for at in range(200):
        place = tmp_path / "insects" / ("ants" if at % 2 else "bees")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{at} ü.jpg").write_bytes(os.urandom(2000 + at))
    (tmp_path / "insects" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "insects" / "list.txt").write_bytes(b"x")
    choose(tab, tmp_path / "insects", by="Choose a folder")
    expect(zone(tab).get_by_text("Chosen: 200 files, 410 kB")).to_be_visible()
    expect(zone(tab).get_by_text("Left out, being of another kind: 1 file, such as insects/list.txt.")).to_be_visible()
    assert list(folder.glob("*")) == [], "nothing is sent unasked"
    zone(tab).get_by_role("button", name="Send 200 files, 410 kB").click()
    expect(zone(tab).get_by_text("Arrived: 200 files.")).to_be_visible()
    told(tab, 1, 200)
    assert names(folder) == {f"insects/{'ants' if at % 2 else 'bees'}/{at} ü.jpg" for at in range(200)}
    assert sum(path.stat().st_size for path in folder.glob("*.data")) == sum(2000 + at for at in range(200))
    tab.get_by_role("button", name="Draw anew").click()
    rest(tab)
    told(tab, 1, 200)


def test_dropped_files_are_taken(open_files: OpenFiles) -> None:
    tab, folder = open_files()
    data = tab.evaluate_handle(
        "() => { const data = new DataTransfer(); for (const name of ['a.png', 'b.png'])"
        " data.items.add(new File(['xyz'], name, {type: 'image/png'})); return data; }"
    )
    zone(tab).locator(".zone").dispatch_event("drop", {"dataTransfer": data})
    zone(tab).get_by_role("button", name="Send 2 files, 6 bytes").click()
    told(tab, 1, 2)
    assert names(folder) == {"a.png", "b.png"}


def test_progress_is_shown_and_outlives_reruns_and_other_pages(open_files: OpenFiles, big: Path) -> None:
    tab, folder = open_files()
    slow(tab)
    choose(tab, big)
    zone(tab).get_by_role("button", name="Send 1 file, 11 MB").click()
    bar = zone(tab).get_by_role("progressbar", name="Sent so far")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"^[1-9][\d.]* [kM]B of 11 MB$"))
    expect(zone(tab).get_by_text(re.compile("^Left: ")).first).to_be_visible()
    tab.get_by_role("button", name="Draw anew").click()
    rest(tab)
    expect(bar).to_be_visible()
    tab.get_by_role("link", name="other").click()
    expect(tab.get_by_role("heading", name="Other")).to_be_visible()
    assert tab.evaluate("() => !window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"), "it asks first"
    tab.get_by_role("link", name="files").click()
    told(tab, 1, 1)
    assert next(folder.glob("*.data")).read_bytes() == big.read_bytes()
    assert tab.evaluate("() => window.dispatchEvent(new Event('beforeunload', {cancelable: true}))")


def test_cancelling_leaves_nothing_unfinished(open_files: OpenFiles, big: Path, tmp_path: Path) -> None:
    tab, folder = open_files()
    (tmp_path / "a.jpg").write_bytes(b"small")
    slow(tab)
    choose(tab, tmp_path / "a.jpg", big)
    zone(tab).get_by_role("button", name="Send 2 files").click()
    expect(zone(tab).get_by_role("progressbar")).to_have_attribute(
        "aria-valuetext", re.compile(r"^1 of 2 files, [5-9][.\d]* MB")
    )
    assert list(folder.glob("*.part"))
    with tab.expect_response(lambda answer: answer.request.method == "DELETE") as answer:
        zone(tab).get_by_role("button", name="Cancel").click()
    assert answer.value.ok
    expect(zone(tab).get_by_text("Cancelled. Arrived before that: 1 file.")).to_be_visible()
    told(tab, 1, 1)
    assert not list(folder.glob("*.part"))
    assert names(folder) == {"a.jpg"}


def test_it_goes_on_by_itself_after_failures(open_files: OpenFiles, big: Path) -> None:
    tab, folder = open_files()
    failures = iter([lambda route: route.abort(), lambda route: route.fulfill(status=502, body="<html>")])

    def answer(route: Route) -> None:
        act = next(failures, None) if route.request.headers.get("x-thaw-offset") == str(4 * MB) else None
        act(route) if act else route.continue_()

    tab.route(SEND, answer)
    choose(tab, big)
    zone(tab).get_by_role("button", name="Send").click()
    told(tab, 1, 1)
    assert next(failures, None) is None
    assert next(folder.glob("*.data")).read_bytes() == big.read_bytes()


def test_when_all_fails_it_says_so_and_goes_on_where_it_stopped(open_files: OpenFiles, big: Path) -> None:
    tab, folder = open_files()
    full = json.dumps({"error": "The disk is full: free some space on it, then try again."})
    tab.route(
        SEND,
        lambda route: (
            route.fulfill(status=507, body=full)
            if route.request.headers.get("x-thaw-offset") == str(8 * MB)
            else route.continue_()
        ),
    )
    choose(tab, big)
    zone(tab).get_by_role("button", name="Send").click()
    expect(zone(tab).get_by_text("The disk is full: free some space on it, then try again.")).to_be_visible()
    assert [path.stat().st_size for path in folder.glob("*.part")] == [8 * MB]
    tab.unroute(SEND)
    sent = []
    tab.on("request", lambda asked: sent.append(asked.headers.get("x-thaw-offset")) if asked.method == "POST" else None)
    zone(tab).get_by_role("button", name="Try again").click()
    told(tab, 1, 1)
    assert [offset for offset in sent if offset is not None] == [str(8 * MB)]
    assert next(folder.glob("*.data")).read_bytes() == big.read_bytes()


def test_what_does_not_fit_is_said_before_anything_is_sent(open_files: OpenFiles, tmp_path: Path) -> None:
    tab, folder = open_files()
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(70 * MB)
    choose(tab, tmp_path / "huge.jpg")
    said = "These are 70 MB, and there is room for 64 MB: choose fewer or smaller files. Nothing was sent."
    expect(zone(tab).get_by_text(said)).to_be_visible()
    expect(zone(tab).get_by_role("button", name="Send")).to_have_count(0)
    (tmp_path / "x.txt").write_text("x")
    choose(tab, tmp_path / "x.txt")
    expect(zone(tab).get_by_text("There is nothing in it that can be sent")).to_be_visible()
    alone = tab.get_by_role("group", name="One file")
    with tab.expect_file_chooser() as dialog:
        alone.get_by_role("button", name="Choose a file").click()
    assert not dialog.value.is_multiple()
    expect(alone.get_by_role("button", name="Choose a folder")).to_have_count(0)
    assert list(folder.glob("*")) == []


def test_it_works_by_keys_alone(open_files: OpenFiles, tmp_path: Path) -> None:
    tab, folder = open_files(viewport={"width": 390, "height": 844})
    (tmp_path / "a.jpg").write_bytes(b"small")
    zone(tab).get_by_role("button", name="Choose files").focus()
    tab.keyboard.press("Tab")
    expect(zone(tab).get_by_role("button", name="Choose a folder")).to_be_focused()
    tab.keyboard.press("Shift+Tab")
    expect(zone(tab).get_by_role("button", name="Choose files")).to_be_focused()
    with tab.expect_file_chooser() as dialog:
        tab.keyboard.press("Enter")
    dialog.value.set_files(tmp_path / "a.jpg")
    expect(zone(tab).get_by_role("button", name="Send 1 file, 5 bytes")).to_be_focused()
    tab.keyboard.press("Space")
    told(tab, 1, 1)
    assert names(folder) == {"a.jpg"}
    assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_restart_of_the_server_is_survived(browser: Browser, big: Path, tmp_path: Path) -> None:
    """The new server knows no ticket of before: the page gets another by itself, and the file begins anew."""
    port, folder = free_port(), tmp_path / "files"
    context = browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    tab = context.new_page()
    with serving("tests/browser/receiving.py", tmp_path, port=port) as (url, _):
        tab.goto(url)
        expect(zone(tab).get_by_role("button", name="Choose files")).to_be_visible()
        rest(tab)
        slow(tab)
        choose(tab, big)
        zone(tab).get_by_role("button", name="Send").click()
        expect(zone(tab).get_by_role("progressbar")).to_have_attribute(
            "aria-valuetext", re.compile(r"^[5-9][.\d]* MB of 11")
        )
    with serving("tests/browser/receiving.py", tmp_path, port=port):
        while not list(folder.glob("*.json")):
            again = zone(tab).get_by_role("button", name="Try again")
            if again.count():  # where a new server takes longer than the sending waits
                again.click()
            rest(tab)
        told(tab, 1, 1)
        assert next(folder.glob("*.data")).read_bytes() == big.read_bytes()
        context.close()
