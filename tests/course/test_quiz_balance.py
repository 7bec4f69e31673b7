"""The quiz cannot be passed by looks: length, place, words and number of the right choices are as those of others."""

from __future__ import annotations

import collections
import functools
import math
import random
import re
from collections.abc import Callable

import pytest

from course import marking, quiz
from course.quiz import Choice, Question
from ftcore.settings import RunSettings
from ui.course import knowledge

ROUNDS, ASKED = 4000, 20
LONGER = 1.2  # a right choice over the longest wrong one
ABSOLUTE = re.compile(
    r"\b(all|always|any|anything|cannot|completely|entirely|every|everything|exactly|must|never|none|nobody|nothing|only)\b",
    re.IGNORECASE,
)
WORDS_MARGIN = 0.05  # between the shares of right and of wrong choices with an absolute word
NEW_TOPICS = ("data", "beyond", "keep")
SOURCE = re.compile(
    r"arXiv \d{4}\.\d{4,5}|PyTorch's (ONNX )?(documentation|tutorial)|scikit-learn's documentation|experiment"
)


@functools.cache
def read() -> tuple[Question, ...]:
    """All questions as a learner reads them, with the numbers of the built-in network."""
    values = knowledge.gather(RunSettings(), 10, 5000, None).values
    return tuple(quiz.filled(q, {**values, **marking.letters(q, 0)}) for q in quiz.load().questions)


def of(kind: str) -> list[Question]:
    return [question for question in read() if question.kind == kind]


def lengths(question: Question, correct: bool) -> list[int]:
    return [len(choice.text) for choice in question.choices if choice.correct is correct]


def hit(question: Question, wanted: Callable[[list[int]], int]) -> float:
    """The chance to be right by taking the longest (or shortest) choice; one of several such is drawn."""
    sizes = [len(choice.text) for choice in question.choices]
    taken = [choice.correct for choice in question.choices if len(choice.text) == wanted(sizes)]
    return sum(taken) / len(taken)


def chance() -> float:
    """How many of the one-choice questions are right by chance."""
    return sum(1 / len(question.choices) for question in of("one"))


def test_a_right_choice_is_hardly_longer_than_the_longest_wrong_one() -> None:
    long = {q.id: (lengths(q, True), lengths(q, False)) for q in of("one")}
    assert {name: pair for name, pair in long.items() if pair[0][0] > LONGER * max(pair[1])} == {}


def test_the_longest_choice_is_right_no_more_often_than_chance() -> None:
    assert sum(hit(question, max) for question in of("one")) <= chance()


def test_the_shortest_choice_is_right_about_as_often_as_chance() -> None:
    spread = math.sqrt(sum((1 / len(q.choices)) * (1 - 1 / len(q.choices)) for q in of("one")))
    assert abs(sum(hit(question, min) for question in of("one")) - chance()) <= spread


def test_twenty_questions_at_random_answered_by_the_longest_choice_score_at_chance() -> None:
    drawn, scores = random.Random(7), []
    pool, expected = of("one"), ASKED * chance() / len(of("one"))
    for _ in range(ROUNDS):
        asked = drawn.sample(pool, ASKED)
        longest = [max(question.choices, key=lambda choice: (len(choice.text), drawn.random())) for question in asked]
        scores.append(sum(choice.correct for choice in longest))
    mean, share = sum(scores) / ROUNDS, expected / ASKED
    one_round = math.sqrt(ASKED * share * (1 - share))  # the standard error of a guesser's score in one round
    assert abs(mean - expected) <= one_round / 2
    assert sum(score >= expected + 3 * one_round for score in scores) <= 0.01 * ROUNDS


def test_longer_choices_of_several_are_not_the_right_ones() -> None:
    mixed = [q for q in of("several") if lengths(q, False)]
    longest = sum(hit(question, max) for question in mixed)
    by_chance = sum(len(lengths(q, True)) / len(q.choices) for q in mixed)
    assert longest <= by_chance + math.sqrt(len(mixed)) / 2


def test_absolute_words_tell_nothing() -> None:
    def share(correct: bool) -> float:
        texts = [c.text for kind in ("one", "several") for q in of(kind) for c in q.choices if c.correct is correct]
        return sum(ABSOLUTE.search(text) is not None for text in texts) / len(texts)

    assert abs(share(True) - share(False)) <= WORDS_MARGIN


def test_places_after_shuffling_are_even() -> None:
    seeds = range(300)
    for size in {len(question.choices) for question in of("one")}:
        asked = [question for question in of("one") if len(question.choices) == size]
        places = collections.Counter(_place(question, seed) for question in asked for seed in seeds)
        total = len(asked) * len(seeds)
        error = math.sqrt(total * (1 / size) * (1 - 1 / size))
        assert all(abs(places[at] - total / size) <= 4 * error for at in range(size)), places


@pytest.mark.parametrize("question", [q for q in quiz.load().questions if len(q.curves) > 1], ids=lambda q: q.id)
def test_each_of_two_runs_stands_on_either_side_and_the_texts_follow(question: Question) -> None:
    seeds = range(400)
    first = sum(marking.sides(question, seed)[0] == 0 for seed in seeds)
    assert abs(first - len(seeds) / 2) <= 4 * math.sqrt(len(seeds)) / 2
    for seed in range(20):
        letters = marking.letters(question, seed)
        drawn = [question.curves[at] for at in marking.sides(question, seed)]
        assert drawn[marking.LETTERS.index(letters["first"])] == question.curves[0]
        assert drawn[marking.LETTERS.index(letters["second"])] == question.curves[1]
    assert not re.search(r"\brun [AB]\b", " ".join(c.text + c.explain for c in question.choices), re.IGNORECASE)


def _place(question: Question, seed: int) -> int:
    right = next(at for at, choice in enumerate(question.choices) if choice.correct)
    return marking.order(question, seed).index(right)


def test_of_several_one_two_and_all_are_right_about_as_often() -> None:
    kinds = collections.Counter(_right(question.choices) for question in of("several"))
    assert set(kinds) == {"one", "two", "all"}
    assert min(kinds.values()) >= len(of("several")) / 4


def _right(choices: tuple[Choice, ...]) -> str:
    right = sum(choice.correct for choice in choices)
    return "all" if right == len(choices) else {1: "one", 2: "two"}[right]


def test_every_difficulty_has_its_share() -> None:
    found = collections.Counter(question.difficulty for question in read())
    assert set(found) == set(quiz.DIFFICULTIES)
    assert min(found.values()) >= len(read()) / 10


@pytest.mark.parametrize("question", [q for q in read() if q.topic in NEW_TOPICS], ids=lambda q: q.id)
def test_what_settles_a_question_is_named(question: Question) -> None:
    assert SOURCE.search(" ".join(choice.explain for choice in question.choices))
