"""What the tests of the page Your data do with it: begin a set, send files, go to a part, read what is there."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, rest

FILE = "hidden-bench"


def main(tab: Page) -> Locator:
    """The page without its sidebar."""
    return tab.get_by_test_id("stMain")


def picture(seed: int, colour: tuple[int, int, int], side: int = 64) -> bytes:
    """A PNG of coloured noise that no other seed gives."""
    noise = np.random.default_rng(seed).normal(0, 60, (side // 8, side // 8, 3)) + np.array(colour)
    out = io.BytesIO()
    Image.fromarray(noise.clip(0, 255).astype(np.uint8)).resize((side, side)).save(out, "PNG")
    return out.getvalue()


def begin(tab: Page, name: str) -> str:
    """Begin a set where its name is asked for; gives its id."""
    tab.get_by_placeholder("My pictures").fill(name)
    tab.get_by_role("button", name="Begin a set").click()
    expect(main(tab).get_by_text(f"{name} is empty")).to_be_visible()
    return query(tab)["set"]


def query(tab: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(tab.url).query).items()}


def send(tab: Page, *paths: Path) -> None:
    """Choose files in the page's drop zone and send them."""
    with tab.expect_file_chooser() as dialog:
        main(tab).get_by_role("button", name="Choose files").click()
    dialog.value.set_files(list(paths))
    main(tab).get_by_role("button", name=re.compile("^Send ")).click()


def holds(tab: Page, words: str) -> None:
    """The line that says what the set is."""
    expect(main(tab).get_by_text(words)).to_be_visible()


def part(tab: Page, title: str) -> None:
    """To a part of the page, drawn to its end."""
    rest(tab)
    main(tab).get_by_role("radio", name=title).click()
    expect(main(tab).get_by_role("radio", name=title)).to_be_checked()
    rest(tab)


def choose(tab: Page, label: str) -> None:
    """Type a class that the next pictures belong to."""
    rest(tab)
    field = main(tab).get_by_role("combobox", name="Class")
    field.fill(label)
    field.press("Enter")
    rest(tab)


def settled(tab: Page, folder: Path) -> list[str]:
    """All files below a set's folder once nothing waits to be taken in, which ends a moment after the page says so."""
    end = time.monotonic() + PATIENCE
    while waiting := [path for path in inside(folder) if path.startswith("incoming")]:
        assert time.monotonic() < end, waiting
        tab.wait_for_timeout(100)
    return inside(folder)


def inside(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
