"""Runs that learn from altered pictures: what their printed code trains, whatever is kept and wherever they are cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ftcore import store
from ftcore.data.sets import ImageSet
from ftcore.events import Baseline, CacheProgress, CacheSkipped, EpochEnd, Event, HeadAlone
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment, features, loop
from ftcore.training.augment import PLAIN, View
from ftcore.training.start import start_network
from tests.ftcore.training.by_code import CPU, Batches, by_its_code, order, tensors, trained, uneven
from tests.ftcore.training.trained import CLASSES, TAIL, Images, Run, assert_same, epochs, numbers, state

PLAINLY = {"optimizer": "sgd", "weight_decay": 0.0}
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"augmentation": "fixed", "views": 3},
    "random": {"augmentation": "random"},
    "mixup": {"mixup": 0.5},
    "random, mixed": {"augmentation": "random", "mirror": False, "mixup": 0.5},
}
MORE = {"label_smoothing": 0.1, "class_weights": "balanced", "dropout": 0.2}
CODE = KINDS | {
    "fixed, mixed, and more": {**KINDS["fixed"], "mixup": 0.5, **MORE},
    "mixed, and more": {"mixup": 0.5, **MORE},
}


def settings(kind: dict[str, Any], **changes: Any) -> RunSettings:
    """Two epochs of the head and two of the last blocks."""
    phases = (
        Phase(epochs=2, lr=0.05, **PLAINLY),
        Phase(name="Fine-tune", epochs=2, lr=0.02, trainable=TAIL, **PLAINLY),
    )
    return RunSettings(phases=phases, batch_size=8, **kind, **changes)


class Views:
    """Stands for the printed `augment`: the engine's views of the images that `batches` gave out, in this order."""

    def __init__(self, settings: RunSettings, images: ImageSet, given: Batches) -> None:
        every = np.arange(len(images.train))
        self.settings, self.given, self.calls = settings, given, 0
        self.made = {
            view: augment.alter(tensors(images.train, every)[0], torch.tensor(every), view)
            for view in (augment.learned(settings, epoch) for epoch in range(1, settings.epochs + 1))
        }

    def __call__(self, _: Tensor) -> Tensor:
        seen, count = self.given.seen, len(self.made[augment.learned(self.settings, 1)])
        turn, at = divmod(self.calls, count)
        self.calls += 1
        fixed = self.settings.augmentation == "fixed"  # then the views are made one after the other at the start
        epoch, image = (turn + 2, seen[at][1]) if fixed else seen[turn * count + at]
        return self.made[augment.learned(self.settings, epoch)][image]


def loaders(settings: RunSettings, given: Batches) -> Callable[..., Iterator[Any]]:
    """Stands for the printed `DataLoader`: the engine's order in each epoch, over pictures that lie as `given` gave them."""
    gone = 0

    class Ordered:
        def __init__(self, data: TensorDataset, batch_size: int, *, shuffle: bool) -> None:
            assert (batch_size, shuffle) == (settings.batch_size, True)
            self.data = data

        def __iter__(self) -> Iterator[Any]:
            nonlocal gone
            gone += 1
            lies = torch.tensor([number for _, number in given.seen[: len(self.data)]]).argsort()
            for part in order(settings, len(self.data), gone):
                yield self.data[lies[part]]

    return Ordered


