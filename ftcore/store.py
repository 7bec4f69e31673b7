"""What is kept only to save time, and how much of it: prepared images (`data/`) and frozen features (`features/`).

Both share one budget, and what was used longest ago goes first. Knows nothing about what is in them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftcore.files import home
from ftcore.settings import number_from_environment

PART = ".part-"
RECENT = 600.0
STALE_SECONDS = 3600.0


@dataclass(frozen=True, order=True)
class Kept:
    """Something kept: when it was used last (seconds since 1970), where it lies, its bytes."""

    used: float
    path: Path
    size: int


def budget() -> int:
    """Bytes that prepared images and features may fill together: `$THAW_CACHE_GB` gigabytes, 8 if unset."""
    return int(number_from_environment("THAW_CACHE_GB", 8) * 2**30)


def prune(room: int, recent: float = 0.0) -> int:
    """Remove what was used longest ago until the rest fits into `room` bytes; returns the bytes removed.

    What was used in the last `recent` seconds stays, since a run may be about to open it; a run that has opened
    something keeps it even when it is removed. Leftovers of killed processes go when they are an hour old.
    """
    removed, files, now = _clear(), sorted(entries()), time.time()
    total = sum(each.size for each in files)
    for each in files:
        if total <= room or each.used > now - recent:
            break
        if remove(each.path):
            total, removed = total - each.size, removed + each.size
    return removed


def entries() -> Iterator[Kept]:
    """All that is kept: sets of prepared images, files of features."""
    for path in _inside("data"):
        if not path.name.startswith(PART):
            with contextlib.suppress(OSError):  # another process may have just removed it
                yield Kept(_used(path / "meta.json"), path, size(path))
    for path in _inside("features"):
        if path.suffix == ".npy":
            with contextlib.suppress(OSError):
                yield Kept(path.stat().st_mtime, path, size(path))


def size(path: Path) -> int:
    """Bytes of a file, or of the files right in a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def below(folder: Path) -> int:
    """Bytes of all files below a folder, passing over what goes meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def remove(path: Path) -> bool:
    """Take a file or folder away in one step, so that no one finds half of it, then delete it. Whether it went."""
    aside = path.parent / f"{PART}{uuid.uuid4().hex}"
    try:
        path.rename(aside)
        aside.unlink() if aside.is_file() else shutil.rmtree(aside, ignore_errors=True)
    except OSError:  # gone already, or held open on a system that does not let go
        return False
    return True


def _inside(name: str) -> list[Path]:
    folder = home() / name
    return list(folder.iterdir()) if folder.is_dir() else []


def _used(meta: Path) -> float:
    return meta.stat().st_mtime if meta.exists() else 0.0


def _clear() -> int:
    """Remove what killed processes left unfinished; the bytes."""
    removed = 0
    for path in (*_inside("data"), *_inside("features")):
        if path.name.startswith(PART) or path.suffix == ".part":
            with contextlib.suppress(OSError):
                changed = max(file.stat().st_mtime for file in (path, *(path.iterdir() if path.is_dir() else ())))
                bytes_ = size(path)
                if changed < time.time() - STALE_SECONDS and remove(path):
                    removed += bytes_
    return removed
