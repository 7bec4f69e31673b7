"""How numbers and names are written, what the numbers of a run are said to mean, and the lessons' texts."""

from __future__ import annotations

import dataclasses

import pytest

from course import content
from ftcore.errors import FtError
from ftcore.events import CacheProgress, EpochEnd, RunEnd, RunStart, StepProgress
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.story import Story
from ftcore.training import recipes
from tests.made import BASELINE, STARTED, epoch
from ui import words
from ui.lesson import stages
from ui.runs import observe
from ui.runs.log import RunLog, time_left

TWO = dataclasses.replace(RunSettings(), phases=recipes.classic("resnet18-tinyimagenet64", epochs=(2, 3)))
START = RunStart("", "", ("a", "b"), 8, 2, 2, (), "cpu")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-4, "1e-4"), (2.5e-4, "2.5e-4"), (1e-3, "1e-3"), (0.01, "1e-2"), (0.5, "0.5"), (3, "3"), (0.0, "0")],
)
def test_rates_look_the_same_everywhere(value: float, text: str) -> None:
    assert words.rate(value) == text
    assert float(words.rate(value)) == value


def test_numbers_as_people_read_them() -> None:
    assert words.count(8398858) == "8,398,858"
    assert [words.short(n) for n in (512, 5130, 73984, 3673088, 138357544)] == [
        "512",
        "5.1 k",
        "74 k",
        "3.7 M",
        "138 M",
    ]
    assert words.percent(0.7511) == "75.1\u00a0%"
    assert [words.points(x) for x in (0.004, 0.01, 0.131)] == ["0.4 points", "1.0 point", "13.1 points"]
    assert [words.seconds(s) for s in (7.9, 48, 83, 120, 4800)] == [
        "7.9 s",
        "48 s",
        "1 min 23 s",
        "2 min",
        "1 h 20 min",
    ]
    assert [words.about(s) for s in (3, 41, 60, 130, 7000)] == [
        "a few seconds",
        "about 40 s",
        "about a minute",
        "about 2 min",
        "about 2 h",
    ]
    assert [words.about(s, at_most=True) for s in (3, 41, float("inf"))] == [
        "up to a few seconds",
        "up to about 40 s",
        "an unknown time",
    ]
    assert [words.ago(s) for s in (5, 300, 7200, 400000)] == ["just now", "5 min ago", "2 h ago", "5 days ago"]
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_user_text_stays_text() -> None:
    assert words.plain("**a** <b> [c](d)") == r"\*\*a\*\* \<b\> \[c\]\(d\)"
    assert ":red[" not in words.plain(":red[x]")
    assert ":material/home:" not in words.plain(":material/home:")
    assert "\n" not in words.plain("a\n# b")
    assert words.plain("x" * 100, 10).endswith("…")
    assert words.plain("a\u200fb\u202ec\u200bd") == "a?b?c?d"


def test_only_commands_of_the_engine_show_as_code() -> None:
    said = r"`*x*` is damaged: `python -m ftcore resume C:\new_run` makes *it* anew"
    shown = words.as_markdown(said)
    assert r"`python -m ftcore resume C:\new_run`" in shown
    assert shown.count("`") == 4
    assert r"\`\*x\*\`" in shown
    assert r"makes \*it\* anew" in shown


@pytest.mark.parametrize("name", ["قط", "חתול", "קט 2"])
def test_names_from_right_to_left_leave_the_numbers_in_their_places(name: str) -> None:
    assert words.plain(name) == words.aside(name) == f"\u2068{name}\u2069"
    assert words.aside("cat 猫") == "cat 猫"
    assert words.plain(f"\u202e{name}\u2069") == f"\u2068?{name}?\u2069", "marks of its own are not obeyed"


def test_held_text_breaks_only_between_stretches() -> None:
    text = "validation falls behind: training sample 99.1 %, validation 91.0 %"
    assert words.held(text).replace("\u00a0", " ") == text
    assert max(len(part) for part in words.held(text).split(" ")) < 32
    epoch = "validation went from 7.1\u00a0% before training to 8.2\u00a0% in one epoch"
    assert "8.2\u00a0%" in words.held(epoch), "a number keeps its unit"


