"""Glossary and cards: whole, used, and scheduled the later the better they were known."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from course import cards, content, glossary, quiz, recorded
from ftcore.errors import FtError
from ftcore.settings import RunSettings
from ui.course import knowledge

TERMS, WRONG = glossary.load()
GOOD = '[[term]]\nid = "a"\nterm = "epoch"\nmeans = "One pass over all training images."\n'
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_every_term_is_used_somewhere() -> None:
    assert WRONG == ()
    texts = [text for lesson in content.lessons() for text in content.load(lesson).values()]
    texts += [(content.FOLDER / name).read_text("utf-8") for name in ("quiz.toml", "cards.toml", "experiments.toml")]
    found = {term.id for text in texts for term in glossary.used(text, TERMS)}
    assert found == {term.id for term in TERMS}


def test_terms_are_found_in_order_as_whole_words() -> None:
    said = glossary.used("Each batch has weights; heads are not headings. `epoch` is code.", TERMS)
    assert [term.id for term in said] == ["batch", "weight", "head"]
    assert "learning-rate" not in {term.id for term in glossary.used("Operate it and separate it.", TERMS)}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + GOOD, "glossary.toml, term a: its id stands twice"),
        (GOOD.replace('means = "One pass over all training images."', ""), "term a: means is missing"),
        (GOOD.replace("images.", ""), "a meaning of a whole sentence"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, broken: str, said: str) -> None:
    (tmp_path / "glossary.toml").write_text(broken, "utf-8")
    assert said in glossary.load(tmp_path / "glossary.toml")[1][0]
    (tmp_path / "glossary.toml").write_text("x = = 1", "utf-8")
    with pytest.raises(FtError, match=r"glossary\.toml cannot be read .*line 1"):
        glossary.load(tmp_path / "glossary.toml")


def test_cards_are_whole_and_hold_the_three_to_meet() -> None:
    found, wrong = cards.load()
    assert wrong == ()
    assert {"freeze-first", "lower-rate", "at-the-thaw"} <= {card.id for card in found}
    assert len({card.id for card in found}) == len(found) == len(TERMS) + 24


def test_the_better_a_card_is_known_the_later_it_comes_back() -> None:
    waits = [cards.seconds_until(cards.rate(None, name, NOW), NOW) for name in cards.RATINGS]
    assert waits == sorted(waits)
    assert waits[0] < 600 < 86400 <= waits[-1]
    once = cards.rate(None, "good", NOW)
    later = NOW + timedelta(days=3)
    twice = cards.rate(once, "good", later)
    assert cards.seconds_until(twice, later) > cards.seconds_until(once, NOW)


def test_due_cards_come_before_new_ones_and_known_ones_wait() -> None:
    found = cards.load()[0][:4]
    kept = {found[1].id: cards.rate(None, "again", NOW), found[2].id: cards.rate(None, "easy", NOW)}
    later = NOW + timedelta(hours=1)
    assert [card.id for card in cards.due(found, kept, later)] == [found[1].id, found[0].id, found[3].id]
    assert cards.due(found, {found[0].id: {"due": "nonsense"}}, NOW)[0] is found[0], "a damaged schedule starts anew"


def test_new_cards_come_ten_a_day_and_those_of_another_day_do_not_count() -> None:
    every = cards.load()[0]
    assert len(cards.due(every, {}, NOW)) == cards.NEW_A_DAY == 10
    first = {card.id: cards.rate(None, "easy", NOW) for card in every[:4]}
    assert [card.id for card in cards.due(every, first, NOW)] == [card.id for card in every[4:10]]
    tomorrow = NOW + timedelta(days=1)
    assert [card.id for card in cards.due(every, first, tomorrow)] == [card.id for card in every[4:14]]
    again = first | {every[0].id: cards.rate(first[every[0].id], "good", NOW)}
    assert len(cards.due(every, again, NOW)) == 6, "a card that comes back is not met anew"
    odd = first | {every[0].id: cards.rate(None, "good", NOW) | {"card_id": "nonsense"}}
    assert len(cards.due(every, odd, NOW)) == 7


def test_the_cheat_sheet_knows_its_tokens() -> None:
    known = knowledge.gather(RunSettings(), 10, 5000, None).values | {"whose": "a recorded"}
    for name in content.load("cheatsheet"):
        assert "<<" not in content.section("cheatsheet", name, known)


def test_the_recorded_lesson_tells_its_gain_against_the_head_alone() -> None:
    said = knowledge.gather(RunSettings(), 10, 5000, None).values["run_gained"]
    assert "Trained on alone for as many epochs it reaches" in said
    assert "points** more" in said
    run = recorded.load()["classic"]
    without = dataclasses.replace(run, alone=None)
    said = knowledge.gather(RunSettings(), 10, 5000, without).values["run_gained"]
    assert "rained on alone" not in said
    silent = dataclasses.replace(run, start=None)  # as logs of earlier versions are
    assert "after the thaw **76.3" in knowledge.gather(RunSettings(), 10, 5000, silent).values["run_gained"]


def test_every_token_in_cards_is_none() -> None:
    assert not content.TOKEN.search((content.FOLDER / "cards.toml").read_text("utf-8"))
    assert quiz.load().claims
