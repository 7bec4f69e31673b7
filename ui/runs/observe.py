"""What the numbers of a run say, in one sentence per epoch and a few for the whole run.

Pure functions from numbers to words; nothing here is known about pages or training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ftcore import coach
from ftcore.coach import Numbers
from ftcore.events import EpochEnd
from ftcore.settings import Phase
from ftcore.story import Story
from ftcore.training import augment
from ui.words import apart, between, number, percent, rate, several

BEHIND = 0.05


@dataclass(frozen=True)
class Moment:
    """An epoch of a run, and what had been told before it."""

    story: Story
    at: int

    @property
    def row(self) -> EpochEnd:
        """The epoch itself."""
        return self.story.epochs[self.at]

    @property
    def past(self) -> Sequence[EpochEnd]:
        """The epochs before it."""
        return self.story.epochs[: self.at]

    @property
    def before(self) -> EpochEnd | None:
        """The last one before it."""
        return self.past[-1] if self.at else None

    @property
    def numbers(self) -> Numbers | None:
        """What the run's numbers are measured against."""
        return coach.numbers_of(self.story)

    @property
    def phase(self) -> Phase:
        """The phase that it belongs to."""
        return self.story.phase_of(self.row)

    @property
    def altered(self) -> bool:
        """Were pictures altered or mixed to learn from, and harder in one epoch than in another?"""
        return augment.altered(self.story.settings) > 0 or self.story.settings.mixup > 0


def observe(story: Story, at: int) -> str:
    """One sentence about epoch `story.epochs[at]`, seen against the epochs before it."""
    moment = Moment(story, at)
    for look in (_broken, _first, _thawed, _overfitting, _end_of_step, _behind, _end_of_phase, _above):
        if sentence := look(moment):
            return sentence
    return _gain(moment)


def _broken(moment: Moment) -> str:
    row, before, numbers = moment.row, moment.before, moment.numbers
    if not math.isfinite(row.train_loss):
        return f"the loss is no longer a number: a learning rate of {rate(row.lr)} is too high here"
    if numbers is not None and numbers.blown(row):
        return (
            f"the loss is out of bounds: {number(row.train_loss)} while learning and {number(row.val_loss)} on "
            f"validation images, where equal chances for all classes give {number(numbers.even)}: a learning rate of "
            f"{rate(row.lr)} is too high here"
        )
    if before is not None:
        then, loss = (r.sample_loss if moment.altered else r.train_loss for r in (before, row))
        if loss > 1.5 * then + 0.05:
            was, now = apart(number, then, loss)
            return f"the loss jumped from {was} to {now}: a learning rate of {rate(row.lr)} may be too high"
    return ""


def _first(moment: Moment) -> str:
    row, baseline = moment.row, moment.story.baseline
    if moment.before is not None or baseline is None:
        return ""
    return (
        f"validation went from {percent(baseline.val_accuracy)} before training to {percent(row.val_accuracy)} "
        "in one epoch"
    )


def _thawed(moment: Moment) -> str:
    row, before = moment.row, moment.before
    if before is None or before.phase == row.phase:
        return ""
    there = moment.story.phase_of(before)
    if not set(moment.phase.trainable) - set(there.trainable):
        return ""
    was, now = apart(number, before.val_loss, row.val_loss)
    if was == now:
        return f"thawing: validation loss stayed at {now} in one epoch"
    verb = "fell" if row.val_loss < before.val_loss else "rose"
    return f"thawing: validation loss {verb} from {was} to {now} in one epoch"


def _overfitting(moment: Moment) -> str:
    row = moment.row
    mine = [r for r in (*moment.past, row) if r.phase == row.phase]
    if not _rises(mine):
        return ""
    again = any(_rises(mine[:end]) for end in range(3, len(mine)))
    low, high = apart(number, mine[-3].val_loss, row.val_loss)
    was, now = apart(number, mine[-3].sample_loss, row.sample_loss)
    return (
        f"overfitting {'goes on' if again else 'begins'}: validation loss rose twice ({low} to {high}) while it fell "
        f"on training images ({was} to {now})"
    )


def _rises(rows: Sequence[EpochEnd]) -> bool:
    """Has validation loss risen over the last two epochs while it fell on training images?"""
    if len(rows) < 3:
        return False
    one, two, last = rows[-3:]
    return one.val_loss < two.val_loss < last.val_loss and one.sample_loss > two.sample_loss > last.sample_loss


def _behind(moment: Moment) -> str:
    row = moment.row
    gap = row.sample_accuracy - row.val_accuracy
    worse = all(gap >= r.sample_accuracy - r.val_accuracy + BEHIND for r in moment.past)
    if gap >= BEHIND and (worse or row.epoch == moment.story.settings.epochs):
        return (
            f"validation falls behind: training sample {percent(row.sample_accuracy)}, "
            f"validation {percent(row.val_accuracy)}"
        )
    return ""


def _end_of_step(moment: Moment) -> str:
    """The end of a phase that another follows: is it time to go on?"""
    return _end_of_phase(moment) if moment.row.phase < len(moment.story.settings.phases) else ""


def _end_of_phase(moment: Moment) -> str:
    row, before = moment.row, moment.before
    last = moment.story.settings.ends[row.phase - 1]
    if before is None or before.phase != row.phase or row.epoch != last:
        return ""
    gain, numbers = row.val_accuracy - before.val_accuracy, moment.numbers
    gained = _gained(before.val_accuracy, row.val_accuracy)
    if numbers is None:
        return f"the last epoch {gained}"
    if numbers.guesses(row):
        return f"the phase ends no better than guessing: {percent(row.val_accuracy)} of {numbers.classes} classes"
    if abs(gain) <= numbers.noise(row.val_accuracy):
        images = several(numbers.images, "validation image")
        return f"the last epoch {gained}, no more than may be chance on {images}"
    who = "the head" if moment.phase.head_only else "the network"
    return f"{who} {'is still learning' if gain > 0 else 'wavers'}: the last epoch {gained}"


def _above(moment: Moment) -> str:
    def above(r: EpochEnd) -> bool:
        return bool(r.val_accuracy > r.train_accuracy + 0.01)

    row = moment.row
    if above(row) and not any(above(r) for r in moment.past[1:]):
        harder = "is of altered pictures and " if moment.altered else ""
        return (
            f"validation ({percent(row.val_accuracy)}) is above the curve while learning "
            f"({percent(row.train_accuracy)}), which {harder}averages over weights that were still worse"
        )
    return ""


def _gain(moment: Moment) -> str:
    row, past = moment.row, moment.past
    if not past:
        return f"validation {percent(row.val_accuracy)} after the first epoch"
    best = max(r.val_accuracy for r in past)
    if row.val_accuracy == best:
        return "as good as the best epoch so far"
    far = between(best, row.val_accuracy)
    return f"best validation so far, {far} more" if row.val_accuracy > best else f"{far} under the best epoch so far"


def _gained(before: float, after: float) -> str:
    if after == before:
        return "changed nothing"
    return f"{'gained' if after > before else 'lost'} {between(before, after)}"


def reached(story: Story) -> dict[str, float]:
    """The last validation accuracy of the `head` phase and of the phases in which more blocks move (`tune`)."""
    return {"head" if story.head_only(epoch) else "tune": epoch.val_accuracy for epoch in story.epochs}
