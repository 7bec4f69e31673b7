"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the program."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ftcore.files import ROOT
from tests.planted import ask, insert, plant

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
STEP = re.compile(
    r"^(?P<how>In|New file|At the end of) `(?P<file>[^`]+)`(?:, (?P<side>before|after) `(?P<anchor>[^`]+)`)?:\n\n"
    r"```\w+\n(?P<text>.*?)^```$",
    flags=re.M | re.S,
)
ASK = """
import dataclasses, json
from streamlit.testing.v1 import AppTest
from course import experiments, quiz
from ftcore.data import catalogue, sets
from ftcore.network import backbones
from ftcore.network.describe import describe
from ftcore.settings import RunSettings

page = AppTest.from_file("app.py", default_timeout=300)
page.session_state["thaw_token"] = "0" * 32
page.run()
page.switch_page("pages/blocks.py")
page.run()
found, wrong = experiments.load()
outcome = experiments.judged("head-share", [experiments.measured("head-share")])
print(json.dumps({
    "backbone": [describe("resnet34")[-1].shape[0], sum(row.parameters for row in describe("resnet34"))],
    "data": [catalogue.CATALOGUE["kmnist"].title, sets.summary("kmnist").counts],
    "setting": RunSettings(rest=3).to_query(),
    "page": [not page.exception, page.title[0].value, len(page.markdown)],
    "quiz": [list(quiz.load().wrong), "blocks-many" in {q.id for q in quiz.load().questions}],
    "experiment": [list(wrong), outcome.key, "head-share" in {e.id for e in found}],
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program says once all recipes have been followed."""
    place = plant(tmp_path_factory.mktemp("tree"))
    steps = list(STEP.finditer(TEXT))
    assert len(steps) == TEXT.count("```") // 2, "each block of code stands under a line that says where it goes"
    for step in steps:
        file = place / step["file"]
        if step["how"] == "In":
            insert(file, step["anchor"], step["text"], after=step["side"] == "after")
        else:
            assert file.exists() == (step["how"] == "At the end of")
            with file.open("a", encoding="utf-8") as opened:
                opened.write(("\n" if file.suffix == ".toml" else "") + step["text"])
    answer: dict[str, Any] = json.loads(ask(place, "-c", ASK).splitlines()[-1])
    return answer


@pytest.mark.parametrize(
    ("recipe", "wanted"),
    [
        ("backbone", [1000, 21_797_672]),
        ("data", ["Kuzushiji-MNIST", {"train": 54_000, "val": 6_000, "test": 10_000}]),
        ("setting", {"rest": "3"}),
        ("quiz", [[], True]),
        ("experiment", [[], "small", True]),
    ],
)
def test_a_recipe_does_what_it_says(found: dict[str, Any], recipe: str, wanted: object) -> None:
    assert found[recipe] == wanted


def test_the_page_of_the_recipe_opens(found: dict[str, Any]) -> None:
    opens, title, lines = found["page"]
    assert (opens, title) == (True, "Blocks")
    assert lines >= 11
