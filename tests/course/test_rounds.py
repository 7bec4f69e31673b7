"""Rounds of the quiz: which questions a round asks, and how score and streak are kept."""

from __future__ import annotations

from course import quiz, rounds
from course.learners import Learner

QUIZ = quiz.load()


def test_a_round_keeps_score_and_streak() -> None:
    learner = Learner()
    names = [q.id for q in QUIZ.questions]
    rounds.begin(learner, "short", rounds.pick("short", QUIZ.questions, learner), 5)
    here = rounds.current(learner, names)
    assert here is not None
    assert sorted(here.ids) == ["freeze-first", "thaw-curve", "tune-rate"]
    rounds.go_on(learner)
    assert rounds.current(learner, names) == here, "an open question is not left"
    for name, right in zip(here.ids, (True, True, False), strict=True):
        rounds.answer(learner, name, 0, right)
        rounds.answer(learner, name, 1, not right)
        rounds.go_on(learner)
    over = rounds.current(learner, names)
    assert over is not None
    assert (over.now, over.score, learner.streak, learner.best_streak) == (None, 2, 0, 2)
    assert rounds.pick("wrong", QUIZ.questions, learner) == (here.ids[2],)
    assert sum(right for right, _, _ in rounds.progress(learner, QUIZ.questions).values()) == 2
    rounds.reset(learner)
    assert learner == Learner()


def test_a_question_that_left_the_quiz_leaves_the_round() -> None:
    learner = Learner()
    rounds.begin(learner, "full", ["a", "b", "c"], 0)
    ids = learner.round["ids"]
    rounds.answer(learner, ids[0], 0, True)
    rounds.go_on(learner)
    left = rounds.current(learner, ids[1:])
    assert left is not None
    assert (left.now, left.score) == (ids[1], 0)
    learner.round = {"mode": "full"}
    assert rounds.current(learner, ids) is None
