"""The lesson as it is printed: a textbook's example of loss and accuracy, and where a real run goes another way.

The six points are given, not measured; no page shows them as anybody's own. This module knows no words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftcore.events import EpochEnd
from ftcore.story import Story


@dataclass(frozen=True)
class Point:
    """An epoch of the printed lesson; accuracy 0..1."""

    epoch: int
    loss: float
    accuracy: float


TRACE = (
    Point(1, 1.2, 0.55), Point(3, 0.8, 0.70), Point(5, 0.6, 0.78),
    Point(6, 0.58, 0.80), Point(8, 0.45, 0.85), Point(10, 0.40, 0.88),
)  # fmt: skip
STOPPED, THAWED, LAST = TRACE[2], TRACE[3], TRACE[-1]  # the head alone, the first epoch after the thaw, the end
LITTLE = 0.02  # of a loss: by less than this it does not rise


@dataclass(frozen=True)
class Difference:
    """Where a run and the printed one are held against each other: `kind` says how that came out."""

    kind: str
    values: Mapping[str, float]


def differences(story: Story) -> tuple[Difference, ...]:
    """A finished run whose head learned alone first, beside the printed one: at the thaw, after it, and its gain.

    Kinds: `thaw.fell`, `thaw.rose`, `thaw.stood`; `after.worse` (above the head's loss, on training images too),
    `after.memorised` (up again from its lowest, while training loss fell), `after.stood`, `after.fell`, else
    `after.wavered`; `gain.alone` where the head was trained on alone beside it, else `gain.open`.
    """
    head = [epoch for epoch in story.epochs if epoch.phase <= story.settings.head_phases][-1]
    tuned = [epoch for epoch in story.epochs if epoch.epoch > head.epoch]
    first, last, low = tuned[0], tuned[-1], min(tuned, key=lambda epoch: epoch.val_loss)
    values: dict[str, float] = {
        "stopped": head.val_loss, "first": first.val_loss, "last": last.val_loss, "lowest": low.val_loss,
        "when": low.epoch, "sample_then": low.sample_loss, "sample": last.sample_loss, "rate": story.phase_of(last).lr,
        "head": head.val_accuracy, "tuned": last.val_accuracy,
    }  # fmt: skip
    values["images"] = story.start.train_images if story.start is not None else 0
    if last.epoch in story.control:
        values["alone"] = story.control[last.epoch][1]
    kinds = (
        f"thaw.{_moved(head, first)}",
        f"after.{_after(head, tuned)}",
        f"gain.{'alone' if 'alone' in values else 'open'}",
    )
    return tuple(Difference(kind, values) for kind in kinds)


def _moved(before: EpochEnd, after: EpochEnd) -> str:
    if abs(after.val_loss - before.val_loss) <= LITTLE * before.val_loss:
        return "stood"
    return "fell" if after.val_loss < before.val_loss else "rose"


def _after(head: EpochEnd, tuned: Sequence[EpochEnd]) -> str:
    last, low = tuned[-1], min(tuned, key=lambda epoch: epoch.val_loss)
    if _moved(head, last) == "rose" and not last.sample_loss < head.sample_loss:
        return "worse"
    if _moved(low, last) == "rose":
        return "memorised" if last.sample_loss < low.sample_loss else "wavered"
    if all(_moved(head, epoch) == "stood" for epoch in tuned):
        return "stood"
    return "fell" if _moved(head, last) == "fell" else "wavered"
