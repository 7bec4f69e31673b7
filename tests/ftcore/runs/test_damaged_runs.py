"""Run folders that are damaged or not ours: lists pass them by, one sentence tells of the run itself."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ftcore.errors import FtError
from ftcore.runs import manager, records, service, shelf
from ftcore.runs.manager import Manager
from ftcore.settings import RunSettings
from tests.ftcore.runs.told import FILES, whole_run

pytestmark = pytest.mark.usefixtures("waiting")


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
    sound = whole_run()
    with contextlib.suppress(FtError):
        looks(manager, damaged.name)[name]()
    assert sound.name in [status.id for status in service.history("me")]
    manager._queue.clear()


NAMES = ("status", "read_events", "resume", "stop", "delete")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [as_folder, as_dangling_link])
def test_files_that_are_something_else(waiting: Manager, damage: Callable[[Path], None], file: str, name: str) -> None:
    folder = whole_run()
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


@pytest.mark.parametrize("text", ['{"backbone": "lenet"}', '{"phases": [{"trainable": ["layer9"]}]}', "[]", "{"])
def test_settings_that_cannot_be_show_one_sentence(waiting: Manager, text: str) -> None:
    sound, folder = whole_run(), whole_run()
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
    whole_run()
    broken = whole_run()
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
    sound, folder = whole_run(), whole_run()
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
    sound, folder = whole_run(), whole_run()
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
