"""A run's events folded into what a page shows: what it is doing, its epochs, how long it still takes.

Reads only lines it has not read yet. This module draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ftcore.events import (  # fmt: skip
    CacheProgress,
    CacheSkipped,
    DataFound,
    DataProgress,
    Recovered,
    RunStart,
    StepProgress,
)
from ftcore.settings import RunSettings
from ftcore.story import Story


@dataclass
class RunLog:
    """Everything read so far: the run's story, and the latest of what passes or is said beside it."""

    offset: int = 0
    story: Story = field(default_factory=lambda: Story(RunSettings()))
    found: DataFound | None = None
    recovered: Recovered | None = None
    data: DataProgress | None = None
    skipped: CacheSkipped | None = None
    cache: CacheProgress | None = None
    step: StepProgress | None = None

    def add(self, settings: RunSettings, events: Sequence[object]) -> None:
        """Fold new events in. An epoch told twice, as after a resume, counts once: the later telling."""
        self.story = self.story.further(settings, events)
        for event in events:
            match event:
                case RunStart():
                    self.skipped, self.step = None, None
                case DataFound():
                    self.found = event
                case Recovered():
                    self.recovered = event
                case DataProgress():
                    self.data = event
                case CacheSkipped():
                    self.skipped = event
                case CacheProgress():
                    self.cache = event
                case StepProgress():
                    self.step = event
        if self.step is not None and (self.story.end or self.step.epoch in {e.epoch for e in self.story.epochs}):
            self.step = None

    def phase(self, settings: RunSettings) -> int:
        """The phase (from 1) that is running, or was the last to run."""
        if self.step is not None:
            return self.step.phase
        if not self.story.epochs:
            return 1
        last = self.story.epochs[-1]
        over = {phase.phase for phase in self.story.phases}
        ended = last.phase in over or last.epoch >= settings.ends[last.phase - 1]
        return min(last.phase + ended, len(settings.phases))


def time_left(log: RunLog, settings: RunSettings, cache: float, phases: Sequence[float]) -> float | None:
    """Seconds until the run ends: from its own epochs where there are some, from expectations for the rest.

    `cache` and `phases` are the expected seconds of the pass that keeps the frozen features and of each phase.
    Returns None once the run has ended.
    """
    if log.story.end is not None:
        return None
    rows, phase = log.story.epochs, log.phase(settings)
    if not rows:
        return _cache_left(log, cache) + sum(phases)
    own = [row.seconds for row in rows if row.phase == phase]
    each = sum(own) / len(own) if own else phases[phase - 1] / settings.phases[phase - 1].epochs
    inside = log.step.step / max(1, log.step.steps) if log.step is not None else 0.0
    epochs = settings.ends[phase - 1] - rows[-1].epoch - inside
    return max(0.0, each * epochs) + sum(phases[phase:])


def _cache_left(log: RunLog, expected: float) -> float:
    """What is left of the pass over all images, from its own pace once it has one."""
    if log.cache is None or not log.cache.done:
        return expected
    return log.cache.seconds / log.cache.done * (log.cache.total - log.cache.done)
