"""A run's folder: settings, an append-only log, and what state the run is in according to them.

A run is a folder with an unguessable name. Whatever is damaged in it is left out or told in one `FtError`. This module
knows nothing about processes or training.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import re
import secrets
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftcore import events
from ftcore.errors import FtError
from ftcore.events import CacheProgress, DataProgress, EpochEnd, Event, RunEnd, StepProgress, TrainingEnd
from ftcore.files import home, whole
from ftcore.names import tidy
from ftcore.runs.locks import is_alive
from ftcore.settings import RunSettings

ID = re.compile(r"[0-9a-f]{32}")
NAME_LETTERS, NOTE_LETTERS = 60, 500
PASSING = (DataProgress, CacheProgress, StepProgress)
BUSY = ("preparing", "running")
MESSAGES = {
    "queued": "Waiting for its turn.",
    "preparing": "Getting images and frozen features ready.",
    "running": "Training.",
    "paused": "Paused. Resume goes on after the last finished epoch.",
    "stopped": "Stopped. Resume goes on after the last finished epoch.",
    "interrupted": "The training process ended unexpectedly. Nothing of the finished epochs is lost: resume goes on after the last one.",
    "failed": "The run failed.",
    "done": "Finished.",
}


@dataclass(frozen=True)
class RunState:
    """The last known state of a run, from its log. `since` and `created` are in seconds since 1970.

    `trained` counts the finished trainings of a series.
    """

    state: str
    message: str
    since: float
    created: Created
    epochs_done: int
    result: RunEnd | None
    label: Label
    trained: int

    @property
    def owner(self) -> str:
        """For whom it was made, "" for a run of a terminal."""
        return self.created.owner


@dataclass(frozen=True)
class Created:
    """The first line of a log: when the run was made, in seconds since 1970, for whom, and for what.

    `part_of` is the experiment that made it, "" for a run that a learner started.
    """

    time: float
    owner: str
    part_of: str = ""


@dataclass(frozen=True)
class Label:
    """What its owner calls a run, a note, and whether it stands first in lists."""

    name: str = ""
    note: str = ""
    pinned: bool = False

    @classmethod
    def of(cls, name: str, note: str, pinned: bool) -> Label:
        """A label from what was typed: on one line each, and no longer than a page can show."""
        return cls(tidy(" ".join(name.split()))[:NAME_LETTERS], tidy(" ".join(note.split()))[:NOTE_LETTERS], pinned)


@dataclass(frozen=True)
class Change:
    """A run's state became another one."""

    state: str
    message: str
    time: float


Line = Event | Created | Change | Label
KINDS: dict[str, type[Any]] = {**events.KINDS, "created": Created, "state": Change, "label": Label}
_NAMES = {kind: name for name, kind in KINDS.items()}


def new(settings: RunSettings, owner: str = "", folder: Path | None = None, part_of: str = "") -> Path:
    """Make a run folder with its settings and the first line of its log; on a failure nothing remains."""
    folder = folder or home() / "runs" / secrets.token_hex(16)
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError as error:
        raise FtError(f"{folder} exists already: choose another folder, or continue that run with resume.") from error
    except OSError as error:
        raise FtError(f"{folder} cannot be made ({error.strerror}): choose another folder.") from error
    try:
        (folder / "settings.json").write_text(settings.to_json(), "utf-8")
        append(folder, Created(time.time(), owner, part_of))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise FtError(
            f"The run could not be written to disk ({error.strerror}): make room, such as by deleting old runs, "
            "and try again."
        ) from error
    return folder


def folder_of(run_id: str) -> Path:
    """The folder of a run by its id. Anything that is not the id of a run that can be read raises `FtError`."""
    folder = home() / "runs" / run_id
    try:
        known = bool(ID.fullmatch(run_id)) and (folder / "settings.json").is_file()
    except OSError as error:
        raise FtError(_closed(folder, error)) from error
    if not known:
        raise FtError("There is no such run here: it may have been deleted. Start a new one.")
    return folder


def _closed(folder: Path, error: OSError) -> str:
    return (
        f"The run {folder.name} cannot be read ({error.strerror}): ask whoever keeps this machine, or start a new one."
    )


