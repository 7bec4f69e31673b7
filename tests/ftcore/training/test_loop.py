"""The loop: what it tells and in which order, what it may move and what it must not, and when it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ftcore.errors import FtError
from ftcore.events import PhaseEnd, RunEnd, RunStart, to_dict
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training import passes, recipes
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, TAIL, Run, assert_same, epochs, numbers, phase, state


def test_events_come_in_order(run: Callable[..., Run], small: RunSettings) -> None:
    network, events = run(small)
    kinds = [type(event).__name__ for event in events if type(event).__name__ != "StepProgress"]
    assert [kind for kind in kinds if kind != "CacheProgress"] == [
        "RunStart", "Baseline", "EpochEnd", "EpochEnd", "HeadAlone", "PhaseEnd", "EpochEnd", "EpochEnd", "PhaseEnd", "RunEnd",
    ]  # fmt: skip
    start, end = events[0], events[-1]
    assert isinstance(start, RunStart)
    assert isinstance(end, RunEnd)
    assert (start.train_images, start.val_images, start.test_images) == (24, 6, 6)
    assert (start.classes, start.blocks) == (("blue", "green", "red"), network.names)
    assert [(e.phase, e.epoch) for e in epochs(events)] == [(1, 1), (1, 2), (2, 3), (2, 4)]
    assert end.kept_epoch == 4
    assert [e.early for e in events if isinstance(e, PhaseEnd)] == [False, False]


def test_it_learns_three_colours(run: Callable[..., Run], small: RunSettings) -> None:
    _, events = run(dataclasses.replace(small, phases=(Phase(epochs=3, lr=1e-2), small.phases[1])))
    last = epochs(events)[-1]
    assert last.sample_accuracy == 1.0
    assert last.val_accuracy == 1.0
    assert last.sample_loss < epochs(events)[0].sample_loss


@pytest.mark.parametrize("rule", ["keep", "update"])
@pytest.mark.parametrize("cache", [True, False])
def test_frozen_stays_bit_for_bit_and_thawed_moves(
    run: Callable[..., Run], small: RunSettings, rule: str, cache: bool
) -> None:
    settings = dataclasses.replace(small, batch_norm=rule, cache=cache)
    before = state(start_network(settings, CLASSES))
    network, _ = run(settings)
    after = state(network)
    frozen = {key for name in network.names if name not in TAIL for key in network.tensors(name)}
    same = {key for key in before if torch.equal(before[key], after[key])}
    statistics = {k for name in TAIL for k in network.tensors(name) if "running" in k or "tracked" in k}
    assert len(statistics) == 15
    assert same == (frozen | statistics if rule == "keep" else frozen)


def test_same_seed_same_run_other_seed_other_run(run: Callable[..., Run], small: RunSettings) -> None:
    first, again, other = run(small), run(small), run(dataclasses.replace(small, seed=1))
    assert_same(first[0], again[0])
    assert numbers(first[1]) == numbers(again[1])
    assert numbers(first[1]) != numbers(other[1])


def test_early_stopping(run: Callable[..., Run], small: RunSettings) -> None:
    settings = dataclasses.replace(phase(small, epochs=9, lr=0.9, optimizer="sgd"), patience=2)
    _, events = run(settings)
    losses = [e.val_loss for e in epochs(events)]
    assert 3 <= len(losses) < 9
    assert len(losses) - 1 - losses.index(min(losses)) == 2
    (end,) = [e for e in events if isinstance(e, PhaseEnd)]
    assert (end.epochs, end.early) == (len(losses), True)


def test_best_weights_go_back_to_the_best_epoch(run: Callable[..., Run], small: RunSettings, tmp_path: Path) -> None:
    settings = dataclasses.replace(phase(small, epochs=5, lr=0.9, optimizer="sgd"), best_weights=True)
    network, events = run(settings, save_to=tmp_path / "c.pt")
    accuracies = [e.val_accuracy for e in epochs(events)]
    best = accuracies.index(max(accuracies)) + 1
    assert isinstance(events[-1], RunEnd)
    assert events[-1].kept_epoch == best
    shorter, _ = run(phase(settings, epochs=best))
    assert_same(network, shorter)


def test_divergence_ends_in_a_sentence(run: Callable[..., Run], small: RunSettings) -> None:
    wild = phase(
        small, epochs=6, lr=10.0, optimizer="sgd", trainable=recipes.every_block(small.backbone), weight_decay=1.0
    )
    with pytest.raises(FtError, match="choose a lower learning rate"):
        run(wild)


def test_from_random_weights_everything_learns(run: Callable[..., Run], small: RunSettings) -> None:
    (one,) = recipes.scratch(small.backbone, 1)
    settings = dataclasses.replace(small, weights="random", phases=(one,), batch_norm="update")
    before = state(start_network(settings, CLASSES))
    network, events = run(settings)
    assert not any(torch.equal(before[key], tensor) for key, tensor in state(network).items())
    assert set(epochs(events)[0].drift) == set(network.names) - {"pool"}
    assert not torch.equal(before["conv1.weight"], backbones.load(small.backbone).model.state_dict()["conv1.weight"])


def test_last_batch_of_one_joins_the_one_before() -> None:
    assert [len(part) for part in passes.batches(torch.arange(17), 8)] == [8, 9]
    assert [len(part) for part in passes.batches(torch.arange(18), 8)] == [8, 8, 2]
    assert [len(part) for part in passes.batches(torch.arange(1), 8)] == [1]
    assert torch.cat(passes.batches(torch.arange(17), 8)).tolist() == list(range(17))


def test_foreign_blocks_are_refused_before_anything_is_done(
    run: Callable[..., Run], small: RunSettings, home: Path
) -> None:
    with pytest.raises(FtError, match=r"no block 'features\.1'"):
        run(phase(small, trainable=("features.1",)))
    assert not (home / "features").exists()


def test_events_become_plain_records(run: Callable[..., Run], tiny: RunSettings) -> None:
    _, events = run(tiny)
    record = to_dict(epochs(events)[0])
    assert record["event"] == "epoch_end"
    assert {"phase", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"} < record.keys()
    assert {to_dict(event)["event"] for event in events} == {
        "run_start", "cache_progress", "baseline", "step_progress", "epoch_end", "phase_end", "run_end",
    }  # fmt: skip
