"""The queue of runs and what may be done to them: one worker process each, as many at once as the machine bears.

This module knows nothing about pages; the training itself is the worker's, processes are the executor's, how much a
learner may take is in `limits`.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ftcore import store
from ftcore.errors import FtError
from ftcore.numerals import several
from ftcore.runs import limits, needs, records, results, series, shelf
from ftcore.runs.execute import DISK_FULL, DISK_FULL_SAYS, TAKEN
from ftcore.runs.executor import Executor
from ftcore.runs.local import Local
from ftcore.runs.records import Change, Label
from ftcore.runs.status import Status
from ftcore.settings import RunSettings
from ftcore.training import recipes

ENDED = ("done", "stopped", "failed")
LEAVE_SECONDS = 10.0
PAUSE_SECONDS = 60.0


class Manager:
    """The queue and its workers. One per server process: `runs.manager()`.

    `jobs` runs are worked on at once; one that is paused keeps its worker for `pause_s` seconds.
    """

    def __init__(
        self,
        jobs: int,
        pause_s: float = PAUSE_SECONDS,
        executor: Callable[[threading.RLock, Callable[[str, int], None]], Executor] = Local,
    ) -> None:
        shelf.sweep()
        store.prune(store.budget(), store.RECENT)
        self._lock = threading.RLock()
        self._jobs, self._pause_s = jobs, pause_s
        self._executor = executor(self._lock, self._over)
        self._queue = _waiting()
        self._served: dict[str, int] = {}
        self._again: set[str] = set()
        self._held: set[str] = set()
        self._ended: dict[str, tuple[str, str]] = {}
        self._closed = False
        self._pump()

    def submit(
        self, settings: RunSettings, owner: str, part_of: str = "", *, hold: bool = False,
        further: Sequence[RunSettings] = (),
    ) -> str:  # fmt: skip
        """Queue a run; its id. `FtError` for impossible settings, a limit reached, and what `needs.check` finds.

        With `hold` its first phase goes slowly enough to be watched, and it pauses by itself after it, if blocks thaw
        later. With `further` trainings it is a series: they follow one another, and only their numbers are kept.
        """
        trainings = (settings, *further)
        for one in trainings:
            recipes.check_settings(one)
        limits.check_time(*trainings)
        limits.check_disk(owner)
        needs.check(settings)  # before the lock: nobody waits for an answer from the net
        with self._lock:
            self._room(owner)
            run_id = series.new(trainings, owner, part_of).name
            if hold and settings.thaws:
                self._held.add(run_id)
            self._enqueue(run_id, owner)
        return run_id

    def resume(self, run_id: str, owner: str) -> None:
        """Let a paused run go on; queue one that has no worker any more again, from its last finished epoch.

        A finished run is left alone, unless its final weights are damaged: then it makes them anew.
        """
        folder = _steered(run_id, owner)
        if records.state_of(folder).state in ("failed", "stopped"):
            needs.check(records.settings_of(folder))
        with self._lock:
            now = self.status(run_id)
            if run_id in self._executor.alive() and now.state == "paused":
                self._again.add(run_id)  # should it just be giving its worker up
                self._executor.tell(run_id, "go")
            elif not now.active and (now.state != "done" or not results.is_sound(folder)):
                self._room(owner)
                self._enqueue(run_id, owner)

    def pause(self, run_id: str, owner: str) -> None:
        """Hold a run between two steps. It keeps its worker for a moment, then only its last finished epoch."""
        self._tell(run_id, owner, "pause")

    def stop(self, run_id: str, owner: str) -> None:
        """End a run after its last finished epoch, or take it out of the queue."""
        folder = _steered(run_id, owner)
        with self._lock:
            if self._queue.pop(run_id, None) is None:
                self._tell(run_id, owner, "stop")
            else:
                _set_state(folder, "stopped", "Taken out of the queue.")

    def delete(self, run_id: str, owner: str) -> None:
        """Remove a run and its files for good; one that is going raises `FtError`."""
        folder = _steered(run_id, owner)
        if records.state_of(folder).state in ENDED:
            self._executor.leave(run_id, LEAVE_SECONDS)  # it has said its last word, and its process is about to end
        with self._lock:
            if run_id in self._queue or run_id in self._executor.alive():
                raise FtError("This run is still going: stop it first, then delete it.")
            records.delete(folder)
            self._ended.pop(run_id, None)

    def label(self, run_id: str, owner: str, label: Label) -> None:
        """Give a run another name, note and place in lists; "" takes a name or a note away."""
        _note(_steered(run_id, owner), label)

    def status(self, run_id: str) -> Status:
        """How a run stands; an unknown id, or a run that cannot be read, raises `FtError`."""
        folder = records.folder_of(run_id)
        state, settings = records.state_of(folder), _possible(records.settings_of(folder))
        with self._lock:
            name, message = self._named(run_id, state.state, state.message)
            order = self._order() if run_id in self._queue else []
            position = order.index(run_id) + 1 if order else 0
            ahead = [*self._executor.alive(), *order[: position - 1]] if position else []
            active = name in ("queued", *records.BUSY) or (name == "paused" and run_id in self._executor.alive())
        return Status(
            id=run_id,
            state=name,
            message=message,
            position=position,
            settings=settings,
            created=state.created.time,
            epochs_done=state.epochs_done,
            active=active,
            wait_s=self._wait(ahead) if position else None,
            result=state.result,
            owner=state.owner,
            part_of=state.created.part_of,
            label=state.label,
            trainings=len(series.of(folder)),
            trained=state.trained,
        )

    def workers(self) -> dict[str, int]:
        """Process ids of the runs being worked on now, by run id."""
        with self._lock:
            return dict(self._executor.alive())

    def close(self) -> None:
        """Let all workers go, as happens when the server ends. What waits stays queued for the next manager."""
        with self._lock:
            self._closed = True
            self._queue.clear()
        self._executor.close()

    def _named(self, run_id: str, state: str, message: str) -> tuple[str, str]:
        """What a run's log says, or what is known here and has not reached the log yet."""
        if run_id in self._queue:
            return "queued", records.MESSAGES["queued"]
        if run_id in self._executor.alive() and state == "queued":  # handed over, the worker has not said so yet
            return "preparing", records.MESSAGES["preparing"]
        if run_id in self._executor.alive() and state == "interrupted":  # its worker just ended; how is not known yet
            return "running", records.MESSAGES["running"]
        if run_id in self._ended and state not in ENDED:
            return self._ended[run_id]
        return state, message

    def _enqueue(self, run_id: str, owner: str) -> None:
        _set_state(records.folder_of(run_id), "queued")
        self._ended.pop(run_id, None)
        self._queue[run_id] = owner
        self._pump()

    def _room(self, owner: str) -> None:
        mine = [run_id for run_id in {*self._queue, *self._executor.alive()} if _owner(run_id) == owner]
        if len(mine) >= limits.LEARNER_LIMIT:
            raise FtError(
                f"You have {several(len(mine), 'run')} going or waiting: let one finish or stop it, then start this one."
            )
        if len(self._queue) >= limits.QUEUE_LIMIT:
            raise FtError(f"{len(self._queue)} runs are waiting already: try again in a few minutes.")

    def _order(self) -> list[str]:
        return limits.turns(self._queue, self._served)

    def _pump(self) -> None:
        """Hand waiting runs to workers, and keep one worker in reserve."""
        with self._lock:
            while not self._closed and len(self._executor.alive()) < self._jobs:
                run_id = next((one for one in self._order() if one not in self._executor.alive()), None)
                if run_id is None:
                    break
                self._served[self._queue.pop(run_id)] = max(self._served.values(), default=0) + 1
                self._executor.submit(run_id, self._pause_s)
                if run_id in self._held:
                    self._held.discard(run_id)
                    self._executor.tell(run_id, "hold")
            if not self._closed and self._jobs:
                self._executor.reserve()

    def _over(self, run_id: str, code: int) -> None:
        """A worker has ended: note how, and start the next run. Called with the lock held."""
        with contextlib.suppress(FtError):
            self._note_end(run_id, code)
        self._pump()

    def _note_end(self, run_id: str, code: int) -> None:
        folder, again = records.folder_of(run_id), run_id in self._again
        self._again.discard(run_id)
        state = records.state_of(folder)
        if code == TAKEN or run_id in self._queue or state.state in ENDED:
            return
        if state.state == "paused" and code != DISK_FULL:
            if again and not self._closed:
                self._enqueue(run_id, state.owner)
            return
        if code == DISK_FULL:
            end = "failed", DISK_FULL_SAYS
        elif code == 1:
            end = "failed", "The run met an error that it does not know; its worker.log says more. Resume tries again."
        else:
            end = "interrupted", records.MESSAGES["interrupted"]
        self._ended[run_id] = end
        with contextlib.suppress(OSError):
            records.set_state(folder, *end)

    def _tell(self, run_id: str, owner: str, word: str) -> None:
        _steered(run_id, owner)
        with self._lock:
            self._again.discard(run_id)
            self._executor.tell(run_id, word)

    def _wait(self, ahead: list[str]) -> float:
        """Expected seconds until the runs ahead are through."""
        seconds = 0.0
        for run_id in ahead:
            with contextlib.suppress(FtError):
                seconds += series.seconds_left(records.folder_of(run_id))
        return seconds / max(1, self._jobs)


