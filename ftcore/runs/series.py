"""Several trainings as one run, for their numbers alone: no weights, no checkpoint, the log holds each one's epochs.

A killed worker goes on after the last training that was finished. This module knows nothing about processes or queues.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ftcore.costs import estimate, machine
from ftcore.errors import FtError
from ftcore.events import EpochEnd, Event, TrainingEnd
from ftcore.files import whole
from ftcore.runs import records
from ftcore.settings import RunSettings
from ftcore.training.loop import train
from ftcore.training.start import load_images, start_network

FILE = "series.json"


def new(trainings: Sequence[RunSettings], owner: str, part_of: str = "") -> Path:
    """A run folder for these trainings, no series if there is but one; on a failure nothing remains (`FtError`)."""
    folder = records.new(trainings[0], owner, part_of=part_of)
    if len(trainings) > 1:
        try:
            with whole(folder / FILE) as file:
                file.write(json.dumps([json.loads(one.to_json()) for one in trainings]).encode())
        except OSError as error:
            records.delete(folder)
            raise FtError(
                f"The run could not be written to disk ({error.strerror}): make room and try again."
            ) from error
    return folder


def of(folder: Path) -> tuple[RunSettings, ...]:
    """The trainings of a series in order; none for any other run. A damaged list raises `FtError`."""
    try:
        rows = json.loads((folder / FILE).read_bytes())
        return tuple(RunSettings.stored(json.dumps(row)) for row in rows)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise FtError(f"The list of trainings in {folder} is damaged ({error}): start them anew.") from error


def finished(log: Iterable[object]) -> dict[int, tuple[EpochEnd, ...]]:
    """The epochs of each training that a log tells of, by its place from 1."""
    return {said.number: said.epochs for said in log if isinstance(said, TrainingEnd)}


def seconds_left(folder: Path) -> float:
    """Expected seconds until a run, or all trainings of a series, are through."""
    if trainings := of(folder):
        done = finished(records.read_log(folder)[0])
        return sum(estimate.of_run(one).seconds for at, one in enumerate(trainings, 1) if at not in done)
    settings = records.settings_of(folder)
    left = 1 - records.state_of(folder).epochs_done / settings.epochs
    return estimate.of_run(settings).seconds * max(left, 0.0)


def execute(
    folder: Path, trainings: Sequence[RunSettings], report: Callable[[Event], None],
    clock: Callable[[], float] = time.perf_counter,
) -> None:  # fmt: skip
    """Train those that are not finished yet, one after another. Whatever `report` raises ends the series.

    What passes is reported as by any run, and a `TrainingEnd` after each training.
    """
    done = finished(records.read_log(folder)[0])
    for number, settings in enumerate(trainings, 1):
        if number not in done:
            report(TrainingEnd(number, epochs_of(settings, report, clock)))


def epochs_of(
    settings: RunSettings, report: Callable[[Event], None] = lambda event: None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[EpochEnd, ...]:  # fmt: skip
    """Train now and give back the epochs; what passes is reported, nothing is kept."""
    images = load_images(settings)
    network = start_network(settings, len(images.classes))
    epochs: list[EpochEnd] = []
    for event in train(settings, images, network, taps=machine.taps, clock=clock):
        if isinstance(event, EpochEnd):
            epochs.append(event)
        elif isinstance(event, records.PASSING):
            report(event)
    return tuple(epochs)
