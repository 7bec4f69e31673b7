"""The numbers that questions, cards and the cheat sheet may ask for, as facts and as words.

Counted for the learner's backbone, data and settings, and read from the current run or a recorded one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course import content, facts, recorded
from ftcore import gain
from ftcore.settings import RunSettings
from ftcore.story import Story
from ui.lesson import stages
from ui.runs import gained
from ui.runs.live import View
from ui.words import count, number, percent, rate

CLASSIC = "classic"


@dataclass(frozen=True)
class Known:
    """`values` are written for prose, `facts` the numbers themselves; `run` is drawn where a question says "own"."""

    values: Mapping[str, str]
    facts: Mapping[str, float]
    run: Story
    own: bool


def told_by(view: View | None) -> Story | None:
    """The current run, if it is finished, with both phases."""
    return view.story if view is not None and facts.finished(view.story) else None


def asked_of(view: View | None) -> Story | None:
    """The current run, if questions can be asked about it."""
    return view.story if view is not None and facts.usable(view.story) else None


def gather(settings: RunSettings, classes: int, images: int, run: Story | None) -> Known:
    """Everything that can be asked for; without a current run that can be asked about the recorded lesson stands in."""
    shown = run or recorded.load()[CLASSIC]
    numbers = facts.of_network(settings, classes, images) | facts.of_run(shown)
    for name, one in recorded.load().items():
        numbers |= facts.of_recorded(name, one)
    words = {name: _word(name, value) for name, value in numbers.items()}
    said = "share.most" if numbers["last_two_share"] > 50 else "share.less"
    words["run_gained"] = _gained(shown)
    words["last_two_said"] = content.section("quiz", said, {"share": words["last_two_share"]})
    return Known({**words, **stages.numbers(settings, classes, images)}, numbers, shown, run is not None)


def _gained(run: Story) -> str:
    """What thawing has brought the run, beside its head trained on alone where that was done."""
    found = gain.of(run)
    if found is None:
        told = facts.of_run(run)
        reached = {
            "run_head_accuracy": percent(told["run_head_accuracy"] / 100),
            "run_tuned_accuracy": percent(told["run_tuned_accuracy"] / 100),
        }
        return content.section("review", "reached", reached)
    return gained.told(found, run.phase_of(run.epochs[-1]).lr)


def _word(name: str, value: float) -> str:
    if name.endswith(("_rate", "_lr", "_rate_once")):
        return rate(value)
    if name.endswith("loss") or name.endswith("loss_min"):
        return number(value)
    if (
        name.startswith("rec_")
        or name in ("chance", "thawed_share", "frozen_forward", "frozen_weights")
        or name.startswith("last_two_")
    ):
        return percent(value / 100)
    if name.startswith("run_") and name.removeprefix("run_") not in ("thaw_after", "thaw_next"):
        return percent(value / 100)
    return count(round(value)) if float(value).is_integer() else f"{value:.3g}"
