"""The verdict in words: complete for every kind, and nothing in it but the numbers of the run."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from course import content
from ftcore import coach as judging
from tests import stories
from tests.stories import RUNS
from ui.runs import coach

Rows = list[dict[str, Any]]
# For each recorded run what its sentence must say, in this order, counted from the lines of its log alone: accuracies
# in percent, losses, epochs; `r[0]` is the first epoch. What is no number of the log is a number here.
SAID: dict[str, Callable[[Rows], list[float]]] = {
    "the lesson on 10 images a class": lambda r: [2, r[12]["val_loss"], r[14]["val_loss"], share(r[14])],
    "rate 10 in phase 1": lambda r: [1, r[0]["train_loss"], r[0]["val_loss"], 10, r[14]["val_loss"], share(r[14])],
    "rate 10 in phase 1, then": lambda r: [1, r[2]["val_loss"], math.log(10), 10],
    "rate 1 in phase 2": lambda r: [6, r[14]["val_loss"], math.log(10), 1],
    "long on 10 images a class": lambda r: [10, share(r[9]), share(r[44]), *rise(r, 10, 45)],
    "long on 10 images a class, then": lambda r: [10, *rise(r, 10, 26), share(r[9]), share(r[25])],
    "three colours": lambda r: [next(e["epoch"] for e in r if e["val_accuracy"] == 1), 18],
    "three colours, one epoch": lambda r: [1, 18],
    "blown up twice, worse the second time": lambda r: [9, r[8]["train_loss"], r[8]["val_loss"], 1e-2, r[15]["val_loss"], share(r[15])],
    "thawed at ten times the rate": lambda r: [3, share(r[11]), share(r[8]), r[8]["sample_loss"], r[11]["sample_loss"], 1e-3],
    "thawed at ten times the rate, the end": lambda r: [13, share(r[15]), spread(r[15], 1000), 1000, r[12]["sample_loss"], r[15]["sample_loss"]],
    "rate 1e-6": lambda r: [r[5]["sample_loss"], r[14]["sample_loss"], 1e-6],
    "rate 0.3 with SGD": lambda r: [5, sum(b["sample_loss"] > 1.05 * a["sample_loss"] for a, b in itertools.pairwise(r[:7])), 6, 0.3],
}  # fmt: skip


def share(row: dict[str, Any], name: str = "val_accuracy") -> float:
    return 100 * float(row[name])


def rise(rows: Rows, best: int, last: int) -> list[float]:
    """Validation loss at its lowest and now, then the loss on training images at both."""
    assert min(rows[5:last], key=lambda row: float(row["val_loss"]))["epoch"] == best
    return [rows[at - 1][name] for name in ("val_loss", "sample_loss") for at in (best, last)]


def spread(row: dict[str, Any], images: int) -> float:
    """Two standard errors of a share of so many images, in points."""
    right = float(row["val_accuracy"])
    return 200 * math.sqrt(right * (1 - right) / images)


@pytest.mark.parametrize("name", stories.REAL)
def test_every_number_in_a_sentence_is_the_logs_own(name: str) -> None:
    run, epochs, _ = stories.REAL[name]
    lines = [json.loads(line) for line in (stories.TOLD / run / "events.jsonl").read_text("utf-8").splitlines()]
    rows = [line for line in lines if line["event"] == "epoch_end"]
    verdict = judging.judge(stories.real(run, epochs))
    assert verdict is not None
    said = re.findall(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?", coach.words(verdict))
    wanted = SAID[name](rows)
    assert len(said) == len(wanted), said
    for text, value in zip(said, wanted, strict=True):
        digits, _, power = text.replace(",", "").partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        assert float(f"{digits}e{power or 0}") == pytest.approx(value, rel=1e-9, abs=0.5001 * unit)


@pytest.mark.parametrize("name", RUNS)
def test_every_verdict_has_words_and_says_what_it_would_change(name: str) -> None:
    told, _ = RUNS[name]
    verdict = judging.judge(told)
    assert verdict is not None
    said = coach.words(verdict)
    assert said.startswith("**")
    assert not re.search(r"<<|\bnan\b|\binf\b", said)
    if verdict.next is not None:
        old, new = told.settings.phases[verdict.phase - 1], verdict.next.phases[verdict.phase - 1]
        assert (old.lr != new.lr) != (old.epochs != new.epochs)
        assert (" at " if old.lr != new.lr else " for ") in coach.then(verdict, told.settings)


def test_each_text_is_said_of_some_run() -> None:
    kinds = {kind for _, kind in RUNS.values()}
    assert kinds | {"rate.next", "epochs.next", "help"} == set(content.load("coach"))


def test_the_table_has_a_line_for_each_run() -> None:
    lines = stories.table().splitlines()
    assert len(lines) == 2 + len(RUNS) + len(stories.REAL)
