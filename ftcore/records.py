"""Run folders: settings, an append-only log, and what state a run is in according to them.

A run is a folder with an unguessable name. This module knows nothing about processes or training.
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
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ftcore.files import whole
from ftcore.settings import FtError, RunSettings, home

ID = re.compile(r"[0-9a-f]{32}")
PASSING = ("data_progress", "cache_progress", "step_progress")
BUSY = ("preparing", "running", "paused")
MESSAGES = {
    "queued": "Waiting for its turn.",
    "preparing": "Getting images and frozen features ready.",
    "running": "Training.",
    "paused": "Paused. Resume goes on from here.",
    "stopped": "Stopped. Resume goes on after the last finished epoch.",
    "interrupted": "The training process ended unexpectedly. Nothing of the finished epochs is lost: resume goes on after the last one.",
    "failed": "The run failed.",
    "done": "Finished.",
}


@dataclass(frozen=True)
class State:
    """The last known state of a run, from its log. `since` and `created` are in seconds since 1970."""

    state: str
    message: str
    since: float
    created: float
    owner: str
    epochs_done: int
    result: dict[str, Any] | None


def new(settings: RunSettings, owner: str = "", folder: Path | None = None) -> Path:
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
        append(folder, {"event": "created", "time": time.time(), "owner": owner})
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise FtError(
            f"The run could not be written to disk ({error.strerror}): make room, such as by deleting old runs, "
            "and try again."
        ) from error
    return folder


def folder_of(run_id: str) -> Path:
    """The folder of a run by its id. Anything that is not the id of an existing run raises `FtError`."""
    folder = home() / "runs" / run_id
    if not ID.fullmatch(run_id) or not (folder / "settings.json").is_file():
        raise FtError("There is no such run here: it may have been deleted. Start a new one.")
    return folder


def settings_of(folder: Path) -> RunSettings:
    """The settings of a run."""
    try:
        return RunSettings.stored((folder / "settings.json").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FtError(f"{folder} is no run folder: name one that holds a settings.json.") from error


def append(folder: Path, record: Mapping[str, Any]) -> None:
    """Add one line to the log; a line that a killed writer left unfinished is closed first.

    What merely passes (progress) replaces the one before in a file of its own, so that the log stays short.
    """
    line = json.dumps(record) + "\n"
    if record["event"] in PASSING:
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
    append(folder, {"event": "state", "state": state, "message": message or MESSAGES[state], "time": time.time()})


def read_log(folder: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Whole lines of the log from a byte offset, and the offset to go on from. Damaged lines are left out."""
    try:
        with (folder / "events.jsonl").open("rb") as log:
            log.seek(offset)
            data = log.read()
    except FileNotFoundError:
        return [], offset
    data = data[: data.rfind(b"\n") + 1]
    records = []
    for line in data.splitlines():
        try:
            record = dict(json.loads(line))
        except (ValueError, TypeError):
            continue
        if "event" in record:
            records.append(record)
    return records, offset + len(data)


def progress(folder: Path) -> dict[str, Any] | None:
    """The latest passing event, if there is one."""
    try:
        return dict(json.loads((folder / "progress.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def lock(folder: Path) -> FileLock:
    """The lock that the process holds which works on this run; the system frees it when that process dies."""
    return FileLock(folder / "lock")


def is_alive(folder: Path) -> bool:
    """Whether some process works on this run now."""
    if not (folder / "lock").exists():
        return False
    try:
        with lock(folder).acquire(timeout=0):
            return False
    except Timeout:
        return True


def state_of(folder: Path) -> State:
    """Fold the log into the run's state; a busy run without a living process is interrupted."""
    said = _told(folder)
    if said.state in BUSY and not is_alive(folder):
        said = _told(folder)  # again: it may have ended between the two looks
        if said.state in BUSY:
            said = dataclasses.replace(said, state="interrupted", message=MESSAGES["interrupted"])
    return said


def _told(folder: Path) -> State:
    """The state according to the log, which is read anew only when it has changed."""
    try:
        file = (folder / "events.jsonl").stat()
    except FileNotFoundError:
        return _folded(folder, 0, 0)
    return _folded(folder, file.st_size, file.st_mtime_ns)


@functools.lru_cache(maxsize=512)
def _folded(folder: Path, _size: int, _changed: int) -> State:
    log, _ = read_log(folder)
    last = _last_state(log)
    created: dict[str, Any] = next((r for r in log if r["event"] == "created"), {"time": 0.0, "owner": ""})
    epochs = {r["epoch"] for r in log if r["event"] == "epoch_end"}
    result = next((r for r in reversed(log) if r["event"] == "run_end"), None)
    return State(
        last["state"], last["message"], last["time"], created["time"], created["owner"], len(epochs), result
    )  # fmt: skip


def _last_state(log: list[dict[str, Any]]) -> dict[str, Any]:
    never = {"state": "interrupted", "message": MESSAGES["interrupted"], "time": 0.0}
    return next((r for r in reversed(log) if r["event"] == "state"), never)


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
