"""Run folders that are damaged, not ours or left over: lists pass them by, one sentence tells of the run itself."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ftcore import events
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, PhaseEnd, RunEnd, RunStart, StepProgress
from ftcore.runs import locks, manager, records, service, shelf
from ftcore.runs.manager import Manager
from ftcore.settings import RunSettings

FILES = ("events.jsonl", "settings.json", "progress.json", "lock")
EPOCH = EpochEnd(1, 1, 0.9, 0.5, 0.8, 0.6, 0.7, 0.65, 1e-3, {"head": 0.5}, 2.0)
TOLD = (
    RunStart("resnet18-tinyimagenet64", "sketchbook", ("a", "b"), 8, 2, 2, ("conv1", "head"), "cpu"),
    Baseline(2.3, 0.1), EPOCH, dataclasses.replace(EPOCH, epoch=2), PhaseEnd(1, "Train the head", 2, False, 4.0),
    RunEnd(0.5, 0.9, 2, 5.0, "here"), StepProgress(1, 2, 3, 5, 0.9, 0.1),
)  # fmt: skip
ODD: dict[str, Any] = {
    "no owner": {"event": "created", "time": 1.0},
    "owner a number": {"event": "created", "time": 1.0, "owner": 3},
    "time a text": {"event": "created", "time": "soon", "owner": "me"},
    "time not finite": {"event": "created", "time": float("inf"), "owner": "me"},
    "unknown state": {"event": "state", "state": "lost", "message": "", "time": 1.0},
    "state a list": {"event": "state", "state": ["done"], "message": "", "time": 1.0},
    "message none": {"event": "state", "state": "done", "message": None, "time": 1.0},
    "event a list": {"event": ["state"], "state": "done"},
    "a list": [1, 2],
    "a number": 3,
    "epoch a list": events.to_dict(EPOCH) | {"epoch": [1]},
    "epoch none": events.to_dict(EPOCH) | {"epoch": None},
    "epoch true": events.to_dict(EPOCH) | {"epoch": True},
    "epoch huge": events.to_dict(EPOCH) | {"epoch": 10**400},
    "epoch a fraction": events.to_dict(EPOCH) | {"epoch": 1.5},
    "drift a list": events.to_dict(EPOCH) | {"drift": []},
    "drift of texts": events.to_dict(EPOCH) | {"drift": {"head": "far"}},
    "accuracy of 9": events.to_dict(EPOCH) | {"val_accuracy": 9.0},
    "half an epoch": {"event": "epoch_end", "phase": 1, "epoch": 1},
    "classes a text": events.to_dict(TOLD[0]) | {"classes": "ab"},
}


@pytest.fixture(autouse=True)
def waiting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The manager of this process, one that starts nothing."""
    made = Manager(0)
    monkeypatch.setattr(service, "_manager", lambda: made)
    yield made
    made.close()


def run(owner: str = "me") -> Path:
    folder = records.new(RunSettings(), owner)
    for event in TOLD:
        records.append(folder, event)
    records.set_state(folder, "stopped")
    return folder


def looks(manager: Manager, run_id: str) -> dict[str, Callable[[], object]]:
    return {
        "status": lambda: manager.status(run_id),
        "read_events": lambda: service.read_events(run_id),
        "resume": lambda: manager.resume(run_id, "me"),
        "stop": lambda: manager.stop(run_id, "me"),
        "delete": lambda: manager.delete(run_id, "me"),
    }


def as_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def as_dangling_link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.with_name("nowhere"))


def bear(manager: Manager, damaged: Path, name: str) -> None:
    """Try one entry point at a damaged run, and see that lists show the sound one."""
    sound = run()
    with contextlib.suppress(FtError):
        looks(manager, damaged.name)[name]()
    assert sound.name in [status.id for status in service.history("me")]
    manager._queue.clear()


NAMES = ("status", "read_events", "resume", "stop", "delete")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [as_folder, as_dangling_link])
def test_files_that_are_something_else(waiting: Manager, damage: Callable[[Path], None], file: str, name: str) -> None:
    folder = run()
    damage(folder / file)
    bear(waiting, folder, name)


@pytest.mark.parametrize("name", NAMES)
def test_stray_file_with_a_runs_name(waiting: Manager, home: Path, name: str) -> None:
    stray = home / "runs" / ("a" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_text("x")
    with pytest.raises(FtError, match="no such run"):
        looks(waiting, stray.name)[name]()
    bear(waiting, stray, name)


@pytest.mark.parametrize("odd", ODD)
def test_odd_lines_are_left_out_wherever_they_stand(waiting: Manager, odd: str) -> None:
    folder = run()
    before, said = service.read_events(folder.name)[0], waiting.status(folder.name)
    log = folder / "events.jsonl"
    line = json.dumps(ODD[odd]).encode() + b"\n"
    log.write_bytes(line + log.read_bytes() + line)
    (folder / "progress.json").write_bytes(line)
    assert service.read_events(folder.name)[0] == before[:-1]
    assert waiting.status(folder.name) == said
    assert [status.id for status in service.history("me")] == [folder.name]


def test_run_whose_first_line_is_lost_is_nobodys(waiting: Manager) -> None:
    folder = run()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join([b'{"event": "created", "time": 1.0}\n', *lines[1:]]))
    now = waiting.status(folder.name)
    assert (now.owner, now.state, now.created, now.epochs_done) == ("", "stopped", 0.0, 2)
    assert service.history("me") == service.history("") == []