def _steered(run_id: str, owner: str) -> Path:
    """The folder of a run that this learner may steer; anybody else's raises `FtError`."""
    folder = records.folder_of(run_id)
    if not owner or records.state_of(folder).owner != owner:
        raise FtError("Only the one who started this run can steer it: start one of your own with the same settings.")
    return folder


def _set_state(folder: Path, state: str, message: str = "") -> None:
    _note(folder, Change(state, message or records.MESSAGES[state], time.time()))


def _note(folder: Path, said: Change | Label) -> None:
    try:
        records.append(folder, said)
    except OSError as error:
        raise FtError(f"The run could not be written to disk ({error.strerror}): make room and try again.") from error


@functools.lru_cache(maxsize=256)
def _possible(settings: RunSettings) -> RunSettings:
    """Settings that the backbone of this version can have; others raise `FtError`."""
    recipes.check_settings(settings)
    return settings


def _waiting() -> dict[str, str]:
    """The runs that an earlier server left in its queue, in their order, each with its owner."""
    queued = [(state.since, folder.name, state.owner) for folder, state in shelf.every() if state.state == "queued"]
    return {name: owner for _, name, owner in sorted(queued)}


def _owner(run_id: str) -> str | None:
    try:
        return records.state_of(records.folder_of(run_id)).owner
    except FtError:
        return None
