"""What the numbers of a run bear out so far: one verdict across its phases, and the settings to try next.

Judged from the story alone, so a made-up story is judged as a real one. Knows no words: `kind` says what is told, and
`values` are the numbers behind it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ftcore.events import EpochEnd
from ftcore.settings import Phase, RunSettings
from ftcore.story import Story

# In units of the loss of equal chances for all classes, ln(classes): above it the answers are confidently wrong.
BLOWN = 2.0
SIGMAS = 2.0  # a difference counts from so many standard errors of an accuracy on the validation set
LITTLE = 0.02  # of a loss: less than this share is no change worth a word
SOME = 0.05  # of a loss: what is worth a word on training images, where more moves
CREEP = 0.01  # of a loss in an epoch: below it a steady fall is slow
FEWEST = 3  # epochs of a phase before its direction is judged
STEP = 10.0  # a learning rate is changed by this factor: finer steps are for later


@dataclass(frozen=True)
class Verdict:
    """What is told: its kind, the phase (from 1) and epoch it is about, its numbers, and a next try if there is one.

    Kinds: `diverged`, `recovered`, `chance`, `memorised` (at chance, training images known), `damaged` (thawing cost
    accuracy, on training images too), `lost` (on validation images only), `perfect`, `early` (too few epochs to say),
    `unsteady` (rate too high), `memorising`, `slow` (rate too low), `learning`, `level` (validation stands, training
    goes on), `converged`, `open`.
    """

    kind: str
    phase: int
    epoch: int
    values: Mapping[str, float] = field(default_factory=dict)
    next: RunSettings | None = None


@dataclass(frozen=True)
class Numbers:
    """A run's epochs with what they are measured against."""

    story: Story
    classes: int
    images: int

    @property
    def epochs(self) -> Sequence[EpochEnd]:
        """All epochs so far."""
        return self.story.epochs

    @property
    def last(self) -> EpochEnd:
        """The newest epoch."""
        return self.epochs[-1]

    @functools.cached_property
    def mine(self) -> Sequence[EpochEnd]:
        """The epochs of the newest phase."""
        return [epoch for epoch in self.epochs if epoch.phase == self.last.phase]

    @property
    def before(self) -> EpochEnd | None:
        """The last epoch of the phase before."""
        earlier = [epoch for epoch in self.epochs if epoch.phase < self.last.phase]
        return earlier[-1] if earlier else None

    @property
    def even(self) -> float:
        """The loss of equal chances for all."""
        return math.log(self.classes)

    @property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / self.classes

    def noise(self, accuracy: float) -> float:
        """By how much an accuracy on so many images may be off by chance: `SIGMAS` binomial standard errors."""
        return SIGMAS * math.sqrt(max(accuracy * (1 - accuracy), 0.25 / self.images) / self.images)

    def blown(self, epoch: EpochEnd) -> bool:
        """Was the loss out of all bounds: no number, or far above equal chances even on training images?"""
        losses = (epoch.train_loss, epoch.sample_loss, epoch.val_loss)
        if not all(map(math.isfinite, losses)):
            return True
        baseline = self.story.baseline
        first = baseline.val_loss if baseline is not None and math.isfinite(baseline.val_loss) else 0.0
        bound = BLOWN * max(self.even, first)
        return epoch.train_loss > bound or min(epoch.sample_loss, epoch.val_loss) > bound

    def guesses(self, epoch: EpochEnd) -> bool:
        """Is it no better than guessing, in accuracy and in loss?"""
        lucky = epoch.val_accuracy <= self.chance + self.noise(self.chance)
        return lucky and not epoch.val_loss < self.even


def numbers_of(story: Story) -> Numbers | None:
    """A run's epochs to be judged; None while it has none, or where its log does not say on what it was measured."""
    if story.start is None or not story.epochs or len(story.start.classes) < 2 or not story.start.val_images:
        return None
    return Numbers(story, len(story.start.classes), story.start.val_images)


def judge(story: Story) -> Verdict | None:
    """The verdict on a run as far as it has been told; None before its first epoch."""
    numbers = numbers_of(story)
    if numbers is None:
        return None
    return next(verdict for look in LOOKS if (verdict := look(numbers)) is not None)


