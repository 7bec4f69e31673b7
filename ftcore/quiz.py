"""Loads the quiz from TOML: questions whose every choice is right or wrong and says why.

A mistake in the file is named with file, question and what is missing; the questions that are whole still
load. This module knows nothing about pages or learners.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftcore import content
from ftcore.settings import FtError

FILE = content.FOLDER / "quiz.toml"


@dataclass(frozen=True)
class Choice:
    """One answer: its text, whether it is right, and why or why not."""

    text: str
    correct: bool
    explain: str


@dataclass(frozen=True)
class Question:
    """A question with its choices; `stage` names the stage of the lesson that asks it."""

    id: str
    stage: str
    prompt: str
    choices: tuple[Choice, ...]


def load(path: Path = FILE) -> tuple[tuple[Question, ...], tuple[str, ...]]:
    """All whole questions, and a sentence for each that has a mistake. Broken TOML raises `FtError`."""
    try:
        rows = tomllib.loads(path.read_text("utf-8")).get("question", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise FtError(f"{path.name} cannot be read ({error}): mend the file.") from error
    found: dict[str, Question] = {}
    wrong = []
    for number, row in enumerate(rows, 1):
        try:
            question = _question(row)
            if question.id in found:
                raise ValueError("its id stands twice")
            found[question.id] = question
        except (KeyError, TypeError, ValueError) as error:
            name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            wrong.append(f"{path.name}, question {name}: {said}.")
    return tuple(found.values()), tuple(wrong)


def _question(row: Mapping[str, Any]) -> Question:
    choices = tuple(Choice(c["text"], bool(c.get("correct", False)), c["explain"]) for c in row["choices"])
    if sum(choice.correct for choice in choices) != 1:
        raise ValueError("it must have exactly one right choice")
    if len({choice.text for choice in choices}) != len(choices) or len(choices) < 2:
        raise ValueError("it needs two or more different choices")
    return Question(row["id"], row["stage"], row["prompt"], choices)


def filled(question: Question, values: Mapping[str, object]) -> Question:
    """The question with its tokens filled in; an unknown token raises `FtError`."""
    where = f"quiz.toml, question {question.id}"
    choices = tuple(
        Choice(content.fill(c.text, values, where), c.correct, content.fill(c.explain, values, where))
        for c in question.choices
    )
    return Question(question.id, question.stage, content.fill(question.prompt, values, where), choices)


def shuffled(question: Question, seed: int) -> tuple[Choice, ...]:
    """The choices in an order that the seed and the question fix."""
    return tuple(random.Random(f"{seed} {question.id}").sample(question.choices, len(question.choices)))  # noqa: S311
