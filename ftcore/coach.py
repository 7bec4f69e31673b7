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
    accuracy, and training loss rose), `lost` (on validation images only), `perfect`, `early` (too few epochs to say),
    `memorising`, `confident` (validation loss rises, accuracy too), `unsteady` (rate too high), `slow` (rate too low),
    `learning`, `level` (validation stands, training goes on), `converged`, `open`.
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
    def over(self) -> bool:
        """Is the newest phase at its end?"""
        ended = {phase.phase for phase in self.story.phases}
        return self.last.phase in ended or len(self.mine) >= self.story.phase_of(self.last).epochs

    @property
    def before(self) -> EpochEnd | None:
        """The last epoch of the phase before."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.phase < self.last.phase), None)

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

    @functools.cached_property
    def bound(self) -> float:
        """A loss above it is out of all bounds: far above equal chances, and above what the fresh head began with."""
        baseline = self.story.baseline
        first = baseline.val_loss if baseline is not None and math.isfinite(baseline.val_loss) else 0.0
        return BLOWN * max(self.even, first)

    def astray(self, epoch: EpochEnd) -> bool:
        """Is the network itself lost after this epoch: no number, or a loss out of bounds even on training images?"""
        losses = (epoch.train_loss, epoch.sample_loss, epoch.val_loss)
        return not all(map(math.isfinite, losses)) or min(losses[1:]) > self.bound

    def blown(self, epoch: EpochEnd) -> bool:
        """Was the loss out of bounds, after this epoch or while it went on?"""
        return self.astray(epoch) or epoch.train_loss > self.bound

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
    return next(verdict for look in LOOKS if (verdict := look(numbers)) is not None) if numbers else None


def _diverged(n: Numbers) -> Verdict | None:
    if not n.astray(n.last):
        return None
    first = _since(n.epochs, n.astray)
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
    if not (blown := [epoch for epoch in n.epochs if n.blown(epoch)]):
        return None
    worst = max(blown, key=lambda e: (not math.isfinite(e.train_loss + e.val_loss), max(e.train_loss, e.val_loss)))
    values = {
        "when": worst.epoch, "worst": worst.train_loss, "worst_after": worst.val_loss, "loss": n.last.val_loss,
        "accuracy": n.last.val_accuracy, "rate": n.story.phase_of(worst).lr,
    }  # fmt: skip
    return _told(n, "recovered", values, _rate(n, worst.phase, 1 / STEP), worst.phase)


def _thawed(n: Numbers) -> Verdict | None:
    """Accuracy that a later phase has cost, beyond what chance may do; its first epochs may yet be made good."""
    before, last = n.before, n.last
    soon = len(n.mine) < FEWEST and not n.over
    if before is None or soon or before.val_accuracy - last.val_accuracy <= n.noise(before.val_accuracy):
        return None
    values = {
        "so_far": len(n.mine), "before": before.val_accuracy, "accuracy": last.val_accuracy,
        "rate": n.story.phase_of(last).lr, "sample": last.sample_loss, "sample_before": before.sample_loss,
    }  # fmt: skip
    if last.sample_loss >= before.sample_loss:
        return _told(n, "damaged", values, _rate(n, last.phase, 1 / STEP))
    return _told(n, "lost", values, _until_lowest(n))


def _perfect(n: Numbers) -> Verdict | None:
    if n.last.val_accuracy < 1:
        return None
    since = _since(n.epochs, lambda epoch: epoch.val_accuracy == 1).epoch
    return _told(n, "perfect", {"since": since, "images": n.images})


def _early(n: Numbers) -> Verdict | None:
    if len(n.mine) >= FEWEST:
        return None
    values = {"so_far": len(n.mine), "accuracy": n.last.val_accuracy, "loss": n.last.val_loss, "few": FEWEST}
    return _told(n, "early", values)


def _memorising(n: Numbers) -> Verdict | None:
    """Validation loss has stayed above its lowest for some epochs, while training loss fell on."""
    best, last, recent = min(n.mine, key=lambda epoch: epoch.val_loss), n.last, n.mine[-FEWEST:]
    if any(epoch.val_loss < (1 + LITTLE) * best.val_loss for epoch in recent) or last.sample_loss >= best.sample_loss:
        return None
    values = {
        "since": best.epoch, "loss": last.val_loss, "lowest": best.val_loss, "sample": last.sample_loss,
        "sample_best": best.sample_loss, "accuracy": last.val_accuracy, "accuracy_best": best.val_accuracy,
    }  # fmt: skip
    if last.val_accuracy - best.val_accuracy > n.noise(best.val_accuracy):
        return _told(n, "confident", values)
    then = _until_lowest(n) if last.val_accuracy <= best.val_accuracy else None
    return _told(n, "memorising", values, then)


def _unsteady(n: Numbers) -> Verdict | None:
    """A loss on training images that goes up as often as down, by a share and an amount worth a word, not just once."""
    losses = [epoch.sample_loss for epoch in n.mine]
    jumps = [after - before for before, after in itertools.pairwise(losses) if after > (1 + SOME) * before]
    if len(jumps) < max(2, (len(losses) - 1) / 2) or max(jumps) < LITTLE * n.even:
        return None
    values = {"jumps": len(jumps), "epochs": len(losses) - 1, "some": SOME, "rate": n.story.phase_of(n.last).lr}
    return _told(n, "unsteady", values, _rate(n, n.last.phase, 1 / STEP))


def _slow(n: Numbers) -> Verdict | None:
    """A loss on training images that falls in every epoch, but has crept from the first, and is still high."""
    losses = [epoch.sample_loss for epoch in n.mine]
    creeps = all((1 - CREEP) * before < after < before for before, after in itertools.pairwise(losses))
    if not creeps or losses[-1] < n.even / 2:
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
    values = {"loss": last.val_loss, "earlier": earlier.val_loss, "back": FEWEST - 1, "accuracy": last.val_accuracy}
    more = _phase(n, last.phase, epochs=2 * n.story.phase_of(last).epochs) if n.over else None
    return _told(n, "learning", values, more)


def _settled(n: Numbers) -> Verdict | None:
    """Validation accuracy has stood within its noise for some epochs: does the training loss still fall?"""
    last, noise = n.last, n.noise(n.last.val_accuracy)
    first = _since(n.mine, lambda epoch: abs(epoch.val_accuracy - last.val_accuracy) <= noise)
    losses = [epoch.sample_loss for epoch in n.mine if epoch.epoch >= first.epoch]
    falls, stands = losses[-1] < (1 - SOME) * losses[0], max(losses) <= (1 + SOME) * min(losses)
    if len(losses) < FEWEST or not (falls or stands):
        return None
    values = {
        "since": first.epoch, "accuracy": last.val_accuracy, "noise": noise, "images": n.images,
        "sample": losses[-1], "sample_since": losses[0], "some": SOME,
    }  # fmt: skip
    return _told(n, "level" if falls else "converged", values)


def _open(n: Numbers) -> Verdict:
    best, last = max(n.epochs, key=lambda epoch: epoch.val_accuracy), n.last
    values = {"accuracy": last.val_accuracy, "best": best.val_accuracy, "when": best.epoch, "loss": last.val_loss}
    return _told(n, "open", values)


LOOKS: tuple[Callable[[Numbers], Verdict | None], ...] = (
    _diverged, _chance, _recovered, _perfect, _thawed, _early, _memorising, _unsteady, _slow, _learning, _settled, _open,
)  # fmt: skip


def _since(epochs: Sequence[EpochEnd], so: Callable[[EpochEnd], bool]) -> EpochEnd:
    """The first epoch from which on it has been so without a break; it is so in the last."""
    return [*itertools.takewhile(so, reversed(epochs))][-1]


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
