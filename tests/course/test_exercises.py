"""Exercises: answers pass and wrong lines fail for the reason that is told, judged from facts, as a page says it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from course import content, exercises
from course.exercises import Exercise
from course.lines import child, engine, given, judge, reading
from course.lines.judge import Finding
from ui.course import exercise

EVERY, WRONG = exercises.load()
SEED = 7
CASES = [(one, wrong) for one in EVERY for wrong in one.wrong]


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def find(one: Exercise, lines: str) -> Finding:
    """What comes of lines of our own; without the process, which takes seconds each time."""
    job = {"before": one.before, "lines": reading.read(lines, one.most + 2), "after": one.after, "looks": one.looks}
    told = child.run({**job, "guarded": True}, given.make(one.id, SEED).names)
    if "ended" in told:
        return Finding(told["ended"], told["why"])
    return judge.compare(told["facts"], *engines(one.id), one.looks)


@functools.cache
def engines(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The engine's facts of an exercise, and those at its beginning: the same for all lines."""
    one = next(one for one in EVERY if one.id == name)
    return engine.facts(name, one.looks, SEED), engine.before(name, one.looks, SEED)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_the_answer_is_right_and_fits_the_gap(one: Exercise) -> None:
    assert find(one, one.answer) == Finding("right")
    assert len(one.answer.split("\n")) <= one.most


@pytest.mark.parametrize(("one", "wrong"), CASES, ids=[f"{one.id}-{w.key}-{at}" for at, (one, w) in enumerate(CASES)])
def test_wrong_lines_fail_with_a_sentence_of_their_own(one: Exercise, wrong: exercises.Wrong) -> None:
    finding = find(one, wrong.lines)
    assert finding.key == wrong.key, finding
    words = exercise.said(finding)
    assert "<<" not in words
    assert len(words.split()) >= 6


def test_what_is_found_is_said_in_numbers() -> None:
    freeze, rates = (next(one for one in EVERY if one.id == name) for name in ("freeze", "rates"))
    assert exercise.said(find(freeze, freeze.wrong[3].lines)) == "`layer4` still may move: 8,393,728 parameters."
    assert exercise.said(find(rates, rates.wrong[0].lines)) == (
        "The learning rate of `layer4.1` is 1e-3, and should be 1e-4."
    )


def test_nothing_is_wrong_in_the_file_and_they_go_from_easy_to_hard() -> None:
    assert WRONG == ()
    assert len(EVERY) >= 8
    assert {one.id for one in EVERY} == set(engine.RESULTS)
    assert [one.level for one in EVERY] == sorted(one.level for one in EVERY)
    assert {one.level for one in EVERY} == set(exercises.LEVELS)


def test_lines_that_do_nothing_are_right_nowhere() -> None:
    assert [one.id for one in EVERY if find(one, "pass").key == "right"] == []


def test_every_sentence_can_be_reached() -> None:
    """By wrong lines above, by the attacks of `test_walls`, or below."""
    sentences = {name.removeprefix("found.") for name in content.load("exercises") if name.startswith("found.")}
    reached = {"right", *(wrong.key for _, wrong in CASES)}
    ends = {"missing", "kind", "rebuilt", "shape", "cut", "weights"}
    ended = {"forbidden", "memory", "time", "output", "killed", "left", "start"}
    assert sentences == reached | ends | ended


