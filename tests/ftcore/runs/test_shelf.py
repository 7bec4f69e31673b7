"""The folder of all runs: what earlier processes left is removed, and a learner's bytes are counted."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ftcore.runs import locks, shelf
from tests.ftcore.runs.told import FILES, whole_run

pytestmark = pytest.mark.usefixtures("waiting")


def test_start_removes_what_earlier_processes_left(home: Path) -> None:
    kept, gone = old_and_new(home)
    shelf.sweep()
    assert [path for path in kept if not path.exists()] == []
    assert [path for path in gone if path.exists()] == []


def old_and_new(home: Path) -> tuple[list[Path], list[Path]]:
    """Things that must stay, and leftovers that must go."""
    sound, part = whole_run(), whole_run() / "states" / "1-000001.pt.77.part"
    half, young, damaged = (home / "runs" / (letter * 32) for letter in "abc")
    doomed, stray = home / "runs" / ("d" * 32 + ".deleted"), home / "runs" / ("e" * 32)
    old = [home / "data" / ".part-1", home / "features" / "x.npy.1.part", home / "learners" / "l.json.1.part"]
    new = [home / "data" / ".part-2", home / "features" / "y.npy.1.part", home / "data" / "set"]
    for folder in (part.parent, half, young, damaged, doomed, old[0], new[0], new[2]):
        folder.mkdir(parents=True)
    for file in (
        part,
        damaged / "events.jsonl",
        doomed / "model.safetensors",
        stray,
        *old[1:],
        new[1],
        old[0] / "images.npy",
    ):
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    past = time.time() - 2 * shelf.STALE_SECONDS
    for path in (half, damaged, stray, old[0] / "images.npy", *old, new[2]):
        os.utime(path, (past, past))
    return [sound, part.parent, young, damaged, stray, *new], [part, half, doomed, *old]


def test_files_of_a_run_at_work_are_not_swept() -> None:
    part = whole_run() / "model.safetensors.5.part"
    part.write_text("x")
    with locks.lock(part.parent):
        shelf.sweep()
        assert part.exists()
    shelf.sweep()
    assert not part.exists()


def test_bytes_of_a_learner_are_those_of_all_files() -> None:
    for owner, size in (("me", 1000), ("me", 20_000), ("you", 7)):
        folder = whole_run(owner)
        (folder / "states").mkdir()
        (folder / "states" / "1.pt").write_bytes(b"x" * size)
        for name in FILES[:3]:
            (folder / name).write_bytes((folder / name).read_bytes())
    mine = [f for f, state in shelf.every() if state.owner == "me"]
    files = [file for folder in mine for file in folder.rglob("*") if file.is_file()]
    assert shelf.bytes_of("me") == sum(file.stat().st_size for file in files) > 21_000
    assert shelf.bytes_of("nobody") == 0
