"""The strip and the curves: what is handed to the browser, in numbers."""

from __future__ import annotations

import dataclasses
import json
import tomllib

import pytest

from ftcore.events import Event, HeadAlone
from ftcore.files import ROOT
from ftcore.network.describe import describe
from ftcore.settings import Phase, RunSettings
from ftcore.story import Story
from ftcore.training import recipes
from tests.made import BASELINE, STARTED, OpenPage, epoch, write_run
from ui.widgets import curves, strip

BACKBONE = "resnet18-tinyimagenet64"
LONG = dataclasses.replace(RunSettings(), phases=recipes.classic(BACKBONE, epochs=(100, 400)))
SHORT = dataclasses.replace(RunSettings(), phases=recipes.classic(BACKBONE, epochs=(2, 2)))


def test_bars_go_with_the_root_of_the_parameters() -> None:
    found = {box["name"]: box for box in strip.boxes(describe(BACKBONE, 10), ("layer4.1", "head"), moving=True)}
    assert found["layer4.1"]["height"] == 58
    assert found["layer4.0"]["height"] == round(58 * (3673088 / 4720640) ** 0.5)
    assert found["pool"]["state"] == "empty"
    assert (found["head"]["state"], found["head"]["fresh"], found["head"]["moving"]) == ("trainable", True, True)
    assert (found["stem"]["state"], found["stem"]["moving"]) == ("frozen", False)
    assert found["layer4.1"]["told"] == (
        "layer4.1 · convolutional block · 4,720,640 parameters · trainable · output 512×2×2 · learning now"
    )


def test_curves_begin_before_training_and_hold_three_lines() -> None:
    found = curves.curves("accuracy", Story.of(SHORT, [BASELINE, epoch(1, 1, 0.5)]))
    assert [(point["epoch"], point["curve"]) for point in found] == [
        (0, curves.CURVES[0]),
        *[(1, c) for c in curves.CURVES],
    ]
    assert found[0]["value"] == 0.1
    assert curves.curves("loss", Story(SHORT)) == []


def test_a_loss_out_of_all_bounds_is_cut_and_said_and_all_others_can_be_read() -> None:
    """Fresh heads begin near the loss of equal chances; twice that is where the axis ends."""
    told = [
        STARTED,
        BASELINE,
        epoch(1, 1, 0.5),
        epoch(2, 2, 0.4, train_loss=1701.25),
        epoch(3, 2, 0.45, train_loss=9.0),
    ]
    top = 2 * BASELINE.val_loss
    found = curves.curves("loss", Story.of(SHORT, told))
    assert max(row["value"] for row in found) == top
    beyond = [(row["epoch"], row["value"], row["said"], row["beyond"]) for row in found if row["value"] == top]
    assert beyond == [(2, top, "1,701", "▲ 1,701"), (3, top, "9.000", "")]
    said = curves.words("loss", Story.of(SHORT, told))
    assert "The axis ends at 4.800: in epoch 2 the loss was 1,701 (while learning)." in said
    tame = Story.of(SHORT, told[:3])
    assert {row["beyond"] for row in curves.curves("loss", tame)} == {""}
    assert "The axis ends" not in curves.words("loss", tame)


def test_the_span_before_the_thaw_is_ice_and_after_it_ember() -> None:
    assert [(s["start"], s["end"], s["kind"]) for s in curves.spans(LONG)] == [
        (0, 100, "frozen"),
        (100, 500, "trainable"),
    ]
    assert LONG.thaws == (100,)
    alone = dataclasses.replace(RunSettings(), phases=(Phase(epochs=1),))
    assert alone.thaws == ()
    assert curves.spans(alone) == [{"start": 0, "end": 1, "kind": "frozen", "name": "Train the head"}]


@pytest.mark.parametrize("settings", [SHORT, LONG, dataclasses.replace(RunSettings(), phases=(Phase(epochs=1),))])
def test_the_spec_stays_the_same_while_the_run_goes_on(settings: RunSettings) -> None:
    """Streamlit mounts a chart anew when its spec or alt changes: then it flickers and loses its zoom."""
    assert json.dumps(curves.spec("loss", settings)) == json.dumps(curves.spec("loss", settings))
    assert curves.spec("loss", settings)["datasets"] == {}