def _diverged(n: Numbers) -> Verdict | None:
    if not n.blown(n.last):
        return None
    since = next(at for at in range(len(n.epochs)) if all(map(n.blown, n.epochs[at:])))
    first = n.epochs[since]
    values = {"loss": n.last.val_loss, "even": n.even, "since": first.epoch, "rate": n.story.phase_of(first).lr}
    return _told(n, "diverged", values, _rate(n, first.phase, 1 / STEP), first.phase)


def _chance(n: Numbers) -> Verdict | None:
    last = n.last
    if not n.guesses(last):
        return None
    values = {
        "accuracy": last.val_accuracy, "chance": n.chance, "loss": last.val_loss, "even": n.even, "images": n.images,
        "known": last.sample_accuracy, "rate": n.story.phase_of(last).lr,
    }  # fmt: skip
    blown = next(filter(n.blown, n.epochs), None)
    if blown is not None:
        return _told(n, "chance", values, _rate(n, blown.phase, 1 / STEP), blown.phase)
    if last.sample_loss < (1 - SOME) * n.even and last.sample_accuracy > n.chance + n.noise(n.chance):
        return _told(n, "memorised", values)
    fell = n.epochs[0].train_loss - last.train_loss
    return _told(n, "chance", values, _rate(n, last.phase, STEP if fell >= 0 else 1 / STEP))


def _recovered(n: Numbers) -> Verdict | None:
    blown = [epoch for epoch in n.epochs if n.blown(epoch)]
    if not blown:
        return None
    worst = max(blown, key=lambda e: (not math.isfinite(e.train_loss), max(e.train_loss, e.val_loss)))
    first, later = blown[0], [e for e in n.epochs if e.epoch < blown[0].epoch]
    values = {
        "worst": max(worst.train_loss, worst.val_loss), "when": worst.epoch, "loss": n.last.val_loss,
        "accuracy": n.last.val_accuracy, "rate": n.story.phase_of(first).lr,
    }  # fmt: skip
    if later:
        values["before"] = later[-1].val_accuracy
    return _told(n, "recovered", values, _rate(n, first.phase, 1 / STEP), first.phase)


def _thawed(n: Numbers) -> Verdict | None:
    """Accuracy that a later phase has cost, beyond what chance may do."""
    before, last = n.before, n.last
    if before is None or before.val_accuracy - last.val_accuracy <= n.noise(before.val_accuracy):
        return None
    values = {
        "before": before.val_accuracy, "accuracy": last.val_accuracy,
        "rate": n.story.phase_of(last).lr, "known": last.sample_accuracy, "known_before": before.sample_accuracy,
    }  # fmt: skip
    if last.sample_accuracy < before.sample_accuracy:
        return _told(n, "damaged", values, _rate(n, last.phase, 1 / STEP))
    return _told(n, "lost", values, _until_lowest(n))


def _perfect(n: Numbers) -> Verdict | None:
    if n.last.val_accuracy < 1:
        return None
    first = next(epoch for epoch in n.epochs if epoch.val_accuracy == 1)
    return _told(n, "perfect", {"since": first.epoch, "images": n.images})


def _early(n: Numbers) -> Verdict | None:
    if len(n.mine) >= FEWEST:
        return None
    values = {"so_far": len(n.mine), "accuracy": n.last.val_accuracy, "loss": n.last.val_loss, "few": FEWEST}
    return _told(n, "early", values)


def _memorising(n: Numbers) -> Verdict | None:
    best = min(n.mine, key=lambda epoch: epoch.val_loss)
    last = n.last
    if last.epoch - best.epoch < 2 or last.val_loss < (1 + LITTLE) * best.val_loss:
        return None
    if last.sample_loss >= best.sample_loss:
        return None
    values = {
        "since": best.epoch, "loss": last.val_loss, "lowest": best.val_loss, "sample": last.sample_loss,
        "sample_best": best.sample_loss, "accuracy": last.val_accuracy, "accuracy_best": best.val_accuracy,
    }  # fmt: skip
    return _told(n, "memorising", values, _until_lowest(n))


def _unsteady(n: Numbers) -> Verdict | None:
    """A loss on training images that goes up as often as down, by more than a little."""
    losses = [epoch.sample_loss for epoch in n.mine]
    jumps = [at for at in range(1, len(losses)) if losses[at] > (1 + SOME) * losses[at - 1]]
    if 2 * len(jumps) < len(losses) - 1:
        return None
    values = {"jumps": len(jumps), "epochs": len(losses) - 1, "rate": n.story.phase_of(n.last).lr}
    return _told(n, "unsteady", values, _rate(n, n.last.phase, 1 / STEP))


