"""The check questions: whole, explained, and right for every network."""

from pathlib import Path

import pytest

from ftcore import backbones, quiz, surgery
from ftcore.settings import FtError, RunSettings
from ui import stages

GOOD = """
[[question]]
id = "a"
stage = "load"
prompt = "Why?"
choices = [{ text = "Yes", correct = true, explain = "Because." }, { text = "No", explain = "Not so." }]
"""


def test_the_shipped_quiz_is_whole_and_covers_every_stage() -> None:
    questions, wrong = quiz.load()
    assert wrong == ()
    assert {q.stage for q in questions} == set(stages.IDS)
    assert all(choice.explain for q in questions for choice in q.choices)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD.replace(', explain = "Not so."', ""), "question a: explain is missing"),
        (GOOD + GOOD, "question a: its id stands twice"),
        (GOOD.replace("correct = true, ", ""), "exactly one right choice"),
        (GOOD.replace('"No"', '"Yes"'), "different choices"),
    ],
)
def test_a_mistake_is_named_and_the_rest_still_loads(tmp_path: Path, broken: str, said: str) -> None:
    file = tmp_path / "quiz.toml"
    file.write_text(GOOD.replace('"a"', '"b"') + broken, "utf-8")
    questions, wrong = quiz.load(file)
    assert "b" in {q.id for q in questions}
    assert len(wrong) == 1
    assert said in wrong[0]
    assert wrong[0].startswith("quiz.toml")


def test_broken_toml_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "quiz.toml").write_text("[[question", "utf-8")
    with pytest.raises(FtError, match=r"quiz\.toml cannot be read"):
        quiz.load(tmp_path / "quiz.toml")


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_every_token_is_known_and_choices_stay_different(backbone: str) -> None:
    settings = RunSettings(backbone=backbone, phases=surgery.classic(backbone))
    values = stages.numbers(settings, 10, 100)
    for question in quiz.load()[0]:
        filled = quiz.filled(question, values)
        assert len({choice.text for choice in filled.choices}) == len(filled.choices)
        assert not any("<<" in choice.text + choice.explain for choice in filled.choices)


def test_shuffling_keeps_what_is_right() -> None:
    for question in quiz.load()[0]:
        for seed in range(20):
            assert set(quiz.shuffled(question, seed)) == set(question.choices)
            assert quiz.shuffled(question, seed) == quiz.shuffled(question, seed)
