"""Judges an answer, and shuffles questions and choices by a seed without touching what is right.

An answer is plain data: a choice's number in the file (`one`), numbers (`several`, `order`), a number, or a block's
name. This module knows nothing about learners or pages.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course import content
from course.quiz import Question
from ftcore.errors import FtError
from ftcore.network.describe import BlockInfo
from ftcore.settings import HEAD

TOLERANCE = 0.02  # of the right number: what rounding and reading off may cost
POINT = 0.5  # percentage points that can be misread on a chart
LETTERS = "AB"  # under which two runs are drawn
Rule = Callable[[Sequence[BlockInfo], Sequence[str]], set[str]]


@dataclass(frozen=True)
class Note:
    """What is said about one choice: its text, whether it was taken, whether taking it is right, and why."""

    text: str
    taken: bool
    correct: bool
    explain: str


@dataclass(frozen=True)
class Verdict:
    """An answer judged: right or not, and a note for every choice, those of the learner first."""

    right: bool
    notes: tuple[Note, ...]


def _weighted(blocks: Sequence[BlockInfo]) -> list[BlockInfo]:
    return [block for block in blocks if block.parameters]


def _largest(blocks: Sequence[BlockInfo], trainable: Sequence[str]) -> set[str]:
    most = max(block.parameters for block in blocks)
    return {block.name for block in blocks if block.parameters == most}


def _boundary(blocks: Sequence[BlockInfo], trainable: Sequence[str]) -> set[str]:
    return {next(block.name for block in _weighted(blocks) if block.name in trainable)}


# Which blocks are right, from the network's blocks and the names of those that may learn.
RULES: Mapping[str, Rule] = {
    "first": lambda blocks, trainable: {_weighted(blocks)[0].name},
    "new": lambda blocks, trainable: {HEAD},
    "largest": _largest,
    "boundary": _boundary,
}


def order(question: Question, seed: int) -> tuple[int, ...]:
    """The numbers of the choices in the order to show them in, fixed by seed and question."""
    numbers = range(len(question.choices))
    return tuple(random.Random(f"{seed} {question.id}").sample(numbers, len(numbers)))  # noqa: S311


def sides(question: Question, seed: int) -> tuple[int, ...]:
    """The numbers of the runs that it draws in the order to draw them in, fixed by seed and question."""
    numbers = range(len(question.curves))
    return tuple(random.Random(f"{seed} {question.id} sides").sample(numbers, len(numbers)))  # noqa: S311


def letters(question: Question, seed: int) -> dict[str, str]:
    """What its texts call two runs, by their order in the file: the letters of the sides that they are drawn on."""
    if len(question.curves) < len(LETTERS):
        return {}
    drawn = sides(question, seed)
    return {"first": LETTERS[drawn.index(0)], "second": LETTERS[drawn.index(1)]}


def shuffled(names: Sequence[str], seed: int) -> tuple[str, ...]:
    """Question ids in the order of a round, fixed by the seed."""
    return tuple(random.Random(f"{seed} round").sample(names, len(names)))  # noqa: S311


def judge(
    question: Question, given: Any, facts: Mapping[str, float], blocks: Sequence[BlockInfo], trainable: Sequence[str]
) -> Verdict:
    """Judge an answer to a question whose tokens are filled in. Raises `FtError` for what is no answer to it."""
    try:
        if question.kind == "number":
            return _number(question, float(given), facts)
        if question.kind == "block":
            return _block(question, str(given), blocks, trainable)
        if question.kind == "order":
            return _order(question, [int(number) for number in given])
        taken = {int(given)} if question.kind == "one" else {int(number) for number in given}
        if not taken <= set(range(len(question.choices))):
            raise ValueError
    except (TypeError, ValueError, StopIteration) as error:
        raise FtError("This answer does not fit the question: answer it again.") from error
    right = taken == {number for number, choice in enumerate(question.choices) if choice.correct}
    notes = [Note(c.text, number in taken, c.correct, c.explain) for number, c in enumerate(question.choices)]
    return Verdict(right, tuple(sorted(notes, key=lambda note: not note.taken)))


def _number(question: Question, given: float, facts: Mapping[str, float]) -> Verdict:
    """The nearest choice that the number hits explains it, the right one if two are as near; else `otherwise`."""
    told = f"{given:,.10g}"
    slack = POINT if question.unit == "points" else 0.0
    hits = [choice for choice in question.choices if close(given, valued(choice.text, facts), slack)]
    hit = min(hits, key=lambda choice: (abs(given - valued(choice.text, facts)), not choice.correct), default=None)
    right = hit is not None and hit.correct
    notes = [Note(told, True, right, hit.explain if hit else question.otherwise)]
    if not right:
        best = next(choice for choice in question.choices if choice.correct)
        notes.append(Note(_written(valued(best.text, facts), question), False, True, best.explain))
    return Verdict(right, tuple(notes))


def _written(value: float, question: Question) -> str:
    """The right number: shares and differences with the one decimal that a page gives them."""
    return f"{value:,.1f}" if question.unit in ("%", "points") else f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def valued(text: str, facts: Mapping[str, float]) -> float:
    """What the text of a numeric choice stands for: the number itself, or the fact of this name."""
    return facts[text] if text in facts else float(text)


def close(given: float, wanted: float, slack: float = 0.0) -> bool:
    """Whether a number is within `TOLERANCE` (a share) or `slack` (a difference) of the wanted one."""
    return math.isclose(given, wanted, rel_tol=TOLERANCE, abs_tol=max(slack, 1e-9))


def _order(question: Question, given: list[int]) -> Verdict:
    right = list(range(len(question.choices)))
    if sorted(given) != right:
        raise ValueError
    notes = [Note(c.text, True, given[at] == at, c.explain) for at, c in enumerate(question.choices)]
    return Verdict(given == right, tuple(notes))


def _block(question: Question, given: str, blocks: Sequence[BlockInfo], trainable: Sequence[str]) -> Verdict:
    names = [block.name for block in blocks]
    clicked = blocks[names.index(given)]
    right = RULES[question.rule](blocks, trainable)

    def told(block: BlockInfo) -> Note:
        fits = block.name in right
        values = {
            "clicked": f"`{block.name}`",
            "clicked_size": f"{block.parameters:,}",
            "place": names.index(block.name) + 1,
            "blocks": len(names),
            "right": " or ".join(f"`{name}`" for name in names if name in right),
        }
        text = question.explain if fits else question.otherwise
        return Note(f"`{block.name}`", block is clicked, fits, content.fill(text, values, f"question {question.id}"))

    notes = [told(clicked)]
    if given not in right:
        notes += [told(block) for block in blocks if block.name in right]
    return Verdict(given in right, tuple(notes))