def settings_of(folder: Path) -> RunSettings:
    """The settings of a run."""
    try:
        return RunSettings.stored((folder / "settings.json").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FtError(f"{folder} is no run folder: name one that holds a settings.json.") from error


def append(folder: Path, said: Line) -> None:
    """Add one line to the log; a line that a killed writer left unfinished is closed first.

    What merely passes (progress) replaces the one before in a file of its own, so that the log stays short.
    """
    line = json.dumps({"event": _NAMES[type(said)], **dataclasses.asdict(said)}) + "\n"
    if isinstance(said, PASSING):
        # a system that forbids replacing a file while it is read may refuse: the next one comes soon
        with contextlib.suppress(PermissionError), whole(folder / "progress.json", flush=False) as file:
            file.write(line.encode())
        return
    with (folder / "events.jsonl").open("ab+") as log:
        size = log.seek(0, os.SEEK_END)
        if size:
            log.seek(size - 1)
            if log.read(1) != b"\n":
                line = "\n" + line
        log.write(line.encode())
        log.flush()
        os.fsync(log.fileno())


def set_state(folder: Path, state: str, message: str = "") -> None:
    """Note a change of state; without a message the usual sentence for it is used."""
    append(folder, Change(state, message or MESSAGES[state], time.time()))


def read_log(folder: Path, offset: int = 0) -> tuple[list[Line], int]:
    """Whole lines of the log from a byte offset, and the offset to go on from.

    Lines that are damaged, of an unknown kind or with a field that cannot be are left out. A log that cannot be read
    raises `FtError`.
    """
    if _log_status(folder) is None:
        return [], offset
    try:
        with (folder / "events.jsonl").open("rb") as log:
            log.seek(offset)
            data = log.read()
    except OSError as error:
        raise FtError(_closed(folder, error)) from error
    data = data[: data.rfind(b"\n") + 1]
    lines = [said for said in map(_line, data.splitlines()) if said is not None]
    return lines, offset + len(data)


def _log_status(folder: Path) -> os.stat_result | None:
    """Size and time of the log, None where there is none yet. What is no file that can be read raises `FtError`."""
    try:
        status = (folder / "events.jsonl").stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FtError(_closed(folder, error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise FtError(f"The log of the run {folder.name} is no file: delete the run's folder, or start a new run.")
    return status


def _line(text: bytes) -> Line | None:
    """One line of a log if it is sound: of a known kind with the fields that this kind has."""
    try:
        record = json.loads(text)
        said: Line = events.build(KINDS[record["event"]], record)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return None if isinstance(said, Change) and said.state not in MESSAGES else said


def progress(folder: Path) -> DataProgress | CacheProgress | StepProgress | None:
    """The latest passing event, if there is one."""
    try:
        said = _line((folder / "progress.json").read_bytes())
    except OSError:
        return None
    return said if isinstance(said, PASSING) else None


def state_of(folder: Path) -> RunState:
    """Fold the log into the run's state; a busy run without a living process is interrupted."""
    said = _told(folder)
    if said.state in BUSY and not is_alive(folder):
        said = _told(folder)  # again: it may have ended between the two looks
        if said.state in BUSY:
            said = dataclasses.replace(said, state="interrupted", message=MESSAGES["interrupted"])
    return said


def _told(folder: Path) -> RunState:
    """The state according to the log, which is read anew only when it has changed."""
    file = _log_status(folder)
    return _folded(folder, file.st_size, file.st_mtime_ns) if file else _folded(folder, 0, 0)


@functools.lru_cache(maxsize=512)
def _folded(folder: Path, _size: int, _changed: int) -> RunState:
    log, _ = read_log(folder)
    never = Change("interrupted", MESSAGES["interrupted"], 0.0)
    last = next((said for said in reversed(log) if isinstance(said, Change)), never)
    created = next((said for said in log if isinstance(said, Created)), Created(0.0, ""))
    epochs = {said.epoch for said in log if isinstance(said, EpochEnd)}
    result = next((said for said in reversed(log) if isinstance(said, RunEnd)), None)
    label = next((said for said in reversed(log) if isinstance(said, Label)), Label())
    trained = {said.number for said in log if isinstance(said, TrainingEnd)}
    return RunState(last.state, last.message, last.time, created, len(epochs), result, label, len(trained))


def delete(folder: Path) -> None:
    """Remove a run for good. A run that is being worked on raises `FtError`."""
    if is_alive(folder):
        raise FtError("This run is still going: stop it first, then delete it.")
    doomed = folder.with_name(folder.name + ".deleted")
    try:
        os.replace(folder, doomed)
    except OSError as error:
        raise FtError("A file of this run is in use: close what shows it, then delete the run again.") from error
    shutil.rmtree(doomed, ignore_errors=True)
