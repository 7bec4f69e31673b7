"""The quiz: whole, explained, every belief covered, and its computed answers right for every network."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path

import pytest
import torch

from course import experiments, facts, marking, quiz, recorded
from course.quiz import Question
from ftcore.errors import FtError
from ftcore.network import backbones, surgery
from ftcore.network.describe import BlockInfo, describe
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from ui.course import knowledge
from ui.lesson import stages

GOOD = """
[topics]
t = "Topic"
[claims]
1 = "Belief."
[[question]]
id = "a"
topic = "t"
difficulty = 2
prompt = "Why?"
choices = [{ text = "Yes", correct = true, explain = "Because." }, { text = "No", explain = "Not so." }]
"""
ROW = GOOD[GOOD.index("[[question]]") :]
QUIZ = quiz.load()


def settings_of(backbone: str) -> RunSettings:
    return RunSettings(backbone=backbone, phases=recipes.classic(backbone))


def right_answer(question: Question, blocks: tuple[BlockInfo, ...], trainable: tuple[str, ...]) -> object:
    """The answer that the file says is right, as the learner would give it."""
    numbers = [number for number, choice in enumerate(question.choices) if choice.correct]
    if question.kind == "block":
        return sorted(marking.RULES[question.rule](blocks, trainable))[0]
    return {"one": numbers[:1] and numbers[0], "several": numbers, "order": list(range(len(question.choices)))}[
        question.kind
    ]


def test_the_shipped_quiz_is_whole() -> None:
    assert QUIZ.wrong == ()
    assert len(QUIZ.questions) >= 95
    topics = collections.Counter(q.topic for q in QUIZ.questions)
    assert set(topics) == set(QUIZ.topics)
    assert min(topics.values()) >= 4
    assert {q.stage for q in QUIZ.questions} - {""} == set(stages.IDS)
    assert {q.kind for q in QUIZ.questions} == set(quiz.KINDS)
    assert [q.id for q in QUIZ.questions if q.must] == ["freeze-first", "tune-rate", "thaw-curve"]
    assert all(choice.explain for q in QUIZ.questions for choice in q.choices)


def test_every_belief_is_asked_about_in_two_ways() -> None:
    assert set(QUIZ.claims) == set(range(1, len(QUIZ.claims) + 1))
    assert len(QUIZ.claims) >= 21
    for number in QUIZ.claims:
        assert sum(number in q.claims for q in QUIZ.questions) >= 2, QUIZ.claims[number]


def test_experiments_and_curves_that_questions_name_exist() -> None:
    known = {e.id for e in experiments.load()[0]}
    assert {q.experiment for q in QUIZ.questions} - {""} == known
    assert {name for q in QUIZ.questions for name in q.curves} <= {"own", *recorded.load()}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ROW.replace(', explain = "Not so."', ""), "question a: explain is missing"),
        (ROW + ROW, "question a: its id stands twice"),
        (ROW.replace("correct = true, ", ""), "exactly one right choice"),
        (ROW.replace('"No"', '"Yes"'), "different choices"),
        (ROW.replace('"t"', '"u"'), "no topic 'u'"),
        (ROW.replace('prompt = "Why?"', ""), "prompt is missing"),
        (ROW + 'colour = "red"', "'colour' is no part of a question"),
        (ROW + "claims = [99]", "a belief that is not in"),
        (ROW.replace("choices", 'kind = "number"\nchoices'), "otherwise is missing"),
        (ROW.replace("difficulty = 2", ""), "difficulty is missing"),
        (ROW.replace("difficulty = 2", "difficulty = 4"), "its difficulty has to be one of 1, 2, 3"),
    ],
)
def test_a_mistake_is_named_and_the_rest_still_loads(tmp_path: Path, broken: str, said: str) -> None:
    file = tmp_path / "quiz.toml"
    file.write_text(GOOD.replace('"a"', '"b"') + broken, "utf-8")
    found = quiz.load(file)
    assert "b" in {q.id for q in found.questions}
    assert len(found.wrong) == 1
    assert said in found.wrong[0]
    assert found.wrong[0].startswith("quiz.toml, question a")


def test_broken_toml_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "quiz.toml").write_text(GOOD + "x = = 1\n", "utf-8")
    with pytest.raises(FtError, match=r"quiz\.toml cannot be read \(.*line 12"):
        quiz.load(tmp_path / "quiz.toml")


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_every_token_is_known_and_choices_stay_different(backbone: str) -> None:
    known = knowledge.gather(settings_of(backbone), 10, 1000, None)
    for question in QUIZ.questions:
        filled = quiz.filled(question, {**known.values, **marking.letters(question, 1)})
        if question.kind == "number":
            assert all(marking.valued(choice.text, known.facts) >= 0 for choice in question.choices), question.id
        else:
            assert len({choice.text for choice in filled.choices}) == len(filled.choices), question.id
        assert "<<" not in filled.prompt + filled.code + "".join(c.text + c.explain for c in filled.choices)


def test_questions_of_a_stage_need_only_what_the_stage_knows() -> None:
    values = stages.numbers(settings_of("resnet50"), 10, 100)
    for question in QUIZ.questions:
        if question.stage:
            assert question.kind == "one"
            quiz.filled(question, values)


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_computed_numbers_agree_with_torch(backbone: str) -> None:
    settings, classes, images = settings_of(backbone), 7, 130
    found = facts.of_network(settings, classes, images)
    with torch.device("meta"):
        network = backbones.build(backbone, classes)

    def training(names: tuple[str, ...]) -> int:
        surgery.freeze(network, names)
        return sum(p.numel() for p in network.model.parameters() if p.requires_grad)

    assert found["total"] == sum(p.numel() for p in network.model.parameters())
    assert found["head"] == training((HEAD,)) == network.head.weight.numel() + network.head.bias.numel()
    assert [found["classes"], found["features"]] == list(network.head.weight.shape)
    assert found["last_block"] == training(recipes.last_blocks(backbone, 1))
    two = training(recipes.last_blocks(backbone, 2)) - found["head"]
    assert found["last_two_share"] == pytest.approx(100 * two / (found["total"] - found["head"]))
    assert found["thawed"] == training(recipes.last_blocks(backbone, 2)) == found["moments"] / 2
    norms = [m for m in network.model.modules() if isinstance(m, surgery.BATCH_NORM)]
    assert found["norms"] == len(norms) == found["norms_frozen"] + found["norms_thawed"]
    assert found["norms_thawed"] == sum(m.weight.requires_grad for m in _thawed(network, backbone))
    assert found["steps"] == 3
    assert found["chance_loss"] == pytest.approx(
        torch.nn.functional.cross_entropy(torch.zeros(1, 7), torch.tensor([0])).item()
    )


def _thawed(network: backbones.Network, backbone: str) -> list[torch.nn.Module]:
    surgery.freeze(network, recipes.last_blocks(backbone, 2))
    return [m for m in network.model.modules() if isinstance(m, surgery.BATCH_NORM)]


@pytest.mark.parametrize(("images", "steps"), [(64, 1), (65, 1), (66, 2), (128, 2), (129, 2), (130, 3), (10, 1)])
def test_steps_are_counted_as_the_training_loop_cuts(images: int, steps: int) -> None:
    from ftcore.training.passes import batches

    assert facts.of_network(RunSettings(), 10, images)["steps"] == steps == len(batches(torch.arange(images), 64))


@pytest.mark.parametrize("backbone", ["resnet18-tinyimagenet64", "convnext_tiny", "vgg16"])
def test_right_answers_are_right_and_shuffling_never_changes_that(backbone: str) -> None:
    known = knowledge.gather(settings_of(backbone), 10, 1000, None)
    blocks, trainable = describe(backbone, 10), recipes.classic(backbone)[1].trainable
    for question in QUIZ.questions:
        filled = quiz.filled(question, {**known.values, **marking.letters(question, 1)})
        if question.kind == "number":
            given: object = marking.valued(next(c.text for c in question.choices if c.correct), known.facts)
        else:
            given = right_answer(question, blocks, trainable)
        verdict = marking.judge(filled, given, known.facts, blocks, trainable)
        assert verdict.right, question.id
        assert all(note.explain and "<<" not in note.explain for note in verdict.notes)
        for seed in range(10):
            order = marking.order(question, seed)
            assert sorted(order) == list(range(len(question.choices)))
            assert order == marking.order(question, seed)


def test_wrong_answers_are_wrong_and_told_why() -> None:
    known = knowledge.gather(RunSettings(), 10, 1000, None)
    blocks, trainable = describe(RunSettings().backbone, 10), RunSettings().phases[1].trainable

    def judge(name: str, given: object) -> marking.Verdict:
        question = QUIZ.question(name)
        assert question is not None
        return marking.judge(quiz.filled(question, known.values), given, known.facts, blocks, trainable)

    near = judge("norm-count", known.facts["norms"])
    assert not near.right
    assert "all of them" in near.notes[0].explain
    assert "Count the layers" in judge("norm-count", 1e6).notes[0].explain
    assert "block 3 of" in judge("general-block", "layer1.1").notes[0].explain
    assert not judge("order-stages", [1, 0, 2, 3, 4, 5]).right
    assert not judge("what-is-tuning", [0]).right, "half of what is right is not right"
    for name, given in (
        ("freeze-first", 9),
        ("freeze-first", "x"),
        ("general-block", "nowhere"),
        ("order-stages", [0]),
    ):
        with pytest.raises(FtError, match="does not fit"):
            judge(name, given)


def test_recorded_runs_show_what_questions_say_about_them() -> None:
    runs = recorded.load()
    assert {name: run.settings for name, run in runs.items()} == recorded.to_record()
    known = {k: v for name, run in runs.items() for k, v in facts.of_recorded(name, run).items()}
    assert known["rec_rate_high_thawed"] < known["rec_rate_high_head"] - 5
    assert known["rec_classic_thawed"] > known["rec_classic_head"]
    assert known["rec_rate_low_last"] - known["rec_rate_low_head"] < 3
    assert known["rec_at_once_first"] < known["rec_at_once_last"] < known["rec_at_once_low_last"] - 5
    assert known["rec_classic_head"] < known["rec_head_last"] < known["rec_classic_last"]
    assert known["rec_scratch_sample"] > 90 > known["rec_classic_last"] > known["rec_scratch_last"]
    assert known["rec_few_sample"] > 95
    assert known["rec_few_last"] < 50
    few = runs["few"].epochs[-3:]
    assert few[0].val_loss < few[1].val_loss < few[2].val_loss
    assert few[0].train_loss > few[2].train_loss


def test_a_run_can_be_asked_about_only_if_it_has_both_phases() -> None:
    run = recorded.load()["classic"]
    assert facts.usable(run)
    assert not facts.usable(dataclasses.replace(run, end=None))
    assert not facts.usable(dataclasses.replace(run, epochs=run.epochs[:6]))
    assert not facts.usable(recorded.load()["head"])
    known = facts.of_run(run)
    assert known["run_thaw_next"] == 6
    assert known["run_gain"] == pytest.approx(known["run_tuned_accuracy"] - known["run_head_accuracy"])


@pytest.mark.parametrize(
    "spoilt",
    [
        {"val_accuracy": 0.0},  # the thaw made it worse
        {"val_accuracy": 0.9, "sample_accuracy": 0.8},  # training images known worse than others
    ],
)
def test_a_run_that_would_refute_a_right_answer_is_not_asked_about(spoilt: dict[str, float]) -> None:
    run = recorded.load()["classic"]
    last = dataclasses.replace(run.epochs[-1], **spoilt)
    assert not facts.usable(dataclasses.replace(run, epochs=(*run.epochs[:-1], last)))
    worse = tuple(dataclasses.replace(e, val_loss=e.val_loss + 9 * (e.phase == 2)) for e in run.epochs)
    assert not facts.usable(dataclasses.replace(run, epochs=worse))
    already = tuple(dataclasses.replace(e, val_accuracy=1.0, sample_accuracy=1.0) for e in run.epochs)
    assert not facts.usable(dataclasses.replace(run, epochs=already)), "perfect after the head: nothing to gain"


@pytest.mark.parametrize(("given", "right"), [(100, True), (101.9, True), (102.1, False), (98.1, True), (97.9, False)])
def test_a_number_may_be_two_percent_off(given: float, right: bool) -> None:
    assert marking.close(given, 100) is right


def test_of_two_numbers_that_are_hit_the_nearer_one_counts() -> None:
    question = QUIZ.question("steps-epoch")
    assert question is not None
    facts_ = {"steps": 79.0, "steps_down": 78.0, "images": 5000.0}
    assert marking.judge(question, 79, facts_, (), ()).right
    assert not marking.judge(question, 78, facts_, (), ()).right


def test_the_lesson_of_other_phases_is_the_classic_one() -> None:
    odd = dataclasses.replace(RunSettings(), phases=recipes.scratch(RunSettings().backbone))
    assert recipes.lesson(odd) == recipes.classic(odd.backbone)
