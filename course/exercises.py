"""Exercises: lines of PyTorch to complete, run in a process of their own, judged by what the engine gets.

The texts lie in `exercises.toml`. Lines run only where a server allows it. This module knows no page and no learner.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import content, quiz
from course.lines import engine, judge, reading, runner
from course.lines.judge import Finding
from course.lines.runner import Program

FILE = content.FOLDER / "exercises.toml"
LEVELS = (1, 2, 3)
HERE = ("localhost", "127.0.0.1", "::1")
_TEXTS = ("id", "title", "task", "hint", "answer", "why")
_FIELDS = {*_TEXTS, "level", "most", "looks", "before", "after", "wrong"}


@dataclass(frozen=True)
class Wrong:
    """Lines that are not right, and the key of what is found then."""

    lines: str
    key: str


@dataclass(frozen=True)
class Exercise:
    """Shown code with a gap of `most` lines between `before` and `after`; `looks` says what is compared in the end."""

    id: str
    title: str
    level: int
    task: str
    before: str
    after: str
    looks: tuple[str, ...]
    most: int
    hint: str
    answer: str
    why: str
    wrong: tuple[Wrong, ...]

    @property
    def program(self) -> Program:
        """What runs around the lines."""
        return Program(self.id, self.before, self.after, self.looks)


@dataclass(frozen=True)
class Outcome:
    """What came of lines: the finding, what they printed, and how long it took (seconds)."""

    finding: Finding
    printed: str = ""
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Do the lines do what the engine does?"""
        return self.finding.key == judge.RIGHT


@functools.cache
def load(path: Path = FILE) -> tuple[tuple[Exercise, ...], tuple[str, ...]]:
    """The exercises in order, and a sentence for each that has a mistake. Broken TOML raises `FtError`."""
    return quiz.entries(quiz.read(path).get("exercise", []), f"{path.name}, exercise", _exercise)


def _exercise(row: Mapping[str, Any]) -> Exercise:
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no part of an exercise")
    texts = {name: str(row[name]).strip("\n") for name in _TEXTS}
    if not re.fullmatch(r"[a-z0-9-]+", texts["id"]) or not all(texts.values()):
        raise ValueError("it needs an id of small letters and no empty text")
    if texts["id"] not in engine.RESULTS:
        raise ValueError("the engine has no result for it")
    if row["level"] not in LEVELS:
        raise ValueError(f"its level is none of {', '.join(map(str, LEVELS))}")
    code = {name: str(row.get(name, "")).strip("\n") for name in ("before", "after")}
    wrong = tuple(Wrong(str(one["lines"]), str(one["key"])) for one in row["wrong"])
    return Exercise(
        **texts, **code, level=int(row["level"]), most=int(row["most"]), looks=tuple(row["looks"]), wrong=wrong
    )


def check(exercise: Exercise, lines: str) -> Outcome:
    """Run a learner's lines and judge them; takes a few seconds. Lines that cannot be run raise `FtError`."""
    seed = secrets.randbelow(2**31)  # drawn anew each time: what the engine gets is not known before the lines run
    told = runner.run(exercise.program, reading.read(lines, exercise.most + 2), seed)
    if told.facts is None:
        return Outcome(Finding(told.ended, told.why), told.printed, told.seconds)
    return Outcome(judged(exercise, told.facts, seed), told.printed, told.seconds)


def judged(exercise: Exercise, facts: Mapping[str, Any], seed: int) -> Finding:
    """Facts that a process told, compared with the engine's from the same seed."""
    wanted = engine.facts(exercise.id, exercise.looks, seed)
    return judge.compare(facts, wanted, engine.before(exercise.id, exercise.looks, seed), exercise.looks)


def closed(address: str | None, visitor: str | None, *, forwarded: bool) -> str:
    """Why lines do not run here: "setting", "open" or "far"; "" where they do.

    `$THAW_EXERCISES` decides: 1 for yes, anything else for no. Unset, they run only on a server that listens to this machine alone (`address`),
    for a visitor on this machine (None or a loopback address) whom no proxy has sent (`forwarded`).
    """
    asked = os.environ.get("THAW_EXERCISES", "").strip()
    if asked:
        return "" if asked == "1" else "setting"
    if address not in HERE:
        return "open"
    return "far" if forwarded or visitor not in (None, *HERE) else ""
