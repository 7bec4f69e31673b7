"""The prediction trace in a real browser: a photo, a drawing, five chapters, before and after tuning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from ftcore.settings import RunSettings
from tests.browser.conftest import OpenTab

SMALL = "data=digits&train_per_class=20&p1=epochs:2&p2=name:Fine-tune;epochs:2;lr:0.001;trainable:layer4.1%2Bhead"


def finished(open_tab: OpenTab) -> tuple[Page, str]:
    """A tab on the trace page of a run that was trained for it."""
    tab = open_tab(f"train_live?{SMALL}")
    tab.get_by_role("button", name=re.compile("^Start")).click()
    tab.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    expect(tab.get_by_test_id("stMain").get_by_text("done", exact=True).first).to_be_visible()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Prediction trace").click()
    expect(tab.get_by_role("heading", name="Prediction trace", level=1)).to_be_visible()
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    return tab, found[1]


def step_through(tab: Page) -> None:
    """All five chapters by the Next button; the address follows."""
    for layer in ("Features", "Classifier", "Softmax", "Prediction"):
        tab.get_by_role("button", name="Next", exact=True).click()
        expect(tab.get_by_role("heading", name=layer, exact=True)).to_be_visible()
        tab.wait_for_url(re.compile(f"layer={layer.lower()}"))


def test_upload_draw_and_step_through_all_chapters(open_tab: OpenTab, tmp_path: Path) -> None:
    tab, run = finished(open_tab)
    expect(tab.get_by_role("heading", name="Input", exact=True)).to_be_visible()
    expect(tab.locator("caption").filter(has_text="Pixel in column")).to_be_visible()

    photo = Image.new("RGB", (300, 200), "black")
    ImageDraw.Draw(photo).line([(150, 20), (150, 180)], fill="white", width=28)
    photo.save(tmp_path / "one.jpg")
    tab.get_by_role("radio", name="Upload").click()
    tab.locator("input[type=file]").set_input_files(tmp_path / "one.jpg")
    expect(tab.get_by_text("300×200 pixels shown")).to_be_visible()
    step_through(tab)
    expect(tab.get_by_text(re.compile("The network says"))).to_be_visible()
    expect(tab.get_by_text(re.compile("before tuning")).first).to_be_attached()

    tab.get_by_role("radio", name="Draw").click()
    canvas = tab.locator(".pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for points in ([(0.3, 0.2), (0.7, 0.2), (0.4, 0.85)], [(0.35, 0.5), (0.65, 0.5)]):
        x, y = points[0]
        tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.mouse.down()
        for x, y in points[1:]:
            tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        tab.mouse.up()
    expect(tab.get_by_text(re.compile("The network says"))).to_be_visible()
    tab.get_by_role("radio", name="4 Softmax").click()
    rows = tab.locator("tbody tr").filter(has=tab.locator("td.bar"))
    expect(rows).to_have_count(10)
    rows.nth(3).hover()
    expect(rows.nth(3)).to_have_class(re.compile("lit"))
    assert f"run={run}" in tab.url
    assert "pick=draw" in tab.url

    again = open_tab(
        tab.url.split("/", 3)[3].replace("pick=draw", "pick=val-2").replace("layer=softmax", "layer=features")
    )
    expect(again.get_by_role("heading", name="Features", exact=True)).to_be_visible()
    expect(again.locator(".gallery").first.locator("button").first).to_be_visible()


def test_pretrained_network_before_any_run(open_tab: OpenTab) -> None:
    tab = open_tab("trace?data=digits")
    expect(tab.get_by_text(re.compile("no tuned network yet.* 1,000 classes"))).to_be_visible()
    tab.get_by_role("radio", name="ResNet-18, 64 px, the lesson's").click()
    expect(tab.get_by_text(re.compile("no tuned network yet.* 200 classes"))).to_be_visible()
    tab.get_by_role("group", name=re.compile("blocks")).get_by_role("button", name=re.compile("^layer2.0")).click()
    expect(tab.get_by_role("heading", name="Features", exact=True)).to_be_visible()
    expect(tab.get_by_role("heading", name=re.compile("layer2.0"))).to_be_visible()


@pytest.mark.parametrize("pick", ["val-999999", "val-x", "nonsense"])
def test_a_damaged_address_still_opens(open_tab: OpenTab, pick: str) -> None:
    tab = open_tab(f"trace?data=digits&pick={pick}&layer=nowhere")
    expect(tab.get_by_role("heading", name="Input", exact=True)).to_be_visible()


def test_settings_of_the_small_run_are_read_from_the_address() -> None:
    query = dict(part.split("=", 1) for part in SMALL.replace("%2B", "+").split("&"))
    assert RunSettings.from_query(query).epochs == 4
