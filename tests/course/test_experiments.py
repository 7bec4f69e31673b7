"""The experiments: whole, each with runs or a measurement, decided by the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from course import content, experiments, measure, quiz, recorded
from ftcore.errors import FtError
from ftcore.settings import HEAD
from ftcore.story import Story
from ftcore.training import recipes

pytestmark = pytest.mark.usefixtures("stocked")

ALL, WRONG = experiments.load()
GOOD = """
[[experiment]]
id = "last-two"
claim = 21
title = "T"
question = "Q"
guesses = { most = "a", small = "b" }
outcomes = { most = "a", small = "b" }
"""


def test_the_shipped_experiments_are_whole_and_cover_the_beliefs() -> None:
    assert WRONG == ()
    assert len({e.claim for e in ALL} & set(quiz.load().claims)) >= 14
    assert {e.id for e in ALL} == set(measure.MEASUREMENTS) | set(experiments.comparisons())
    assert not set(measure.MEASUREMENTS) & set(experiments.comparisons())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + GOOD, "experiment last-two: its id stands twice"),
        (GOOD.replace('small = "b"', 'big = "b"', 1), "an outcome of the same name"),
        (GOOD.replace('"last-two"', '"nothing"') + 'labels = { a = "x" }', "do not name its runs"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, broken: str, said: str) -> None:
    (tmp_path / "experiments.toml").write_text(broken, "utf-8")
    assert said in experiments.load(tmp_path / "experiments.toml")[1][0]
    (tmp_path / "experiments.toml").write_text("= 1", "utf-8")
    with pytest.raises(FtError, match=r"experiments\.toml cannot be read"):
        experiments.load(tmp_path / "experiments.toml")


@pytest.mark.parametrize("name", experiments.comparisons())
def test_runs_are_short_valid_and_decide_one_of_the_guesses(name: str) -> None:
    found = next(e for e in ALL if e.id == name)
    plans = experiments.comparisons()[name]
    for settings in plans.values():
        recipes.check_settings(settings)
        assert 0 < settings.train_per_class <= 100
        assert settings.epochs <= 15
    runs = {label: _done(settings.phases[0].trainable == (HEAD,)) for label, settings in plans.items()}
    outcome = experiments.judged(name, runs)
    assert set(content.TOKEN.findall(" ".join(found.outcomes.values()))) <= set(outcome.numbers)
    assert outcome.key in found.outcomes


def _done(head_first: bool) -> Story:
    return recorded.load()["classic" if head_first else "scratch"]


@pytest.mark.parametrize("found", ALL, ids=lambda e: e.id)
def test_a_question_asks_only_for_what_is_known_before(found: experiments.Experiment) -> None:
    given = experiments.given(found.id)
    assert set(content.TOKEN.findall(found.question)) <= set(given)
    if found.id in ("frozen-norm", "eval-mode", "optimizer-holds"):
        assert given.items() <= experiments.measured(found.id).numbers.items()


def test_numbers_decide_and_not_hopes() -> None:
    done = [recorded.load()[name] for name in ("classic", "rate_high")]
    assert experiments.judged("trunk-rate", {"a": done[0], "b": done[1]}).key == "a"
    assert experiments.judged("trunk-rate", {"a": done[1], "b": done[0]}).key == "b"
    assert experiments.judged("trunk-rate", {"a": done[0], "b": done[0]}).key == "same"
    assert experiments.judged("head-only", {"a": done[0]}).key == "none", "the trunk stood still until the thaw"


def decisive(name: str, numbers: Mapping[str, float]) -> set[str]:
    """The numbers that the verdict of a measurement asks for."""
    asked: set[str] = set()

    class Asked(dict[str, float]):
        def __getitem__(self, key: str) -> float:
            asked.add(key)
            return super().__getitem__(key)

    measure.MEASUREMENTS[name].verdict(Asked(numbers))
    return asked


@pytest.mark.parametrize("name", ["frozen-norm", "bn-eval", "eval-mode", "optimizer-holds", "last-two"])
def test_measurements_settle_what_is_known_about_torch(name: str) -> None:
    outcome = experiments.measured(name)
    found = next(e for e in ALL if e.id == name)
    told = set(content.TOKEN.findall(" ".join((found.question, *found.outcomes.values()))))
    assert told <= set(outcome.numbers) == told | decisive(name, outcome.numbers)
    expected = {
        "frozen-norm": "statistics", "bn-eval": "undone", "eval-mode": "weights", "optimizer-holds": "still",
        "last-two": "most",
    }  # fmt: skip
    assert outcome.key == expected[name]


@pytest.mark.parametrize(
    "name", ["normalisation", "softmax", "old-classes", "rate-finder", "best-of-many", "shifted", "heat-map"]
)
def test_measurements_on_pictures_give_what_their_words_ask_for(name: str) -> None:
    outcome = experiments.measured(name)
    found = next(e for e in ALL if e.id == name)
    told = set(content.TOKEN.findall(" ".join((found.question, *found.outcomes.values()))))
    assert told <= set(outcome.numbers) == told | decisive(name, outcome.numbers)
    assert outcome.key in found.outcomes
