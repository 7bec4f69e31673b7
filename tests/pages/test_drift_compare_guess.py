"""How far the blocks moved, runs side by side, the guess before the thaw, and how long a run still takes."""

from __future__ import annotations

import colorsys
import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from ftcore.files import ROOT
from ftcore.network.describe import describe
from ftcore.runs import locks, records, service
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes
from tests.pages.made import OWNER, OpenPage, epoch, texts, tied, write_run
from ui.runs import compare, guess, history
from ui.runs.log import RunLog, time_left
from ui.widgets import drift

BACKBONE = "resnet18-tinyimagenet64"
SHORT = dataclasses.replace(RunSettings(), phases=recipes.classic(BACKBONE, epochs=(2, 2)))
ALONE = dataclasses.replace(RunSettings(), phases=(Phase(epochs=2),))
WEIGHTED = [block.name for block in describe(BACKBONE) if block.parameters]
MOVED = ({HEAD: 0.9}, {HEAD: 1.3}, {"layer4.0": 0.012, "layer4.1": 0.034, HEAD: 1.4})


def run_with(settings: RunSettings, *rows: Mapping[str, Any], state: str = "stopped") -> str:
    """A run whose log holds exactly these epochs."""
    folder = records.new(settings, OWNER)
    records.append(folder, {"event": "baseline", "val_loss": 2.4, "val_accuracy": 0.1})
    for row in rows:
        records.append(folder, row)
    records.set_state(folder, state)
    return folder.name


def moving(*drifts: Mapping[str, float], rate: float = 1e-3) -> list[dict[str, Any]]:
    """Epochs in which the blocks stand this far from their start."""
    return [
        epoch(number, 1 if number <= 2 else 2, 0.5, lr=rate) | {"drift": dict(moved)}
        for number, moved in enumerate(drifts, 1)
    ]


def drift_chart(test: AppTest) -> Any:
    found = [chart.proto for chart in test.get("vega_lite_chart") if "vconcat" in chart.proto.spec]
    assert len(found) == 1
    return found[0]


def table(proto: Any, name: str) -> Any:
    """The rows that the browser gets under this name."""
    data = next(dataset.data.data for dataset in proto.datasets if dataset.name == name)
    return convert_arrow_bytes_to_pandas_df(data)


def figure(test: AppTest) -> Any:
    """The chart of runs side by side as it reaches the browser."""
    charts = test.get("plotly_chart")
    assert len(charts) == 1
    return json.loads(charts[0].proto.spec)


# How far each block has moved


def test_each_epoch_has_a_cell_for_every_block_but_the_head() -> None:
    found = drift.cells(moving(*MOVED), ["stem", "layer4.0", "layer4.1", HEAD])
    assert [(cell["epoch"], cell["block"], cell["moved"]) for cell in found] == [
        (1, "stem", 0.0), (1, "layer4.0", 0.0), (1, "layer4.1", 0.0),
        (2, "stem", 0.0), (2, "layer4.0", 0.0), (2, "layer4.1", 0.0),
        (3, "stem", 0.0), (3, "layer4.0", 0.012), (3, "layer4.1", 0.034),
    ]  # fmt: skip


def test_words_tell_moved_blocks_from_still_ones_and_the_head() -> None:
    said = drift.words(moving(*MOVED), WEIGHTED)
    assert "After epoch 3" in said
    assert "`layer4.0` moved by 1.2\u00a0% and `layer4.1` by 3.4\u00a0% of its size" in said
    assert "7 blocks moved by exactly 0" in said, "the stem and six blocks before layer4"
    assert "1.4 times" in said
    assert drift.words([], WEIGHTED) == ""


def test_words_of_the_first_phase_name_no_moved_block() -> None:
    said = drift.words(moving(*MOVED[:1]), WEIGHTED)
    assert "9 blocks moved by exactly 0" in said
    assert "layer" not in said


def test_words_of_many_moved_blocks_name_the_furthest_and_the_least() -> None:
    drifts = {name: 0.001 * (at + 2) for at, name in enumerate(WEIGHTED)} | {"layer2.0": 0.00002, "layer3.1": 1.5}
    said = drift.words(moving(drifts), WEIGHTED)
    assert "9 blocks moved, `layer3.1` furthest with 150\u00a0% and `layer2.0` least with less than 0.01\u00a0%" in said
    assert "exactly 0" not in said


def test_one_still_block_is_not_spoken_of_as_many() -> None:
    said = drift.words(moving({"layer4.0": 0.1, HEAD: 1.0}), ["stem", "layer4.0", HEAD])
    assert "1 block moved by exactly 0" in said


