"""The experiments in Streamlit's test harness: a guess first, several seeds, a verdict from enough of them, nothing lost."""

from __future__ import annotations

import itertools
import math
import time

import psutil
import pytest

from course import attempts, content, experiments, learners, seeds
from course.experiments import TRIALS
from ftcore.events import EpochEnd, TrainingEnd
from ftcore.runs import records, series, service
from tests.made import OWNER, OpenPage, texts
from ui.course import figures


@pytest.mark.parametrize("name", [e.id for e in experiments.load()[0]])
def test_every_experiment_asks_for_a_guess_first(name: str, open_page: OpenPage) -> None:
    test = open_page("experiment", exp=name)
    assert not test.exception
    assert not test.error
    assert not [b for b in test.button if str(b.key).startswith("run-")]
    test.radio(key=f"guess-{name}").set_value(next(iter(_found(name).guesses))).run()
    assert next(b.label for b in test.button if b.key == f"run-{name}").startswith("Run it, ")
    assert learners.load(OWNER).experiments[name]["guess"] == next(iter(_found(name).guesses))


def _found(name: str) -> experiments.Experiment:
    return next(e for e in experiments.load()[0] if e.id == name)


def test_a_count_is_made_kept_and_told(open_page: OpenPage) -> None:
    test = open_page("experiment", exp="last-two")
    test.radio(key="guess-last-two").set_value("alike").run()
    test.button(key="run-last-two").click().run()
    for said in (texts(test), texts(open_page("experiment", exp="last-two"))):
        assert "75.1\u00a0% in the built-in ResNet-18 (8,393,728 of 11,176,512 parameters)" in said
        assert "You had guessed otherwise" in said
        assert "no seed changes it" in said
    assert not [b for b in test.button if b.key == "run-last-two"], "counting again gives the same"


def test_a_measurement_takes_several_seeds_and_then_one_more_and_keeps_all(open_page: OpenPage) -> None:
    test = open_page("experiment", exp="rate-finder")
    test.radio(key="guess-rate-finder").set_value("tenth").run()
    test.button(key="run-rate-finder").click().run()
    first = learners.load(OWNER).experiments["rate-finder"]["rows"]
    assert list(first) == [str(seed) for seed in range(TRIALS["rate-finder"].seeds)]
    assert "means over 5 seeds of yours" in texts(test)
    again = next(b for b in test.button if b.key == "run-rate-finder")
    assert again.label.startswith("Run it again with a new seed, ")
    again.click().run()
    kept = learners.load(OWNER).experiments["rate-finder"]["rows"]
    assert kept == {**first, "5": kept["5"]}
    assert kept["5"] not in first.values()
    assert "means over 6 seeds of yours" in texts(test)
    assert len(test.table[0].value.filter(regex="^seed", axis="index")) == 6


def test_trainings_are_queued_as_one_series_and_settled_by_their_own_numbers(open_page: OpenPage) -> None:
    test = open_page("experiment", exp="trunk-rate")
    test.radio(key="guess-trunk-rate").set_value("level").run()
    test.button(key="run-trunk-rate").click().run()
    assert not test.exception
    run = learners.load(OWNER).experiments["trunk-rate"]["series"]["run"]
    folder = records.folder_of(run)
    assert series.of(folder) == tuple(experiments.trainings("trunk-rate", [0, 1, 2]))
    assert "0 of 9 trainings" in texts(test) or "in the queue" in texts(test)
    assert "What came out" not in texts(test)
    psutil.Process(service.manager().workers()[run]).kill()  # the log is written by hand
    while run in service.manager().workers():
        time.sleep(0.01)
    for at, accuracy in enumerate((0.70, 0.72, 0.34, 0.71, 0.71, 0.31, 0.69, 0.65), 1):
        records.append(folder, TrainingEnd(at, (ended(accuracy),)))
    said = texts(open_page("experiment", exp="trunk-rate"))
    assert "2 seeds so far, too few for a verdict" in said, "the third is not finished"
    assert said.index("8 of 9") < said.index("2 seeds so far"), "what grows stands below the buttons"
    records.append(folder, TrainingEnd(9, (ended(0.47),)))
    records.set_state(folder, "done")
    said = texts(open_page("experiment", exp="trunk-rate"))
    assert "70.0\u00a0% at 1e-4 and 69.3\u00a0% at 1e-3: no difference that these seeds can show" in said
    assert "You guessed it" in said
    assert not folder.exists(), "its numbers are the learner's, its folder is needed no more"
    assert "series" not in learners.load(OWNER).experiments["trunk-rate"]
    assert texts(open_page("experiment", exp="trunk-rate")) == said


def ended(accuracy: float) -> EpochEnd:
    return EpochEnd(1, 1, 1.0, 0.5, 1.0, 0.5, 1.0, accuracy, 1e-3, {"head": 0.1}, 0.5)


