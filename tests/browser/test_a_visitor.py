"""What a visitor may do in a real browser: odd numbers, own pictures, a run of the terminal, another machine's door."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, OpenTab, Server

SMALL = "data=digits&train_per_class=2"
CUT_HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


def elsewhere() -> str:
    """An address of this machine that is not its own loop; asking for the route sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
            found = str(asked.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        pytest.skip("this machine has no other address")
    return found


def test_the_app_answers_this_machine_only(server: Server) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    socket.create_connection(("localhost", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((elsewhere(), port), timeout=5)


def test_an_open_experiment_stays_open_when_the_network_changes(open_tab: OpenTab) -> None:
    tab = open_tab("experiment?exp=kept-features")
    title = tab.get_by_role("heading", level=1).inner_text()
    tab.get_by_role("combobox", name=re.compile("Backbone")).click()
    tab.get_by_role("option", name=re.compile("VGG")).click()
    tab.wait_for_url(re.compile("backbone=vgg16"))
    expect(tab.get_by_role("heading", level=1)).to_have_text(title)
    assert "exp=kept-features" in tab.url
    tab.go_back()
    tab.wait_for_url(re.compile(r"exp=kept-features(?!.*vgg16)"))
    expect(tab.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.parametrize("typed", ["-1", "nan"])
def test_a_rate_outside_its_limits_is_a_sentence_beside_its_field(open_tab: OpenTab, typed: str) -> None:
    tab = open_tab(f"train_live?{SMALL}")
    field = tab.get_by_role("combobox", name=re.compile("Learning rate")).first
    field.fill(typed)
    field.press("Enter")
    expect(tab.get_by_test_id("stAlert")).to_contain_text(re.compile("Learning rate .*between 1e-7 and 10"))
    expect(tab.get_by_test_id("stSidebar").get_by_role("link", name="Review")).to_be_visible()
    expect(tab.get_by_role("button", name=re.compile("^Start"))).to_be_enabled()


def upload(tab: Page, path: Path) -> None:
    tab.locator("input[type=file]").set_input_files(path)


def test_own_pictures_outlive_a_change_of_page(open_tab: OpenTab, tmp_path: Path) -> None:
    (tmp_path / "photo.heic").write_bytes(CUT_HEIC)
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "one.png")
    tab = open_tab(f"trace?{SMALL}&pick=upload")
    upload(tab, tmp_path / "photo.heic")
    expect(tab.get_by_test_id("stAlert").filter(has_text="'photo.heic' is damaged")).to_be_visible()
    upload(tab, tmp_path / "one.png")
    expect(tab.get_by_text("300×200 pixels shown")).to_be_visible()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Review").click()
    expect(tab.get_by_role("heading", name="Review", level=1)).to_be_visible()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Prediction trace").click()
    expect(tab.get_by_text("300×200 pixels shown")).to_be_visible()
    expect(tab.get_by_text("one.png", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Choose another").click()
    expect(tab.locator("input[type=file]")).to_be_attached()
    expect(tab.get_by_text("300×200 pixels shown")).to_have_count(0)


def test_the_last_drawing_is_on_the_pad_again(open_tab: OpenTab) -> None:
    tab = open_tab(f"trace?{SMALL}&pick=draw")
    dark = "c => { const d = c.getContext('2d').getImageData(0, 0, 384, 384).data; return d.filter(v => v < 60).length > 300 }"
    canvas = tab.locator(".pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    assert not canvas.evaluate(dark)
    tab.mouse.move(box["x"] + 40, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 200, box["y"] + 160, steps=5)
    tab.mouse.up()
    expect(tab.get_by_text("384×384 pixels shown")).to_be_visible()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Review").click()
    expect(tab.get_by_role("heading", name="Review", level=1)).to_be_visible()
    tab.get_by_test_id("stSidebar").get_by_role("link", name="Prediction trace").click()
    expect(tab.get_by_text("384×384 pixels shown")).to_be_visible()
    expect(canvas).to_be_visible()
    for _ in range(100):
        if canvas.evaluate(dark):
            return
        tab.wait_for_timeout(100)
    pytest.fail("the pad stayed empty")


def test_a_run_made_in_the_terminal_is_shown_without_saying_where_its_pictures_lie(
    open_tab: OpenTab, server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "somewhere_private" / "shapes"
    for name, colour in {"red": (200, 0, 0), "blue": (0, 0, 200)}.items():
        (folder / name).mkdir(parents=True)
        for at in range(5):
            Image.new("RGB", (24, 24), tuple(c + at for c in colour)).save(folder / name / f"{at}.png")
    before = set((server.home / "runs").glob("*"))
    command = [sys.executable, "-m", "ftcore", "train", "--data", str(folder), "--epochs", "1,1", "--json"]
    env = {**os.environ, "THAW_HOME": str(server.home)}
    subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True)
    (run,) = set((server.home / "runs").glob("*")) - before
    for page, heading in {"train_live": "Accuracy", "trace": "Input", "freeze_lab": "The code"}.items():
        tab = open_tab(f"{page}?run={run.name}")
        expect(tab.get_by_role("combobox", name=re.compile("Data"))).to_have_value("shapes, of this run")
        expect(tab.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(tab.get_by_test_id("stAlert").filter(has_text="Start afresh")).to_have_count(0)
        assert "somewhere_private" not in tab.content() + tab.url