def rows(*values: float, **last: float) -> list[EpochEnd]:
    found = [epoch(n, 1 if n <= 2 else 2, value) for n, value in enumerate(values, 1)]
    return [*found[:-1], dataclasses.replace(found[-1], **last)]


def say(epochs: list[EpochEnd]) -> str:
    return observe.observe(Story.of(TWO, [STARTED, BASELINE, *epochs]), len(epochs) - 1)


def test_the_first_epoch_is_seen_against_no_training() -> None:
    assert say(rows(0.55)) == "validation went from 10.0\u00a0% before training to 55.0\u00a0% in one epoch"


def test_a_gain_counts_when_it_is_more_than_the_validation_images_leave_open() -> None:
    within = "the last epoch gained 0.4 points, no more than may be chance on 1,000 validation images"
    assert say(rows(0.700, 0.704)) == within
    assert say(rows(0.70, 0.75)) == "the head is still learning: the last epoch gained 5.0 points"
    assert say(rows(0.75, 0.70)) == "the head wavers: the last epoch lost 5.0 points"


def test_thawing_is_told_by_what_the_loss_did() -> None:
    assert say(rows(0.70, 0.72, 0.80)) == "thawing: validation loss fell from 0.560 to 0.400 in one epoch"
    assert say(rows(0.70, 0.72, 0.65)).startswith("thawing: validation loss rose from 0.560 to 0.700")


def test_validation_that_falls_behind_is_told_with_both_numbers() -> None:
    found = say(rows(0.70, 0.72, 0.80, 0.91, sample_accuracy=0.991))
    assert found == "validation falls behind: training sample 99.1\u00a0%, validation 91.0\u00a0%"


def test_overfitting_needs_two_rises_while_training_falls() -> None:
    later = [epoch(n, 2, 0.9, val_loss=0.3 + 0.05 * n, sample_loss=0.4 - 0.05 * n) for n in (3, 4, 5, 6)]
    said = "validation loss rose twice (0.450 to 0.550)"
    assert say([*rows(0.7, 0.72), *later[:3]]).startswith(f"overfitting begins: {said}")
    assert say([*rows(0.7, 0.72), *later]).startswith(
        "overfitting goes on: validation loss rose twice (0.500 to 0.600)"
    )
    assert "overfitting" not in say([*rows(0.7, 0.72), *later[:2]])
    up_again = dataclasses.replace(later[2], sample_loss=later[1].sample_loss)
    assert "overfitting" not in say([*rows(0.7, 0.72), *later[:2], up_again])


def test_a_phase_that_ends_at_chance_is_not_called_converged() -> None:
    told = say(rows(0.11, 0.105, val_loss=2.31))
    assert told == "the phase ends no better than guessing: 10.5\u00a0% of 10 classes"
    assert say(rows(0.11, 0.1, val_loss=2e20, sample_loss=2e20, train_loss=2e20)).startswith(
        "the loss is out of bounds"
    )


def test_a_jump_of_the_loss_points_at_the_rate() -> None:
    assert "may be too high" in say(rows(0.7, 0.6, train_loss=3.0))
    assert "no longer a number" in say(rows(0.7, 0.6, train_loss=float("nan")))


def test_what_is_harder_to_learn_from_is_no_jump_and_no_network_that_was_worse() -> None:
    fixed, told = dataclasses.replace(TWO, augmentation="fixed"), [BASELINE, *rows(0.7, 0.8)]
    harder = [*told[:2], dataclasses.replace(rows(0.7, 0.8)[1], train_loss=3.0, train_accuracy=0.5)]
    assert "jumped" in observe.observe(Story.of(TWO, harder), 1)
    found = observe.observe(Story.of(fixed, harder), 1)
    assert "jumped" not in found
    above = [BASELINE, *(dataclasses.replace(row, train_accuracy=0.3) for row in rows(0.7, 0.7))]
    assert "learning (30.0\u00a0%), which averages" in observe._above(observe.Moment(Story.of(TWO, above), 1))
    assert "is of altered pictures and averages" in observe._above(observe.Moment(Story.of(fixed, above), 1))