def test_the_drift_chart_reaches_the_browser_with_its_data_titles_and_words(open_page: OpenPage) -> None:
    test = open_page("train_live", run=run_with(SHORT, *moving(*MOVED)))
    assert not test.exception
    proto = drift_chart(test)
    heat, rates = json.loads(proto.spec)["vconcat"]
    assert rates["encoding"]["y"]["axis"]["title"] == "rate"
    assert rates["encoding"]["x"]["axis"]["title"] == "epoch"
    assert heat["encoding"]["y"]["axis"]["title"] == "block"
    low, high = rates["encoding"]["y"]["scale"]["domain"]
    assert low < 1e-4 < 1e-3 < high, "both rates have their place before the second is reached"
    first, last = heat["encoding"]["x"]["scale"]["domain"]
    assert [first, last] == rates["encoding"]["x"]["scale"]["domain"]
    assert first == 0
    assert 4 <= last < 4.5, "four epochs and no fifth"
    assert all(part["width"] == "container" and "layer" not in part for part in (heat, rates)), "fits the page"
    assert "block" in proto.alt
    assert "learning rate" in proto.alt
    cells = table(proto, heat["data"]["name"])
    last = cells[cells["epoch"] == 3].set_index("block")["moved"]
    assert list(last.index) == WEIGHTED[:-1]
    assert (last["stem"], last["layer4.0"], last["layer4.1"]) == (0.0, 0.012, 0.034)
    steps = table(proto, rates["data"]["name"])
    assert list(steps["epoch"]) == [0, 1, 2, 3]
    assert "`layer4.1` by 3.4\u00a0% of its size" in texts(test)


def test_the_rate_of_each_epoch_is_drawn_and_said(open_page: OpenPage) -> None:
    rows = [*moving(*MOVED[:2]), *moving(*MOVED, rate=2.5e-5)[2:]]
    test = open_page("train_live", run=run_with(SHORT, *rows))
    assert list(table(drift_chart(test), "rates")["lr"]) == [1e-3, 1e-3, 1e-3, 2.5e-5]
    assert "Learning rate in epoch 3: 2.5e-5." in texts(test)


def test_the_drift_spec_stays_the_same_from_epoch_to_epoch(open_page: OpenPage) -> None:
    """Streamlit mounts a chart anew when its spec or alt changes: then it flickers."""
    shown = []
    for length in (1, 3):
        proto = drift_chart(open_page("train_live", run=run_with(SHORT, *moving(*MOVED[:length]))))
        shown.append((proto.spec, proto.alt))
    assert shown[0] == shown[1]


def test_a_run_that_measured_no_distances_has_no_drift_chart(open_page: OpenPage) -> None:
    test = open_page("train_live", run=write_run(SHORT, 0.5, 0.6, end="stopped"))
    assert not any("vconcat" in chart.proto.spec for chart in test.get("vega_lite_chart"))
    assert "How far each block has moved" not in texts(test)


# Runs side by side


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
    assert len(compare.LOOKS) == compare.MOST
    assert len({(dash, mark) for _, dash, mark in compare.LOOKS}) == compare.MOST
    assert len({colour for colour, _, _ in compare.LOOKS}) == compare.MOST


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

    for colour, _, _ in compare.LOOKS:
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


# The guess before the thaw


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        (1.0, 0.5, "lower"),
        (1.0, 0.989, "lower"),
        (1.0, 0.991, "same"),
        (1.0, 1.0, "same"),
        (1.0, 1.009, "same"),
        (1.0, 1.011, "worse"),
        (0.1, 0.102, "worse"),
        (100.0, 100.9, "same"),
        (1.0, math.nan, "worse"),
        (1.0, math.inf, "worse"),
    ],
)
def test_one_percent_of_the_loss_divides_a_change_from_none(before: float, after: float, happened: str) -> None:
    assert guess.outcome(before, after) == happened


def test_before_the_thaw_the_page_asks_and_keeps_the_guess_in_the_address(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, end="stopped")
    test = open_page("train_live", run=run)
    asked = tied(test.radio, "guess")
    assert asked.value is None
    assert asked.options == list(guess.GUESSES.values())
    assert "What will happen when we thaw?" in texts(test)
    asked.set_value("worse").run()
    assert not test.exception
    assert test.query_params["guess"] == "worse"
    assert test.query_params["run"] == run
    again = open_page("train_live", run=run, guess="worse")
    assert tied(again.radio, "guess").value == "worse"


def test_the_guess_is_closed_once_a_thawed_epoch_has_ended(open_page: OpenPage) -> None:
    rows = [epoch(number, 1 if number <= 2 else 2, val) for number, val in enumerate((0.5, 0.6, 0.7), 1)]
    run = run_with(SHORT, *rows, state="running")
    with locks.lock(records.folder_of(run)):
        said = {kept: texts(open_page("train_live", run=run, guess=kept)) for kept in guess.GUESSES}
    assert all("What will happen" not in words for words in said.values())
    assert "So far your guess comes true" in said["lower"]
    assert "So far it goes otherwise than you guessed" in said["worse"]
    assert all("You guessed" not in words for words in said.values()), "the run has not ended"


def test_a_guess_belongs_to_its_run(open_page: OpenPage) -> None:
    first, second = write_run(SHORT, 0.5, end="stopped"), write_run(SHORT, 0.5, 0.6, 0.7, 0.8)
    test = open_page("train_live", run=first)
    tied(test.radio, "guess").set_value("worse").run()
    test.button(key=f"open-{second}").click().run()
    assert test.query_params["run"] == second
    assert "guess" not in test.query_params
    assert "guessed" not in texts(test)
    test.button(key=f"open-{first}").click().run()
    assert tied(test.radio, "guess").value == "worse"
    assert test.query_params["guess"] == "worse"


