"""The fuzzer by itself: it finds planted faults, repeats its cases, and survives what kills a case."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import fuzz, kills
from benchmarks.fuzzing import choices, damage, frame, pictures, zips
from benchmarks.fuzzing.frame import Result, Room, Watch, Wrong
from ftcore.errors import FtError
from ftcore.files import ROOT

WATCH = Watch()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path / "room")
    monkeypatch.chdir(made.cwd)
    monkeypatch.setenv("THAW_HOME", str(made.home))
    made.home.mkdir()
    return made


def raises(error: BaseException) -> Callable[[], None]:
    def attempt() -> None:
        raise error

    return attempt


def unpolished(says: str) -> FtError:
    """What an `FtError` does not let through by itself."""
    error = FtError("")
    error.args = (says,)
    return error


@pytest.mark.parametrize(
    ("error", "end", "what"),
    [
        (FtError("Choose another file."), "refused", ""),
        (ValueError("planted"), "uncaught", "ValueError"),
        (MemoryError(), "uncaught", "MemoryError"),
        (SystemExit(1), "uncaught", "SystemExit"),
        (Wrong("planted"), "wrong", "planted"),
        (unpolished("x" * 1001), "wrong", "sentence of more than 1000 characters"),
        (unpolished("a\u202eb"), "wrong", "control, direction or surrogate mark in a sentence"),
    ],
)
def test_a_planted_fault_is_counted(room: Room, error: BaseException, end: str, what: str) -> None:
    result = frame.tried(3, raises(error), room, WATCH)
    assert (result.number, result.end, result.what, result.outside) == (3, end, what, ())
    tally = fuzz.Tally("planted")
    tally.add(result)
    assert len(list(tally.faults())) == (end != "refused")


def test_a_fault_is_placed_in_the_engine() -> None:
    with pytest.raises(AttributeError) as error:
        zips.folders.open_plan(None, 0).__enter__()  # type: ignore[arg-type]
    assert re.fullmatch(r"ftcore.data.folders\.py:\d+ opened", frame.place(error.value))


@pytest.mark.parametrize(
    "act",
    [
        lambda room: (room.root / "planted").write_text("x", "utf-8"),
        lambda room: (room.cwd / "sentinel.txt").write_text("other", "utf-8"),
        lambda room: (room.cwd / "below" / "sentinel.txt").unlink(),
        lambda room: (room.temp / "left").mkdir(),
        lambda room: shutil.rmtree(room.cwd / "below"),
        lambda room: room.home.rename(room.cwd / "moved"),
        lambda room: (room.root.parent / "planted").write_text("x", "utf-8"),
        lambda room: os.system("true"),
    ],
)
def test_what_happens_outside_is_seen(room: Room, act: Callable[[Room], object]) -> None:
    assert frame.tried(1, lambda: act(room), room, WATCH).outside != ()


@pytest.mark.parametrize(
    "act",
    [
        lambda home: (home / "x").write_text("x", "utf-8"),
        lambda home: (home / "deep").rename(home / "other"),
        lambda home: shutil.rmtree(home / "deep"),  # names its files from open folders
    ],
)
def test_what_happens_in_thaw_home_is_not_outside(room: Room, act: Callable[[Path], object]) -> None:
    (room.home / "deep" / "er").mkdir(parents=True)
    (room.home / "deep" / "er" / "file").touch()
    result = frame.tried(1, lambda: act(room.home), room, WATCH)
    assert result == Result(1, "accepted", peak=result.peak)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's memory counters")
def test_memory_is_the_case_s_own(room: Room) -> None:
    """In a process of its own, as cases are tried: what other tests hold and let go of would count here."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.fuzzing.frame import Room, Watch, tried\n"
        "room, watch = Room(Path(sys.argv[1])), Watch()\n"
        "room.enter()\n"
        "for act in (lambda: bytearray(b'x' * 100_000_000), lambda: None):\n"
        "    print(tried(1, act, room, watch).peak)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(room.root.parent / "other")], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    much, none = map(float, done.stdout.split())
    assert 150 < much < 250
    assert none < 50


