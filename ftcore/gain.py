"""What thawing has brought a run: against its head trained on alone, and only as far as its images can show.

Judged from the story alone. Knows no words.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftcore import coach
from ftcore.story import Story


@dataclass(frozen=True)
class Gain:
    """Validation accuracies (0..1): of the `head` where its phase was stopped, of the run after its last epoch so far
    (`tuned`), and of the head trained on `alone` up to the same epoch, None where that was not done. `noise` is by how
    much chance may set two of them apart on so many `images`: two standard errors. The networks answer the same images,
    so their errors go together; with a correlation of one half a difference is as uncertain as one accuracy.
    """

    head: float
    alone: float | None
    tuned: float
    noise: float
    images: int

    @property
    def against(self) -> float:
        """What the run is measured against: the head trained on for as long, or where it was stopped."""
        return self.head if self.alone is None else self.alone

    @property
    def amount(self) -> float:
        """What thawing has brought, negative where it has cost."""
        return self.tuned - self.against

    @property
    def verdict(self) -> str:
        """`gained` or `lost` beyond chance, `full` where neither could be seen since all was right, else `level`."""
        if abs(self.amount) > self.noise:
            return "gained" if self.amount > 0 else "lost"
        return "full" if self.against == self.tuned == 1 else "level"


def of(story: Story) -> Gain | None:
    """The gain so far of a run whose head learned alone first; None before its first thawed epoch has ended."""
    numbers, heads = coach.numbers_of(story), story.settings.head_phases
    before = [epoch for epoch in story.epochs if epoch.phase <= heads]
    if numbers is None or not before or numbers.last.phase <= heads:
        return None
    last, head = numbers.last, before[-1].val_accuracy
    _, alone = story.control.get(last.epoch, (None, None))
    pair = last.val_accuracy, head if alone is None else alone
    return Gain(head, alone, last.val_accuracy, max(map(numbers.noise, pair)), numbers.images)