def test_lost_accuracy_is_not_called_gained(open_page: OpenPage) -> None:
    last = epoch(3, 2, 0.55) | {"val_loss": 0.5}
    said = texts(open_page("train_live", run=run_with(SHORT, epoch(1, 1, 0.5), epoch(2, 1, 0.6), last)))
    assert "5.0 points lost" in said


@pytest.mark.parametrize("odd", ["everything", "<b>lower</b>", ""])
def test_a_guess_that_is_none_of_the_three_counts_as_no_guess(odd: str, open_page: OpenPage) -> None:
    test = open_page("train_live", run=write_run(SHORT, 0.5, end="stopped"), guess=odd)
    assert not test.exception
    assert tied(test.radio, "guess").value is None
    settled = open_page("train_live", run=write_run(SHORT, 0.5, 0.6, 0.7), guess=odd)
    assert "You guessed" not in texts(settled)


@pytest.mark.parametrize(
    ("values", "happened"),
    [((0.5, 0.6, 0.55, 0.7), "lower"), ((0.5, 0.6, 0.65, 0.6), "same"), ((0.5, 0.6, 0.65, 0.55), "worse")],
)
def test_after_the_thaw_the_page_says_whether_the_guess_came_true(
    values: tuple[float, ...], happened: str, open_page: OpenPage
) -> None:
    run = write_run(SHORT, *values)
    for kept in guess.GUESSES:
        test = open_page("train_live", run=run, guess=kept)
        said = texts(test)
        assert not test.exception
        assert ("You guessed it" in said) == (kept == happened)
        assert ("You guessed otherwise" in said) == (kept != happened)
        assert "What happened at the thaw?" in said
        assert not [radio for radio in test.radio if str(radio.key).startswith("guess")]
    last = 2 * (1 - values[-1])
    assert f"{last:.3f}" in said
    assert f"{100 * values[-1]:.1f}\u00a0%" in said


def test_a_run_without_a_thaw_asks_nothing(open_page: OpenPage) -> None:
    test = open_page("train_live", run=write_run(ALONE, 0.5, end="stopped"))
    assert not test.exception
    assert "when we thaw" not in texts(test)
    assert not [radio for radio in test.radio if str(radio.key).startswith("guess")]


# How long a run still takes


def log_of(*events: Mapping[str, Any]) -> RunLog:
    log = RunLog()
    log.add(events)
    return log


def test_time_left_is_expected_until_the_first_epoch_then_measured() -> None:
    filling = {"event": "cache_progress", "done": 100, "total": 400, "seconds": 2.0}
    one = epoch(1, 1, 0.5, seconds=30.0)
    step = {"event": "step_progress", "phase": 1, "epoch": 2, "step": 5, "steps": 20}
    assert time_left(log_of(), SHORT, 10.0, (5.0, 7.0)) == 22.0
    assert time_left(log_of(filling), SHORT, 10.0, (5.0, 7.0)) == 6.0 + 12.0
    assert time_left(log_of(filling, one), SHORT, 10.0, (5.0, 7.0)) == 30.0 + 7.0
    assert time_left(log_of(filling, one, step), SHORT, 10.0, (5.0, 7.0)) == 30.0 * 0.75 + 7.0


def test_time_left_in_the_second_phase_does_not_use_the_first_ones_epochs() -> None:
    first = [epoch(1, 1, 0.5, seconds=30.0), epoch(2, 1, 0.5, seconds=30.0), {"event": "phase_end", "phase": 1}]
    assert time_left(log_of(*first), SHORT, 10.0, (5.0, 8.0)) == 8.0
    third = epoch(3, 2, 0.5, seconds=50.0)
    assert time_left(log_of(*first, third), SHORT, 10.0, (5.0, 8.0)) == 50.0
    assert time_left(log_of(*first, third, {"event": "run_end"}), SHORT, 10.0, (5.0, 8.0)) is None


def test_a_run_that_is_going_says_how_long_it_still_takes(open_page: OpenPage) -> None:
    run = run_with(SHORT, epoch(1, 1, 0.5, seconds=36.0), state="running")
    with locks.lock(records.folder_of(run)):  # as its worker would
        assert service.status(run).state == "running"
        test = open_page("train_live", run=run)
    assert not test.exception
    assert "Phase 1 of 2, Train the head: epoch 2 of 4. About 40 s left." in texts(test)


def test_a_run_that_prepares_says_how_long_all_of_it_takes(open_page: OpenPage) -> None:
    run = run_with(SHORT, state="preparing")
    with locks.lock(records.folder_of(run)):
        test = open_page("train_live", run=run)
    assert "About 20 s left." in texts(test), "10 s for the features and twice 5 s, as expected"


@pytest.mark.parametrize("end", ["stopped", "done", "paused"])
def test_a_run_that_stands_still_promises_no_time(end: str, open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.6, 0.7, 0.8, end=end)
    with locks.lock(records.folder_of(run)):
        assert service.status(run).state == end
        test = open_page("train_live", run=run)
    assert not test.exception
    assert " left." not in texts(test)
