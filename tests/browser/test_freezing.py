"""The Freeze lab in a real browser: click blocks, start a run from there, and see that only those blocks moved."""

from __future__ import annotations

import re

import pytest
import torch
from playwright.sync_api import Locator, expect
from safetensors.torch import load_file

from ftcore.network import backbones
from tests.browser.conftest import OpenTab, Server, rest, to_the_end

SHORT = "data=digits&train_per_class=8&p1=epochs:1&p2=name:Fine-tune;epochs:2;lr:0.001;trainable:layer4.1%2Bhead"


def test_clicked_blocks_are_the_ones_that_train(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab("freeze_lab?" + SHORT)
    trainable = tab.get_by_test_id("stMetric").filter(has_text="🔥").get_by_test_id("stMetricValue")
    expect(trainable).to_have_text("4,725,770")
    tab.get_by_role("button", name=re.compile(r"^layer3\.0")).click()
    expect(trainable).to_have_text("5,644,810")
    expect(tab.get_by_test_id("stCode").first).to_contain_text("model.layer3[0]")
    block = tab.get_by_role("button", name=re.compile(r"^layer4\.1"))
    block.focus()
    tab.keyboard.press("Enter")
    expect(trainable).to_have_text("924,170")
    expect(tab.get_by_test_id("stCode").first).not_to_contain_text("model.layer4[1]")
    expect(tab.get_by_text("gradient passes through frozen blocks")).to_be_visible()
    assert "lab=layer3.0%2Bhead" in tab.url.replace("+", "%2B")

    tab.get_by_role("button", name=re.compile("^Train this")).click()
    tab.wait_for_url(re.compile(r"train_live.*run=[0-9a-f]{32}"))
    to_the_end(tab)
    found = re.search(r"run=([0-9a-f]{32})", tab.url)
    assert found
    tuned = load_file(server.home / "runs" / found[1] / "model.safetensors")
    before = backbones.load("resnet18-tinyimagenet64").model.state_dict()
    moved = {key for key, value in before.items() if key[:3] != "fc." and not torch.equal(value, tuned[key])}
    assert moved
    assert all(key.startswith("layer3.0.") for key in moved)
    assert {key for key in before if key.startswith("layer3.0.") and key.endswith("weight")} <= moved


def test_steps_of_a_run_and_plain_ones_differ_in_the_statistics_of_frozen_blocks(open_tab: OpenTab) -> None:
    tab = open_tab("freeze_lab?" + SHORT)
    measured = tab.get_by_test_id("stTable").filter(has_text="statistics moved by")
    tab.get_by_role("radio", name="Update").click()
    tab.wait_for_url(re.compile("batch_norm=update"))
    tab.get_by_role("button", name=re.compile("^Take 10 real steps")).click()
    expect(measured).to_have_count(1)
    assert _row(measured, "layer1.0") == ["0", "0"]
    assert all(cell.endswith("%") for cell in _row(measured, "layer4.1"))
    tab.get_by_role("button", name=re.compile("^Take 10 plain steps")).click()
    expect(measured).to_have_count(2)
    still, drifted = _row(measured.last, "layer1.0")
    assert (still, drifted[-1]) == ("0", "%")
    expect(tab.get_by_text("requires_grad=False")).to_be_visible()
    tab.get_by_role("radio", name="Keep").click()
    expect(measured).to_have_count(0)


def _row(table: Locator, block: str) -> list[str]:
    cells = table.get_by_role("row").filter(has_text=block).get_by_role("cell").all_inner_texts()
    return [cell.strip() for cell in cells[-2:]]


@pytest.mark.parametrize("width", [1400, 768, 390])
def test_no_number_in_a_box_is_cut_off(width: int, open_tab: OpenTab) -> None:
    long = "freeze_lab?lab=stem%2Blayer1.0%2Blayer1.1%2Blayer2.0%2Blayer2.1%2Blayer3.0%2Blayer3.1%2Blayer4.0%2Blayer4.1"
    tab = open_tab(long, viewport={"width": width, "height": 900})
    number = tab.get_by_test_id("stMetricValue").filter(has_text="11,176,512")
    expect(number).to_be_visible()
    expect(tab.get_by_text("Block by block").first).to_be_attached()
    rest(tab)
    assert number.evaluate(
        "e => [e, ...e.querySelectorAll('*')].every(x => x.scrollWidth <= x.clientWidth || !x.clientWidth)"
    )