@pytest.mark.parametrize("name", CODE)
def test_a_run_is_what_its_printed_code_trains(images: Images, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, some = settings(CODE[name], cache=False), uneven(images)
    ours, told = trained(made, some)
    given = Batches(made, some.train)
    views = Views(made, some, given)
    monkeypatch.setattr("torchvision.transforms.v2.Compose", lambda _: views)
    monkeypatch.setattr("torch.utils.data.DataLoader", loaders(made, given))
    theirs = by_its_code(made, some, given)
    for key, tensor in state(ours).items():
        torch.testing.assert_close(
            tensor, theirs[key], rtol=1e-4, atol=1e-5, msg=lambda said, key=key: f"{key}: {said}"
        )
    assert numbers(told)[-1][2:] != numbers(trained(settings({}, cache=False), some)[1])[-1][2:], "it does something"


@pytest.mark.parametrize("rule", ["keep", "update"])
def test_kept_views_give_the_run_of_live_ones(run: Callable[..., Run], small: RunSettings, rule: str) -> None:
    fixed = dataclasses.replace(small, batch_norm=rule, **KINDS["fixed"])
    before = state(start_network(fixed, CLASSES))
    kept, told = run(fixed)
    plain, told_plain = run(dataclasses.replace(fixed, cache=False))
    assert len({row[2] for row in numbers(told)}) == 4, "each epoch has learned"
    for a, b in zip(numbers(told), numbers(told_plain), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    for key, tensor in state(plain).items():
        torch.testing.assert_close(state(kept)[key], tensor, rtol=1e-3, atol=2e-4)
        if not key.startswith(("layer4", "fc")):
            assert torch.equal(state(kept)[key], before[key]), "frozen means frozen"


def test_views_that_find_no_room_are_said_and_change_nothing(
    run: Callable[..., Run], small: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed = dataclasses.replace(small, **KINDS["fixed"])
    _, told = run(fixed)
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    store.prune(0)
    _, told_live = run(fixed)
    size = 24 * 512 * 4 * 3 / 2**30
    found = [event.gigabytes for event in told_live if isinstance(event, CacheSkipped) and event.boundary == "head"]
    assert max(found) == round(size, 4), "three views of the training images"
    assert not any(isinstance(event, HeadAlone) for event in told_live)
    for a, b in zip(numbers(told), numbers(told_live), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)


def passed(told: list[Event]) -> int:
    """Pictures that the pass over the frozen part was told to have."""
    return sum(event.total for event in told if isinstance(event, CacheProgress) and event.done == event.total)


def test_the_picture_as_it_is_is_shared_with_a_run_that_alters_nothing(
    run: Callable[..., Run], small: RunSettings, home: Path
) -> None:
    _, plain = run(small)
    before = {file.name for file in (home / "features").iterdir()}
    assert passed(plain) == 24 + 6 + 6
    for name in ("random", "mixup"):
        _, told = run(dataclasses.replace(small, **KINDS[name]))
        assert passed(told) == 0, "all that is looked at is there, and nothing else is kept"
        assert not any(isinstance(event, HeadAlone) for event in told)
        assert [e for e in told if isinstance(e, Baseline)] == [e for e in plain if isinstance(e, Baseline)]
    assert {file.name for file in (home / "features").iterdir()} == before
    _, told = run(dataclasses.replace(small, **KINDS["fixed"]))
    assert passed(told) == 2 * 24, "two views beside the picture as it is"
    assert epochs(told)[0].train_loss == epochs(plain)[0].train_loss
    assert epochs(told)[1].train_loss != epochs(plain)[1].train_loss
    assert len(list((home / "features").iterdir())) == len(before) + 2 * 2, "at two boundaries"


def test_a_key_says_which_view_it_is(images: Images) -> None:
    network, split = backbones.load(RunSettings().backbone), images(backbones.preprocess(RunSettings().backbone)).train

    def key(*view: View) -> str:
        return features.key(network, "head", backbones.preprocess(RunSettings().backbone), split, CPU, *view)

    assert key() == key(PLAIN)
    views = (View(1, 0), View(1, 0, mirror=True), View(1, 1), View(2, 0))
    assert len({key(), *map(key, views)}) == 5


def test_the_control_learns_from_the_views_of_the_run(run: Callable[..., Run], small: RunSettings) -> None:
    fixed = dataclasses.replace(small, **KINDS["fixed"])
    _, told = run(fixed)
    (alone,) = (event for event in told if isinstance(event, HeadAlone))
    _, longer = run(dataclasses.replace(fixed, phases=(dataclasses.replace(small.phases[0], epochs=fixed.epochs),)))
    assert alone.val_loss == tuple(row.val_loss for row in epochs(longer)[alone.after :])


@pytest.mark.parametrize("name", KINDS)
def test_the_same_seed_gives_the_same_run_wherever_it_was_cut(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path, name: str
) -> None:
    made = dataclasses.replace(small, **KINDS[name])
    undisturbed, told = run(made)
    given = images(backbones.preprocess(made.backbone))
    begun = loop.train(made, given, start_network(made, CLASSES), save_to=tmp_path / "c.pt")
    for event in begun:
        if isinstance(event, EpochEnd) and event.epoch == 3:
            break
    begun.close()  # type: ignore[attr-defined]
    resumed, told_again = run(made, save_to=tmp_path / "c.pt")
    assert_same(undisturbed, resumed)
    assert numbers(told) == numbers(told_again)
    other = dataclasses.replace(made, seed=1)
    assert numbers(run(other)[1]) != numbers(told)


def test_accuracy_while_learning_counts_the_larger_share(run: Callable[..., Run], small: RunSettings) -> None:
    """A head that knows all 24 pictures is still wrong about mixed ones now and then, and surer than it should be."""
    one = dataclasses.replace(small, mixup=10.0, phases=(Phase(epochs=12, lr=0.01),))
    last = epochs(run(one)[1])[-1]
    assert 1 / CLASSES < last.train_accuracy <= 1
    assert last.train_loss > last.sample_loss