def test_a_series_that_was_stopped_or_is_gone_says_so(open_page: OpenPage) -> None:
    folder = series.new(experiments.trainings("bn-rule", [0, 1, 2]), OWNER, "bn-rule")
    records.append(folder, TrainingEnd(1, (ended(0.7),)))
    records.set_state(folder, "stopped")
    with learners.changing(OWNER) as learner:
        learner.experiments["bn-rule"] = {"guess": "a"}
        attempts.begin("bn-rule", learner.experiments["bn-rule"], folder.name, [0, 1, 2])
    test = open_page("experiment", exp="bn-rule")
    assert "stands still after 1 of 6 trainings" in texts(test)
    test.button(key="drop-bn-rule").click().run()
    assert not folder.exists()
    assert next(b.label for b in test.button if b.key == "run-bn-rule").startswith("Run it, ")
    with learners.changing(OWNER) as learner:
        attempts.begin("bn-rule", learner.experiments["bn-rule"], "0" * 32, [0, 1, 2])
    test = open_page("experiment", exp="bn-rule")
    assert not test.exception
    assert [b for b in test.button if b.key == "run-bn-rule"], "deleted elsewhere: it can be begun anew"


def test_a_series_is_no_run_that_pages_show(open_page: OpenPage) -> None:
    folder = series.new(experiments.trainings("bn-rule", [0, 1, 2]), OWNER, "bn-rule")
    records.set_state(folder, "done")
    test = open_page("train_live", run=folder.name)
    assert not test.exception
    assert "open it on the page Experiments" in test.error[0].value
    assert "run" not in open_page("train_live").query_params
    assert not [one for one in open_page("train_live").expander if one.label.startswith("Runs of experiments")]


def test_every_number_of_an_outcome_can_be_written() -> None:
    numbers = {
        "a_weights": 0.0,
        "a_epoch": 0.013,
        "b_rate": 1.1498,
        "a_loss": 1.4822,
        "b_loss": math.inf,
        "a_over": -0.02,
    }
    assert list(figures.words(numbers).values()) == ["0", "13 ms", "1.1", "1.482", "no number", "\u22122.0 points"]


def test_recorded_seeds_speak_for_what_takes_long_until_there_are_own_ones(open_page: OpenPage) -> None:
    name = "pretrained-random"
    test = open_page("experiment", exp=name)
    assert "What came out" not in texts(test), "a guess comes first"
    test.radio(key=f"guess-{name}").set_value("grows").run()
    assert not test.exception
    said, kept = texts(test), seeds.load()[name]
    outcome = experiments.judged(name, list(kept.values()))
    assert outcome is not None
    assert "What came out in recorded seeds" in said
    assert content.fill(_found(name).outcomes[outcome.key], figures.words(outcome.numbers), name) in said
    assert f"means over {len(kept)} seeds that were recorded elsewhere" in said
    assert f"mean of {len(kept)} recorded seeds: " in test.get("plotly_chart")[0].proto.alt
    assert next(b.label for b in test.button if b.key == f"run-{name}").startswith("Run it, ")
    with learners.changing(OWNER) as learner:
        attempts.add(name, learner.experiments[name], {seed: dict.fromkeys(kept[100], 0.5) for seed in range(3)})
    test = open_page("experiment", exp=name)
    said = texts(test)
    assert "recorded elsewhere beforehand, made by" in said
    assert "no change of the lead that these seeds can show" in said, "own ones alone decide"
    assert "mean of 3 of your seeds: " in test.get("plotly_chart")[0].proto.alt


@pytest.mark.parametrize("agree", [True, False])
def test_recorded_seeds_that_come_to_another_answer_are_told(open_page: OpenPage, agree: bool) -> None:
    name = "pretrained-random"
    kept = list(seeds.load()[name].values())
    theirs = experiments.judged(name, kept)
    assert theirs is not None
    threes = ((rows, experiments.judged(name, rows)) for rows in itertools.combinations(kept, 3))
    own = next(rows for rows, found in threes if found is not None and (found.key == theirs.key) == agree)
    with learners.changing(OWNER) as learner:
        attempts.add(name, learner.experiments.setdefault(name, {"guess": "grows"}), dict(enumerate(own)))
    said = texts(open_page("experiment", exp=name))
    assert "They are not yours and take no part in the verdict." in said
    assert (f"another answer than yours: **{_found(name).guesses[theirs.key]}**" in said) != agree


def test_an_experiment_is_opened_from_the_list_and_left_again(open_page: OpenPage) -> None:
    test = open_page("experiment")
    assert test.title[0].value == "Experiments"
    test.button(key="open-softmax").click().run()
    assert test.title[0].value == "How often is it wrong when it is sure?"
    assert test.query_params["exp"] in ("softmax", ["softmax"])
    test.button(key="all-experiments").click().run()
    assert test.title[0].value == "Experiments"
