"""Pages read with a calculator: what is shown adds up in the digits shown, and no rounding says what is not so."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import re
from decimal import Decimal

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from course import learners, marking, quiz, rounds
from ftcore.analysis import trace
from ftcore.analysis.steps import OneStep
from ftcore.events import HeadAlone, RunEnd, RunStart
from ftcore.runs import records
from ftcore.settings import RunSettings
from tests import sums
from tests.made import OWNER, SHORT, OpenPage, epoch, run_with, write_run
from tests.sums import value
from tests.traced import address
from ui.course import knowledge
from ui.lesson import patterns
from ui.runs.history import title
from ui.widgets import softmax

NAN = math.nan


def read(test: AppTest) -> list[str]:
    """All that the page shows, after what no page may say has been looked for in it."""
    assert not test.exception
    said = [text for text in sums.shown(test) if not text.startswith("<style>")]
    assert len(said) > 10
    assert {found[0]: text for text in said if (found := sums.WRONG.search(text))} == {}
    return said


def metric(test: AppTest, name: str) -> str:
    return next(str(one.value) for one in test.metric if one.label.endswith(name))


@pytest.mark.parametrize(("stage", "page"), [("freeze", "pipeline"), ("thaw", "pipeline"), ("", "freeze_lab")])
def test_counts_are_parts_of_their_whole(stage: str, page: str, open_page: OpenPage) -> None:
    test = open_page(page, **({"stage": stage} if stage else {}))
    said = read(test)
    moving, still = value(metric(test, "Trainable")), value(metric(test, "Frozen"))
    (strip,) = (text for text in said if re.match(r"\d+ blocks, ", text))
    total, *parts = (value(n) for n in re.findall(r"[\d,]{4,}", strip))
    assert parts == [moving, still]
    assert moving + still == total
    (share,) = (one.value for one in test.metric if one.label == "Share trainable")
    exact = 100 * moving / total
    assert abs(value(share) - exact) <= Decimal("0.05") if exact > Decimal("0.1") else Decimal("0.001")


# First head epoch, head, first thawed epoch, last; the third and fourth digits are where roundings part.
@pytest.mark.parametrize(
    ("values", "alone", "told"),
    [
        ((0.5, 0.6146, 0.7, 0.7454), (), 2),
        ((0.5, 0.7454, 0.7, 0.6146), (), 2),
        ((0.5, 0.6146, 0.7, 0.7454), (0.6254, 0.6346), 2),
        ((0.3, 0.6151, 0.6149, 0.6153), (), 0),
    ],
)
def test_a_run_adds_up_wherever_it_is_told(
    values: tuple[float, ...], alone: tuple[float, ...], told: int, open_page: OpenPage
) -> None:
    """A difference that may be chance has no number; any other stands in the summary and beside the guess."""
    run = write_run(SHORT, *values)
    if alone:
        records.append(records.folder_of(run), HeadAlone(2, alone, alone))
    test = open_page("train_live", run=run)
    said = read(test)
    assert len(sums.changes(said)) == told
    assert sums.epochs(next(table.value for table in test.table if "validation" in table.value)) >= 1


def test_odd_numbers_of_a_run_are_written_as_what_they_are(open_page: OpenPage) -> None:
    sure = {"sample_accuracy": 1.0, "train_accuracy": 0.0}
    rows = [
        epoch(1, 1, 0.0004, **sure),
        epoch(2, 1, 0.99996, **sure, val_loss=NAN),
        epoch(3, 2, 0.9, train_loss=1e22, val_loss=3e21),
    ]
    said = "\n".join(read(open_page("train_live", run=run_with(SHORT, *rows))))
    assert "\n>" not in said, "a quotation in Markdown"
    for wanted in ("0.04\u00a0%", ">99.9\u00a0%", "no\u00a0number", "1.0e22", "3.0e21"):
        assert wanted in said


@pytest.mark.parametrize("loss", [(5.0, 5.0 - 1e-10), (1e22, 3e21), (0.5, 0.6), (NAN, NAN)])
def test_ticks_of_a_comparison_are_short_and_differ(loss: tuple[float, float], open_page: OpenPage) -> None:
    for first, last in (loss, loss):
        run_with(SHORT, epoch(1, 1, 0.5, val_loss=first), epoch(2, 1, 0.5, val_loss=last))
    test = open_page("train_live")
    test.segmented_control(key="compare-what").set_value("loss").run()
    (chart,) = test.get("plotly_chart")
    axis = json.loads(chart.proto.spec)["layout"]["yaxis"]
    assert all(len(text) < 8 for text in axis.get("ticktext", []))
    assert "ticktext" in axis or axis["tickformat"] == ",.4~f"
    if "range" in axis:
        assert axis["range"][1] - axis["range"][0] > 1e-3


def test_the_real_run_adds_up_on_its_pages(run: str, open_page: OpenPage) -> None:
    live = open_page("train_live", **address(run))
    assert sums.changes(read(live)) or "no difference that" in "".join(read(live)), "the summary"
    sums.epochs(live.table[0].value)
    told = read(open_page("quiz", **address(run, guide="insight")))
    assert sums.changes(told) or "no difference that" in "".join(told), "the insight"
    read(open_page("review", **address(run)))
    read(open_page("pipeline", **address(run, stage="tune")))


def test_a_logit_is_the_sum_of_its_parts(run: str, open_page: OpenPage) -> None:
    test = open_page("trace", **address(run, layer="classifier", pick="val-3"))
    said = "\n".join(read(test))
    products, bias, logit = map(
        value, re.search(r"add up to (.*?); with the bias of (.*?) the logit is \*\*(.*?)\*\*", said).groups()
    )  # type: ignore[union-attr]
    assert products + bias == logit
    chart = next(chart for chart in test.get("plotly_chart") if "parts" in chart.proto.id)
    bars = list(map(value, json.loads(chart.proto.spec)["data"][0]["text"]))
    assert sum(bars) == logit
    assert sum(bars[:-1]) == products
    mean, own, heat = map(
        value, re.search(r"its mean \((.*?)\) plus the bias \((.*?)\) is the logit \((.*?)\)", said).groups()
    )  # type: ignore[union-attr]
    assert mean + own == heat == logit


@pytest.mark.parametrize("temperature", [1.0, 0.7, 3.3])
def test_softmax_adds_up_on_the_page(temperature: float, run: str, open_page: OpenPage) -> None:
    test = open_page("trace", **address(run, layer="softmax", pick="val-3"))
    test.slider(key="trace-temperature").set_value(temperature).run()
    read(test)
    (drawn,) = (node.proto.json for node in test.get("bidi_component") if node.proto.component_name == "thaw_softmax")
    sums.softmax(json.loads(drawn))


@pytest.mark.parametrize("seed", range(20))
def test_softmax_adds_up_for_any_logits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, rng.choice([0.01, 1, 5, 30]), int(rng.choice([2, 3, 10, 13, 200])))
    names = [str(at) for at in range(len(logits))]
    sums.softmax(softmax.table(trace.columns(logits), logits.tolist(), names, "0", 1.0))


def test_one_step_is_what_its_formula_gives(run: str, open_page: OpenPage) -> None:
    test = open_page("freeze_lab", **address(run))
    test.button(key="lab-step").click().run()
    read(test)
    tables = [table.value for table in test.table if "what" in table.value and len(table.value) == 6]
    assert tables
    for table in tables:
        sums.lens(dict(zip(table["what"], table["value"], strict=True)), sgd=False)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_any_step_is_what_its_formula_gives(optimizer: str) -> None:
    rng = random.Random(0)
    for _ in range(300):
        w, g, lr = rng.gauss(0, 0.1), rng.gauss(0, 1) * 10 ** rng.randint(-7, 1), rng.choice([1e-4, 1e-3, 2.5e-4])
        shrink, move = lr * 0.01 * w, lr * g / (abs(g) + 1e-8) if optimizer == "adamw" else lr * g
        step = OneStep("b", "w", (0,), w, g, lr, 0.01, shrink, move, w - shrink - move)
        rows = {row["what"]: row["value"] for row in patterns.step_table(step, optimizer)}
        sums.lens(rows, sgd=optimizer == "sgd")


def test_no_two_choices_of_the_quiz_read_alike(open_page: OpenPage) -> None:
    for blocks in (("layer4.1", "head"), ("stem", "head")):
        phases = (RunSettings().phases[0], dataclasses.replace(RunSettings().phases[1], trainable=blocks))
        settings = RunSettings(phases=phases)
        for classes in (2, 10, 18, 200):
            known = knowledge.gather(settings, classes, 1000, None)
            for question in quiz.load().questions:
                values = {**known.values, **marking.letters(question, 1)}
                texts = [choice.text for choice in quiz.filled(question, values).choices]
                assert len(set(texts)) == len(texts) or question.kind == "number" or classes == 200
                assert not any(sums.WRONG.search(text) for text in texts), texts
    with learners.changing(OWNER) as learner:
        rounds.begin(learner, "full", ["thaw-share"], 1)
    (asked,) = (one for one in open_page("quiz").radio if "Choose one" in one.label)
    assert "0.046\u00a0%" in asked.options


def test_a_run_of_one_epoch_and_one_image_is_spoken_of_in_the_singular(open_page: OpenPage) -> None:
    alone = dataclasses.replace(SHORT, phases=(dataclasses.replace(SHORT.phases[0], epochs=1),))
    assert title(alone).endswith(", 1 epoch")
    start = RunStart(alone.backbone, alone.data, tuple("abcdefghij"), 8, 1, 2, ("head",), "cpu")
    run = run_with(alone, epoch(1, 1, 0.98), state="done")
    records.append(records.folder_of(run), start)
    records.append(records.folder_of(run), RunEnd(0.3, 0.91, 1, 3.0))
    said = "\n".join(read(open_page("train_live", run=run, **alone.to_query())))
    assert "The one epoch is done." in said
