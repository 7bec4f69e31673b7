"""How far the blocks moved, as the chart and its words say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from ftcore.events import EpochEnd
from ftcore.network.describe import describe
from ftcore.settings import HEAD
from tests.made import SHORT, OpenPage, epoch, run_with, texts, write_run
from ui.widgets import drift

BACKBONE = "resnet18-tinyimagenet64"
WEIGHTED = [block.name for block in describe(BACKBONE) if block.parameters]
MOVED = ({HEAD: 0.9}, {HEAD: 1.3}, {"layer4.0": 0.012, "layer4.1": 0.034, HEAD: 1.4})


def moving(*drifts: Mapping[str, float], rate: float = 1e-3) -> list[EpochEnd]:
    """Epochs in which the blocks stand this far from their start."""
    return [
        epoch(number, 1 if number <= 2 else 2, 0.5, lr=rate, drift=dict(moved))
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
