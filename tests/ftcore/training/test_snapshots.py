"""What is kept of a run's weights, epoch by epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ftcore.costs import machine
from ftcore.data import sets
from ftcore.errors import FtError
from ftcore.events import EpochEnd, Event
from ftcore.network import backbones
from ftcore.runs import execute, records, results
from ftcore.settings import Phase, RunSettings
from ftcore.training import loop, snapshots
from ftcore.training.start import start_network


def test_each_kept_epoch_gives_back_the_weights_it_had(small: RunSettings, home: Path) -> None:
    folder = records.new(small)
    execute.execute(folder, lambda event: None)
    assert snapshots.epochs(folder) == {1: 1, 2: 1, 3: 2, 4: 2}
    images = sets.load(small.data, backbones.preprocess(small.backbone))
    network = start_network(small, len(images.classes))
    then: dict[int, dict[str, torch.Tensor]] = {}
    for event in loop.train(small, images, network, taps=machine.taps):
        if isinstance(event, EpochEnd):
            then[event.epoch] = {k: t.clone() for k, t in network.model.state_dict().items()}
    start = start_network(small, len(images.classes)).model.state_dict()
    for epoch, wanted in then.items():
        fresh = start_network(small, len(images.classes))
        snapshots.put(folder, fresh, epoch)
        got = fresh.model.state_dict()
        rough = {key for key in wanted if not torch.equal(got[key], wanted[key])}
        assert all(wanted[key].numel() > snapshots.EXACT and epoch == 3 for key in rough), epoch
        for key in rough:
            most = (wanted[key] - start[key]).abs().max() / 4096
            assert 0 < (got[key] - wanted[key]).abs().max() <= most + 2e-7 * wanted[key].abs().max()
    assert not torch.equal(then[1]["fc.weight"], then[4]["fc.weight"])


def test_a_run_that_was_stopped_keeps_what_it_had(small: RunSettings, home: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 2:
            raise execute.StopRun

    folder = records.new(small)
    with pytest.raises(execute.StopRun):
        execute.execute(folder, stop)
    assert list(snapshots.epochs(folder)) == [1, 2]
    first = (folder / "states" / "1-000001.pt").read_bytes()
    execute.execute(folder, lambda event: None)
    assert list(snapshots.epochs(folder)) == [1, 2, 3, 4]
    assert (folder / "states" / "1-000001.pt").read_bytes() == first


def test_long_runs_are_thinned_evenly_and_keep_the_last_of_each_phase(tmp_path: Path) -> None:
    network = backbones.build("resnet18-tinyimagenet64", 2)
    phases = (Phase(epochs=7), Phase(epochs=40))
    for epoch in range(1, 48):
        phase = 1 if epoch <= 7 else 2
        snapshots.keep(tmp_path, network, phases[:phase], epoch, network.model.state_dict())
        snapshots.thin(tmp_path)
        assert {min(7, epoch), epoch} <= set(snapshots.epochs(tmp_path))
        assert len(snapshots.epochs(tmp_path)) <= snapshots.KEEP + 2
    assert snapshots.epochs(tmp_path) == {7: 1, 8: 2, 16: 2, 24: 2, 32: 2, 40: 2, 47: 2}


def test_missing_and_damaged_states_are_one_sentence(tmp_path: Path) -> None:
    network = backbones.build("resnet18-tinyimagenet64", 2)
    assert snapshots.epochs(tmp_path) == {}
    with pytest.raises(FtError, match="epoch 3 were not kept"):
        snapshots.put(tmp_path, network, 3)
    snapshots.keep(tmp_path, network, (Phase(),), 3, network.model.state_dict())
    file = tmp_path / "states" / "1-000003.pt"
    data, before = file.read_bytes(), snapshots.tensors(network, snapshots.keys(network, (Phase(),)))
    for at in range(0, len(data) - 12, 97):
        file.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with pytest.raises(FtError, match="epoch 3 are damaged"):
            snapshots.put(tmp_path, network, 3)
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(FtError, match="epoch 3 are damaged"):
        snapshots.put(tmp_path, network, 3)
    assert all(torch.equal(network.model.state_dict()[key], tensor) for key, tensor in before.items())


@pytest.mark.parametrize("far", [1e-9, 1e-3, 1.0, 1e9])
def test_a_change_of_any_size_is_kept_within_its_bound(tmp_path: Path, far: float) -> None:
    network, phases = backbones.build("resnet18-tinyimagenet64", 2), (Phase(trainable=("layer4.1", "head")),)
    start = {key: tensor.clone() for key, tensor in network.model.state_dict().items()}
    weight = network.model.state_dict()["layer4.1.conv1.weight"]
    weight += far * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    wanted = weight.clone()
    snapshots.keep(tmp_path, network, phases, 1, start)
    network.model.load_state_dict(start)
    snapshots.put(tmp_path, network, 1)
    most = (wanted - start["layer4.1.conv1.weight"]).abs().max()
    torch.testing.assert_close(weight, wanted, rtol=2e-7, atol=(most / 4096 + 1e-9).item())


def test_a_finished_run_keeps_its_last_weights_once(small: RunSettings) -> None:
    folder = records.new(small)
    execute.execute(folder, lambda event: records.append(folder, event))
    sizes = {epoch: (folder / "states" / f"2-{epoch:06}.pt").stat().st_size for epoch in (3, 4)}
    assert sizes[4] < 2_000 < 16_000_000 < sizes[3] < 17_500_000
    final, classes = results.tuned_network(folder)
    again = start_network(small, len(classes))
    snapshots.put(folder, again, 4)
    wanted = final.model.state_dict()
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in again.model.state_dict().items())
