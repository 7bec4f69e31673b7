"""One run from its folder to its end: events into its log, weights beside it, and how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from filelock import Timeout

from ftcore import store
from ftcore.costs import machine
from ftcore.costs.pace import Pace
from ftcore.data import identity, reading, sets
from ftcore.data.reading import BadPictures
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.events import (
    Baseline,
    DataFound,
    DataProgress,
    EpochEnd,
    Event,
    HeadAlone,
    PhaseEnd,
    PicturesSkipped,
    RunEnd,
    RunStart,
)  # fmt: skip
from ftcore.files import FULL
from ftcore.runs import records, series
from ftcore.runs.locks import lock
from ftcore.runs.results import save_model, start_of
from ftcore.settings import RunSettings
from ftcore.training import checkpoint, snapshots
from ftcore.training.loop import train
from ftcore.training.start import load_images, start_network

DISK_FULL = 28
TAKEN = 29
BAD_PICTURES = "bad_pictures.txt"


TOLD_ONCE = (RunStart, Baseline, EpochEnd, HeadAlone, PhaseEnd)


DISK_FULL_SAYS = "The disk is full. Delete old runs or make room, then resume: the finished epochs are kept."


class StopRun(Exception):
    """Raised inside a run's reports to end it after the last finished epoch."""


class PauseRun(Exception):
    """Raised inside a run's reports when a pause lasts: others get the worker, the run stays paused."""


def execute(folder: Path, report: Callable[[Event], None], clock: Callable[[], float] = time.perf_counter) -> None:
    """Run, or go on with, the run or series in this folder, reporting every event that its log does not hold yet.

    `clock` gives the seconds that count as training time. Whatever `report` raises ends the run.
    """
    if trainings := series.of(folder):
        series.execute(folder, trainings, report, clock)
        return
    settings, log = records.settings_of(folder), records.read_log(folder)[0]
    logged = {_name(said) for said in log if isinstance(said, TOLD_ONCE)}
    report(_found(settings))
    images = _images(settings, folder / BAD_PICTURES, report)
    if start := start_of(log):
        identity.compare(identity.begun(start), identity.of(images))
    store.prune(store.budget(), store.RECENT)
    network = start_network(
        settings, len(images.classes), lambda done, total: report(DataProgress("Downloading weights", done, total))
    )
    path = folder / "checkpoint.pt"
    pace = Pace(settings, len(images.train), len(images.val))
    for left in folder.rglob("*.part"):  # by a worker that was killed
        left.unlink(missing_ok=True)
    for event in train(settings, images, network, save_to=path, taps=machine.taps, clock=clock):
        if isinstance(event, RunEnd):
            save_model(network, images.classes, folder / snapshots.MODEL)
            if event.kept_epoch == max(snapshots.epochs(folder), default=0):
                snapshots.finish(folder, event.kept_epoch)
            event = replace(event, folder=str(folder))
        if _name(event) not in logged:
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
    summary = sets.summary(settings.data, train_per_class=per_class, seed=seed, labels=labels)
    train, val, test = summary.counts["train"], summary.counts["val"], summary.counts["test"]
    return DataFound(summary.sentence, summary.classes, train, val, test, summary.passed_over, summary.notes)


def _name(said: object) -> tuple[object, ...]:
    """What an event is about: one of the same kind about the same is told once."""
    match said:
        case EpochEnd(phase=phase, epoch=epoch):
            return EpochEnd, phase, epoch
        case HeadAlone(after=after, val_loss=losses):
            return HeadAlone, after, len(losses)  # more of it for a run that was given more epochs
        case PhaseEnd(phase=phase, epochs=epochs):
            return PhaseEnd, phase, epochs
        case _:
            return (type(said),)


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
