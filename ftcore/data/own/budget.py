"""How much a learner's own sets and those of all may take, and when one that nobody uses goes.

A server sets it in its environment: `$THAW_SETS_GB` for each learner (8 if unset), `$THAW_ALL_SETS_GB` for all (40),
`$THAW_SET_DAYS` without use (30); 0 means no limit.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass

from ftcore.data.own import keeping
from ftcore.data.zips import MAX_FILES
from ftcore.errors import FtError
from ftcore.settings import number_from_environment

SPARE = 2**28  # bytes that stay free on the disk
DAYS = 30
SETS_GB, ALL_SETS_GB = 8.0, 40.0


@dataclass(frozen=True)
class Room:
    """Bytes that a learner may still bring, how many there are in all, and what the limit comes from.

    `why` is "learner", "server" or "disk"; `files` is how many pictures one set may hold.
    """

    left: int
    most: int
    why: str
    files: int = MAX_FILES


def room(owner: str, taking: str = "") -> Room:
    """What this learner may still bring, said before anything is sent.

    What has been sent to the set `taking` does not count: it goes once its pictures are in.
    """
    every = [(one, keeping.bytes_of(one, arriving=one.id != taking)) for one in keeping.every()]
    mine, held = sum(size for one, size in every if one.owner == owner), sum(size for _, size in every)
    place = keeping.place()
    place.mkdir(parents=True, exist_ok=True)
    free = max(0, shutil.disk_usage(place).free - SPARE)
    found = [Room(free, free, "disk")]
    limits = {
        "learner": (number_from_environment("THAW_SETS_GB", SETS_GB), mine),
        "server": (number_from_environment("THAW_ALL_SETS_GB", ALL_SETS_GB), held),
    }
    for why, (most, used) in limits.items():
        if most:
            found.append(Room(max(0, int(most * 2**30) - used), int(most * 2**30), why))
    return min(found, key=lambda one: one.left)


def days() -> float:
    """After how many days without use a set goes; 0: never."""
    return number_from_environment("THAW_SET_DAYS", DAYS)


def sweep() -> None:
    """Remove the sets that nobody has used for so long, and what killed processes left. Nothing else is touched."""
    keeping.leftovers()
    limit = days() * 86400
    for one in keeping.every() if limit else ():
        if one.used < time.time() - limit:
            with contextlib.suppress(FtError, OSError):  # one that is in use goes another time
                keeping.remove(one)
