"""Who works on a run: the process that holds the lock in its folder. The system frees it when that process dies.

Knows nothing about what is in the folder.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout


def lock(folder: Path) -> FileLock:
    """The lock that the process holds which works on this run."""
    return FileLock(folder / "lock")


def is_alive(folder: Path) -> bool:
    """Whether some process works on this run now. Looking disturbs neither that process nor others who look."""
    try:
        return _is_held(folder / "lock")
    except OSError:
        return False  # no lock, or none that a process of this user could hold


if sys.platform == "win32":

    def _is_held(path: Path) -> bool:
        """To look is to take the lock here, so two who look may meet: held is what stays held."""
        for _ in range(20 if path.exists() else 0):
            try:
                with FileLock(path).acquire(timeout=0):
                    return False
            except Timeout:
                time.sleep((1 + secrets.randbelow(10)) / 1000)
        return path.exists()

else:
    import fcntl

    def _is_held(path: Path) -> bool:
        """A shared lock is refused only while a worker holds its exclusive one."""
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False
