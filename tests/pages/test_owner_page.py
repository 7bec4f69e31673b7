"""Runs that are somebody else's, damaged or waiting, as a page shows them."""

from __future__ import annotations

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.web.server.app_discovery import discover_asgi_app

from course import content
from ftcore.events import Recovered
from ftcore.files import ROOT
from ftcore.runs import locks, records, service
from ftcore.settings import Phase, RunSettings
from tests.made import OWNER, TOKEN, OpenPage, texts, write_run
from ui.engine import networks
from ui.frame import wake
from ui.runs import live
from ui.words import plain

TAIL = ("layer4.0", "layer4.1", "head")
SHORT = dataclasses.replace(RunSettings(), phases=(Phase(epochs=2), Phase(epochs=2, lr=1e-4, trainable=TAIL)))
STEERING = ("Pause", "Resume", "Stop training", "Delete for good")


def buttons(page: OpenPage, run: str, state: str, name: str = "train_live") -> tuple[set[str], str]:
    """What a run can be told to do on its page, and what the page says; a busy run has a process that works on it."""
    if state not in records.BUSY:
        test = page(name, run=run)
    else:
        with locks.lock(records.folder_of(run)):
            test = page(name, run=run)
    assert not test.exception
    return {button.label for button in test.button if button.label in STEERING}, texts(test)


@pytest.mark.parametrize(
    "state, mine",
    [
        ("running", {"Pause", "Stop training"}),
        ("paused", {"Resume", "Delete for good"}),
        ("failed", {"Resume", "Delete for good"}),
        ("done", {"Delete for good"}),
    ],
)
@pytest.mark.parametrize("owner", [OWNER, "somebody", ""])
def test_controls_are_the_owners(open_page: OpenPage, state: str, mine: set[str], owner: str) -> None:
    run = write_run(SHORT, 0.5, 0.6, 0.7, 0.8, end=state, owner=owner)
    shown, said = buttons(open_page, run, state)
    assert shown - {"Delete for good"} == (mine - {"Delete for good"} if owner == OWNER else set())
    assert ("Delete for good" in shown) == (owner == OWNER)
    assert (content.section("train", "watching") in said) == (owner == "somebody")
    assert (content.section("train", "terminal") in said) == (owner == "")
    assert ("its place went to others. Resume queues it again and repeats the epoch" in said) == (state == "paused")
    assert "80.0" in said, "everybody may watch"
    assert TOKEN not in said
    assert OWNER not in said


def test_click_of_somebody_else_changes_nothing(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run(SHORT, 0.5, end="stopped", owner="somebody")
    monkeypatch.setattr(live.View, "mine", True)  # as if the page had drawn the button
    test = open_page("train_live", run=run)
    test.button(key=f"Resume-{run}").click().run()
    assert "Only the one who started this run can steer it" in test.error[0].value
    assert service.status(run).state == "stopped"


@pytest.mark.parametrize("damage", ["log a folder", "settings", "odd lines", "progress"])
def test_damaged_run_shows_one_sentence_and_takes_no_other_page(open_page: OpenPage, damage: str) -> None:
    sound, broken = write_run(SHORT, 0.5, 0.6, 0.7, 0.8), write_run(SHORT, 0.5)
    folder = records.folder_of(broken)
    if damage == "log a folder":
        (folder / "events.jsonl").unlink()
        (folder / "events.jsonl").mkdir()
    elif damage == "settings":
        (folder / "settings.json").write_text('{"backbone": "lenet"}')
    else:
        name = "events.jsonl" if damage == "odd lines" else "progress.json"
        with (folder / name).open("a") as log:
            log.write('{"event": "epoch_end", "phase": 9, "epoch": 1}\n{"event": "created"}\n[[[\n')
    test = open_page("train_live", run="none")
    assert not test.exception
    assert f"open-{sound}" in {button.key for button in test.button}
    test = open_page("train_live", run=broken)
    assert not test.exception
    assert len(test.error) == (damage in ("log a folder", "settings"))


@pytest.mark.parametrize(
    "end, says",
    [
        ("running", "This run is still going"),
        ("queued", "This run waits for its turn to go on"),
        ("paused", "This run is paused"),
        ("stopped", "This run was stopped"),
        ("failed", "This run failed"),
        ("interrupted", "This run ended unexpectedly"),
        ("done", ""),
    ],
)
def test_trace_says_how_the_run_stands(end: str, says: str) -> None:
    section = networks.note(end)
    values = {"epoch": 3, "ended": networks.ENDED.get(end, "")}
    assert bool(section) == bool(says)
    assert not section or content.section("trace", section, values).startswith(f"{says}. You see the network as it was")


def test_server_wakes_the_queue_that_was_left(home: Path) -> None:
    left = records.new(SHORT, OWNER)
    records.set_state(left, "queued")

    async def serve() -> None:
        async with wake.lifespan(None):  # type: ignore[arg-type]
            while (home / "runs").exists() and left.name not in service.manager().workers():
                await asyncio.sleep(0.05)

    with ThreadPoolExecutor(
        1
    ) as thread:  # a loop of its own: where a browser was tested before, Playwright's still runs
        thread.submit(asyncio.run, asyncio.wait_for(serve(), 60)).result()
    assert list(service.manager().workers()) == [left.name]


def test_streamlit_finds_the_app_that_wakes_it() -> None:
    found = discover_asgi_app(ROOT / "app.py")
    assert (found.is_asgi_app, found.import_string) == (True, "app:app")


def test_a_run_that_met_damage_tells_what_it_cost(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.6, 0.7, 0.8)
    says = "The checkpoint is damaged: the run goes on after epoch 2, with the same result."
    records.append(records.folder_of(run), Recovered(says))
    assert plain(says, 500) in [caption.value for caption in open_page("train_live", run=run).caption]
