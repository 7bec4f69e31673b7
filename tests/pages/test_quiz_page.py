"""The quiz and the experiments in Streamlit's test harness: every kind of question, score, reload, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from course import learners, quiz, recorded, rounds
from course.learners import Learner
from ftcore.settings import RunSettings
from tests.made import OWNER, OpenPage, texts
from ui.course import knowledge, question

QUIZ = quiz.load()


def shown(test: AppTest) -> str:
    """The id of the question that the round shows."""
    here = rounds.current(learners.load(OWNER), [q.id for q in QUIZ.questions])
    assert here is not None
    assert here.now is not None
    return here.now


def wrong(name: str) -> Any:
    """An answer to a question that is not right."""
    found = QUIZ.question(name)
    assert found is not None
    if found.kind == "one":
        return next(at for at, choice in enumerate(found.choices) if not choice.correct)
    if found.kind == "several":  # one wrong choice, or only one of those that are all right
        return [next((at for at, choice in enumerate(found.choices) if not choice.correct), 0)]
    return {"number": 123456.5, "order": [1, 0, 2, 3, 4, 5], "block": "layer2.0"}[found.kind]


def ask(name: str, open_page: OpenPage) -> AppTest:
    learner = Learner()
    rounds.begin(learner, "full", [name], 3)
    learners.save(OWNER, learner)
    test = open_page("quiz")
    assert not test.exception
    return test


def test_the_short_quiz_from_start_to_result(open_page: OpenPage) -> None:
    test = open_page("quiz")
    test.button(key="begin-short").click().run()
    for number in range(3):
        name = shown(test)
        found = QUIZ.question(name)
        assert found is not None
        right = next(at for at, choice in enumerate(found.choices) if choice.correct)
        answer = right if number else (right + 1) % len(found.choices)
        radio = next(r for r in test.radio if str(r.key).startswith("q-"))
        radio.set_value(answer).run()
        next(b for b in test.button if str(b.key).startswith("check-")).click().run()
        said = texts(test)
        assert ("Right." in said) == bool(number)
        links = [link.proto.label for link in test.get("page_link") if "Settle it" in link.proto.label]
        assert len(links) == (0 if number else 1)
        next(b for b in test.button if str(b.key).startswith("next-")).click().run()
        assert not test.exception
    assert "2 of 3 questions right" in texts(test)
    assert learners.load(OWNER).streak == 2


def test_a_reload_in_the_middle_keeps_question_answer_and_score(open_page: OpenPage) -> None:
    test = open_page("quiz")
    test.button(key="begin-full").click().run()
    name = shown(test)
    with learners.changing(OWNER) as learner:
        rounds.answer(learner, name, wrong(name), False)
    again = open_page("quiz")
    said = texts(again)
    assert not again.exception
    assert f"question 1 of {len(QUIZ.questions)}" in said
    assert "score 0 of 1" in said
    assert "Not quite." in said
    assert shown(again) == name


@pytest.mark.parametrize("name", {(q.kind, q.curves, bool(q.code), q.rule): q.id for q in QUIZ.questions}.values())
def test_every_kind_of_question_is_asked_and_told(name: str, open_page: OpenPage) -> None:
    test = ask(name, open_page)
    assert not test.error
    check = next(b for b in test.button if str(b.key).startswith("check-"))
    assert check.disabled, "nothing is answered yet"
    with learners.changing(OWNER) as learner:
        rounds.answer(learner, name, wrong(name), False)
    test.run()
    assert not test.exception
    assert "Not quite." in texts(test)
    assert "<<" not in texts(test)


def test_a_number_is_answered_by_typing_it(open_page: OpenPage) -> None:
    test = ask("optimizer-memory", open_page)
    next(t for t in test.text_input).set_value("16,797,716").run()
    next(b for b in test.button if str(b.key).startswith("check-")).click().run()
    assert "Right." in texts(test)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("8,398,858", 8398858), ("75.1 %", 75.1), ("1e-4", 1e-4), ("2,3", 2.3), ("−1.5", -1.5), ("x", None), ("", None),
     ("1,234.5", 1234.5), ("nan", None), ("1e999", None)],
)  # fmt: skip
def test_numbers_are_read_as_people_type_them(typed: str, value: float | None) -> None:
    assert question.number(typed) == value


def test_two_runs_are_told_apart_by_their_curves_alone(open_page: OpenPage) -> None:
    test = ask("rate-high-curve", open_page)
    charts = [(json.loads(chart.proto.spec), chart.proto.datasets) for chart in test.get("vega_lite_chart")]
    assert len(charts) == 4, "accuracy and loss of both"
    axes = [chart["layer"][3]["encoding"]["y"] for chart, _ in charts]
    assert [axis["axis"]["title"] for axis in axes] == ["accuracy", "loss"] * 2
    assert axes[:2] == axes[2:], "both runs on the same axes"
    for _, datasets in charts:
        rows = {one.name: _rows(one) for one in datasets}
        assert rows["curves"] > 0
        assert rows["spans"] == rows["thaws"] == 0
    own = ask("own-thaw", open_page)
    told = [one for chart in own.get("vega_lite_chart") for one in chart.proto.datasets if one.name != "alone"]
    assert all(map(_rows, told))


def _rows(dataset: Any) -> int:
    return len(convert_arrow_bytes_to_pandas_df(dataset.data.data))


def test_ten_questions_and_one_topic(open_page: OpenPage) -> None:
    test = open_page("quiz")
    test.button(key="begin-ten").click().run()
    assert "Ten questions · question 1 of 10" in texts(test)
    found = QUIZ.question(shown(test))
    assert found is not None
    assert f"{QUIZ.topics[found.topic]}, {quiz.DIFFICULTIES[found.difficulty]} · score" in texts(test)
    test.button(key="leave").click().run()
    test.selectbox(key="topic").set_value("keep").run()
    test.button(key="begin-topic").click().run()
    here = rounds.current(learners.load(OWNER), [q.id for q in QUIZ.questions])
    assert here is not None
    assert sorted(here.ids) == sorted(q.id for q in QUIZ.questions if q.topic == "keep")


def test_starting_over_and_leaving(open_page: OpenPage) -> None:
    test = ask("freeze-first", open_page)
    with learners.changing(OWNER) as learner:
        rounds.answer(learner, "freeze-first", 0, True)
        learner.experiments["softmax"] = {"guess": "less"}
    test.run()
    test.button(key="leave").click().run()
    assert learners.load(OWNER).round == {}
    assert learners.load(OWNER).answers
    test.button(key="reset").click().run()
    assert not learners.load(OWNER).answers
    assert learners.load(OWNER).experiments == {"softmax": {"guess": "less"}}


def test_a_quiz_file_with_a_mistake_says_so_and_the_app_goes_on(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = quiz.FILE.read_text("utf-8")
    file = tmp_path / "quiz.toml"
    monkeypatch.setattr(quiz, "FILE", file)
    file.write_text(text.replace('id = "head-shape"', 'id = "load-early"'), "utf-8")
    test = open_page("quiz")
    assert not test.exception
    assert "question load-early: its id stands twice" in texts(test).replace("\\", "").replace("\u2060", "")
    assert f"{len(QUIZ.questions) - 1} questions" in next(b.label for b in test.button if b.key == "begin-full")
    file.write_text(text + "x = = 1\n", "utf-8")
    broken = open_page("quiz")
    assert "quiz.toml cannot be read" in broken.error[0].value.replace("\\", "")
    home = open_page(stage="freeze")
    assert not home.exception
    assert not home.error, "the lesson does not need the quiz"


def test_a_stage_leads_to_the_quiz(open_page: OpenPage) -> None:
    labels = [link.proto.label for link in open_page(stage="freeze").get("page_link")]
    assert "More questions in the quiz" in labels


def test_the_learners_own_run_is_asked_about() -> None:
    known = knowledge.gather(RunSettings(), 10, 5000, recorded.load()["rate_low"])
    assert known.own
    assert known.values["run_head_accuracy"] == "61.1\u00a0%"
    assert known.values["rec_classic_last"] == "76.3\u00a0%"
