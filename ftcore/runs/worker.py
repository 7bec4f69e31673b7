"""One run in a process of its own: `python -m ftcore.runs.worker` waits on stdin for a run folder, then trains.

Further lines on stdin pause, continue or stop it; a pause that lasts ends the process, and the run stays paused. When
stdin closes, the server is gone and it exits at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout

from ftcore import store
from ftcore.costs import machine
from ftcore.data import identity, reading, sets
from ftcore.data.sets import BadPictures, ImageSet
from ftcore.data.splits import listed
from ftcore.errors import FtError
from ftcore.events import DataFound, DataProgress, EpochEnd, Event, PicturesSkipped, RunEnd, to_dict
from ftcore.files import FULL
from ftcore.network import backbones, weights
from ftcore.network.blocks import Network
from ftcore.runs import records
from ftcore.runs.locks import lock
from ftcore.settings import RunSettings
from ftcore.training import checkpoint, snapshots
from ftcore.training.loop import load_images, start_network, train

DISK_FULL = 28
TAKEN = 29
BAD_PICTURES = "bad_pictures.txt"
TOLD_ONCE = ("run_start", "baseline", "epoch_end", "phase_end")
DISK_FULL_SAYS = "The disk is full. Delete old runs or make room, then resume: the finished epochs are kept."


class StopRun(Exception):
    """Raised inside a run's reports to end it after the last finished epoch."""


class PauseRun(Exception):
    """Raised inside a run's reports when a pause lasts: others get the worker, the run stays paused."""


def execute(folder: Path, report: Callable[[Event], None], clock: Callable[[], float] = time.perf_counter) -> None:
    """Run, or go on with, the run in this folder, reporting every event that its log does not hold yet.

    `clock` gives the seconds that count as training time. Whatever `report` raises ends the run.
    """
    settings, log = records.settings_of(folder), records.read_log(folder)[0]
    logged = {_name(record) for record in log if record["event"] in TOLD_ONCE}
    report(_found(settings))
    images = _images(settings, folder / BAD_PICTURES, report)
    identity.compare(_start(log), identity.of(images))
    store.prune(store.budget(), store.RECENT)
    network = start_network(
        settings, len(images.classes), lambda done, total: report(DataProgress("Downloading weights", done, total))
    )
    path = folder / "checkpoint.pt"
    pace = machine.Pace(settings, len(images.train), len(images.val))
    for left in folder.rglob("*.part"):  # by a worker that was killed
        left.unlink(missing_ok=True)
    for event in train(settings, images, network, save_to=path, tap=machine.kernels, clock=clock):
        if isinstance(event, RunEnd):
            save_model(network, images.classes, folder / snapshots.MODEL)
            if event.kept_epoch == max(snapshots.epochs(folder), default=0):
                snapshots.finish(folder, event.kept_epoch)
            event = replace(event, folder=str(folder))
        if _name(to_dict(event)) not in logged:
            if isinstance(event, EpochEnd):
                (folder / snapshots.MODEL).unlink(missing_ok=True)  # of a finished run that was given more epochs
            pace.see(event)
            report(event)


def _images(settings: RunSettings, bad: Path, report: Callable[[Event], None]) -> ImageSet:
    """The images of the run; those that cannot be used are named in the file `bad`, left out or not."""
    bad.unlink(missing_ok=True)
    try:
        images = load_images(settings, lambda what, done, total: report(DataProgress(what, done, total)))
    except BadPictures as error:
        reading.write_list(bad, error.pictures)
        raise
    if images.skipped:
        reading.write_list(bad, images.skipped)
        names = tuple(name for name, _ in images.skipped[:10])
        report(PicturesSkipped(len(images.skipped), names, str(bad)))
    return images


def _found(settings: RunSettings) -> DataFound:
    per_class, seed, labels = settings.train_per_class, settings.seed, settings.labels
    found = sets.summary(settings.data, train_per_class=per_class, seed=seed, labels=labels)
    train, val, test = found.counts["train"], found.counts["val"], found.counts["test"]
    return DataFound(found.sentence, found.classes, train, val, test, found.passed_over, found.notes)


