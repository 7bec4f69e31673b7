"""Texts and code ask each other for nothing that is not there, and hold nothing that nobody asks for."""

from __future__ import annotations

import re

import pytest

from course import content, experiments, facts, recorded
from course.trainings import TRAININGS
from tests import lessons, tokens
from tests.lessons import Place


def _where(place: Place) -> str:
    return f"{place.file}-{min(place.sections)}"


@pytest.mark.parametrize("lesson", content.lessons())
def test_every_section_is_shown_and_every_section_shown_is_there(lesson: str) -> None:
    shown = {name for place in lessons.places() if place.lesson == lesson for name in place.sections}
    assert shown == set(content.load(lesson))


@pytest.mark.parametrize("place", lessons.places(), ids=_where)
def test_every_token_of_a_section_is_given_where_it_is_shown(place: Place) -> None:
    for name in place.sections:
        assert lessons.tokens(content.load(place.lesson)[name]) <= set(place.given), name


def test_every_token_that_is_given_is_used() -> None:
    used = {(token, given.file) for token, given in tokens.rows()}
    given = {(token, said.file) for place in lessons.places() for token, said in place.given.items()}
    given |= {(token, said.file) for token, said in (lessons.known() | tokens.clicked() | tokens.lettered()).items()}
    assert {(token, file) for token, file in given - used if not token.startswith("rec_")} == set()


def test_every_number_of_a_recorded_run_is_used_for_one_of_them() -> None:
    used = {token for token, _ in tokens.rows()}
    kinds = {name.removeprefix("rec_x_") for name in facts.of_recorded("x", recorded.load()["classic"])}
    assert {kind for kind in kinds if not used & {f"rec_{run}_{kind}" for run in recorded.load()}} == set()


def test_every_number_of_an_experiments_training_is_told_drawn_or_decides() -> None:
    asked = {name.partition("_")[2] for name in lessons.tokens(experiments.FILE.read_text("utf-8"))}
    asked |= {what for trial in TRAININGS.values() for what in trial.shown}
    asked |= set(re.findall(r"_(\w+)\"", (lessons.ROOT / "course" / "trainings.py").read_text("utf-8")))
    assert set(lessons.returned("trainings.numbers")) <= asked


def test_the_table_of_tokens_is_that_of_texts_and_code() -> None:
    assert tokens.FILE.read_text("utf-8") == tokens.table(), "make it anew with `make tokens`"
    assert tokens.FILE.stem not in content.lessons()