def _slow(n: Numbers) -> Verdict | None:
    """A loss on training images that falls at every epoch, but creeps, and is still high."""
    losses = [epoch.sample_loss for epoch in n.mine]
    falling = all(after < before for before, after in itertools.pairwise(losses))
    each = 1 - (losses[-1] / losses[0]) ** (1 / (len(losses) - 1)) if falling else 1.0
    if each >= CREEP or losses[-1] < n.even / 2:
        return None
    values = {"first": losses[0], "last": losses[-1], "epochs": len(losses), "rate": n.story.phase_of(n.last).lr}
    return _told(n, "slow", values, _rate(n, n.last.phase, STEP))


def _learning(n: Numbers) -> Verdict | None:
    """Validation loss is at its lowest and still falls."""
    last = n.last
    earlier = n.mine[-FEWEST]
    fell = earlier.val_loss - last.val_loss
    if last.val_loss > min(epoch.val_loss for epoch in n.mine) or fell < LITTLE * earlier.val_loss:
        return None
    values = {
        "loss": last.val_loss, "earlier": earlier.val_loss, "back": FEWEST - 1, "accuracy": last.val_accuracy,
    }  # fmt: skip
    more = _phase(n, last.phase, epochs=2 * n.story.phase_of(last).epochs)
    return _told(n, "learning", values, more)


def _settled(n: Numbers) -> Verdict | None:
    """Validation accuracy has stood within its noise for some epochs: does the training loss still fall?"""
    last, noise = n.last, n.noise(n.last.val_accuracy)
    stands = 0
    for epoch in reversed(n.mine):
        if abs(epoch.val_accuracy - last.val_accuracy) > noise:
            break
        stands += 1
    if stands < FEWEST:
        return None
    first = n.mine[-stands]
    values = {
        "since": first.epoch, "accuracy": last.val_accuracy, "noise": noise, "images": n.images, "epochs": stands,
        "sample": last.sample_loss, "sample_since": first.sample_loss,
    }  # fmt: skip
    goes_on = last.sample_loss < (1 - SOME) * first.sample_loss
    return _told(n, "level" if goes_on else "converged", values)


def _open(n: Numbers) -> Verdict:
    best = max(n.epochs, key=lambda epoch: epoch.val_accuracy)
    values = {"accuracy": n.last.val_accuracy, "best": best.val_accuracy, "when": best.epoch, "loss": n.last.val_loss}
    return _told(n, "open", values)


LOOKS: tuple[Callable[[Numbers], Verdict | None], ...] = (
    _diverged, _chance, _recovered, _perfect, _thawed, _early, _memorising, _unsteady, _slow, _learning, _settled, _open,
)  # fmt: skip


def _told(
    n: Numbers, kind: str, values: Mapping[str, float], then: RunSettings | None = None, phase: int = 0
) -> Verdict:
    return Verdict(kind, phase or n.last.phase, n.last.epoch, values, then)


def _until_lowest(n: Numbers) -> RunSettings | None:
    """The same run, its newest phase ended with the epoch that had the lowest validation loss."""
    losses = [epoch.val_loss for epoch in n.mine]
    return _phase(n, n.last.phase, epochs=1 + losses.index(min(losses)))


def _rate(n: Numbers, phase: int, factor: float) -> RunSettings | None:
    """The same run with another learning rate in one phase, as far as its limits allow."""
    limits = Phase.__dataclass_fields__["lr"].metadata
    lr = float(f"{n.story.settings.phases[phase - 1].lr * factor:.3g}")
    return _phase(n, phase, lr=lr) if limits["low"] <= lr <= limits["high"] else None


def _phase(n: Numbers, phase: int, **changes: float) -> RunSettings | None:
    """The same run with one phase changed; None if that changes nothing or goes beyond the limits."""
    settings = n.story.settings
    phases = list(settings.phases)
    phases[phase - 1] = dataclasses.replace(phases[phase - 1], **changes)  # type: ignore[arg-type]
    most = Phase.__dataclass_fields__["epochs"].metadata["high"]
    if phases[phase - 1].epochs > most or tuple(phases) == settings.phases:
        return None
    return dataclasses.replace(settings, phases=tuple(phases))
