"""The loop: what it may move, what it must not, and that no short cut or interruption changes the result."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ftcore import store
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.events import Baseline, CacheProgress, CacheSkipped, EpochEnd, Event, PhaseEnd, RunEnd, RunStart, to_dict
from ftcore.network import backbones, pixels, surgery, tapconv
from ftcore.network.blocks import Network
from ftcore.preprocess import Preprocess
from ftcore.settings import Phase, RunSettings
from ftcore.training import features, loop, recipes
from ftcore.training.optimizer import make_optimizer, rate
from ftcore.training.start import start_network

Images = Callable[[Preprocess], ImageSet]
Run = tuple[Network, list[Event]]
TAIL = ("layer4.0", "layer4.1", "head")
CLASSES = 3


@pytest.fixture
def run(images: Images) -> Callable[..., Run]:
    """`run(settings, **options)` trains and gives back the network and all events."""

    def run_(settings: RunSettings, **options: Any) -> Run:
        network = start_network(settings, CLASSES)
        return network, list(loop.train(settings, images(backbones.preprocess(settings.backbone)), network, **options))

    return run_


def epochs(events: list[Event]) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def numbers(events: list[Event]) -> list[tuple[float, ...]]:
    """Everything measured in an epoch but the seconds."""
    rows = [dataclasses.astuple(dataclasses.replace(event, seconds=0.0, drift={})) for event in epochs(events)]
    return [tuple(v for v in row if isinstance(v, int | float)) for row in rows]


def state(network: Network) -> dict[str, Tensor]:
    return {key: tensor.clone() for key, tensor in network.model.state_dict().items()}


def assert_same(first: Network, second: Network) -> None:
    a, b = state(first), state(second)
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


def phase(settings: RunSettings, **changes: Any) -> RunSettings:
    """The settings with one phase only, changed."""
    return dataclasses.replace(settings, phases=(dataclasses.replace(settings.phases[0], **changes),))


def test_events_come_in_order(run: Callable[..., Run], small: RunSettings) -> None:
    network, events = run(small)
    kinds = [type(event).__name__ for event in events if type(event).__name__ != "StepProgress"]
    assert [kind for kind in kinds if kind != "CacheProgress"] == [
        "RunStart", "Baseline", "EpochEnd", "EpochEnd", "PhaseEnd", "EpochEnd", "EpochEnd", "PhaseEnd", "RunEnd",
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
def test_cached_run_equals_uncached_run(run: Callable[..., Run], small: RunSettings, rule: str) -> None:
    small = dataclasses.replace(small, batch_norm=rule)
    cached, told = run(small)
    plain, told_plain = run(dataclasses.replace(small, cache=False))
    assert any(isinstance(e, CacheProgress) and e.total for e in told)
    assert not any(isinstance(e, CacheProgress) and e.total for e in told_plain)
    for a, b in zip(numbers(told), numbers(told_plain), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    for key, tensor in state(plain).items():
        # AdamW divides by the gradient's size, so a last digit can turn into a whole step of 1e-4
        torch.testing.assert_close(state(cached)[key], tensor, rtol=1e-3, atol=2e-4)


def test_too_small_cache_gives_the_same_run(
    run: Callable[..., Run], small: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, told = run(small)
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    store.prune(0)
    _, told_live = run(small)
    assert sum(isinstance(e, CacheSkipped) for e in told_live) >= 4
    for a, b in zip(numbers(told), numbers(told_live), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)


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


def test_earlier_phase_may_train_deeper_blocks(run: Callable[..., Run], small: RunSettings) -> None:
    turned = dataclasses.replace(
        small, phases=(small.phases[1], Phase(epochs=2), Phase(epochs=1, lr=1e-5, trainable=("layer3.1", "head")))
    )
    _, told = run(turned)
    _, told_plain = run(dataclasses.replace(turned, cache=False))
    for a, b in zip(numbers(told), numbers(told_plain), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    assert isinstance(told[-1], RunEnd)
    assert isinstance(told_plain[-1], RunEnd)
    assert told[-1].test_loss == pytest.approx(told_plain[-1].test_loss, rel=1e-4)


def test_same_seed_same_run_other_seed_other_run(run: Callable[..., Run], small: RunSettings) -> None:
    first, again, other = run(small), run(small), run(dataclasses.replace(small, seed=1))
    assert_same(first[0], again[0])
    assert numbers(first[1]) == numbers(again[1])
    assert numbers(first[1]) != numbers(other[1])


def cut(events: Iterator[Event], stop: Callable[[Event], bool]) -> list[Event]:
    """Close a run right after the event for which `stop` holds."""
    seen = []
    for event in events:
        seen.append(event)
        if stop(event):
            events.close()  # type: ignore[attr-defined]
            return seen
    raise AssertionError("the run ended before it was to be cut")


CUTS: dict[str, Callable[[Event], bool]] = {
    "before the first epoch": lambda e: isinstance(e, Baseline),
    "in epoch 1": lambda e: getattr(e, "step", 0) == 1,
    "after epoch 1": lambda e: isinstance(e, EpochEnd) and e.epoch == 1,
    "at the border, epoch told": lambda e: isinstance(e, EpochEnd) and e.epoch == 2,
    "at the border, phase told": lambda e: isinstance(e, PhaseEnd),
    "in epoch 3": lambda e: getattr(e, "step", 0) == 1 and getattr(e, "epoch", 0) == 3,
    "after epoch 3": lambda e: isinstance(e, EpochEnd) and e.epoch == 3,
    "before the test": lambda e: isinstance(e, PhaseEnd) and e.phase == 2,
}


@pytest.mark.parametrize("where", CUTS)
def test_resumed_equals_undisturbed(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path, where: str
) -> None:
    small = dataclasses.replace(small, batch_norm="update", best_weights=True)
    undisturbed, told = run(small)
    begun = loop.train(
        small,
        images(backbones.preprocess(small.backbone)),
        start_network(small, CLASSES),
        save_to=tmp_path / "c.pt",
    )
    seen = cut(begun, CUTS[where])
    resumed, told_again = run(small, save_to=tmp_path / "c.pt")
    assert_same(undisturbed, resumed)
    assert numbers(told) == numbers(told_again)
    assert [e.drift for e in epochs(told)] == [e.drift for e in epochs(told_again)]
    assert [e.seconds for e in epochs(seen)] == [e.seconds for e in epochs(told_again)][: len(epochs(seen))]
    assert sum(isinstance(e, PhaseEnd) for e in told_again) == 2
    assert list(tmp_path.glob("c.pt*")) == [tmp_path / "c.pt"]


def test_epoch_whose_checkpoint_was_lost_is_repeated_with_the_same_result(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path
) -> None:
    """A log may tell of an epoch that the checkpoint does not know, as after a power cut."""
    undisturbed, _ = run(small)
    made, path = images(backbones.preprocess(small.backbone)), tmp_path / "c.pt"
    cut(loop.train(small, made, start_network(small, CLASSES), save_to=path), CUTS["at the border, epoch told"])
    older = path.read_bytes()
    cut(loop.train(small, made, start_network(small, CLASSES), save_to=path), CUTS["after epoch 3"])
    path.write_bytes(older)
    resumed, told = run(small, save_to=path)
    assert_same(undisturbed, resumed)
    assert [e.epoch for e in epochs(told)] == [1, 2, 3, 4]


def test_resumed_equals_undisturbed_with_dropout_and_momentum(
    run: Callable[..., Run], noise: Path, images: Images, tmp_path: Path
) -> None:
    name, last = "mobilenet_v3_small", ("features.12", "hidden1", "head")
    one = Phase(epochs=2, trainable=last, optimizer="sgd", lr=0.01, schedule="cosine", depth_decay=0.5)
    settings = RunSettings(backbone=name, data=str(noise), weights="random", phases=(one,), batch_size=8)
    undisturbed, _ = run(settings)
    begun = loop.train(
        settings, images(backbones.preprocess(name)), start_network(settings, CLASSES), save_to=tmp_path / "c.pt"
    )
    cut(begun, CUTS["after epoch 1"])
    resumed, _ = run(settings, save_to=tmp_path / "c.pt")
    assert_same(undisturbed, resumed)


def test_checkpoint_of_other_settings_is_refused(run: Callable[..., Run], tiny: RunSettings, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    run(tiny, save_to=path)
    with pytest.raises(FtError, match="belongs to other settings"):
        run(dataclasses.replace(tiny, seed=5), save_to=path)


def test_baseline_is_the_fresh_head(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    _, events = run(small)
    (baseline,) = [e for e in events if isinstance(e, Baseline)]
    network, val = start_network(small, CLASSES), images(backbones.preprocess(small.backbone)).val
    with torch.no_grad():
        logits = network.model(pixels.pixels(val.images, backbones.preprocess(small.backbone), torch.device("cpu")))
    labels = torch.tensor(val.labels)
    assert baseline.val_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert baseline.val_accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item())


def test_numbers_of_the_last_epoch_are_those_of_the_final_network(
    run: Callable[..., Run], small: RunSettings, images: Images
) -> None:
    network, events = run(small)
    made, last = images(backbones.preprocess(small.backbone)), epochs(events)[-1]
    found = []
    for split in (made.train, made.val, made.test):
        source = features.source(network, "stem", split, backbones.preprocess(small.backbone), torch.device("cpu"))
        found.append(loop.evaluate(network, source, torch.arange(len(split))))
    assert (last.sample_loss, last.sample_accuracy) == pytest.approx(found[0], rel=1e-4)
    assert (last.val_loss, last.val_accuracy) == pytest.approx(found[1], rel=1e-4)
    assert isinstance(events[-1], RunEnd)
    assert (events[-1].test_loss, events[-1].test_accuracy) == pytest.approx(found[2], rel=1e-4)


def test_one_epoch_equals_plain_torch(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    """The same steps written out: what the loop calls training loss and what its weights become."""
    settings = phase(small, epochs=1, trainable=TAIL, optimizer="sgd", lr=0.01, weight_decay=0.0)
    network, events = run(settings)
    plain, made = start_network(settings, CLASSES).model, images(backbones.preprocess(settings.backbone)).train
    x, y = (
        pixels.pixels(made.images, backbones.preprocess(settings.backbone), torch.device("cpu")),
        torch.tensor(made.labels),
    )
    torch.manual_seed(settings.seed * 100_003 + 1)
    optimizer, total = (
        torch.optim.SGD([p for k, p in plain.named_parameters() if k.startswith(("layer4", "fc"))], 0.01, 0.9),
        0.0,
    )
    for part in torch.randperm(24).split(8):
        loss = F.cross_entropy(plain(x[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(part)
    assert epochs(events)[0].train_loss == pytest.approx(total / 24, rel=1e-5)
    for key, tensor in plain.state_dict().items():
        torch.testing.assert_close(state(network)[key], tensor, rtol=1e-4, atol=1e-6)


def test_taps_give_the_same_run(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    names = ("layer4.0.conv2", "layer4.1.conv1", "layer4.1.conv2")
    plain, by_taps = run(small), run(small, tap=lambda network, batch: names)
    for a, b in zip(numbers(plain[1]), numbers(by_taps[1]), strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-4)
    assert "forward" not in vars(by_taps[0].model.get_submodule(names[0]))


def test_taps_are_kept_for_a_resumed_run(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = loop.train(
        small,
        images(backbones.preprocess(small.backbone)),
        start_network(small, CLASSES),
        save_to=tmp_path / "c.pt",
        tap=lambda n, b: ("layer4.1.conv2",),
    )
    cut(begun, CUTS["after epoch 1"])
    asked: list[tuple[str, ...]] = []
    real = tapconv.enabled
    monkeypatch.setattr(tapconv, "enabled", lambda model, names: asked.append(names) or real(model, names))
    run(small, save_to=tmp_path / "c.pt", tap=lambda n, b: ())
    assert set(asked) == {("layer4.1.conv2",)}
    assert len(asked) == 3


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


def test_optimizer_holds_exactly_the_trainable_parameters() -> None:
    network = backbones.build("resnet18-tinyimagenet64", 3)
    surgery.freeze(network, TAIL)
    for kind in ("adamw", "sgd"):
        chosen = Phase(
            trainable=("head", "layer4.1", "pool", "layer4.0"),
            optimizer=kind,
            lr=0.1,
            weight_decay=0.3,
            depth_decay=0.5,
        )
        optimizer = make_optimizer(network, chosen, torch.device("cpu"))
        held = [p for group in optimizer.param_groups for p in group["params"]]
        memory = [p.data_ptr() for p in held]
        assert sorted(memory) == sorted(p.data_ptr() for p in network.model.parameters() if p.requires_grad)
        assert len(memory) == len(set(memory))
        assert [group["lr"] for group in optimizer.param_groups] == [0.025, 0.05, 0.1]
        assert {group["weight_decay"] for group in optimizer.param_groups} == {0.3}
        assert type(optimizer).__name__.lower() == kind


def test_schedules() -> None:
    cosine = Phase(schedule="cosine")
    assert [rate(cosine, step, 4) for step in range(5)] == pytest.approx([1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0])
    assert {rate(Phase(), step, 4) for step in range(5)} == {1.0}


def test_cosine_runs_over_the_whole_phase(run: Callable[..., Run], small: RunSettings) -> None:
    _, events = run(phase(small, epochs=3, schedule="cosine", lr=0.01))
    steps = 9  # three batches of eight in each of three epochs; the last step of each is told
    expected = [0.01 * 0.5 * (1 + math.cos(math.pi * step / steps)) for step in (2, 5, 8)]
    assert [e.lr for e in epochs(events)] == pytest.approx(expected)


def test_drift_by_hand(run: Callable[..., Run], small: RunSettings) -> None:
    before = state(start_network(small, CLASSES))
    network, events = run(small)
    first, last = epochs(events)[0], epochs(events)[-1]
    assert first.drift.keys() == set(TAIL)
    assert first.drift["layer4.0"] == first.drift["layer4.1"] == 0.0
    assert first.drift["head"] > 0
    for name in TAIL:
        keys, after = list(network.parameters(name)), state(network)
        then = torch.cat([before[k].flatten() for k in keys]).double()
        now = torch.cat([after[k].flatten() for k in keys]).double()
        assert last.drift[name] == pytest.approx(((now - then).norm() / then.norm()).item(), rel=1e-4)


def test_from_random_weights_everything_learns(run: Callable[..., Run], small: RunSettings) -> None:
    (one,) = recipes.scratch(small.backbone, 1)
    settings = dataclasses.replace(small, weights="random", phases=(one,), batch_norm="update")
    before = state(start_network(settings, CLASSES))
    network, events = run(settings)
    assert not any(torch.equal(before[key], tensor) for key, tensor in state(network).items())
    assert set(epochs(events)[0].drift) == set(network.names) - {"pool"}
    assert not torch.equal(before["conv1.weight"], backbones.load(small.backbone).model.state_dict()["conv1.weight"])


def test_last_batch_of_one_joins_the_one_before() -> None:
    assert [len(part) for part in loop._batches(torch.arange(17), 8)] == [8, 9]
    assert [len(part) for part in loop._batches(torch.arange(18), 8)] == [8, 8, 2]
    assert [len(part) for part in loop._batches(torch.arange(1), 8)] == [1]
    assert torch.cat(loop._batches(torch.arange(17), 8)).tolist() == list(range(17))


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
