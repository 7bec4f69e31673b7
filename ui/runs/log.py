"""A run's events folded into what a page shows: what it is doing, its epochs, how long it still takes.

Reads only lines it has not read yet. This module draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftcore.settings import RunSettings

Event = Mapping[str, Any]


@dataclass
class RunLog:
    """Everything read so far. `epochs` holds the epoch_end events by their number over all phases."""

    offset: int = 0
    start: Event | None = None
    found: Event | None = None
    recovered: Event | None = None
    data: Event | None = None
    baseline: Event | None = None
    skipped: Event | None = None
    cache: Event | None = None
    step: Event | None = None
    end: Event | None = None
    epochs: dict[int, Event] = field(default_factory=dict)
    phases: dict[int, Event] = field(default_factory=dict)

    def add(self, events: Sequence[Event]) -> None:
        """Fold new events in. An epoch told twice, as after a resume, counts once: the later telling."""
        for event in events:
            kind = event.get("event")
            if kind == "run_start":
                self.start, self.skipped, self.step, self.end = event, None, None, None
            elif kind == "data_found":
                self.found = event
            elif kind == "recovered":
                self.recovered = event
            elif kind == "data_progress":
                self.data = event
            elif kind == "baseline":
                self.baseline = event
            elif kind == "cache_skipped":
                self.skipped = event
            elif kind == "cache_progress":
                self.cache = event
            elif kind == "step_progress":
                self.step = event if self.end is None and int(event["epoch"]) not in self.epochs else None
            elif kind == "epoch_end":
                self.epochs[int(event["epoch"])] = event
                self.step = None
            elif kind == "phase_end":
                self.phases[int(event["phase"])] = event
            elif kind == "run_end":
                self.end, self.step = event, None

    @property
    def rows(self) -> list[Event]:
        """The finished epochs in order."""
        return [self.epochs[number] for number in sorted(self.epochs)]

    def phase(self, settings: RunSettings) -> int:
        """The phase (from 1) that is running, or was the last to run."""
        if self.step is not None:
            return int(self.step["phase"])
        if not self.epochs:
            return 1
        last = self.rows[-1]
        ended = int(last["phase"]) in self.phases or last["epoch"] >= settings.ends[int(last["phase"]) - 1]
        return min(int(last["phase"]) + ended, len(settings.phases))


def time_left(log: RunLog, settings: RunSettings, cache: float, phases: Sequence[float]) -> float | None:
    """Seconds until the run ends: from its own epochs where there are some, from expectations for the rest.

    `cache` and `phases` are the expected seconds of the pass that keeps the frozen features and of each phase.
    Returns None once the run has ended.
    """
    if log.end is not None:
        return None
    rows, phase = log.rows, log.phase(settings)
    if not rows:
        return _cache_left(log, cache) + sum(phases)
    own = [float(row["seconds"]) for row in rows if row["phase"] == phase]
    each = sum(own) / len(own) if own else phases[phase - 1] / settings.phases[phase - 1].epochs
    inside = log.step["step"] / max(1, log.step["steps"]) if log.step is not None else 0.0
    epochs = settings.ends[phase - 1] - rows[-1]["epoch"] - inside
    return max(0.0, each * epochs) + sum(phases[phase:])


def _cache_left(log: RunLog, expected: float) -> float:
    """What is left of the pass over all images, from its own pace once it has one."""
    if log.cache is None or not log.cache["done"]:
        return expected
    return float(log.cache["seconds"]) / log.cache["done"] * (log.cache["total"] - log.cache["done"])
