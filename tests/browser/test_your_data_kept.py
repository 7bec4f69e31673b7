"""What becomes of a learner's own set in a real browser: seen by nobody else, taken away and brought back, deleted."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab, Server, rest
from tests.browser.ownsets import FILE, begin, holds, main, part, query, send
from ui import sitemap

NAME = "Secret garden"
# All words and texts for readers of a page, and the addresses of its pictures; components included.
SEEN = """() => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
  const parts = all(document).filter(e => !e.matches("script, style"));
  const own = (e) => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data);
  const told = (e) => [e.alt, e.title, e.value, e.ariaLabel, e.download];
  return { words: parts.flatMap(e => [...own(e), ...told(e)]).join("\\n"), pictures: parts.map(e => e.currentSrc).filter(Boolean) };
}"""


def learn(tab: Page, name: str, epochs: int = 1) -> str:
    """Choose the set in the sidebar, start a run on Train live; gives its id."""
    tab.goto(f"{tab.url.rsplit('/', 1)[0]}/train_live?p1=epochs:{epochs}")
    rest(tab)
    tab.get_by_test_id("stSidebar").get_by_role("combobox", name="Data").click()
    tab.get_by_role("option", name=name).click()
    tab.wait_for_url(re.compile("data=own-"))
    rest(tab)
    main(tab).get_by_role("button", name=re.compile("^Start, ")).click()
    tab.wait_for_url(re.compile("run="))
    return query(tab)["run"]


def done(tab: Page) -> None:
    """The run that the page shows has ended well."""
    expect(main(tab).get_by_text("done", exact=True).first).to_be_visible()


def left_on_disk(server: Server, made: str) -> list[str]:
    """Names of all that is there of a set."""
    return sorted(path.name for room in ("sets", "data", "features") for path in (server.home / room).glob(f"{made}*"))


def test_nobody_else_sees_anything_of_a_set(open_tab: OpenTab, server: Server, garden: Path) -> None:
    """Not its name, no name of a file, no picture, on no page, whatever the address says; the curves of a run are seen."""
    mine = open_tab("your_data")
    made = begin(mine, NAME)
    send(mine, garden)
    holds(mine, f"{NAME}: 21 pictures in 2 classes")
    run, data = learn(mine, NAME), query(mine)["data"]
    done(mine)
    other = open_tab("your_data")
    own = shown(other, mine, server, f"run={run}")
    assert own, "the learner sees pictures there"
    other.goto(f"{server.url}/train_live?run={run}")
    done(other)
    expect(other.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    for entry in sitemap.ENTRIES:
        other.goto(f"{server.url}/{'' if entry.default else entry.path}?set={made}&part=look&data={data}")
        blind(other, entry.path)
    assert other.request.get(f"{server.url}/app-download/{made}").status == 404
    other.goto(f"{server.url}/train_live")
    rest(other)
    other.get_by_test_id("stSidebar").get_by_role("combobox", name="Data").click()
    expect(other.get_by_role("option").first).to_be_visible()
    assert NAME not in other.evaluate(SEEN)["words"]


def shown(other: Page, mine: Page, server: Server, asked: str) -> set[str]:
    """Pictures that the learner sees on the pages; the other one sees none of them there."""
    found: set[str] = set()
    for entry in sitemap.ENTRIES:
        pictures = []
        for tab in (mine, other):
            tab.goto(f"{server.url}/{'' if entry.default else entry.path}?{asked}&guide=0")
            tab.get_by_role("heading", level=1).wait_for()
            rest(tab)
            pictures.append({*tab.evaluate(SEEN)["pictures"]})
        blind(other, f"{entry.path} {asked}")
        found |= pictures[0] - pictures[1]
    return found


def blind(tab: Page, where: str) -> None:
    """Nothing of the set can be read here."""
    tab.get_by_role("heading", level=1).wait_for()
    rest(tab)
    words = tab.evaluate(SEEN)["words"]
    assert NAME not in words, where
    assert FILE not in words, where


def test_a_deleted_set_is_gone_and_its_run_still_opens(open_tab: OpenTab, server: Server, garden: Path) -> None:
    """Not while a run learns from it."""
    tab = open_tab("your_data")
    made = begin(tab, "Short-lived")
    send(tab, garden)
    holds(tab, "Short-lived: 21 pictures in 2 classes")
    run = learn(tab, "Short-lived", epochs=200)
    tab.get_by_role("button", name="Pause").wait_for()
    delete(tab, server, made)
    expect(main(tab).get_by_text("A run is learning from this set")).to_be_visible()
    tab.goto(f"{server.url}/train_live?run={run}")
    tab.get_by_role("button", name="Stop training").click()
    expect(main(tab).get_by_text("stopped", exact=True).first).to_be_visible()
    assert left_on_disk(server, made)
    delete(tab, server, made)
    expect(main(tab).get_by_text("Nothing here yet.")).to_be_visible()
    assert left_on_disk(server, made) == []
    for entry in sitemap.ENTRIES:
        tab.goto(f"{server.url}/{'' if entry.default else entry.path}?run={run}&guide=0")
        expect(tab.get_by_role("heading", level=1)).to_be_visible()
        rest(tab)
        expect(tab.get_by_text("Start afresh with the built-in lesson")).to_have_count(0)
    tab.goto(f"{server.url}/trace?run={run}&guide=0")
    expect(tab.get_by_text("The pictures of this run were deleted, or are somebody else's.")).to_be_visible()


def delete(tab: Page, server: Server, made: str) -> None:
    """By the button of the last part."""
    tab.goto(f"{server.url}/your_data?set={made}&part=keep")
    main(tab).get_by_role("button", name="Delete the set").click()
    tab.get_by_role("button", name="Delete it for good").click()


def test_what_is_taken_away_comes_back_the_same(open_tab: OpenTab, garden: Path, tmp_path: Path) -> None:
    tab = open_tab("your_data")
    begin(tab, "There")
    send(tab, garden)
    holds(tab, "There: 21 pictures in 2 classes")
    part(tab, "2 Mend")
    said = main(tab).get_by_text(re.compile(r"^1[01] pictures: "))
    expect(said).to_have_count(2)
    before = said.all_inner_texts()
    part(tab, "4 Keep")
    link = tab.get_by_role("link", name="Download as a zip")
    link.evaluate("link => link.removeAttribute('target')")  # a download in a tab of its own is told to nobody here
    with tab.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "There.zip"
    download.value.save_as(tmp_path / "There.zip")
    tab.get_by_role("button", name="New set").click()
    begin(tab, "Back")
    send(tab, tmp_path / "There.zip")
    holds(tab, "Back: 21 pictures in 2 classes")
    part(tab, "2 Mend")
    expect(said).to_have_count(2)
    assert said.all_inner_texts() == before