def _name(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record["event"], record.get("phase"), record.get("epoch"), record.get("epochs")


def _start(log: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the run said of its images when it began; empty before that."""
    return next((record for record in log if record["event"] == "run_start"), {})


def save_model(network: Network, classes: Iterable[str], path: Path) -> None:
    """The whole state dict with torchvision's keys; class names and a checksum go into the file's metadata."""
    state = {k: t.detach().cpu().contiguous() for k, t in network.model.state_dict().items()}
    weights.write(path, state, {"backbone": network.backbone, "classes": json.dumps(list(classes))})


def classes_of(folder: Path) -> tuple[str, ...]:
    """The class names of a run in output order."""
    names = _start(records.read_log(folder)[0]).get("classes")
    if not isinstance(names, list):
        raise FtError("This run has not begun to train yet: wait for its first epoch.")
    return tuple(map(str, names))


def tuned_network(folder: Path) -> tuple[Network, tuple[str, ...]]:
    """The network of a run as it stands: finished, or after its last finished epoch; eval mode, with class names."""
    settings, classes = records.settings_of(folder), classes_of(folder)
    if (folder / snapshots.MODEL).exists():
        network = final_network(folder, classes)
    else:
        network = start_network(settings, len(classes))
        if not checkpoint.tuned(folder / "checkpoint.pt", network):
            if not (kept := snapshots.epochs(folder)):
                raise FtError("This run has not finished an epoch yet: wait for it, or resume it.")
            snapshots.put(folder, network, max(kept))
    network.model.eval()
    return network, classes


def final_network(folder: Path, classes: Sequence[str]) -> Network:
    """The network that a finished run has kept. Raises `FtError`, saying what is left, when its file is not sound."""
    file = folder / snapshots.MODEL
    try:
        network = backbones.build(records.settings_of(folder).backbone, len(classes))
        network.model.load_state_dict(weights.read(file, network.model.state_dict()))
        if json.loads(weights.metadata(file).get("classes", "null")) not in (None, list(classes)):
            raise ValueError("its classes are not those of the run")
        return network
    except (OSError, ValueError, RecursionError, FtError) as error:
        left = [str(epoch) for epoch in snapshots.epochs(folder)][:-1]
        back = f" The weights after epoch {listed(left)} are still there to look back at." if left else ""
        raise FtError(
            f"The final weights of this run cannot be used ({file} is damaged): "
            f"`python -m ftcore resume {folder}` makes them anew.{back}"
        ) from error


def is_sound(folder: Path) -> bool:
    """Whether the final weights of a finished run are there and can be used."""
    try:
        final_network(folder, classes_of(folder))
    except FtError:
        return False
    return True


class _Control:
    """Pause, go on and stop, as lines from stdin; the clock stands still during a pause, which lasts `pause_s` at most."""

    def __init__(self, folder: Path, pause_s: float | None) -> None:
        self.folder, self.pause_s, self.stopped, self.lost = folder, pause_s, False, 0.0
        self.running = threading.Event()
        self.running.set()
        self.state = ""

    def clock(self) -> float:
        return time.perf_counter() - self.lost

    def listen(self) -> None:
        for line in sys.stdin:
            word = line.strip()
            self.stopped = self.stopped or word == "stop"
            if word == "pause":
                self.running.clear()
            elif word in ("go", "stop"):
                self.running.set()
        os._exit(3)  # the server has gone, and with it the reason to go on

    def report(self, event: Event) -> None:
        self._enter("preparing" if isinstance(event, DataFound | DataProgress | PicturesSkipped) else "running")
        records.append(self.folder, to_dict(event))
        if isinstance(event, RunEnd):
            return  # nothing is left to pause or to stop
        if not self.running.is_set():
            start = time.perf_counter()
            self._enter("paused")
            if not self.running.wait(self.pause_s):
                raise PauseRun
            self.lost += time.perf_counter() - start
            self._enter("running")
        if self.stopped:
            raise StopRun

    def _enter(self, state: str) -> None:
        if state != self.state:
            records.set_state(self.folder, state)
            self.state = state


def finish(folder: Path, work: Callable[[], None]) -> int:
    """Hold the run's lock, do the work and note how it ended; the exit status says the same, if that cannot be written.

    A run that another process works on is left alone. Raises `FtError` where the lock cannot be taken at all.
    """
    try:
        held = lock(folder).acquire(timeout=10)
    except Timeout:
        return TAKEN
    except OSError as error:
        raise FtError(
            f"The run's folder {folder} cannot be locked ({error.strerror}): mend it or start anew."
        ) from error
    with held:
        try:
            return _finish(folder, work)
        except OSError as error:
            if error.errno not in FULL:
                raise
            print(error, file=sys.stderr)
            return DISK_FULL


def _finish(folder: Path, work: Callable[[], None]) -> int:
    try:
        work()
        records.set_state(folder, "done")
        checkpoint.let_go(folder / "checkpoint.pt", newest=bool(records.state_of(folder).owner))  # large
        return 0
    except StopRun:
        records.set_state(folder, "stopped")
        return 0
    except PauseRun:  # "paused" is what the log says already
        return 0
    except KeyboardInterrupt:
        records.set_state(folder, "stopped")
        raise
    except FtError as error:
        records.set_state(folder, "failed", str(error))
        return 2
    except (MemoryError, torch.OutOfMemoryError):
        says = "The memory of this machine is too small for this run: choose a smaller batch."
        records.set_state(folder, "failed", says)
        return 2


def main() -> int:
    """Wait for a job on stdin (one JSON line: `run` is the folder, `pause_s` how long a pause may last), then do it."""
    if hasattr(os, "nice"):
        os.nice(10)
    line = sys.stdin.readline()
    if not line:
        return 0
    job = json.loads(line)
    folder = Path(job["run"])
    control = _Control(folder, job.get("pause_s"))
    threading.Thread(target=control.listen, daemon=True).start()
    try:
        return finish(folder, lambda: execute(folder, control.report, control.clock))
    except FtError as error:
        records.set_state(folder, "failed", str(error))
        return 2
    except Exception:  # noqa: BLE001 - whatever it is goes to the run's log
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # at once: a thread still waits on stdin, which Python would trip over while it closes down
