"""What one learner has answered, guessed and reviewed: a small file under `home()/learners`, written whole.

The name of a learner is the hash by which runs know their owner; nothing else becomes a path. This module knows
nothing about questions, cards or pages.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from fsrs.card import CardDict

from ftcore.errors import FtError
from ftcore.files import home, own, whole

_NAME = re.compile(r"[0-9a-f]{32}")
_LOCK = threading.Lock()
VERSION = 1


class Answer(TypedDict, total=False):
    """The last answer to a question, the number of tries, and when it was (seconds since 1970).

    A question that was once wrong has a schedule like a card's, which says when it comes again.
    """

    right: bool
    tries: int
    time: float
    spaced: CardDict


class Series(TypedDict):
    """The run that trains seeds of an experiment, and which ones, in their order."""

    run: str
    seeds: list[int]


class Attempt(TypedDict, total=False):
    """What a learner did with an experiment: the guess, the rows of finished seeds, the series that is going on.

    `arms` is the mark of what was compared.
    """

    guess: str
    arms: str
    rows: dict[str, dict[str, float]]
    series: Series


class Written(TypedDict, total=False):
    """What a learner wrote for an exercise: the last lines, the number of tries, when they first did it (0: not yet)."""

    lines: str
    tries: int
    solved: float


class Going(TypedDict, total=False):
    """The round of the quiz that is going on: its kind, its seed, the ids in order, answers and marks by id, the place."""

    mode: str
    seed: int
    ids: list[str]
    given: dict[str, Any]
    right: dict[str, bool]
    at: int


@dataclass
class Learner:
    """Everything kept of a learner, as plain data: a file may hold anything, so what reads it checks.

    `answers` holds the last answer to each question, `round` the quiz that is going on (empty without one),
    `experiments` guesses, runs and results, `cards` the schedule of each card, `guide` the address' parameters where
    the guided lesson was left (empty before it was begun), `exercises` the lines that were written.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    round: Going = field(default_factory=Going)
    streak: int = 0
    best_streak: int = 0
    experiments: dict[str, Attempt] = field(default_factory=dict)
    cards: dict[str, CardDict] = field(default_factory=dict)
    guide: str = ""
    exercises: dict[str, Written] = field(default_factory=dict)


def path_of(owner: str) -> Path:
    """Where a learner is kept. A name that is not a learner's raises `FtError` before it becomes a path."""
    if not _NAME.fullmatch(owner):
        raise FtError("This is no learner's name: reload the page to get one.")
    return home() / "learners" / f"{owner}.json"


def load(owner: str) -> Learner:
    """What is kept of a learner; someone new, or whose file is damaged, starts afresh (the file is put aside).

    A file that cannot be read right now raises `FtError`: it may be sound, and must not be replaced.
    """
    try:
        return own(path_of(owner), _checked) or Learner()
    except OSError as error:
        raise FtError(f"Your score cannot be read right now ({error.strerror}): try again in a moment.") from error


def _checked(data: bytes) -> Learner:
    """The record from a file's bytes; anything of another kind than it should be raises."""
    raw: dict[str, Any] = json.loads(data)
    if raw.pop("version") != VERSION:
        raise ValueError
    made = Learner(**raw)
    for one in dataclasses.fields(Learner):
        default = one.default_factory() if callable(one.default_factory) else one.default
        value = getattr(made, one.name)
        if type(value) is not type(default):
            raise TypeError
        if isinstance(value, dict) and one.name != "round" and not all(isinstance(v, dict) for v in value.values()):
            raise TypeError
    return made


def save(owner: str, learner: Learner) -> None:
    """Write the record; a full or read-only disk raises `FtError`."""
    path = path_of(owner)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as file:
            file.write(json.dumps({"version": VERSION, **dataclasses.asdict(learner)}).encode())
    except OSError as error:
        raise FtError(f"Your score could not be kept ({error.strerror}): make room on the disk, then go on.") from error


@contextlib.contextmanager
def changing(owner: str) -> Iterator[Learner]:
    """Read, let the caller change, write; two tabs of one learner do not lose each other's changes."""
    with _LOCK:
        learner = load(owner)
        yield learner
        save(owner, learner)
