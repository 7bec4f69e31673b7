"""The guided lesson: it says what to do, sees it done, and ends with the learner's own numbers."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qs, urlencode

import pytest
import torch
from streamlit.testing.v1 import AppTest

from course import content, learners, quiz, rounds
from course.learners import Learner
from ftcore import gain
from ftcore.events import RunEnd
from ftcore.network.change import Moved
from ftcore.network.describe import describe
from ftcore.runs import records, results, service
from ftcore.settings import RunSettings
from ftcore.training import recipes
from ftcore.training.start import start_network
from tests.made import CLASSES, OWNER, OpenPage, texts, tied, write_run
from ui import sitemap
from ui.frame import insight, steps
from ui.frame.steps import END, IDS, STEPS, Place, Step
from ui.lesson import stages
from ui.runs.live import View
from ui.runs.log import RunLog

SHORT = dataclasses.replace(RunSettings(), phases=recipes.classic("resnet18-tinyimagenet64", epochs=(2, 2)))


def test_every_step_has_its_text_and_a_page_that_exists() -> None:
    found = list(content.load("guide"))
    names = [step.id for step in STEPS]
    assert list(dict.fromkeys(name.partition(".")[0] for name in found)) == [*names, "insight", "unfinished"]
    assert set(names) < set(found)
    assert {name for name in found if "." in name} == {
        "lab.away", "train.away", "watch.held", "watch.halted", "trace.away", "quiz.away", "quiz.other",
        "insight.counted",
    }  # fmt: skip
    assert {step.page for step in STEPS} <= {entry.path for entry in sitemap.ENTRIES}


def test_all_stages_are_visited_in_their_order() -> None:
    assert [step.query["stage"] for step in STEPS if "stage" in step.query] == list(stages.IDS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_what_a_step_can_lead_to_is_named_in_its_text(step: Step) -> None:
    said = [text for name, text in content.load("guide").items() if name.partition(".")[0] == step.id]
    for number, one in enumerate(step.names):
        assert any(f"](#guide-{number})" in one.linked(text, number) for text in said), one.name


@pytest.mark.parametrize(
    ("text", "found"),
    [(None, None), ("", None), ("-1", None), ("x", None), ("99", None), ("load", 0), ("insight", END)],
)
def test_the_address_is_checked(text: str | None, found: int | None) -> None:
    assert steps.at(text) == found


def test_places_of_earlier_versions_which_were_numbers_are_the_same_steps() -> None:
    names = ["load", "head", "freeze", "lab", "guess", "start", "watch", "trace", "quiz", "insight"]
    assert [steps.at(str(number)) for number in range(11)] == [*map(IDS.index, names), None]


def begin(test: AppTest) -> AppTest:
    return test.button(key="guide-begin").click().run()


def test_the_invitation_begins_afresh_with_the_settings_of_the_address(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    test = open_page("pipeline", run=run, guess="lower", lab="head", stage="tune", seed="7", **SHORT.to_query())
    assert "Guided lesson" not in texts(test)
    assert test.button(key="guide-begin").label == "Take the guided lesson"
    begin(test)
    assert "step 1 of 13" in texts(test)
    assert not [button for button in test.button if button.key == "guide-begin"]
    query = {name: value[0] if isinstance(value, list) else value for name, value in test.query_params.items()}
    assert query == {**SHORT.to_query(), "stage": "load", "guide": "load"}, "the run's own settings won over the seed"


def test_doing_what_it_says_leads_on(open_page: OpenPage) -> None:
    test = open_page("pipeline", guide="load", stage="load")
    assert "step 1 of" in texts(test)
    assert "See what a pretrained network knows" in texts(test)
    test = open_page("pipeline", guide="load", stage="head")
    assert place(test) == "head"
    assert "The old head goes" in texts(test)
    assert "Everything but the head is frozen" in texts(open_page("pipeline", guide="load", stage="freeze"))
    assert "The head learns alone" in texts(open_page("pipeline", guide="train", stage="train"))
    assert "The last blocks thaw" in texts(open_page("pipeline", guide="train", stage="thaw"))
    assert "learn on together" in texts(open_page("pipeline", guide="thaw", stage="tune"))
    test = open_page("train_live", guide="tune")
    assert "Guess before you see." in texts(test)
    tied(test.radio, "guess").set_value("same").run()
    assert "Now train for real" in texts(test)
    assert test.query_params["guess"] in ("same", ["same"])


def test_the_lab_opens_as_the_stage_before_left_the_network_and_wants_a_block_thawed(open_page: OpenPage) -> None:
    link = led(open_page("pipeline", guide="freeze", stage="freeze"), "freeze_lab")
    assert link["lab"] == ["head"]
    test = open_page("freeze_lab", guide="freeze", lab="head")
    assert "click `layer4.1` to thaw it" in texts(test)
    assert not [button for button in test.button if button.key == "guide-there"]
    for elsewhere in ({}, {"lab": "-"}):  # by another way, or with the head frozen too
        test = open_page("freeze_lab", guide="freeze", **elsewhere)
        assert "Freeze and thaw by hand" in texts(test)
        test.button(key="guide-there").click().run()
        assert test.query_params["lab"] in ("head", ["head"])
    test = open_page("freeze_lab", guide="freeze", lab="layer4.1+head")
    assert "goes on with its fourth stage" in texts(test)
    assert place(test) == "train"


def test_stages_lead_to_the_lab_in_their_own_state(open_page: OpenPage) -> None:
    assert led(open_page("pipeline", stage="freeze"), "freeze_lab")["lab"] == ["head"]
    assert led(open_page("pipeline", stage="thaw", lab="head"), "freeze_lab")["lab"] == ["layer4.0+layer4.1+head"]


def led(test: AppTest, page: str) -> dict[str, list[str]]:
    """The parameters that the link to a page carries."""
    (found,) = (link.proto.query_string for link in test.main.get("page_link") if link.proto.page == page)
    return parse_qs(found)


def place(test: AppTest) -> str:
    found = test.query_params["guide"]
    return found if isinstance(found, str) else found[0]


def test_a_guess_made_before_the_start_goes_to_the_run_that_is_started_then(open_page: OpenPage) -> None:
    old = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    test = open_page("train_live", guide="guess", **SHORT.to_query())
    tied(test.radio, "guess").set_value("worse").run()
    test.button(key=f"open-{old}").click().run()
    assert "What happened at the thaw?" in texts(test)
    assert "You guessed" not in texts(test), "that run was over before the guess"
    new = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    test.query_params["run"] = new
    test.run()
    assert "You guessed otherwise" in texts(test)


def test_another_stage_than_the_steps_leads_back_to_it(open_page: OpenPage) -> None:
    test = open_page("pipeline", guide="freeze", stage="tune")
    assert "Everything but the head is frozen" in texts(test)
    test.button(key="guide-there").click().run()
    assert test.query_params["stage"] in ("freeze", ["freeze"])
    assert not [button for button in test.button if button.key == "guide-there"]


def test_steps_that_need_a_run_look_at_the_run(open_page: OpenPage) -> None:
    going = write_run(SHORT, 0.5, end="stopped")
    said = texts(open_page("train_live", guide="guess", run=going, **SHORT.to_query()))
    assert "Guess before you see." in said
    said = texts(open_page("train_live", guide="start", run=going, **SHORT.to_query()))
    assert "The run stands still" in said
    done = write_run(SHORT, 0.5, 0.6, 0.7, 0.81)
    test = open_page("train_live", guide="guess", run=done, **SHORT.to_query())
    assert "Read what it says of your guess" in texts(test)
    assert "Follow one image" in texts(open_page("trace", guide="trace", run=done, **SHORT.to_query()))


def test_the_quiz_step_wants_the_short_quiz_to_its_end(open_page: OpenPage) -> None:
    must = [question.id for question in quiz.load().questions if question.must]
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    asked = {"guide": "quiz", "run": run, **SHORT.to_query()}
    assert "Check yourself" in texts(open_page("quiz", **asked))
    with learners.changing(OWNER) as kept:
        rounds.begin(kept, "full", [question.id for question in quiz.load().questions], 1)
    assert "Another round of the quiz" in texts(open_page("quiz", **asked))
    with learners.changing(OWNER) as kept:
        rounds.begin(kept, "short", must, 1)
        for name in kept.round["ids"][:-1]:
            rounds.answer(kept, name, 0, False)
            rounds.go_on(kept)
    assert "Check yourself" in texts(open_page("quiz", **asked))
    with learners.changing(OWNER) as kept:
        rounds.answer(kept, kept.round["ids"][-1], 0, False)
    assert "Check yourself" in texts(open_page("quiz", **asked)), "the last answer is still being explained"
    with learners.changing(OWNER) as kept:
        rounds.go_on(kept)
    test = open_page("quiz", **asked)
    assert place(test) == "insight"


def test_skip_leave_and_take_up_again(open_page: OpenPage) -> None:
    test = begin(open_page("pipeline"))
    test.button(key="guide-skip").click().run()
    assert place(test) == "head"
    test.button(key="guide-leave").click().run()
    assert "guide" not in test.query_params
    assert "Guided lesson" not in texts(test)
    assert parse_qs(learners.load(OWNER).guide)["guide"] == ["head"]
    later = open_page("pipeline")
    assert later.button(key="guide-on").label == "Go on with the guided lesson, step 2 of 13"
    later.button(key="guide-on").click().run()
    assert "step 2 of 13" in texts(later)
    assert later.query_params["stage"] in ("head", ["head"])


def test_taking_it_up_opens_the_page_with_the_run_and_without_one_that_is_gone(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.81)
    left = urlencode({**SHORT.to_query(), "run": run, "guide": "7"})
    learners.save(OWNER, Learner(guide=left))
    test = open_page("pipeline").button(key="guide-on").click().run()
    assert test.title[0].value == "Prediction trace"
    assert test.query_params["run"] in (run, [run])
    records.delete(records.folder_of(run))
    test = open_page("pipeline").button(key="guide-on").click().run()
    assert test.title[0].value == "Train live"
    assert "Now train for real" in texts(test)
    assert "run" not in test.query_params


def test_the_insight_can_be_seen_again(open_page: OpenPage) -> None:
    learners.save(OWNER, Learner(guide=urlencode({**SHORT.to_query(), "run": finished(), "guide": "insight"})))
    test = open_page("pipeline")
    again = test.button(key="guide-on")
    assert again.label == "See the insight of the guided lesson again"
    again.click().run()
    assert "of the pretrained weights moved" in texts(test)


@pytest.mark.parametrize("kept", ["guide=99", "nonsense", "run=../..", "guide=-1&run=x"])
def test_a_damaged_place_counts_as_none(kept: str, open_page: OpenPage) -> None:
    learners.save(OWNER, Learner(guide=kept))
    test = open_page("pipeline")
    assert not test.exception
    assert test.button(key="guide-begin").label == "Take the guided lesson"


def finished() -> str:
    """A run written by hand whose network moved by a known amount: one block's first kernel, by a hundredth."""
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.81, end="running")
    folder = records.folder_of(run)
    records.append(folder, RunEnd(0.3, 0.91, 4, 83.0))
    records.set_state(folder, "done")
    network = start_network(SHORT, len(CLASSES))
    with torch.no_grad():
        network.model.get_parameter("layer4.0.conv1.weight").mul_(1.01)
    results.save_model(network, CLASSES, folder / "model.safetensors")
    return run


