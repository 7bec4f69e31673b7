"""Runs as a page needs them: submitted and steered through one manager, watched, listed, expected.

This module knows nothing about pages; queue and workers are the manager's.
"""

from __future__ import annotations

import functools
import threading
import time

from ftcore.errors import FtError
from ftcore.runs import records, shelf
from ftcore.runs.manager import Manager
from ftcore.runs.records import Line
from ftcore.runs.status import Status
from ftcore.settings import RunSettings, number_from_environment

_ONE = threading.Lock()


def manager() -> Manager:
    """The one manager of this process; as many runs at once as `$THAW_JOBS` says (default 1)."""
    with _ONE:  # two sessions may ask at the same moment
        return _manager()


@functools.cache
def _manager() -> Manager:
    return Manager(max(1, int(number_from_environment("THAW_JOBS", 1))))


def status(run_id: str) -> Status:
    """How a run stands; an unknown id raises `FtError`."""
    return manager().status(run_id)


def read_events(run_id: str, offset: int = 0) -> tuple[list[Line], int]:
    """New events of a run since a byte offset, what passes (progress) as the last one; and the next offset.

    Events of phases and epochs that the run does not have are left out.
    """
    folder = records.folder_of(run_id)
    settings = records.settings_of(folder)
    events, offset = records.read_log(folder, offset)
    passing = records.progress(folder)
    told = [*events, passing] if passing else events
    return [event for event in told if _belongs(event, settings)], offset


def _belongs(event: Line, settings: RunSettings) -> bool:
    phase, epoch = getattr(event, "phase", 1), getattr(event, "epoch", 1)
    return 1 <= phase <= len(settings.phases) and 1 <= epoch <= settings.epochs


def history(owner: str) -> list[Status]:
    """All runs of one learner, newest first. Those that cannot be read are passed over, and the log says so."""
    statuses = []
    for folder, state in shelf.every():
        try:
            if owner and state.owner == owner:
                statuses.append(status(folder.name))
        except FtError as error:
            shelf.pass_over(folder, str(error))
    return sorted(statuses, key=lambda s: s.created, reverse=True)


def wait(run_id: str, seconds: float) -> Status:
    """Block until a run is no longer active, at most so many seconds; for scripts and tests."""
    end = time.monotonic() + seconds
    while (now := status(run_id)).active and time.monotonic() < end:
        time.sleep(0.1)
    return now
