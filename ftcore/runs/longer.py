"""More epochs for a run that has trained already: checked, then written into its settings.

What a longer run does afterwards equals, bit for bit, what it would have done with these epochs from the start.
This module knows nothing about how a run is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ftcore.errors import FtError
from ftcore.events import EpochEnd, PhaseEnd
from ftcore.files import whole
from ftcore.numerals import several
from ftcore.runs import locks, records
from ftcore.settings import RunSettings


def extend(folder: Path, epochs: Sequence[int]) -> None:
    """Give each phase of a run its number of epochs: more in the last one that has begun, any in those to come.

    Raises `FtError`, and changes nothing, where that cannot continue what the run has done.
    """
    settings = records.settings_of(folder)
    if locks.is_alive(folder):
        raise FtError("This run is going on in another process: wait for it or stop it there.")
    if len(epochs) != len(settings.phases):
        raise FtError(
            f"The run has {several(len(settings.phases), 'phase')}, so --epochs takes as many numbers: give all of them."
        )
    log, _ = records.read_log(folder)
    if done := _done(log):
        _check(settings, epochs, done)
        _check_rest(folder, settings, epochs, log)
    phases = tuple(
        dataclasses.replace(phase, epochs=count) for phase, count in zip(settings.phases, epochs, strict=True)
    )
    text = dataclasses.replace(settings, phases=phases).to_json()
    with whole(folder / "settings.json") as file:
        file.write(text.encode())


def _done(log: Sequence[object]) -> list[int]:
    """How many epochs each phase has done, as far as any has begun."""
    pairs = {(said.phase, said.epoch) for said in log if isinstance(said, EpochEnd)}
    return [sum(phase == number for phase, _ in pairs) for number in range(1, max(pairs, default=(0, 0))[0] + 1)]


def _check(settings: RunSettings, epochs: Sequence[int], done: Sequence[int]) -> None:
    going = len(done)
    for number, phase in enumerate(settings.phases[: going - 1], 1):
        if epochs[number - 1] != phase.epochs:
            kept = several(phase.epochs, "epoch")
            raise FtError(f"Phase {number} is over and keeps its {kept}: give that number.")
    phase, asked = settings.phases[going - 1], epochs[going - 1]
    if asked < done[-1]:
        raise FtError(f"Phase {going} has done {several(done[-1], 'epoch')} already: give at least as many.")
    if asked != phase.epochs and phase.schedule == "cosine":
        raise FtError(
            f"The learning rate of phase {going} follows a cosine over its {several(phase.epochs, 'epoch')}, and other epochs "
            "would have had other rates from the first step on: start a new run."
        )


def _check_rest(folder: Path, settings: RunSettings, epochs: Sequence[int], log: Sequence[object]) -> None:
    going = max(said.phase for said in log if isinstance(said, EpochEnd))
    if list(epochs) == [phase.epochs for phase in settings.phases]:
        if records.state_of(folder).state == "done":
            raise FtError("This run has done these epochs already: give the last phase more.")
        return
    ended = [said for said in log if isinstance(said, PhaseEnd) and said.phase == going]
    if ended and ended[-1].early and epochs[going - 1] != settings.phases[going - 1].epochs:
        raise FtError(f"Phase {going} was ended by early stopping, so more epochs change nothing: start a new run.")
    if not any((folder / name).exists() for name in ("checkpoint.pt", "checkpoint.old.pt")):
        raise FtError(
            "This run let its checkpoint go when it was finished, and cannot go on without: start a new run with "
            f"`python -m ftcore train --settings {folder / 'settings.json'}`."
        )