@pytest.mark.parametrize(
    ("name", "lines", "key"),
    [
        ("loss", "x = 1\nloss = torch.tensor(1.0, requires_grad=True)\n", "value"),
        ("normalise", "x = image[:, :32].float()", "shape"),
        ("rates", "optimizer = torch.optim.AdamW(nn.Linear(2, 2).parameters())", "not_held"),
        ("leftover", "optimizer.zero_grad()\n(loss * 2).backward()", "weights"),
        ("modes", "model.fc = nn.Sequential(nn.BatchNorm2d(2))\nfor m in model.fc:\n    m.eval()", "training"),
    ],
)
def test_further_findings(name: str, lines: str, key: str) -> None:
    one = next(one for one in EVERY if one.id == name)
    assert find(one, lines).key == key


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        ("torch.sys.exit(0)", "left"), ("x = 'a' * 10**16", "memory"), ("def deep():\n    deep()\ndeep()", "raised"),
        ("raise type('A', (Exception,), {'__str__': lambda self: 1 / 0})", "raised"), ("exit()", "raised"),
        ("open('x')", "raised"), ("x = getattr", "raised"), ("import os\nos.system", "raised"), ("model = None", "right"),
    ],
)  # fmt: skip
def test_whatever_lines_raise_is_told(lines: str, ended: str) -> None:
    """Past the reading, which would refuse most of them."""
    job = {"before": "", "lines": lines, "after": "", "looks": [], "guarded": True}
    told = child.run(job, {"torch": reading.torch})
    assert told.get("ended", "right") == ended
    assert ended == "right" or exercise.said(Finding(ended, told["why"]))


TENSOR = {"shape": [2], "values": [1.0, 2.0], "ends": [1.0, 2.0], "graph": True}


@pytest.mark.parametrize(
    ("fact", "key"),
    [
        (TENSOR, "right"), ({**TENSOR, "graph": False}, "cut"), ({"type": ""}, "missing"), ({"type": "list"}, "kind"),
        ({}, "rebuilt"), ([], "rebuilt"), (None, "rebuilt"), (True, "rebuilt"), ({**TENSOR, "values": "no"}, "rebuilt"),
        ({**TENSOR, "values": [float("nan"), 2.0]}, "values"), ({**TENSOR, "values": []}, "values"),
        ({**TENSOR, "shape": "[2]"}, "rebuilt"), ({**TENSOR, "ends": []}, "rebuilt"),
    ],
)  # fmt: skip
def test_facts_of_any_shape_are_judged(fact: object, key: str) -> None:
    found = judge.compare({"x": fact}, {"x": TENSOR}, {"x": TENSOR}, ("x",))
    assert found.key == key
    assert exercise.said(found)


def test_facts_of_another_seed_are_not_right() -> None:
    """What an answer left yesterday, or what somebody wrote down, is nothing that can be handed in again."""
    for name in ("loss", "normalise", "predict", "features", "leftover"):
        one = next(one for one in EVERY if one.id == name)
        assert exercises.judged(one, engine.facts(one.id, one.looks, SEED), SEED + 1).key != "right", name


@pytest.mark.parametrize(
    ("setting", "address", "visitor", "forwarded", "why"),
    [
        (None, "localhost", None, False, ""), (None, "127.0.0.1", "127.0.0.1", False, ""),
        (None, "0.0.0.0", None, False, "open"), (None, None, None, False, "open"), (None, "", None, False, "open"),
        (None, "192.168.1.5", None, False, "open"), (None, "localhost", "192.168.1.9", False, "far"),
        (None, "localhost", None, True, "far"), ("1", "0.0.0.0", "192.168.1.9", True, ""),
        ("0", "localhost", None, False, "setting"), ("yes", "localhost", None, False, "setting"),
        ("", "0.0.0.0", None, False, "open"),
    ],
)  # fmt: skip
def test_lines_run_only_where_nobody_else_depends_on_the_machine(
    setting: str | None, address: str | None, visitor: str | None, forwarded: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.delenv("THAW_EXERCISES", raising=False)
    if setting is not None:
        monkeypatch.setenv("THAW_EXERCISES", setting)
    assert exercises.closed(address, visitor, forwarded=forwarded) == why


def test_an_exercise_with_a_mistake_is_left_out_and_named(tmp_path: Path) -> None:
    whole = exercises.FILE.read_text("utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text(whole.replace('id = "freeze"', 'id = "melt"').replace("level = 3", "level = 9"), "utf-8")
    left, wrong = exercises.load(broken)
    assert len(left) == len(EVERY) - 3
    assert wrong[0] == "broken.toml, exercise melt: the engine has no result for it."
