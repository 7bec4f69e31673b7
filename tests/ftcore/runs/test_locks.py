"""Looking whether a run is alive: never wrong, however many look, and never in a worker's way."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ftcore.files import ROOT
from ftcore.runs import locks

LOOK = """
import sys
from pathlib import Path
from ftcore.runs import locks
folder = Path(sys.argv[1])
print(sum(locks.is_alive(folder) for _ in range(3000)))
"""


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """A folder whose lock somebody has held before."""
    with locks.lock(tmp_path):
        pass
    return tmp_path


def test_dead_run_is_never_called_alive_by_many_who_look_at_once(dead: Path) -> None:
    launch = [sys.executable, "-c", LOOK, str(dead)]
    others = [subprocess.Popen(launch, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: locks.is_alive(dead), range(8000)))
    assert sum(found) == 0
    assert [other.communicate()[0] for other in others] == ["0\n"] * 3


def test_those_who_look_do_not_keep_a_worker_from_starting(dead: Path) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            locks.is_alive(dead)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for one in lookers:
        one.start()
    try:
        for _ in range(20):
            with locks.lock(dead).acquire(timeout=10):
                assert all(locks.is_alive(dead) for _ in range(20))
    finally:
        done.set()
        for one in lookers:
            one.join()
    assert not locks.is_alive(dead)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere"), lambda path: None])
def test_lock_that_nobody_can_hold_is_not_held(tmp_path: Path, make: object) -> None:
    make(tmp_path / "lock")  # type: ignore[operator]
    assert not locks.is_alive(tmp_path)
