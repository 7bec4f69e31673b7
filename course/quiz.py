"""Loads the quiz from TOML: questions of five kinds whose every choice says why it is right or wrong.

A mistake in the file is named with file, question and what is missing; the questions that are whole still
load. This module knows nothing about pages, learners or how an answer is judged.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from course import content
from ftcore.errors import FtError

FILE = content.FOLDER / "quiz.toml"
_T = TypeVar("_T")
KINDS = {
    "one": "Choose one.",
    "several": "Choose all that are right.",
    "number": "Type a number.",
    "order": "Put them in order.",
    "block": "Click a block of the network.",
}
DIFFICULTIES = {1: "easy", 2: "medium", 3: "hard"}
_FIELDS = {"id", "topic", "kind", "difficulty", "prompt", "choices", "otherwise", "stage", "claims", "must",
           "experiment", "code", "curves", "unit", "rule", "explain"}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One answer: its text, whether it is right, and why or why not. Of a number `text` names the fact it equals."""

    text: str
    correct: bool
    explain: str


@dataclass(frozen=True)
class Question:
    """A question with its choices.

    `difficulty` is 1 to 3. `claims` are the numbers of the mistaken beliefs that it is about, `experiment` settles
    it, `curves` names the runs to draw ("own" is the learner's), `stage` the stage of the lesson that asks it too.
    The choices of an `order` stand in the right order. A `block` question has a `rule` that names the right blocks
    and explains any right one by `explain`, any other by `otherwise`, as a `number` does with one that no choice
    foresees.
    """

    id: str
    topic: str
    kind: str
    difficulty: int
    prompt: str
    choices: tuple[Choice, ...] = ()
    otherwise: str = ""
    explain: str = ""
    stage: str = ""
    claims: tuple[int, ...] = ()
    must: bool = False
    experiment: str = ""
    code: str = ""
    curves: tuple[str, ...] = ()
    unit: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Quiz:
    """Everything in the file: questions in order, topics by id, mistaken beliefs by number, and what is wrong."""

    questions: tuple[Question, ...]
    topics: Mapping[str, str]
    claims: Mapping[int, str]
    wrong: tuple[str, ...]

    def question(self, name: str) -> Question | None:
        """The question with this id, if there is one."""
        return next((question for question in self.questions if question.id == name), None)


def load(path: Path | None = None) -> Quiz:
    """The quiz, with a sentence for each question that has a mistake. Broken TOML raises `FtError`."""
    path = path or FILE
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise FtError(f"{path.name} cannot be read ({error.strerror}): put the file back.") from error
    return _load(path, stamp)


def fitting(asked: Quiz, old_classes: int) -> Quiz:
    """The questions that can be asked of a network which learned so many classes: of old ones only where there are some."""
    kept = tuple(question for question in asked.questions if old_classes or "<<old_" not in repr(question))
    return dataclasses.replace(asked, questions=kept)


@functools.lru_cache(maxsize=4)
def _load(path: Path, stamp: int) -> Quiz:
    raw = read(path)
    topics = {str(name): str(title) for name, title in raw.get("topics", {}).items()}
    claims = {int(number): str(said) for number, said in raw.get("claims", {}).items() if number.isdecimal()}
    build = functools.partial(_question, topics=topics, claims=claims)
    questions, wrong = entries(raw.get("question", []), f"{path.name}, question", build)
    return Quiz(questions, topics, claims, wrong)


def read(path: Path) -> dict[str, Any]:
    """A TOML file. One that cannot be read raises `FtError` with its name, and the line if it has one."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FtError(f"{path.name} cannot be read ({error}): mend the file.") from error


def entries(rows: Any, where: str, build: Callable[[Mapping[str, Any]], _T]) -> tuple[tuple[_T, ...], tuple[str, ...]]:
    """Build each row that is whole, and say what is wrong with each that is not. Ids (`id`) must differ."""
    records: dict[str, _T] = {}
    wrong = []
    for number, row in enumerate(rows if isinstance(rows, list) else [], 1):
        name = str(row.get("id", f"number {number}")) if isinstance(row, dict) else f"number {number}"
        try:
            made = build(row)
            if name in records:
                raise ValueError("its id stands twice")
            records[name] = made
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            wrong.append(f"{where} {name}: {said}.")
    return tuple(records.values()), tuple(wrong)


def _question(row: Mapping[str, Any], topics: Mapping[str, str], claims: Mapping[int, str]) -> Question:
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no part of a question")
    for name in ("id", "topic", "prompt", "difficulty"):
        if name not in row:
            raise KeyError(name)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    question = Question(**fields | {"kind": row.get("kind", "one"), "choices": tuple(map(_choice, _choices(row)))})
    if not re.fullmatch(r"[a-z0-9-]+", row["id"]) or not row["prompt"].strip():
        raise ValueError("it needs an id of small letters and a prompt")
    if question.topic not in topics:
        raise ValueError(f"there is no topic '{question.topic}'")
    if question.difficulty not in DIFFICULTIES:
        raise ValueError(f"its difficulty has to be one of {', '.join(map(str, DIFFICULTIES))}")
    if not set(question.claims) <= set(claims):
        raise ValueError("it names a belief that is not in [claims]")
    if question.kind not in KINDS:
        raise ValueError(f"there is no kind '{question.kind}'")
    _check(question)
    return question


def _choices(row: Mapping[str, Any]) -> list[Any]:
    if row.get("kind") == "block":
        return []
    return list(row["choices"])


def _choice(row: Mapping[str, Any]) -> Choice:
    made = Choice(str(row["text"]), bool(row.get("correct", False)), str(row["explain"]))
    if not made.text.strip() or not made.explain.strip():
        raise ValueError("a choice needs a text and an explanation")
    return made


def _check(question: Question) -> None:
    """What its kind asks for; raises `ValueError` with what is missing."""
    right = sum(choice.correct for choice in question.choices)
    if question.kind in ("one", "number") and right != 1:
        raise ValueError("it must have exactly one right choice")
    if question.kind == "several" and not right:
        raise ValueError("it needs a right choice")
    if len({choice.text for choice in question.choices}) != len(question.choices):
        raise ValueError("it needs two or more different choices")
    if question.kind in ("one", "several", "order") and len(question.choices) < 2:
        raise ValueError("it needs two or more different choices")
    if question.kind in ("number", "block") and not question.otherwise:
        raise KeyError("otherwise")
    if question.kind == "block" and not (question.rule and question.explain):
        raise KeyError("explain" if question.rule else "rule")


def filled(question: Question, values: Mapping[str, object]) -> Question:
    """The question with its tokens filled in; an unknown token raises `FtError`."""
    where = f"quiz.toml, question {question.id}"
    choices = tuple(
        Choice(content.fill(c.text, values, where), c.correct, content.fill(c.explain, values, where))
        for c in question.choices
    )
    texts: dict[str, Any] = {
        name: content.fill(getattr(question, name), values, where) for name in ("prompt", "code", "unit")
    }
    if question.kind != "block":  # a block's words also tell of the block that was clicked, which is not known yet
        texts |= {name: content.fill(getattr(question, name), values, where) for name in ("otherwise", "explain")}
    return dataclasses.replace(question, choices=choices, **texts)