def test_a_log_folds_events_and_counts_an_epoch_once() -> None:
    log = RunLog()
    step = StepProgress(1, 1, 3, 10, 1.0, 1.0)
    log.add(TWO, [BASELINE, step])
    assert (log.step, log.phase(TWO)) == (step, 1)
    log.add(TWO, [epoch(1, 1, 0.5), step])
    assert log.step is None, "a step of a finished epoch is stale"
    log.add(TWO, [epoch(2, 1, 0.6), epoch(2, 1, 0.61)])
    assert [one.val_accuracy for one in log.story.epochs] == [0.5, 0.61]
    assert log.phase(TWO) == 2
    log.add(TWO, [RunEnd(0.9, 0.6, 3, 3.0)])
    assert time_left(log, TWO, 1.0, (1.0, 1.0)) is None


def test_time_left_follows_the_run_itself_once_it_can() -> None:
    log = RunLog()
    assert time_left(log, TWO, 10.0, (4.0, 30.0)) == 44.0
    log.add(TWO, [CacheProgress(50, 100, 6.0, from_disk=False)])
    assert time_left(log, TWO, 10.0, (4.0, 30.0)) == 40.0
    log.add(TWO, [BASELINE, epoch(1, 1, 0.5)])
    assert time_left(log, TWO, 10.0, (4.0, 30.0)) == 31.0
    log.add(TWO, [epoch(2, 1, 0.5), epoch(3, 2, 0.6, seconds=7.0)])
    assert time_left(log, TWO, 10.0, (4.0, 30.0)) == 14.0


def test_phases_end_where_their_epochs_end() -> None:
    assert TWO.ends == (2, 5)
    assert TWO.phases[0].head_only
    assert not Phase(trainable=("layer4.1", HEAD)).head_only


def test_stages_follow_the_run() -> None:
    log = RunLog()
    assert stages.progress(None, "", TWO) == [stages.LATER] * 6
    assert stages.progress(log, "queued", TWO)[:2] == [stages.WAITING, stages.LATER]
    assert stages.progress(log, "preparing", TWO)[:2] == [stages.RUNNING, stages.LATER]
    log.add(TWO, [START, BASELINE])
    assert stages.progress(log, "running", TWO)[3] == stages.RUNNING
    log.add(TWO, [epoch(1, 1, 0.5), epoch(2, 1, 0.6)])
    assert stages.progress(log, "running", TWO) == [*[stages.DONE] * 5, stages.RUNNING]
    assert stages.progress(log, "interrupted", TWO)[5] == stages.NEXT
    assert stages.progress(log, "queued", TWO) == [*[stages.DONE] * 5, stages.WAITING]
    log.add(TWO, [RunEnd(0.9, 0.6, 3, 3.0)])
    assert stages.progress(log, "done", TWO) == [stages.DONE] * 6


def test_content_is_checked() -> None:
    assert content.parse("note\n## a\nx <<y>>\n## b\nz\n", "t") == {"a": "x <<y>>", "b": "z"}
    assert content.fill("x <<y>>", {"y": 3}, "t") == "x 3"
    with pytest.raises(FtError, match="not known"):
        content.fill("x <<y>>", {}, "t")
    with pytest.raises(FtError, match="twice"):
        content.parse("## a\nx\n## a\ny\n", "t")
    with pytest.raises(FtError, match="nothing"):
        content.parse("## a\n\n## b\ny\n", "t")
    with pytest.raises(FtError, match="no lesson"):
        content.load("../secrets")
    with pytest.raises(FtError, match="no section"):
        content.section("train", "nowhere")
