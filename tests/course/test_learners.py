"""What is kept of a learner: whole files under a checked name, and nothing lost by a damaged one."""

from __future__ import annotations

import contextlib
import errno
import json
import math
from pathlib import Path
from typing import cast

import pytest

from course import cards, learners, rounds
from course.learners import Learner
from ftcore.errors import FtError

NAME = "0123456789abcdef" * 2


def test_what_is_saved_is_loaded(home: Path) -> None:
    with learners.changing(NAME) as learner:
        assert learner == Learner()
        learner.answers["a"] = {"right": True, "tries": 1}
        learner.streak = 3
    again = learners.load(NAME)
    assert (again.answers, again.streak) == ({"a": {"right": True, "tries": 1}}, 3)
    assert [path.name for path in (home / "learners").iterdir()] == [f"{NAME}.json"]


def test_a_record_from_before_there_were_exercises_is_read(home: Path) -> None:
    learners.save(NAME, Learner(streak=3))
    path = learners.path_of(NAME)
    kept = json.loads(path.read_text("utf-8"))
    assert kept.pop("exercises") == {}
    path.write_text(json.dumps(kept), "utf-8")
    assert learners.load(NAME) == Learner(streak=3)


def test_learners_do_not_see_each_other() -> None:
    with learners.changing(NAME) as learner:
        learner.streak = 3
    assert learners.load("f" * 32) == Learner()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "x" * 32, NAME.upper(), NAME + "\n", NAME + "/a"])
def test_a_name_that_is_none_never_becomes_a_path(name: str, home: Path) -> None:
    with pytest.raises(FtError, match="no learner's name"):
        learners.load(name)
    with pytest.raises(FtError, match="no learner's name"):
        learners.save(name, Learner())
    assert not (home / "learners").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{", "", "null", "3", "[]", "{}", '{"version": 2}', '{"version": 1, "streak": "x"}', '{"version": 1, "streak": NaN}',
        '{"version": 1, "answers": {"a": 1}}', '{"version": 1, "new": 1}', "[" * 100_000, '{"a":' * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_put_aside(text: str) -> None:
    path = learners.path_of(NAME)
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    assert learners.load(NAME) == Learner()
    assert path.with_suffix(".damaged").read_text("utf-8") == text


def test_a_file_that_cannot_be_read_right_now_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*_: object, **__: object) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files")

    with learners.changing(NAME) as learner:
        learner.streak = 17
    with monkeypatch.context() as starved:
        starved.setattr(Path, "read_bytes", no_more)
        with pytest.raises(FtError, match=r"right now \(Too many open files\): try again in a moment"):
            learners.load(NAME)
        with pytest.raises(FtError, match="right now"), learners.changing(NAME) as learner:
            learner.streak = 0
    assert learners.load(NAME).streak == 17


ODD = [None, 3, -1, "x", "", [], {}, [[]], [{}], True, math.inf, math.nan, {"x": 1}]


@pytest.mark.parametrize("field", ["mode", "seed", "ids", "given", "right", "at"])
@pytest.mark.parametrize("value", ODD, ids=str)
def test_a_round_with_an_odd_value_is_whole_or_none(field: str, value: object) -> None:
    learner = Learner()
    rounds.begin(learner, "short", ["a", "b"], 1)
    rounds.answer(learner, learner.round["ids"][0], 1, True)
    cast(dict[str, object], learner.round)[field] = value
    found = rounds.current(learner, ["a", "b"])
    if found and found.now:
        rounds.answer(learner, found.now, 2, False)
        rounds.go_on(learner)
    assert found is None or (found.at >= 0 and set(found.given) == set(found.right) and found.score >= 0)


@pytest.mark.parametrize("value", ODD, ids=str)
def test_an_answer_with_an_odd_number_of_tries_counts_from_one(value: object) -> None:
    learner = Learner(answers={"a": {"tries": value, "right": value, "time": value}})
    rounds.begin(learner, "full", ["a"], 1)
    rounds.answer(learner, "a", 0, True)
    assert learner.answers["a"]["tries"] == 1 + (value if type(value) is int else 0)


@pytest.mark.parametrize("field", sorted(cards.rate(None, "good")))
@pytest.mark.parametrize("value", [*ODD, "2020-01-01", "2020-01-01T00:00:00", 10**400], ids=lambda v: str(v)[:20])
def test_a_card_with_an_odd_value_is_rated_and_due_all_the_same(field: str, value: object) -> None:
    card, kept = cards.Card("a", "front", "back"), cards.rate(None, "good") | {field: value}
    assert cards.seconds_until(kept) >= 0
    assert cards.due([card], {"a": kept}) in ([card], [])
    for rating in cards.RATINGS:
        assert set(cards.rate(kept, rating)) == set(cards.rate(None, "good"))


def test_an_error_while_changing_keeps_what_was() -> None:
    with learners.changing(NAME) as learner:
        learner.streak = 3
    with contextlib.suppress(ZeroDivisionError), learners.changing(NAME) as learner:
        learner.streak = 1 // 0
    assert learners.load(NAME).streak == 3
