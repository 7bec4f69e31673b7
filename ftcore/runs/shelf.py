"""The folder of all runs: which can be read, how much a learner's take, and what earlier processes left over.

What cannot be read is passed over and named in the log. This module knows nothing about workers or queues.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ftcore import store
from ftcore.errors import FtError
from ftcore.files import home
from ftcore.runs import records
from ftcore.runs.locks import is_alive
from ftcore.runs.records import RunState

LOG = logging.getLogger(__name__)
STALE_SECONDS = 3600.0
KEPT = ("data", "features", "learners", "downloads")


def every() -> list[tuple[Path, RunState]]:
    """All runs that can be read, in no order. What cannot be read is passed over and named in the log, once."""
    states = []
    for folder in _folders():
        try:
            states.append((records.folder_of(folder.name), records.state_of(folder)))
        except FtError as error:
            pass_over(folder, str(error))
    return states


@functools.lru_cache(maxsize=1024)
def pass_over(path: Path, why: str) -> None:
    """Name in the log what a list leaves out. The cache is what makes it once."""
    LOG.warning("%s is passed over: %s", path, why)


def bytes_of(owner: str) -> int:
    """What all runs of a learner take on the disk."""
    return sum(store.below(folder) for folder, state in every() if state.owner == owner)


def sweep() -> None:
    """Remove what killed processes left: deleted and half-made runs, files that were being written."""
    for folder in _entries(home() / "runs"):
        if folder.name.endswith(".deleted") or (records.ID.fullmatch(folder.name) and _is_half_made(folder)):
            shutil.rmtree(folder, ignore_errors=True)
    for folder in _folders():
        if not folder.is_symlink() and not is_alive(folder):
            for part in _parts(folder):
                _remove(part)
    for name in KEPT:
        for part in _parts(home() / name):
            if _is_stale(part):
                _remove(part)


def _folders() -> list[Path]:
    return [path for path in _entries(home() / "runs") if records.ID.fullmatch(path.name)]


def _entries(place: Path) -> list[Path]:
    try:
        return sorted(place.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        pass_over(place, str(error.strerror))
        return []


def _is_half_made(folder: Path) -> bool:
    """Has it neither settings nor log? A run that has lost its settings only is damaged, and for people to look at."""
    for name in ("settings.json", "events.jsonl"):
        try:
            os.lstat(folder / name)
        except FileNotFoundError:
            continue
        except OSError:
            pass
        return False
    return _is_stale(folder)


def _is_stale(path: Path) -> bool:
    """Has nothing in it changed for an hour?"""
    newest = 0.0
    with contextlib.suppress(OSError):
        for one in (path, *(_entries(path) if os.path.isdir(path) else ())):
            newest = max(newest, os.lstat(one).st_mtime)
    return 0 < newest < time.time() - STALE_SECONDS


def _parts(place: Path) -> Iterator[Path]:
    """Files and folders that were being written, in `place` and the folders in it. Links are not followed."""
    for at, folders, files in os.walk(place):
        for name in (*folders, *files):
            if name.startswith(".part-") or name.endswith(".part"):
                yield Path(at, name)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
