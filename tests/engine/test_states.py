"""What is kept of a run's weights, epoch by epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ftcore import backbones, datasets, machine, records, states, train, worker
from ftcore.events import EpochEnd, Event
from ftcore.settings import FtError, Phase, RunSettings


def test_each_kept_epoch_gives_back_the_weights_it_had(small: RunSettings, home: Path) -> None:
    folder = records.new(small)
    worker.execute(folder, lambda event: None)
    assert states.epochs(folder) == {1: 1, 2: 1, 3: 2, 4: 2}
    images = datasets.load(small.data, backbones.preprocess(small.backbone))
    network = train.start_network(small, len(images.classes))
    then: dict[int, dict[str, torch.Tensor]] = {}
    for event in train.train(small, images, network, tap=machine.kernels):
        if isinstance(event, EpochEnd):
            then[event.epoch] = {k: t.clone() for k, t in network.model.state_dict().items()}
    for epoch, wanted in then.items():
        fresh = train.start_network(small, len(images.classes))
        states.put(folder, fresh, epoch)
        got = fresh.model.state_dict()
        assert all(torch.equal(got[key], wanted[key]) for key in wanted), epoch
    assert not torch.equal(then[1]["fc.weight"], then[4]["fc.weight"])


def test_a_run_that_was_stopped_keeps_what_it_had(small: RunSettings, home: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 2:
            raise worker.StopRun

    folder = records.new(small)
    with pytest.raises(worker.StopRun):
        worker.execute(folder, stop)
    assert list(states.epochs(folder)) == [1, 2]
    first = (folder / "states" / "1-000001.pt").read_bytes()
    worker.execute(folder, lambda event: None)
    assert list(states.epochs(folder)) == [1, 2, 3, 4]
    assert (folder / "states" / "1-000001.pt").read_bytes() == first


def test_long_runs_are_thinned_evenly_and_keep_the_last_of_each_phase(tmp_path: Path) -> None:
    network = backbones.build("resnet18-tinyimagenet64", 2)
    phases = (Phase(epochs=7), Phase(epochs=40))
    for epoch in range(1, 48):
        phase = 1 if epoch <= 7 else 2
        states.keep(tmp_path, network, phases[:phase], epoch)
        states.thin(tmp_path)
        assert {min(7, epoch), epoch} <= set(states.epochs(tmp_path))
        assert len(states.epochs(tmp_path)) <= states.KEEP + 2
    assert states.epochs(tmp_path) == {7: 1, 8: 2, 16: 2, 24: 2, 32: 2, 40: 2, 47: 2}


def test_missing_and_damaged_states_are_one_sentence(tmp_path: Path) -> None:
    network = backbones.build("resnet18-tinyimagenet64", 2)
    assert states.epochs(tmp_path) == {}
    with pytest.raises(FtError, match="epoch 3 were not kept"):
        states.put(tmp_path, network, 3)
    states.keep(tmp_path, network, (Phase(),), 3)
    file = tmp_path / "states" / "1-000003.pt"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(FtError, match="epoch 3 are damaged"):
        states.put(tmp_path, network, 3)
