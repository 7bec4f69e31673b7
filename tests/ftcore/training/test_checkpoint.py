"""Going on from a checkpoint: damaged, of other versions, and with more epochs than were planned."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ftcore import __main__ as cli
from ftcore.data import identity
from ftcore.errors import FtError
from ftcore.events import EpochEnd, Event, PhaseEnd, Recovered, RunEnd, to_dict
from ftcore.files import ROOT
from ftcore.runs import execute, longer, records, results
from ftcore.settings import Phase, RunSettings
from ftcore.training import checkpoint, snapshots
from ftcore.training.start import load_images, start_network

OLD = ROOT / "tests" / "fixtures"
HEAD = Phase(epochs=3)


@pytest.fixture
def heads(noise: Path) -> RunSettings:
    """Three epochs of the head, in batches of eight."""
    return RunSettings(data=str(noise), phases=(HEAD,), batch_size=8)


def run(folder: Path, cut: int = 0) -> list[Event]:
    """Train, until after epoch `cut` where given, and write the log; what was told."""
    told: list[Event] = []

    def report(event: Event) -> None:
        told.append(event)
        records.append(folder, event)
        if isinstance(event, EpochEnd) and event.epoch == cut:
            raise execute.StopRun

    code = execute.finish(folder, lambda: execute.execute(folder, report))
    assert code == 0, records.state_of(folder).message
    return told


def made(settings: RunSettings, path: Path, cut: int = 0) -> Path:
    folder = records.new(settings, folder=path)
    run(folder, cut)
    return folder


def numbers(folder: Path) -> list[dict[str, object]]:
    """Epochs and the last test in the log, each once, but for times and places."""
    told = [to_dict(said) for said in records.read_log(folder)[0] if isinstance(said, EpochEnd | RunEnd)]
    wanted = {record.get("epoch", 10**6): record for record in told}
    return [{k: v for k, v in r.items() if k not in ("seconds", "folder")} for _, r in sorted(wanted.items())]


def assert_equal(one: Path, other: Path) -> None:
    assert (one / snapshots.MODEL).read_bytes() == (other / snapshots.MODEL).read_bytes()
    assert numbers(one) == numbers(other)
    assert snapshots.epochs(one) == snapshots.epochs(other)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("damage", [flip, lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"PK" + b"\0" * 500)])
def test_a_damaged_checkpoint_costs_epochs_and_nothing_else(
    heads: RunSettings, tmp_path: Path, both: bool, damage: Callable[[Path], object]
) -> None:
    whole, hurt = made(heads, tmp_path / "a"), made(heads, tmp_path / "b", cut=2)
    path = hurt / "checkpoint.pt"
    for file in (path, checkpoint.before(path))[: 2 if both else 1]:
        damage(file)
    says = [said.says for said in run(hurt) if isinstance(said, Recovered)]
    what = "all epochs are trained again" if both else "the run goes on after epoch 1"
    assert says == [f"The checkpoint is damaged: {what}, with the same result."]
    assert_equal(whole, hurt)


FIELDS = ("epochs", "best", "optimizer", "images", "weights", "settings", "baseline")
ODD = (7, "x", [1], torch.ones(3), torch.ones(0), {"fc.bias": torch.ones(3).to(torch.float8_e4m3fn)})


def test_a_field_of_another_kind_is_damage(heads: RunSettings, tmp_path: Path) -> None:
    path = made(heads, tmp_path / "a", cut=1) / "checkpoint.pt"
    record, network = snapshots.read(path), start_network(heads, 3)
    images = identity.of(load_images(heads))
    for field, odd in itertools.product(FIELDS, ODD):
        if isinstance(odd, dict) and field == "optimizer":
            continue  # what is in it is the optimizer's own matter
        torch.save({**record, field: odd}, path)  # without a checksum, as earlier versions wrote it
        found = checkpoint.restore(path, network, heads, images)
        assert "all epochs are trained again" in found.lost, (field, odd)
        assert not checkpoint.tuned(path, network) or field in ("settings", "images")


@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_a_run_whose_checkpoint_is_lost_stands_after_its_last_epoch(
    heads: RunSettings, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    folder = made(heads, tmp_path / "a", cut=2)
    wanted = results.tuned_network(folder)[0].model.state_dict()
    damage(folder / "checkpoint.pt")
    found = results.tuned_network(folder)[0].model.state_dict()
    assert all(torch.equal(found[key], tensor) for key, tensor in wanted.items())


def test_a_crash_between_two_checkpoints_costs_one_epoch(heads: RunSettings, tmp_path: Path) -> None:
    whole, hurt = made(heads, tmp_path / "a"), made(heads, tmp_path / "b", cut=2)
    (hurt / "checkpoint.pt").unlink()
    assert not [said for said in run(hurt) if isinstance(said, Recovered)]
    assert_equal(whole, hurt)


def test_damaged_final_weights_say_so_and_are_made_anew(
    heads: RunSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(heads, tmp_path / "a")
    sound = (folder / snapshots.MODEL).read_bytes()
    flip(folder / snapshots.MODEL)
    with pytest.raises(FtError, match=r"makes them anew\. The weights after epoch 1, 2 are still there"):
        results.tuned_network(folder)
    assert cli.main(["resume", str(folder), "--json"]) == 0
    assert (folder / snapshots.MODEL).read_bytes() == sound
    assert cli.main(["resume", str(folder)]) == 2
    assert capsys.readouterr().err == "This run is finished: there is nothing to resume.\n"


def test_classes_of_the_weights_must_be_those_of_the_log(heads: RunSettings, tmp_path: Path) -> None:
    folder = made(heads, tmp_path / "a")
    network, classes = results.tuned_network(folder)
    results.save_model(network, reversed(classes), folder / snapshots.MODEL)
    with pytest.raises(FtError, match="final weights of this run cannot be used"):
        results.tuned_network(folder)


def test_a_run_of_the_terminal_keeps_its_checkpoint_and_one_of_the_app_does_not(
    heads: RunSettings, tmp_path: Path
) -> None:
    one = dataclasses.replace(heads, phases=(Phase(epochs=1),))
    mine, apps = made(one, tmp_path / "a"), records.new(one, "learner")
    run(apps)
    assert sorted(f.name for f in mine.glob("check*")) == ["checkpoint.pt"]
    assert sorted(f.name for f in apps.glob("check*")) == []
    with pytest.raises(FtError, match=r"let its checkpoint go.*train --settings"):
        longer.extend(apps, [2])


def test_more_epochs_equal_as_many_from_the_start(small: RunSettings, tmp_path: Path) -> None:
    small = dataclasses.replace(small, best_weights=True, batch_norm="update")
    first, second = small.phases
    more = dataclasses.replace(small, phases=(first, dataclasses.replace(second, epochs=3)))
    whole, grown = made(more, tmp_path / "a"), made(small, tmp_path / "b")
    longer.extend(grown, [2, 3])
    assert [e.epoch for e in run(grown) if isinstance(e, EpochEnd)] == [5]
    assert records.settings_of(grown) == more
    assert_equal(whole, grown)
    last = [said for said in records.read_log(grown)[0] if isinstance(said, PhaseEnd)][-1]
    assert (last.phase, last.epochs, last.early) == (2, 3, False)


@pytest.mark.parametrize(
    ("phase", "epochs", "says"),
    [
        (HEAD, [3], "has done these epochs already"),
        (HEAD, [2], "has done 3 epochs already"),
        (HEAD, [3, 4], "The run has 1 phase,"),
        (HEAD, [1001], "must lie between 1 and 1000"),
        (dataclasses.replace(HEAD, schedule="cosine"), [4], "follows a cosine over its 3 epochs"),
        (dataclasses.replace(HEAD, lr=9.0, optimizer="sgd"), [10], "ended by early stopping"),
    ],
)
def test_more_epochs_that_cannot_be_are_one_sentence(
    heads: RunSettings, tmp_path: Path, phase: Phase, epochs: list[int], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    early = "early" in says
    phase = dataclasses.replace(phase, epochs=9) if early else phase
    folder = made(dataclasses.replace(heads, phases=(phase,), patience=int(early)), tmp_path / "a")
    before = (folder / "settings.json").read_bytes()
    assert cli.main(["resume", str(folder), "--epochs", ",".join(map(str, epochs))]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert (folder / "settings.json").read_bytes() == before


def test_phases_that_are_over_stay_and_those_to_come_may_change(small: RunSettings, tmp_path: Path) -> None:
    folder = made(small, tmp_path / "a", cut=2)
    longer.extend(folder, [3, 1])
    assert [phase.epochs for phase in records.settings_of(folder).phases] == [3, 1]
    run(folder, cut=4)
    with pytest.raises(FtError, match="Phase 1 is over and keeps its 3 epochs"):
        longer.extend(folder, [4, 1])


def test_settings_of_a_later_version_are_not_other_settings(heads: RunSettings, tmp_path: Path) -> None:
    folder = made(heads, tmp_path / "a", cut=1)
    file = folder / "settings.json"
    text = json.loads(file.read_text())
    text["colour"], text["phases"][0]["warmup"] = "red", [1]
    del text["patience"], text["phases"][0]["depth_decay"]
    file.write_text(json.dumps(text))
    assert records.settings_of(folder) == heads
    record = snapshots.read(folder / "checkpoint.pt")
    record["settings"], record["new"] = json.dumps(text), 1
    record["epochs"][0]["val_f1"] = 0.5
    snapshots.write(folder / "checkpoint.pt", record)
    assert [e.epoch for e in run(folder) if isinstance(e, EpochEnd)] == [2, 3]


@pytest.fixture
def old(tmp_path: Path) -> Callable[[str], Path]:
    """A run folder as the first version wrote it, head only, without the large file of final weights."""
    return lambda name: shutil.copytree(OLD / name, tmp_path / name)


def test_a_finished_run_of_the_first_version_opens(old: Callable[[str], Path]) -> None:
    folder = old("run-v1")
    state = records.state_of(folder)
    assert (state.state, state.epochs_done, records.settings_of(folder).epochs) == ("done", 2, 2)
    assert snapshots.epochs(folder) == {1: 1, 2: 1}
    network, classes = results.tuned_network(folder)
    assert classes == tuple("0123456789")
    kept = torch.load(folder / "states" / "1-000002.pt", weights_only=True)
    assert torch.equal(network.model.state_dict()["fc.weight"], kept["fc.weight"])
    with pytest.raises(FtError, match="let its checkpoint go"):
        longer.extend(folder, [3])


@pytest.mark.parametrize("name", ["run-v1", "run-v1-cut"])
def test_a_run_of_the_first_version_resumes(old: Callable[[str], Path], name: str) -> None:
    folder, whole = old(name), numbers(OLD / "run-v1")
    told = run(folder)
    assert [e.epoch for e in told if isinstance(e, EpochEnd)] == ([] if name == "run-v1" else [2])
    assert records.state_of(folder).state == "done"
    assert [e["val_accuracy"] for e in numbers(folder) if e["event"] == "epoch_end"] == pytest.approx(
        [e["val_accuracy"] for e in whole if e["event"] == "epoch_end"], abs=0.02
    )
    assert results.is_sound(folder)


def test_a_damaged_checkpoint_of_the_first_version_is_trained_anew(old: Callable[[str], Path]) -> None:
    folder = old("run-v1-cut")
    path = folder / "states" / "1-000001.pt"
    path.write_bytes(path.read_bytes()[:-30])
    assert [said.says for said in run(folder) if isinstance(said, Recovered)] == [
        "The checkpoint is damaged: all epochs are trained again, with the same result."
    ]
    assert records.state_of(folder).state == "done"
