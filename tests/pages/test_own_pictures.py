"""A run that was made in the terminal on pictures of one's own: every page shows it, none says where they lie."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from ftcore.errors import FtError
from ftcore.runs import execute, records
from ftcore.settings import Phase, RunSettings
from tests.made import OpenPage, query_of, texts, tied
from ui import address, sitemap
from ui.engine import own
from ui.words import discreet

COLOURS = {"red": (200, 30, 30), "blue_ish": (30, 30, 200)}
PHASES = (Phase(epochs=1), Phase(name="Fine-tune", epochs=1, lr=1e-3, trainable=("layer4.1", "head")))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A folder of pictures, a home with a finished run on them that belongs to nobody, and the run's id."""
    folder, home = tmp_path_factory.mktemp("secret_place") / "my_pictures", tmp_path_factory.mktemp("home")
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for at in range(6):
            Image.new("RGB", (20, 20), tuple(c + at for c in colour)).save(folder / name / f"{at}.png")
    patch = pytest.MonkeyPatch()
    patch.setenv("THAW_HOME", str(home))
    run = records.new(dataclasses.replace(RunSettings(data=str(folder)), phases=PHASES))
    assert execute.finish(run, lambda: execute.execute(run, lambda e: records.append(run, e))) == 0
    patch.undo()
    return folder, home, run.name


@pytest.fixture(params=["there", "gone"])
def run(request: pytest.FixtureRequest, made: tuple[Path, Path, str], home: Path) -> Iterator[str]:
    """The run in the home of this test, with its pictures where they were or moved away."""
    folder, kept, name = made
    shutil.copytree(kept, home, dirs_exist_ok=True)
    st.cache_resource.clear()
    if request.param == "gone":
        folder.rename(folder.with_name("elsewhere"))
    yield name
    if request.param == "gone":
        folder.with_name("elsewhere").rename(folder)


def sent(node: Any) -> str:
    """Everything that goes to the browser."""
    below = "".join(sent(child) for child in getattr(node, "children", {}).values())
    return f"{getattr(node, 'proto', '')}{below}"


def opened(open_page: OpenPage, run: str, page: str, **more: str) -> AppTest:
    """A page with the run in its address, which says neither where the pictures lie nor that something broke."""
    test = open_page(page, run=run, **more)
    assert not test.exception
    assert not test.error
    assert len(test.title) == 1
    assert "secret_place" not in sent(test._tree) + str(query_of(test))
    assert query_of(test)["run"] == run
    return test


@pytest.mark.parametrize("entry", sitemap.ENTRIES, ids=lambda entry: entry.path)
def test_every_page_opens_with_it(entry: sitemap.Entry, open_page: OpenPage, run: str) -> None:
    test = opened(open_page, run, entry.path)
    box = tied(test.selectbox, "side-data")
    assert box.options[box.index] == "my_pictures, of this run"
    starts = [button.key for button in test.button if button.key in ("start", "run-full", "run-quick", "lab-start")]
    assert starts == []


@pytest.mark.parametrize("layer", ["features", "classifier", "softmax", "prediction"])
def test_it_can_be_traced(layer: str, open_page: OpenPage, run: str, request: pytest.FixtureRequest) -> None:
    test = opened(open_page, run, "trace", layer=layer)
    if "[gone" in request.node.name:
        assert "are not where they were" in texts(test)
        assert not test.header
    else:
        assert len(test.header) == 1
        assert "on my\\_pictures" in texts(test)


@pytest.mark.parametrize("stage", ["load", "head"])
def test_the_stages_with_pictures_say_when_they_are_gone(
    stage: str, open_page: OpenPage, run: str, request: pytest.FixtureRequest
) -> None:
    test = opened(open_page, run, "pipeline", stage=stage)
    assert ("are not where they were" in texts(test)) == ("[gone" in request.node.name)
    assert test.metric[3].value == ("200" if stage == "load" else "2")


def test_choosing_a_set_leaves_it(open_page: OpenPage, run: str) -> None:
    test = opened(open_page, run, "review")
    tied(test.selectbox, "side-data").set_value("digits").run()
    assert "run" not in query_of(test)
    assert address.from_query(query_of(test)) == dataclasses.replace(RunSettings(data="digits"), phases=PHASES)


@pytest.mark.parametrize(
    ("data", "name"),
    [("/home/eva/cats", "cats"), ("/home/eva/cats/", "cats"), (r"C:\Users\eva\cats.zip", "cats.zip"), ("cats", "cats")],
)
def test_it_is_called_by_its_last_name(data: str, name: str) -> None:
    assert own.name(RunSettings(data=data)) == name
    with pytest.raises(FtError, match=f"'{name}', are not where they were"), own.pictures(RunSettings(data=data)):
        raise FtError(f"There is no file {data}.")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("There is no file '/home/eva/my cats/a.jpg': look.", "There is no file 'a.jpg': look."),
        ("/srv/x/run exists already", "run exists already"),
        (r"'C:\Users\eva\cats.zip' is cut", "'cats.zip' is cut"),
        ("~/cats/dogs is empty", "dogs is empty"),
        ("train/ and val/ and/or 3/4 of cats/a.jpg", "train/ and val/ and/or 3/4 of cats/a.jpg"),
    ],
)
def test_a_sentence_without_folders(said: str, shown: str) -> None:
    assert discreet(said) == shown
