"""Run folders and their logs."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ftcore import events
from ftcore.errors import FtError
from ftcore.events import (
    Baseline,
    CacheProgress,
    CacheSkipped,
    DataFound,
    DataProgress,
    EpochEnd,
    HeadAlone,
    PhaseEnd,
    PicturesSkipped,
    Recovered,
    RunEnd,
    RunStart,
    StepProgress,
    TrainingEnd,
)
from ftcore.files import ROOT
from ftcore.runs import locks, records
from ftcore.runs.records import Created
from ftcore.settings import RunSettings
from tests.made import write_line

EPOCH = EpochEnd(1, 1, 0.9, 0.5, 0.8, 0.6, 0.7, 0.65, 1e-3, {"head": 0.5}, 2.0)
STEP = StepProgress(1, 1, 1, 5, 0.9, 0.1)


@pytest.fixture
def folder() -> Path:
    return records.new(RunSettings(seed=3), "me")


def test_new_run(folder: Path, home: Path) -> None:
    assert folder.parent == home / "runs"
    assert records.ID.fullmatch(folder.name)
    assert records.folder_of(folder.name) == folder
    assert records.settings_of(folder) == RunSettings(seed=3)
    assert records.state_of(folder).owner == "me"


def test_ids_are_not_to_be_guessed() -> None:
    names = {records.new(RunSettings()).name for _ in range(20)}
    assert len(names) == 20
    assert len({name[:8] for name in names}) == 20


def test_bad_ids_touch_nothing(folder: Path, home: Path) -> None:
    bad = ["", ".", "..", "../x", f"../runs/{folder.name}", folder.name.upper(), folder.name + "\n", folder.name[:31]]
    for run_id in [*bad, folder.name + "/", str(folder), "0" * 32, "\0", "٣" * 32, folder.name + ".deleted"]:
        if run_id == folder.name:
            continue
        with pytest.raises(FtError, match="no such run"):
            records.folder_of(run_id)
    assert list((home / "runs").iterdir()) == [folder]


def test_folder_that_exists_or_cannot_be_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FtError, match="exists already"):
        records.new(RunSettings(), folder=folder)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FtError, match="cannot be made"):
        records.new(RunSettings(), folder=tmp_path / "file" / "run")


def test_damaged_settings_are_refused(folder: Path) -> None:
    for data in (b"\xff\xfe", b"{", b""):
        (folder / "settings.json").write_bytes(data)
        with pytest.raises(FtError):
            records.settings_of(folder)


def test_log_is_read_in_whole_lines_from_an_offset(folder: Path) -> None:
    first, offset = records.read_log(folder)
    assert [type(said) for said in first] == [Created]
    assert records.read_log(folder, offset) == ([], offset)
    records.append(folder, EPOCH)
    with (folder / "events.jsonl").open("ab") as log:
        log.write(b'{"event": "epo')
    new, later = records.read_log(folder, offset)
    assert new == [EPOCH]
    assert records.read_log(folder, later) == ([], later)


def test_torn_line_is_closed_and_left_out(folder: Path) -> None:
    with (folder / "events.jsonl").open("ab") as log:
        log.write(b'{"event": "epoch_end", "ep')
    _, offset = records.read_log(folder)
    records.append(folder, EPOCH)
    assert records.read_log(folder, offset)[0] == [EPOCH]
    assert [type(said) for said in records.read_log(folder)[0]] == [Created, EpochEnd]


def test_odd_lines_are_left_out(folder: Path) -> None:
    with (folder / "events.jsonl").open("ab") as log:
        log.write(b'\n[]\n3\n"x"\nnull\n{}\n\xff\xfe\n' + json.dumps(events.to_dict(EPOCH)).encode() + b"\n")
    assert [type(said) for said in records.read_log(folder)[0]] == [Created, EpochEnd]
    assert records.state_of(folder).epochs_done == 1


def test_progress_is_replaced_and_not_logged(folder: Path) -> None:
    before = (folder / "events.jsonl").read_bytes()
    assert records.progress(folder) is None
    for step in (1, 2):
        records.append(folder, dataclasses.replace(STEP, step=step))
    assert records.progress(folder) == dataclasses.replace(STEP, step=2)
    assert (folder / "events.jsonl").read_bytes() == before
    assert sorted(f.name for f in folder.iterdir()) == ["events.jsonl", "progress.json", "settings.json"]
    (folder / "progress.json").write_text("{")
    assert records.progress(folder) is None


def test_state_is_the_last_one_told(folder: Path) -> None:
    assert records.state_of(folder).state == "interrupted"
    for state in ("queued", "done"):
        records.set_state(folder, state)
        assert records.state_of(folder).state == state
        assert records.state_of(folder).message == records.MESSAGES[state]
    records.set_state(folder, "failed", "Because.")
    assert records.state_of(folder).message == "Because."


def test_busy_run_without_a_process_is_interrupted(folder: Path) -> None:
    for state in records.BUSY:
        records.set_state(folder, state)
        assert records.state_of(folder).state == "interrupted"
        with locks.lock(folder):
            assert records.state_of(folder).state == state


def test_epochs_told_twice_count_once(folder: Path) -> None:
    for epoch in (1, 2, 2):
        records.append(folder, dataclasses.replace(EPOCH, epoch=epoch))
    assert records.state_of(folder).epochs_done == 2


def test_lock_goes_with_its_process(folder: Path) -> None:
    hold = "import sys, time; from pathlib import Path; from ftcore.runs import locks\n"
    hold += "held = locks.lock(Path(sys.argv[1])); held.acquire(); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert locks.is_alive(folder)
        with pytest.raises(FtError, match="still going"):
            records.delete(folder)
        other.kill()
        other.wait()
    assert not locks.is_alive(folder)
    records.delete(folder)
    assert not folder.exists()


def test_looking_at_a_deleted_run_does_not_bring_it_back(folder: Path, home: Path) -> None:
    records.delete(folder)
    assert not locks.is_alive(folder)
    assert list((home / "runs").iterdir()) == []


FULL = """
import resource
from ftcore.errors import FtError
from ftcore.files import home
from ftcore.runs import records
from ftcore.settings import RunSettings
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    records.new(RunSettings())
except FtError as error:
    print(error, list((home() / "runs").iterdir()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
def test_full_disk_leaves_no_half_run() -> None:
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "could not be written to disk" in done.stdout
    assert done.stdout.endswith("[]\n")


ONE_OF_EACH = (
    DataFound("2 classes", ("a", "b"), 8, 2, 2, ("x.txt",), ()), DataProgress("Drawing", 0, 5),
    RunStart("b", "d", ("a", "b"), 8, 2, 2, ("conv1", "head"), "cpu"), CacheProgress(3, 5, 0.5, False),
    CacheSkipped("layer1.0", 9.5, 0.0), Baseline(math.inf, 0.0), StepProgress(1, 1, 1, 5, math.inf, 0.1),
    EpochEnd(1, 1, math.inf, 0.5, 0.8, 0.6, -0.7, 1.0, 1e-3, {"head": math.inf}, 2.0), PhaseEnd(1, "", 1, True, 2.0),
    RunEnd(0.5, 0.9, 2, 5.0, "here"), Recovered("The checkpoint is damaged."),
    PicturesSkipped(2, ("a.png", "b.png"), "bad_pictures.txt"), TrainingEnd(2, (EPOCH, EPOCH)),
    HeadAlone(5, (0.7, math.inf), (0.5, 0.1)),
)  # fmt: skip


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_events_are_read_as_they_were_told(folder: Path, event: events.Event) -> None:
    assert {type(one) for one in ONE_OF_EACH} == set(events.KINDS.values())
    records.append(folder, event)
    assert (records.progress(folder) or records.read_log(folder)[0][-1]) == event
    assert events.from_dict(json.loads(json.dumps(events.to_dict(event)))) == event
    write_line(folder, events.to_dict(event) | {"later": "a field of a later version"})
    assert (records.progress(folder) or records.read_log(folder)[0][-1]) == event


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_events_with_a_field_lost_or_of_another_type_are_left_out(folder: Path, event: events.Event) -> None:
    told = events.to_dict(event)
    optional = {f.name for f in dataclasses.fields(event) if {f.default, f.default_factory} != {dataclasses.MISSING}}
    for name in told:
        lost = [] if name in optional else [{k: v for k, v in told.items() if k != name}]
        for wrong in (*lost, told | {name: None}, told | {name: [[1]]}):
            with (folder / "events.jsonl").open("a") as log:
                log.write(json.dumps(wrong) + "\n")
            (folder / "progress.json").write_text(json.dumps(wrong))
            assert records.progress(folder) is None
    assert [type(said) for said in records.read_log(folder)[0]] == [Created]


@dataclasses.dataclass(frozen=True)
class Later:
    name: str
    digests: dict[str, str] = dataclasses.field(default_factory=dict)
    sizes: tuple[int, ...] = (3,)


@pytest.mark.parametrize(
    "more", [{}, {"digests": {"a": "b"}}, {"sizes": [1, 2]}, {"digests": {}, "sizes": [], "unknown": None}]
)
def test_fields_with_a_default_may_be_missing(more: dict[str, Any]) -> None:
    made = events.build(Later, {"name": "x", **more})
    assert made == Later("x", more.get("digests", {}), tuple(more.get("sizes", (3,))))


@pytest.mark.parametrize(
    "wrong", [{"digests": {"a": 1}}, {"digests": None}, {"sizes": ["1"]}, {"sizes": 3}, {"name": 1}]
)
def test_but_not_be_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be this"):
        events.build(Later, {"name": "x", **wrong})


def test_log_lines_are_plain_json(folder: Path) -> None:
    start = RunStart("b", "d", ("Ärger", "\ud800"), 1, 1, 1, (), "cpu")
    records.append(folder, start)
    lines = (folder / "events.jsonl").read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert records.read_log(folder)[0][-1] == start