def test_the_insight_has_the_runs_own_numbers(open_page: OpenPage) -> None:
    run = finished()
    said = texts(open_page("quiz", guide="insight", run=run, **SHORT.to_query()))
    trunk = sum(row.parameters for row in describe(SHORT.backbone) if row.name != "head")
    then = start_network(SHORT, 10).model.get_parameter("layer4.0.conv1.weight")
    moved = int((then != 0).sum())
    for number in (
        "alone reached **62.0\u00a0%**",
        "it is **81.0\u00a0%**, **19.0 points** more",
        "that is **91.0\u00a0%**",
        "took **2.0 s** of training, of 1 min 23 s in all",
        f"**{100 * moved / trunk:.1f}\u00a0%** of the pretrained weights moved, by 1.0\u00a0% of their size",
        f"{moved:,} of {trunk:,} weights and biases differ",
    ):
        assert number in said


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (0.55, "With blocks thawed at a rate of 1e-4 it is **55.0\u00a0%**, **7.0 points** less."),
        (0.62, "it is **62.0\u00a0%**: no difference that 1,000 validation images can show."),
    ],
)
def test_a_thaw_that_gained_nothing_is_told_so(last: float, words: str) -> None:
    view = live_view(write_run(SHORT, 0.5, 0.62, 0.7, last))
    found = gain.of(view.story)
    assert found is not None
    told = insight.insight(view.story, found, Moved(4, 2, 0.5))
    assert words in content.section("guide", "insight", told)


def live_view(run: str) -> View:
    log = RunLog()
    log.add(SHORT, records.read_log(records.folder_of(run))[0])
    return View(run, service.status(run), log)


def test_without_a_finished_run_of_two_phases_it_says_what_is_missing(open_page: OpenPage) -> None:
    random = dataclasses.replace(SHORT, weights="random")
    for query in ({}, {"run": write_run(random, 0.5, 0.6, 0.7, 0.8)}, {"run": write_run(SHORT, 0.5, end="stopped")}):
        assert "no numbers to tell yet" in texts(open_page("quiz", guide="insight", **query))


def test_a_step_is_done_only_by_what_it_asks_for() -> None:
    nowhere = Place("review", {}, None, OWNER)
    assert [steps.reached(start, nowhere) for start in range(END)] == list(range(END))
    assert steps.reached(END, nowhere) == END
