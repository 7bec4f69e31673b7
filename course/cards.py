"""Cards for review, spaced by how well each was remembered (the open scheduler FSRS).

A card's schedule is plain data that the learner's file keeps. This module knows nothing about pages or files of
learners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fsrs import Card as Schedule
from fsrs import Rating, Scheduler
from fsrs.card import CardDict

from course import content, glossary, quiz
from ftcore.files import derived

FILE = content.FOLDER / "cards.toml"
RATINGS = {"again": Rating.Again, "hard": Rating.Hard, "good": Rating.Good, "easy": Rating.Easy}
NEW_A_DAY = 10  # cards: more would all come back together
_SCHEDULER = Scheduler(enable_fuzzing=False)
REMEMBERED = _SCHEDULER.desired_retention  # the chance of still knowing a card when it comes back


@dataclass(frozen=True)
class Card:
    """A card: what to think about, and the answer on its back."""

    id: str
    front: str
    back: str


def load(path: Path | None = None) -> tuple[tuple[Card, ...], tuple[str, ...]]:
    """The cards of the file and one for each term of the glossary, with a sentence for each mistake."""
    path = path or FILE
    cards, wrong = quiz.entries(quiz.read(path).get("card", []), f"{path.name}, card", _card)
    terms, unreadable = glossary.load()
    made = tuple(Card(f"term-{term.id}", f"What is meant by **{term.term}**?", term.means) for term in terms)
    return cards + made, wrong + unreadable


def _card(row: Mapping[str, Any]) -> Card:
    made = Card(row["id"], row["front"], row["back"])
    if not (made.front.strip() and made.back.strip()):
        raise ValueError("it needs a front and a back")
    return made


def rate(schedule: CardDict | None, rating: str, now: datetime | None = None) -> CardDict:
    """The schedule after a look at the card. A schedule that cannot be read starts anew."""
    now = now or datetime.now(UTC)
    return derived(lambda: _rated(_schedule(schedule), rating, now)) or _rated(None, rating, now)


def _rated(schedule: Schedule | None, rating: str, now: datetime) -> CardDict:
    after, _ = _SCHEDULER.review_card(schedule or Schedule(card_id=int(now.timestamp()), due=now), RATINGS[rating], now)
    return after.to_dict()


def _schedule(record: CardDict | None) -> Schedule | None:
    schedule = derived(lambda: Schedule.from_dict(record)) if record else None
    times = (schedule.due, schedule.last_review or schedule.due) if schedule else ()
    return schedule if all(isinstance(time, datetime) and time.tzinfo for time in times) else None


def due(cards: Sequence[Card], schedules: Mapping[str, CardDict], now: datetime | None = None) -> list[Card]:
    """The cards to look at now: those whose time has come, the longest overdue first, then new ones in order.

    Of the new ones, as many as are left of today's `NEW_A_DAY`.
    """
    now = now or datetime.now(UTC)
    met = [(schedule.due, card) for card in cards if (schedule := _schedule(schedules.get(card.id)))]
    late = [card for when, card in sorted(met, key=lambda pair: (pair[0], pair[1].id)) if when <= now]
    known = {card.id for _, card in met}
    new = [card for card in cards if card.id not in known]
    return late + new[: max(0, NEW_A_DAY - _met_on(schedules, now))]


def _met_on(schedules: Mapping[str, CardDict], day: datetime) -> int:
    """How many cards were met for the first time on a day; a schedule's `card_id` is when that was, in seconds."""
    begins = day.astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    met = [record.get("card_id") for record in schedules.values()]
    return sum(isinstance(when, int) and begins <= when < begins + 86400 for when in met)


def seconds_until(record: CardDict, now: datetime | None = None) -> float:
    """Seconds until a card comes up again; 0 if it is due."""
    schedule = _schedule(record)
    return max(0.0, (schedule.due - (now or datetime.now(UTC))).total_seconds()) if schedule else 0.0