@pytest.mark.parametrize("change", [{"phase": 3}, {"phase": 0}, {"epoch": 16}, {"epoch": 0}])
def test_events_that_the_run_cannot_have_are_left_out(change: dict[str, int]) -> None:
    folder = run()
    before = service.read_events(folder.name)[0]
    for event in (EPOCH, TOLD[-1]):
        records.append(folder, dataclasses.replace(event, **change))
    assert service.read_events(folder.name)[0] == before[:-1]


@pytest.mark.parametrize(
    "deep", [b"[" * 100_000, b'{"event":' * 100_000, b'{"event": "created", "time": ' + b"9" * 5000]
)
def test_deep_and_long_lines(waiting: Manager, deep: bytes) -> None:
    folder = run()
    for name in ("events.jsonl", "progress.json"):
        (folder / name).write_bytes(deep + b"\n")
    assert service.read_events(folder.name)[0] == []
    assert waiting.status(folder.name).state == "interrupted"
    (folder / "settings.json").write_bytes(deep)
    with pytest.raises(FtError):
        waiting.status(folder.name)


@pytest.mark.parametrize("text", ['{"backbone": "lenet"}', '{"phases": [{"trainable": ["layer9"]}]}', "[]", "{"])
def test_settings_that_cannot_be_show_one_sentence(waiting: Manager, text: str) -> None:
    sound, folder = run(), run()
    (folder / "settings.json").write_text(text)
    with pytest.raises(FtError):
        waiting.status(folder.name)
    assert [status.id for status in service.history("me")] == [sound.name]


@pytest.mark.parametrize("file", [True, False])
def test_folder_of_runs_that_is_none(home: Path, file: bool, caplog: pytest.LogCaptureFixture) -> None:
    home.mkdir(exist_ok=True)
    if file:
        (home / "runs").write_text("x")
    assert (shelf.every(), manager._waiting(), service.history("me"), shelf.bytes_of("me")) == ([], {}, [], 0)
    with pytest.raises(FtError, match="no such run"):
        service.status("a" * 32)
    if file:
        with pytest.raises(FtError, match="cannot be made"):
            records.new(RunSettings(), "me")


def test_what_is_passed_over_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    run()
    broken = run()
    as_folder(broken / "events.jsonl")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert len(service.history("me")) == 1
    assert [r.getMessage() for r in caplog.records if broken.name in r.getMessage()] == [
        f"{broken} is passed over: The log of the run {broken.name} is no file: delete the run's folder, or start a new run."
    ]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("mode", [0o000, 0o600, 0o700])
def test_folder_of_another_user(waiting: Manager, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    place = Path(tempfile.mkdtemp())
    monkeypatch.setenv("THAW_HOME", str(place))
    sound, folder = run(), run()
    place.chmod(0o755)
    folder.chmod(mode)
    os.seteuid(65534)
    try:
        assert [status.id for status in service.history("me")] == [sound.name]
        assert manager._waiting() == {}
        for act in looks(waiting, folder.name).values():
            with pytest.raises(FtError, match="Permission denied"):
                act()
        shelf.sweep()
    finally:
        os.seteuid(0)
    assert (folder / "events.jsonl").exists()
    shutil.rmtree(place)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few bytes flipped, cut, doubled or replaced by pieces of JSON."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << rng.randrange(8)
            case 1:
                del found[at : at + rng.randint(1, 40)]
            case 2:
                found[at:at] = found[at : at + rng.randint(1, 200)]
            case 3:
                found[at : at + rng.randint(0, 8)] = rng.choice(
                    [b"null", b"[]", b"{}", b"1e999", b"NaN", b'"x"', b"-1"]
                )
            case _:
                found = found[:at]
    return bytes(found)


@pytest.mark.parametrize("file", ["events.jsonl", "settings.json", "progress.json"])
def test_no_mutation_of_a_runs_files_raises_anything_else(waiting: Manager, file: str) -> None:
    sound, folder = run(), run()
    whole, rng = (folder / file).read_bytes(), random.Random(len(file))
    for _ in range(300):
        (folder / file).write_bytes(mutated(whole, rng))
        records._folded.cache_clear()
        for look in (waiting.status, service.read_events):
            try:
                look(folder.name)
            except FtError:
                continue
        assert sound.name in [status.id for status in service.history("me")]


def test_start_removes_what_earlier_processes_left(home: Path) -> None:
    kept, gone = old_and_new(home)
    shelf.sweep()
    assert [path for path in kept if not path.exists()] == []
    assert [path for path in gone if path.exists()] == []


def old_and_new(home: Path) -> tuple[list[Path], list[Path]]:
    """Things that must stay, and leftovers that must go."""
    sound, part = run(), run() / "states" / "1-000001.pt.77.part"
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
    part = run() / "model.safetensors.5.part"
    part.write_text("x")
    with locks.lock(part.parent):
        shelf.sweep()
        assert part.exists()
    shelf.sweep()
    assert not part.exists()


def test_bytes_of_a_learner_are_those_of_all_files() -> None:
    for owner, size in (("me", 1000), ("me", 20_000), ("you", 7)):
        folder = run(owner)
        (folder / "states").mkdir()
        (folder / "states" / "1.pt").write_bytes(b"x" * size)
        for name in FILES[:3]:
            (folder / name).write_bytes((folder / name).read_bytes())
    mine = [f for f, state in shelf.every() if state.owner == "me"]
    files = [file for folder in mine for file in folder.rglob("*") if file.is_file()]
    assert shelf.bytes_of("me") == sum(file.stat().st_size for file in files) > 21_000
    assert shelf.bytes_of("nobody") == 0