def test_only_data_changes_between_two_epochs(open_page: OpenPage) -> None:
    shown = []
    for values in ((0.5,), (0.5, 0.6)):
        test = open_page("train_live", run=write_run(SHORT, *values, end="stopped"))
        shown.append([(chart.proto.spec, chart.proto.alt) for chart in test.get("vega_lite_chart")])
    assert shown[0] == shown[1]
    assert len(shown[0]) == 2


def test_words_under_the_chart_carry_its_numbers() -> None:
    said = curves.words("accuracy", Story.of(SHORT, [BASELINE, epoch(1, 1, 0.7), epoch(2, 1, 0.65)]))
    assert said.startswith(
        "Epoch 2: validation 65.0\u00a0%, training set in eval mode 67.0\u00a0%, while learning 63.0\u00a0%."
    )
    assert said.endswith("Best validation accuracy so far: 70.0\u00a0% in epoch 1.")
    assert curves.words("loss", Story(SHORT, baseline=BASELINE)) == "Before training: validation loss 2.400."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_colours_keep_their_contrast(theme: str) -> None:
    """At least 4.5 : 1 on page and raised surface (WCAG 2.2, contrast minimum)."""
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][theme]

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, two: str) -> float:
        low, high = sorted((luminance(one), luminance(two)))
        return (high + 0.05) / (low + 0.05)

    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for ink in (
            "textColor",
            "blueTextColor",
            "orangeTextColor",
            "greenTextColor",
            "violetTextColor",
            "grayTextColor",
        ):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (theme, ink, ground)
    for name in ("blue", "orange"):
        assert contrast(colours[f"{name}TextColor"], colours[f"{name}BackgroundColor"]) >= 4.5, (theme, name)
        assert contrast(colours["textColor"], colours[f"{name}BackgroundColor"]) >= 4.5, (theme, name)


def test_a_long_run_shows_its_newest_epochs_first_and_all_on_request(open_page: OpenPage) -> None:
    run = write_run(LONG, *[0.2 + 0.001 * n for n in range(500)])
    test = open_page("train_live", run=run)
    assert [test.table[0].value["epoch"].iloc[at] for at in (0, -1)] == ["471", "500"]
    test.toggle(key=f"all-epochs-{run}").set_value(True).run()
    assert len(test.table[0].value) == 500


BESIDE = HeadAlone(2, (0.9, 0.8), (0.65, 0.66))


def test_the_head_alone_is_drawn_from_the_thaw_to_the_newest_epoch() -> None:
    rows = [epoch(1, 1, 0.5), epoch(2, 1, 0.6), epoch(3, 2, 0.7)]
    told = Story.of(SHORT, [BASELINE, *rows[:2], BESIDE, rows[2]])
    drawn = curves.data_of("accuracy", told)
    assert [(row["epoch"], row["value"]) for row in drawn["alone"]] == [(2, 0.6), (3, 0.65)]
    assert [row["value"] for row in curves.data_of("loss", told)["alone"]] == [0.8, 0.9]
    assert {row["curve"] for row in drawn["curves"]} == {*curves.CURVES}, "it is no curve of the run"
    assert curves.words("accuracy", told).endswith("Head alone, continued: 65.0\u00a0%.")
    assert curves.words("loss", told).endswith("Head alone, continued: 0.900.")


def test_the_legend_names_the_head_alone_where_it_is_or_can_be() -> None:
    rows = [epoch(1, 1, 0.5), epoch(2, 1, 0.6), epoch(3, 2, 0.7)]

    def named(settings: RunSettings, *events: Event) -> bool:
        return "continued" in curves.legend(Story.of(settings, events))

    assert named(SHORT)
    assert named(SHORT, *rows[:2])
    assert named(SHORT, *rows, BESIDE)
    assert not named(SHORT, *rows), "the thaw has come, and nothing was trained beside it"
    assert not named(dataclasses.replace(SHORT, cache=False), rows[0])
    assert not named(dataclasses.replace(SHORT, phases=SHORT.phases[:1]), rows[0])
    assert not named(dataclasses.replace(SHORT, augmentation="random"), rows[0]), "nothing is kept to learn from"
    assert named(dataclasses.replace(SHORT, augmentation="fixed"), rows[0])
