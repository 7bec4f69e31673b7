"""Networks of every kind in a real browser: strip, freeze, a quick run, the trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ftcore.data.own import keeping, plans, steps
from ftcore.runs import records
from ftcore.settings import HEAD, Phase, RunSettings
from tests.browser.conftest import OpenTab, Server, rest
from tests.ftcore.data.own.brought import two_classes, with_pictures
from ui.learner import owner_of

MOST = 4 * 2**30  # bytes that a worker may take


def phases(tail: str) -> str:
    """Two phases of one epoch each, the second with these blocks."""
    return f"p1=epochs:1&p2=name:Fine-tune;epochs:1;trainable:{tail.replace('+', '%2B')}"


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def frozen_and_thawed(tab: Page, block: str, without: str, beside: str) -> None:
    """A click on a block of the strip thaws it and another freezes it again; counts follow."""
    trainable = tab.get_by_test_id("stMetric").filter(has_text="🔥").get_by_test_id("stMetricValue")
    expect(trainable).to_have_text(without)
    box = tab.get_by_role("button", name=re.compile(rf"^{re.escape(block)} "))
    box.click()
    expect(trainable).to_have_text(beside)
    box.click()
    expect(trainable).to_have_text(without)


def ran(tab: Page) -> None:
    """Start a run as the page has it set up, and wait for its end."""
    tab.get_by_role("button", name=re.compile("^Start")).click()
    tab.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    expect(tab.get_by_test_id("stMain").get_by_text("done", exact=True).first).to_be_visible()


def traced(tab: Page, block: str, *, looks: bool) -> None:
    """All chapters of the trace, with the maps of a block and, where there is one, what its class token looks at."""
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Prediction trace").click()
    expect(tab.get_by_role("heading", name="Prediction trace", level=1)).to_be_visible()
    tab.get_by_role("button", name=re.compile(rf"^{re.escape(block)} ")).click()
    expect(tab.get_by_role("heading", name="Features", exact=True)).to_be_visible()
    expect(tab.get_by_role("heading", name=re.compile(rf"{re.escape(block)}$"))).to_be_visible()
    expect(tab.locator(".gallery").first).to_be_visible()
    rest(tab)
    heading = tab.get_by_role("heading", name="Where the class token looks")
    expect(heading).to_have_count(int(looks))
    if looks:
        expect(tab.get_by_text("All heads, averaged:")).to_be_visible()
        tab.locator(".gallery").last.get_by_role("button").nth(2).click()
        expect(tab.get_by_text(re.compile("^Head 2:"))).to_be_visible()
    for layer in ("Classifier", "Softmax", "Prediction"):
        tab.get_by_role("button", name="Next", exact=True).click()
        expect(tab.get_by_role("heading", name=layer, exact=True)).to_be_visible()
    expect(tab.get_by_text(re.compile("The network says"))).to_be_visible()


@contextmanager
def learner_of(tab: Page, server: Server) -> Iterator[str]:
    """The learner whose tab this is, with the server's home as one's own while the `with` lasts."""
    token = tab.evaluate("() => localStorage.getItem('thaw-learner')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(server.home))
        yield owner_of(token)


def few(tab: Page, server: Server) -> str:
    """A set of the tab's learner with twenty pictures of two classes: large ones cost networks for photos much each."""
    with learner_of(tab, server) as owner:
        one = with_pictures(two_classes(10), owner)
        return plans.data_of(one, steps.standing(one, keeping.pictures(one)))


def test_the_network_for_photos(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab("your_data")
    asked = f"backbone=efficientnet_lite0&data={few(tab, server)}&{phases('conv_head+head')}"
    tab.goto(f"{server.url}/freeze_lab?{asked}")
    frozen_and_thawed(tab, "blocks.6.0", "414,722", "1,020,162")
    tab.goto(f"{server.url}/train_live?{asked}")
    ran(tab)
    traced(tab, "blocks.6.0", looks=False)


def left(server: Server, tab: Page) -> str:
    """A run of ViT-B/16 on a few pictures, stopped before its first epoch, of the learner whose tab this is."""
    tail = ("encoder.layers.encoder_layer_11", "pool", HEAD)
    two = Phase(epochs=1), Phase(name="Fine-tune", epochs=2, lr=1e-4, trainable=tail)
    settings = RunSettings(backbone="vit_b_16", weights="random", data=few(tab, server), phases=two)
    with learner_of(tab, server) as owner:
        run = records.new(settings, owner)
        records.set_state(run, "stopped")
    return run.name


def test_a_vision_transformer_paused_and_resumed_within_four_gigabytes(open_tab: OpenTab, server: Server) -> None:
    tail = phases("encoder.layers.encoder_layer_11+pool+head")
    tab = open_tab(f"freeze_lab?backbone=vit_b_16&weights=random&data=digits&{tail}")
    frozen_and_thawed(tab, "encoder.layers.encoder_layer_10", "7,097,098", "14,184,970")
    run = left(server, tab)
    tab.goto(f"{server.url}/train_live?run={run}")
    main = tab.get_by_test_id("stMain")
    tab.get_by_role("button", name="Resume").click()
    tab.get_by_role("button", name="Pause").click()
    expect(main.get_by_text("paused", exact=True).first).to_be_visible()
    tab.get_by_role("button", name="Resume").click()
    expect(main.get_by_text("done", exact=True).first).to_be_visible()
    assert max(map(peak, server.workers())) < MOST
    traced(tab, "encoder.layers.encoder_layer_10", looks=True)


def test_a_network_that_only_timm_knows_is_named_in_a_field(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab("your_data")
    data = few(tab, server)
    tab.goto(f"{server.url}/freeze_lab?weights=random&data={data}")
    tab.get_by_test_id("stSidebar").get_by_text("Another network", exact=True).click()
    field = tab.get_by_role("textbox", name="Name in timm")
    field.fill("lcnet_005")
    field.press("Enter")
    expect(tab.get_by_text("a name that timm knows, such as")).to_be_visible()
    rest(tab)
    field.fill("lcnet_050")
    field.press("Enter")
    tab.wait_for_url(re.compile("backbone=timm(%2F|/)lcnet_050"))
    frozen_and_thawed(tab, "blocks.4.3", "482,658", "502,754")
    tail = phases("blocks.5.1+hidden1+head")
    tab.goto(f"{server.url}/train_live?backbone=timm/lcnet_050&weights=random&data={data}&{tail}")
    ran(tab)
    traced(tab, "blocks.5.1", looks=False)
