"""How real runs correct the short measurement."""

from __future__ import annotations

import statistics

from ftcore.costs import memory
from ftcore.costs.estimate import epoch_seconds, first_trainable
from ftcore.costs.machine import limited, measured, paces
from ftcore.events import CacheSkipped, EpochEnd, Event, PhaseEnd
from ftcore.network.describe import describe
from ftcore.settings import Phase, RunSettings

PACES = 5  # so many ratios are kept of a backbone
TELLING = 1.0  # seconds of epochs below which a phase says nothing about the machine


class Pace:
    """Learns from the epochs of a real run how far off the short measurement is.

    One made while the machine was busy is too long and would stay so. So each phase that lasted long enough to
    tell leaves the ratio of its median epoch to the measured one, and expected times are multiplied by the median
    of the last few ratios of that backbone: one odd run changes little, and what really became slower or faster
    counts after three phases.
    """

    def __init__(self, settings: RunSettings, train: int, val: int) -> None:
        self._settings, self._images = settings, {"train": train, "val": val}
        self._epochs: list[float] = []
        self._skipped = False

    def see(self, event: Event) -> None:
        """Tell it what happens in the run; the end of a phase is when it learns."""
        if isinstance(event, CacheSkipped):
            self._skipped = True  # each epoch then does more than was expected
        elif isinstance(event, EpochEnd):
            self._epochs.append(event.seconds)
        elif isinstance(event, PhaseEnd):
            if sum(self._epochs) >= TELLING and not self._skipped:
                self._learn(self._settings.phases[event.phase - 1], statistics.median(self._epochs))
            self._epochs = []

    def _learn(self, phase: Phase, epoch: float) -> None:
        backbone = self._settings.backbone
        if memory.known(f"costs {backbone}") is None:
            return
        rows, cost = describe(backbone), measured(backbone)
        cached = self._settings.cache and first_trainable(phase, rows) > 0
        ratio = limited(epoch / epoch_seconds(self._settings, phase, self._images, cost, rows, cached=cached))
        memory.change(f"pace {backbone}", lambda raw: [*paces(raw), ratio][-PACES:])
