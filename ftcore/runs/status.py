"""A run as a page shows it: what its folder says, and what the queue knows beyond."""

from __future__ import annotations

from dataclasses import dataclass

from ftcore.events import RunEnd
from ftcore.runs.records import Label
from ftcore.settings import RunSettings


@dataclass(frozen=True)
class Status:
    """A run at one moment.

    `position` is 1 for the next in the queue, 0 outside it; times in seconds. A run is `active` while it waits or has
    a worker; a paused one gives its worker up after a moment. `owner` is who may steer it, "" for a run of a terminal;
    `part_of` the experiment that made it, "" for a run of the learner's own. A series has `trainings`, 0 for any other
    run, and so many of them are `trained`.
    """

    id: str
    state: str
    message: str
    position: int
    settings: RunSettings
    created: float
    epochs_done: int
    active: bool
    wait_s: float | None
    result: RunEnd | None
    owner: str
    part_of: str
    label: Label
    trainings: int = 0
    trained: int = 0
