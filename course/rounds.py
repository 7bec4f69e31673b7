"""A learner's way through the quiz: start a round, answer, go on, count score and streak.

Works on the plain record in `learners`; knows nothing about files or pages.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from course import cards, marking
from course.learners import Answer, Learner
from course.quiz import Question

MODES = ("short", "ten", "wrong", "topic", "full")
DRAWN = {"short": 3, "ten": 10}  # questions in a round that draws them


@dataclass(frozen=True)
class Round:
    """A round as it stands: its kind, its seed, the ids in order, the answers so far, and which one is shown."""

    mode: str
    seed: int
    ids: tuple[str, ...]
    given: dict[str, Any]
    right: dict[str, bool]
    at: int

    @property
    def now(self) -> str | None:
        """The id of the question that is shown; None once the round is over."""
        return self.ids[self.at] if self.at < len(self.ids) else None

    @property
    def score(self) -> int:
        """How many answers were right."""
        return sum(self.right.values())


def pick(
    mode: str,
    questions: Sequence[Question],
    learner: Learner,
    seed: int = 0,
    topic: str = "",
    now: datetime | None = None,
) -> tuple[str, ...]:
    """The ids that a kind of round asks, where it draws them by the seed: those never met first.

    A short round has the questions that everyone should meet, and once they are met three drawn anew; "wrong" those
    whose last answer was wrong, and those that were once wrong and are due again at the time `now`.
    """
    must = tuple(question.id for question in questions if question.must)
    if mode == "short" and not set(must) <= set(learner.answers):
        return must
    if mode in DRAWN:
        names = marking.shuffled([question.id for question in questions], seed)
        return tuple(sorted(names, key=learner.answers.__contains__)[: DRAWN[mode]])
    if mode == "wrong":
        again = {name for name, answer in learner.answers.items() if _comes_again(answer, now or datetime.now(UTC))}
        return tuple(question.id for question in questions if question.id in again)
    return tuple(question.id for question in questions if mode == "full" or question.topic == topic)


def _comes_again(answer: Answer, now: datetime) -> bool:
    if not answer.get("right"):
        return True
    return "spaced" in answer and cards.seconds_until(answer["spaced"], now) == 0


def begin(learner: Learner, mode: str, ids: Sequence[str], seed: int) -> None:
    """Start a round with these questions in an order that the seed fixes."""
    names = list(marking.shuffled(ids, seed))
    learner.round = {"mode": mode, "seed": seed, "ids": names, "given": {}, "right": {}, "at": 0}


def current(learner: Learner, known: Sequence[str]) -> Round | None:
    """The round that is going on, without questions that have left the quiz since; None without one."""
    raw = learner.round
    kinds = {"mode": str, "seed": int, "ids": list, "given": dict, "right": dict, "at": int}
    if any(type(raw.get(name)) is not kind for name, kind in kinds.items()) or raw["mode"] not in MODES:
        return None
    names = [str(name) for name in raw["ids"]]
    ids = [name for name in names if name in set(known)]
    at = max(0, raw["at"])
    given = {name: raw["given"][name] for name in ids if name in raw["given"]}
    right = {name: bool(raw["right"].get(name)) for name in given}
    skipped = sum(name not in set(known) for name in names[:at])
    return Round(raw["mode"], raw["seed"], tuple(ids), given, right, at - skipped) if ids else None


def answer(learner: Learner, name: str, given: Any, right: bool) -> None:
    """Keep an answer of the round; the first one counts, so a second in another tab changes nothing."""
    if name in learner.round["given"]:
        return
    learner.round["given"][name], learner.round["right"][name] = given, right
    before = learner.answers.get(name, {})
    tries = before.get("tries")
    kept: Answer = {"right": right, "tries": (tries if type(tries) is int else 0) + 1, "time": time.time()}
    if not right or "spaced" in before or before.get("right") is False:
        kept["spaced"] = cards.rate(before.get("spaced"), "good" if right else "again")
    learner.answers[name] = kept
    learner.streak = learner.streak + 1 if right else 0
    learner.best_streak = max(learner.best_streak, learner.streak)


def go_on(learner: Learner) -> None:
    """Show the next question; only an answered one is left."""
    ids, at = learner.round["ids"], learner.round["at"]
    if at < len(ids) and ids[at] in learner.round["given"]:
        learner.round["at"] = at + 1


def reset(learner: Learner) -> None:
    """Forget all answers, the round and the streaks; experiments and cards stay."""
    learner.answers, learner.round, learner.streak, learner.best_streak = {}, {}, 0, 0


def progress(learner: Learner, questions: Sequence[Question]) -> dict[str, tuple[int, int, int]]:
    """Per topic: last answered rightly, answered at all, how many questions there are."""
    counts: dict[str, tuple[int, int, int]] = {}
    for question in questions:
        right, met, total = counts.get(question.topic, (0, 0, 0))
        answer = learner.answers.get(question.id)
        counts[question.topic] = (right + bool(answer and answer.get("right")), met + (answer is not None), total + 1)
    return counts
