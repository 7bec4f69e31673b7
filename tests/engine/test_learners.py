"""What is kept of a learner: whole files under a checked name, and nothing lost by a damaged one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ftcore import learners
from ftcore.learners import Learner
from ftcore.settings import FtError

NAME = "0123456789abcdef" * 2


def test_what_is_saved_is_loaded(home: Path) -> None:
    with learners.changing(NAME) as learner:
        assert learner == Learner()
        learner.answers["a"] = {"right": True, "tries": 1}
        learner.streak = 3
    again = learners.load(NAME)
    assert (again.answers, again.streak) == ({"a": {"right": True, "tries": 1}}, 3)
    assert [path.name for path in (home / "learners").iterdir()] == [f"{NAME}.json"]


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
    "text", ["{", "[]", "{}", '{"version": 2}', '{"version": 1, "streak": "x"}', '{"version": 1, "answers": {"a": 1}}']
)
def test_a_damaged_file_is_put_aside(text: str) -> None:
    path = learners.path_of(NAME)
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    assert learners.load(NAME) == Learner()
    assert path.with_suffix(".damaged").read_text("utf-8") == text


def test_an_error_while_changing_keeps_what_was() -> None:
    with learners.changing(NAME) as learner:
        learner.streak = 3
    with contextlib.suppress(ZeroDivisionError), learners.changing(NAME) as learner:
        learner.streak = 1 // 0
    assert learners.load(NAME).streak == 3
