"""The experiments: whole, fair, made with several seeds, and decided by the numbers alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from course import content, experiments, measure, quiz, recorded, seeds
from course.experiments import TRIALS
from course.measures import ground
from course.trainings import TRAININGS, numbers
from course.trials import Arm
from course.verdicts import LEAST
from ftcore.errors import FtError
from ftcore.events import EpochEnd
from ftcore.settings import RunSettings
from ftcore.training import recipes

pytestmark = pytest.mark.usefixtures("stocked")

FEW = 200  # validation images that measurements look at here; on the pages they look at more
ALL, WRONG = experiments.load()
GOOD = """
[[experiment]]
id = "bn-eval"
claim = 4
title = "T"
question = "Q"
guesses = { undone = "a", holds = "b" }
outcomes = { undone = "a", holds = "b" }
labels = { a = "a", b = "b" }
shown = { statistics = "s" }
"""


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ground, "LOOKED", FEW)
        yield
    ground.images.cache_clear()
    ground.kept.cache_clear()


def found(name: str) -> experiments.Experiment:
    return next(one for one in ALL if one.id == name)


def test_the_shipped_experiments_are_whole_and_cover_the_beliefs() -> None:
    assert WRONG == ()
    assert {one.claim for one in ALL} - {0} == set(quiz.load().claims)
    assert {one.id for one in ALL} == set(TRIALS)
    assert not set(TRAININGS) & set(measure.MEASUREMENTS)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + GOOD, "experiment bn-eval: its id stands twice"),
        (GOOD.replace('holds = "b"', 'big = "b"', 1), "an outcome of the same name"),
        (GOOD.replace('"bn-eval"', '"nothing"'), "nothing is tried under this id"),
        (GOOD.replace('b = "b" }\nshown', 'c = "b" }\nshown'), "labels do not name its arms"),
        (GOOD.replace("statistics =", "weights ="), "its numbers not what is drawn"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, broken: str, said: str) -> None:
    (tmp_path / "experiments.toml").write_text(broken, "utf-8")
    assert said in experiments.load(tmp_path / "experiments.toml")[1][0]
    (tmp_path / "experiments.toml").write_text("= 1", "utf-8")
    with pytest.raises(FtError, match=r"experiments\.toml cannot be read"):
        experiments.load(tmp_path / "experiments.toml")


def leaves(arm: Arm) -> dict[str, Any]:
    """Everything that can be set in an arm, by name; of phases each part by its place. Names are left out."""
    if not isinstance(arm, RunSettings):
        return dict(arm)
    plain = json.loads(arm.to_json())
    phases = plain.pop("phases")
    parts = {f"phase {at}, {key}": value for at, phase in enumerate(phases, 1) for key, value in phase.items()}
    return {**plain, **{key: value for key, value in parts.items() if not key.endswith(", name")}}


def differing(one: Arm, other: Arm) -> set[str]:
    """What two arms differ in; one setting counts once, in however many phases."""
    mine, theirs = leaves(one), leaves(other)
    return {key.rpartition(", ")[2] for key in mine | theirs if mine.get(key) != theirs.get(key)}


@pytest.mark.parametrize("name", TRIALS)
def test_the_arms_of_a_contrast_differ_in_exactly_one_thing(name: str) -> None:
    trial = TRIALS[name]
    assert trial.contrasts
    for one, other in trial.contrasts:
        assert len(differing(trial.arms[one], trial.arms[other])) == 1, (one, other)
    assert {arm for pair in trial.contrasts for arm in pair} == set(trial.arms), "no arm stands for itself"
    assert trial.seeds >= LEAST


def test_what_differs_is_counted_rightly() -> None:
    base = TRIALS["trunk-rate"].arms["a"]
    assert isinstance(base, RunSettings)
    assert differing(base, base) == set()
    assert differing(base, dataclasses.replace(base, cache=False)) == {"cache"}
    assert differing(base, TRIALS["all-at-once"].arms["d"]) == {"train_per_class", "epochs", "lr", "trainable"}


@pytest.mark.parametrize("name", TRAININGS)
def test_trainings_are_short_valid_and_decide_one_of_the_guesses(name: str) -> None:
    one, trial = found(name), TRIALS[name]
    for arm in trial.arms.values():
        assert isinstance(arm, RunSettings)
        recipes.check_settings(arm)
        assert 0 < arm.train_per_class * arm.epochs <= 1200
    made = experiments.trainings(name, [7, 8, 9])
    assert [settings.seed for settings in made] == [seed for seed in (7, 8, 9) for _ in trial.arms]
    told = {at: epochs_of(settings) for at, settings in enumerate(made, 1)}
    rows = experiments.rows_of(name, told)
    assert list(rows) == [0, 1, 2]
    outcome = experiments.judged(name, list(rows.values()))
    assert outcome is not None
    assert outcome.key in one.outcomes
    assert tokens(one) <= set(outcome.numbers)
    assert {f"{arm}_{what}" for arm in trial.arms for what in trial.shown} <= set(rows[0])
    del told[2]
    assert list(experiments.rows_of(name, told)) == ([0, 1, 2][1:] if len(trial.arms) > 1 else [0, 2])


def tokens(one: experiments.Experiment) -> set[str]:
    return set(content.TOKEN.findall(" ".join(one.outcomes.values())))


def epochs_of(settings: RunSettings) -> tuple[EpochEnd, ...]:
    """Made-up epochs of a training."""
    phases = [number for number, phase in enumerate(settings.phases, 1) for _ in range(phase.epochs)]
    return tuple(
        EpochEnd(phase, at, 1.0, 0.4, 0.9, 0.5, 1.0, 0.45, 1e-3, {"layer4.1": 0.1, "head": 0.3}, 0.5)
        for at, phase in enumerate(phases, 1)
    )


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_question_asks_only_for_what_is_known_before(one: experiments.Experiment) -> None:
    assert set(content.TOKEN.findall(one.question)) <= set(experiments.given(one.id))


def rows(**columns: list[float]) -> list[dict[str, float]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def judge(name: str, **columns: list[float]) -> str:
    outcome = experiments.judged(name, rows(**columns))
    return "" if outcome is None else outcome.key


def test_numbers_decide_and_not_hopes() -> None:
    """The measured tables of accuracies at the end: what they bear is said, and no more."""
    low_first, low_once = [0.624, 0.623, 0.656], [0.652, 0.723, 0.667]
    high_once, high_first = [0.10, 0.22, 0.101], [0.12, 0.137, 0.101]
    order = {"a_last": low_first, "b_last": low_once, "c_last": high_first, "d_last": high_once}
    assert judge("all-at-once", **order) == "rate"
    assert (
        judge("all-at-once", a_last=[0.6, 0.61, 0.6], b_last=[0.3, 0.31, 0.3], c_last=[0.6] * 3, d_last=[0.3] * 3)
        == "order"
    )
    once = {"a_last": [0.5] * 3, "b_last": [0.6] * 3, "c_last": [0.1] * 3, "d_last": [0.1] * 3}
    assert judge("all-at-once", **once) == "rate", "all at once ends higher: no gain for the head first"
    rates = {"a_last": [0.702, 0.71, 0.688], "b_last": [0.717, 0.712, 0.646], "c_last": [0.343, 0.307, 0.467]}
    assert judge("trunk-rate", **rates) == "level"
    assert judge("trunk-rate", a_last=[0.7] * 3, b_last=[0.6] * 3, c_last=[0.3] * 3) == "low"
    assert judge("trunk-rate", a_last=[0.6] * 3, b_last=[0.7] * 3, c_last=[0.3] * 3) == "high"
    more = {"a_last": [0.418, 0.408, 0.407], "b_last": [0.465, 0.454, 0.46], "c_last": [0.472, 0.473, 0.469]}
    loss = {"a_loss": [1.71, 1.72, 1.7], "b_loss": [2.18, 2.2, 2.17], "c_loss": [2.37, 2.4, 2.35]}
    assert judge("more-thawed", **more, **loss) == "split"
    assert judge("more-thawed", **more, a_loss=[1.7] * 3, b_loss=[1.7] * 3, c_loss=[1.7, 1.6, 1.8]) == "better"
    shift = {"a_other": [0.6] * 3, "b_other": [0.7] * 3, "c_other": [0.5] * 3}
    assert judge("shifted", **shift) == "once", "ahead of both others"
    assert judge("shifted", a_other=[0.6] * 3, b_other=[0.6, 0.7, 0.5], c_other=[0.5] * 3) == "same"
    assert judge("thaw-moment", a_loss=[0.8, 0.8, 0.8], b_loss=[1.2, 1.2, 1.2], c_loss=[1.0, 1.0, 1.0]) == "lower"
    assert judge("thaw-moment", a_loss=[0.8, 0.8, 0.8], b_loss=[1.2, 1.2, 1.2], c_loss=[0.7, 0.7, 0.9]) == "same"
    assert (
        judge("pretrained-random", a_last=[0.6] * 3, b_last=[0.2] * 3, c_last=[0.8] * 3, d_last=[0.6] * 3) == "shrinks"
    )


@pytest.mark.parametrize("name", [name for name, trial in TRIALS.items() if not trial.counted])
def test_there_is_no_verdict_from_fewer_than_three_seeds(name: str) -> None:
    assert experiments.judged(name, []) is None
    assert experiments.judged(name, [{}, {}]) is None
    assert experiments.missing(name, 0) == TRIALS[name].seeds >= LEAST
    assert experiments.missing(name, LEAST - 1) >= 1
    assert experiments.missing(name, 20) == 1


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("frozen-norm", "statistics"), ("bn-eval", "undone"), ("eval-mode", "weights"), ("optimizer-holds", "still"),
     ("last-two", "depends")],
)  # fmt: skip
def test_measurements_settle_what_is_known_about_torch(name: str, wanted: str) -> None:
    """What torch does at one seed it does at every other: one row stands for as many as a verdict asks for."""
    outcome = experiments.judged(name, [experiments.measured(name, 0)] * LEAST)
    assert outcome is not None
    assert outcome.key == wanted
    assert tokens(found(name)) <= set(outcome.numbers)


@pytest.mark.parametrize(
    "name", ["normalisation", "softmax", "rate-finder", "best-of-many", "heat-map", "leakage", "imbalance", "old-row"]
)
def test_measurements_on_pictures_repeat_and_differ_by_seed(name: str) -> None:
    kept = [experiments.measured(name, seed) for seed in (0, 1)]
    assert experiments.measured(name, 0) == kept[0]
    assert kept[0] != kept[1]
    outcome = experiments.judged(name, [*kept, kept[0]])  # as many as it takes, whatever it says of them
    assert outcome is not None
    assert outcome.key in found(name).outcomes
    assert tokens(found(name)) <= set(outcome.numbers)
    wanted = {f"{arm}_{what}" for arm in TRIALS[name].arms for what in TRIALS[name].shown}
    assert wanted <= set(kept[0])


@pytest.mark.parametrize("name", ["augmentation", "old-classes", "shifted"])
def test_longer_measurements_give_what_their_words_ask_for(name: str) -> None:
    trial, seed = TRIALS[name], 0
    assert trial.make is not None
    last = list(trial.arms)[-1]
    arm = trial.arms[last]
    assert isinstance(arm, Mapping)
    row = trial.make(seed, **arm)
    known = experiments.given(name)
    kinds = {token.partition("_")[2] for token in tokens(found(name)) if token not in known}
    assert kinds | set(trial.shown) <= set(row)


@pytest.mark.parametrize("name", seeds.load())
def test_what_is_kept_of_recorded_seeds_is_enough_to_judge_them(name: str) -> None:
    rows = list(seeds.load()[name].values())
    outcome = experiments.judged(name, rows)
    assert (outcome is None) == (len(rows) < LEAST and not TRIALS[name].counted)
    assert outcome is None or outcome.key in found(name).guesses


def test_recorded_seeds_are_of_these_arms_and_name_their_command() -> None:
    kept = seeds.load()
    raw = json.loads(seeds.FILE.read_text("utf-8"))
    for name, one in raw.items():
        assert one["arms"] == experiments.arms_of(name), f"make them anew with {seeds.COMMAND} {name}"
        for row in one["rows"].values():
            assert set(row) == {f"{arm}_{what}" for arm in TRIALS[name].arms for what in TRIALS[name].shown}
    assert {name: set(map(str, rows)) for name, rows in kept.items()} == {
        name: set(one["rows"]) for name, one in raw.items()
    }
    assert seeds.COMMAND in content.section("experiments", "recorded", {"recorded": "", "command": seeds.COMMAND})


def test_a_recorded_row_is_what_its_command_makes(tmp_path: Path) -> None:
    name = "rate-finder"
    file = tmp_path / "seeds.json"
    file.write_text(json.dumps({name: {"arms": "others", "rows": {"100": {"a_loss": 7.0}}}}), "utf-8")
    assert seeds.load(file) == {}
    seeds.make(file, (name,))
    seeds.load.cache_clear()
    again = seeds.load(file)[name]
    assert list(again) == list(seeds.SEEDS)
    assert again[100] == pytest.approx({k: v for k, v in seeds.row(name, 100).items() if k.endswith("_loss")}, abs=1e-5)
    file.write_text("{", "utf-8")
    seeds.load.cache_clear()
    with pytest.raises(FtError, match=r"course\.seeds"):
        seeds.load(file)


def test_a_training_of_an_experiment_is_read_as_its_epochs_tell() -> None:
    run = recorded.load()["classic"]
    row = numbers(run.epochs)
    assert row["last"] == run.epochs[-1].val_accuracy
    assert row["above"] == run.epochs[0].val_accuracy - run.epochs[0].train_accuracy
    assert row["moved"] == max(value for name, value in run.epochs[-1].drift.items() if name != "head") > 0
