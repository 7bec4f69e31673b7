"""Runs side by side: which line is which, and what is compared."""

from __future__ import annotations

import colorsys
import dataclasses
import json
import tomllib
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ftcore.files import ROOT
from tests.made import ALONE, SHORT, OpenPage, run_with, texts, write_run
from ui.runs import compare, history
from ui.widgets import looks


def figure(test: AppTest) -> Any:
    """The chart of runs side by side as it reaches the browser."""
    charts = test.get("plotly_chart")
    assert len(charts) == 1
    return json.loads(charts[0].proto.spec)


def test_two_runs_are_two_lines_told_apart_by_dash_and_mark(open_page: OpenPage) -> None:
    write_run(SHORT, 0.3, 0.4, 0.5, 0.6)
    write_run(SHORT, 0.35, 0.45, end="stopped")
    test = open_page("train_live")
    assert not test.exception
    drawn = figure(test)
    lines = drawn["data"]
    assert sorted(len(line["x"]) for line in lines) == [2, 4]
    assert len({line["line"]["dash"] for line in lines}) == 2
    assert len({line["marker"]["symbol"] for line in lines}) == 2
    assert len({line["name"] for line in lines}) == 2
    assert drawn["layout"]["xaxis"]["title"]["text"] == "epoch"
    assert drawn["layout"]["yaxis"]["title"]["text"] == "validation accuracy"
    alt = test.get("plotly_chart")[0].proto.alt
    assert "60.0\u00a0% after epoch 4" in alt
    assert "45.0\u00a0% after epoch 2" in alt


def test_no_two_of_eight_lines_look_alike() -> None:
    assert len(looks.RUNS) == compare.MOST
    assert len({(dash, mark) for _, dash, mark in looks.RUNS}) == compare.MOST
    assert len({colour for colour, _, _ in looks.RUNS}) == compare.MOST


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_are_seen_on_both_themes_and_are_neither_ice_nor_ember(theme: str) -> None:
    """At least 3 : 1 on the page (WCAG 2.2, non-text contrast), and 20 degrees of hue from both colours."""
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][theme]

    def parts(colour: str) -> tuple[float, float, float]:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return red, green, blue

    def light(colour: str) -> float:
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts(colour))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour, _, _ in looks.RUNS:
        low, high = sorted((light(colour), light(colours["backgroundColor"])))
        assert (high + 0.05) / (low + 0.05) >= 3, colour
        hue, _, strength = colorsys.rgb_to_hls(*parts(colour))
        for kept in ("blueColor", "orangeColor"):
            apart = abs(hue - colorsys.rgb_to_hls(*parts(colours[kept]))[0])
            assert strength < 0.1 or min(apart, 1 - apart) * 360 >= 20, (colour, kept)


def test_runs_of_one_title_are_told_apart_by_what_differs(open_page: OpenPage) -> None:
    rates = [
        dataclasses.replace(SHORT, phases=(SHORT.phases[0], dataclasses.replace(SHORT.phases[1], lr=lr)))
        for lr in (1e-4, 3e-3)
    ]
    assert history.told_apart(rates) == ["phase 2 learning rate 1e-4", "phase 2 learning rate 3e-3"]
    assert history.told_apart([SHORT, SHORT, ALONE]) == ["", "", ""]
    assert history.told_apart([SHORT, dataclasses.replace(SHORT, cache=False)]) == [
        "keep frozen features on",
        "keep frozen features off",
    ]
    for settings in rates:
        write_run(settings, 0.3, 0.4)
    labels = [box.label for box in open_page("train_live").checkbox if str(box.key).startswith("compare-")]
    assert sum("phase 2 learning rate 3e-3" in label for label in labels) == 1
    assert sum("phase 2 learning rate 1e-4" in label for label in labels) == 1


def test_a_new_run_renames_none(open_page: OpenPage) -> None:
    write_run(SHORT, 0.3)
    write_run(SHORT, 0.3, 0.4)

    def names() -> dict[int, tuple[str, str]]:
        lines = figure(open_page("train_live"))["data"]
        return {len(line["x"]): (line["name"], line["marker"]["symbol"]) for line in lines}

    before = names()
    assert before[1][0] == "run 1"
    write_run(SHORT, 0.3, 0.4, 0.5)
    assert names()[2] == before[2]


def test_the_oldest_line_lies_below(open_page: OpenPage) -> None:
    write_run(SHORT, 0.3)
    write_run(SHORT, 0.3, 0.4)
    assert [line["name"] for line in figure(open_page("train_live"))["data"]] == ["run 1", "run 2"]


def test_ticks_choose_the_runs_and_the_switch_what_is_compared(open_page: OpenPage) -> None:
    first = write_run(SHORT, 0.3, 0.4, 0.5, 0.6)
    second = write_run(SHORT, 0.35, 0.45, end="stopped")
    test = open_page("train_live")
    test.checkbox(key=f"compare-{second}").uncheck().run()
    assert [len(line["x"]) for line in figure(test)["data"]] == [4]
    test.segmented_control(key="compare-what").set_value("loss").run()
    drawn = figure(test)
    assert drawn["data"][0]["y"] == pytest.approx([1.4, 1.2, 1.0, 0.8])
    assert drawn["layout"]["yaxis"]["title"]["text"] == "validation loss"
    test.checkbox(key=f"compare-{first}").uncheck().run()
    assert not test.exception
    assert not test.get("plotly_chart")


def test_a_line_keeps_its_look_when_another_is_taken_away(open_page: OpenPage) -> None:
    first = write_run(SHORT, 0.3, 0.4, 0.5, 0.6)
    write_run(SHORT, 0.35, 0.45, end="stopped")
    test = open_page("train_live")
    before = next(line for line in figure(test)["data"] if len(line["x"]) == 2)
    test.checkbox(key=f"compare-{first}").uncheck().run()
    (after,) = figure(test)["data"]
    assert (after["name"], after["line"], after["marker"]) == (before["name"], before["line"], before["marker"])


def test_one_run_alone_is_compared_with_nothing(open_page: OpenPage) -> None:
    write_run(SHORT, 0.3, 0.4)
    run_with(SHORT)
    write_run(SHORT, 0.5, 0.6, owner="someone else")
    test = open_page("train_live")
    assert "Side by side" not in texts(test)
    assert not test.get("plotly_chart")