def test_a_case_is_decided_by_seed_target_and_number() -> None:
    made = [zips.made(frame.source(seed, "zips", number)) for seed, number in ((0, 5), (0, 5), (0, 6), (1, 5))]
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_the_packer_writes_sound_zips(tmp_path: Path) -> None:
    entries = [zips.Entry(b"a/0.png", b"one"), zips.Entry(b"b/0.png", b"two" * 99, flags=8), zips.Entry(b"c", b"", 0)]
    (tmp_path / "x.zip").write_bytes(zips.packed(entries, b"note", b"before"))
    with zipfile.ZipFile(tmp_path / "x.zip") as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            "a/0.png": b"one", "b/0.png": b"two" * 99, "c": b"",
        }  # fmt: skip


def test_png_chunks_are_joined_as_they_were() -> None:
    assert pictures.joined(pictures.chunks(zips.png())) == zips.png()


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".pt"])
def test_damage_changes_a_file_and_repeats(tmp_path: Path, suffix: str) -> None:
    sound = b'{"a": 1, "b": [2, {"c": null}]}\n' * (2 if suffix == ".jsonl" else 1)
    file, seen = tmp_path / "deep" / f"x{suffix}", []
    for number in (*range(40), *range(40)):
        damage.emptied(file.parent)
        file.write_bytes(sound)
        how = damage.spoil(random.Random(number), file)
        seen.append((how, file.read_bytes() if file.is_file() else None))
    assert seen[:40] == seen[40:]
    assert sum(data != sound for _, data in seen) > 60
    assert len({how for how, _ in seen}) > 4


def test_changed_json_differs_from_what_it_was() -> None:
    plain = {"a": 1, "b": [2, {"c": "x"}]}
    assert sum(json.dumps(damage.changed(random.Random(n), plain)) != json.dumps(plain) for n in range(50)) > 45
    assert plain == {"a": 1, "b": [2, {"c": "x"}]}


def test_arguments_never_start_a_training(room: Room) -> None:
    for number in range(200):
        words = choices._words(random.Random(number), room)
        assert words[0] != "train" or words[-2:] == ["--out", str(room.cwd)]
        assert words[0] in ("train", "predict", "resume", "list", "", "tra")


def test_a_few_zips_through_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    code = fuzz.main(["--only", "zips", "--cases", "8", "--minutes", "1", "--seed", "2"])
    said = capsys.readouterr().out
    assert "| zips | 8 |" in said
    assert code == int("- zips:" in said)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_case_that_kills_its_process_is_named_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = """
import os, sys
from benchmarks import fuzz
fuzz.setup = lambda target, room: lambda rng: lambda: rng.random() < 0.5 and os.kill(os.getpid(), 9)
fuzz.serve(*sys.argv[1:])
"""
    monkeypatch.setattr(fuzz, "_SERVE", planted)
    tally = fuzz.fuzz("planted", 0, 60.0, 4)
    dies = [frame.source(0, "planted", n).random() < 0.5 for n in range(1, 5)]
    assert 0 < sum(dies) < 4
    assert (tally.ends["uncaught"], tally.ends["accepted"]) == (sum(dies), 4 - sum(dies))
    assert list(tally.found) == ["killed by signal 9 at (the process ended)"]


def test_a_run_that_came_out_different_is_named(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from ftcore.events import EpochEnd, RunEnd
    from ftcore.runs import records

    def run(name: str, loss: float, weight: float, *tests: float) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        epoch = EpochEnd(1, 1, loss, 1.0, loss, 1.0, loss, 1.0, 0.1, {}, float(len(name)))
        for event in (epoch, *(RunEnd(test, 1.0, 1, test) for test in tests)):
            records.append(folder, event)
        save_file({"w": torch.tensor([weight])}, folder / "model.safetensors")
        return folder

    wanted = kills.outcome(run("wanted", 1.0, 1.0, 2.0))
    assert kills.difference(run("same", 1.0, 1.0, 2.0), wanted) == ""
    assert kills.difference(run("killed between test and done", 1.0, 1.0, 2.0, 2.0), wanted) == ""
    assert kills.difference(run("numbers", 1.1, 1.0, 2.0), wanted).startswith("other numbers: {'event': 'epoch_end'")
    assert kills.difference(run("test", 1.0, 1.0, 3.0), wanted).startswith("another test: [(3.0")
    weights = run("weights", 1.0, 1.0000001, 2.0)
    assert kills.difference(weights, wanted) == "other weights"
    (left := run("left", 1.0, 1.0, 2.0)).joinpath("checkpoint.pt.7.part").touch()
    assert kills.difference(left, wanted) == "left behind: checkpoint.pt.7.part"
