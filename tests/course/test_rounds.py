"""Rounds of the quiz: which questions a round asks, and how score and streak are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from course import cards, quiz, rounds
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


MUST = ("freeze-first", "tune-rate", "thaw-curve")


def met(*names: str, right: bool = True) -> Learner:
    return Learner(answers={name: {"right": right, "tries": 1, "time": 0.0} for name in names})


def test_a_short_round_has_what_everyone_should_meet_and_then_three_drawn_anew() -> None:
    assert set(rounds.pick("short", QUIZ.questions, met(*MUST[:2]), 1)) == set(MUST)
    drawn = {rounds.pick("short", QUIZ.questions, met(*MUST), seed) for seed in range(20)}
    assert len(drawn) == 20
    assert all(len(set(ids)) == 3 and not set(ids) & set(MUST) for ids in drawn), "what was not met comes first"


def test_ten_are_drawn_from_what_was_not_met_and_filled_up_from_what_was() -> None:
    left = ("load-early", "head-shape")
    learner = met(*(q.id for q in QUIZ.questions if q.id not in left))
    ids = rounds.pick("ten", QUIZ.questions, learner, 4)
    assert len(set(ids)) == 10
    assert set(left) <= set(ids)


@pytest.mark.parametrize("topic", QUIZ.topics)
def test_a_topic_is_asked_as_a_whole(topic: str) -> None:
    ids = rounds.pick("topic", QUIZ.questions, Learner(), topic=topic)
    assert ids == tuple(q.id for q in QUIZ.questions if q.topic == topic)


def test_what_was_wrong_comes_again_spaced_like_the_cards() -> None:
    learner = Learner()
    days = [0, 0, 0]
    for number, right in enumerate((False, True, True)):
        rounds.begin(learner, "full", ["head-shape", "load-early"], number)
        rounds.answer(learner, "head-shape", 0, right)
        rounds.answer(learner, "load-early", 0, True)
        now = datetime.now(UTC)
        if not right:
            assert rounds.pick("wrong", QUIZ.questions, learner, now=now) == ("head-shape",), "a wrong one at once"
            continue
        wait = cards.seconds_until(learner.answers["head-shape"]["spaced"], now)
        assert rounds.pick("wrong", QUIZ.questions, learner, now=now) == ()
        later = now + timedelta(seconds=wait + 1)
        assert rounds.pick("wrong", QUIZ.questions, learner, now=later) == ("head-shape",)
        days[number] = int(wait)
    assert 0 < days[1] < days[2]
    assert "spaced" not in learner.answers["load-early"], "what was never wrong does not come again"


def test_records_without_a_schedule_and_rounds_of_earlier_versions_are_read() -> None:
    learner = met("head-shape", right=False)
    assert rounds.pick("wrong", QUIZ.questions, learner) == ("head-shape",)
    learner.round = {"mode": "wrong", "seed": 1, "ids": ["head-shape"], "given": {}, "right": {}, "at": 0}
    assert rounds.current(learner, ["head-shape"]) is not None
    rounds.answer(learner, "head-shape", 0, True)
    assert cards.seconds_until(learner.answers["head-shape"]["spaced"]) > 0, "it was wrong before"
    learner.answers["head-shape"]["spaced"] = {"due": "?"}  # type: ignore[typeddict-item]
    assert rounds.pick("wrong", QUIZ.questions, learner) == ("head-shape",)
