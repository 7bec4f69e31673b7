"""Views and mixed pictures: torchvision's own, and a pure function of seed, view and image."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from ftcore.errors import FtError
from ftcore.export import learning
from ftcore.settings import Phase, RunSettings
from ftcore.training import augment
from ftcore.training.augment import PLAIN, View

SIDE, COUNT = 64, 6
INDEX = torch.arange(COUNT)


@pytest.fixture
def x() -> Tensor:
    """Pictures [6, 3, 64, 64] that grow brighter from left to right, each unlike the others."""
    slope = torch.linspace(0, 1, SIDE).expand(COUNT, 3, SIDE, SIDE)
    return slope + torch.arange(COUNT)[:, None, None, None] * torch.rand(3, SIDE, 1)


def test_a_view_is_a_pure_function_of_seed_view_and_image(x: Tensor) -> None:
    torch.manual_seed(3)
    before, made = torch.get_rng_state(), augment.alter(x, INDEX, View(2, 5, mirror=True))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(8)
    some = torch.tensor([4, 0, 4])
    assert torch.equal(augment.alter(x[some], some, View(2, 5, mirror=True)), made[some]), "in whatever batch"
    for other in (View(1, 5, mirror=True), View(2, 6, mirror=True)):
        assert not torch.equal(augment.alter(x, INDEX, other), made)
    assert augment.alter(x, INDEX, PLAIN) is x
    same = x[:1].expand(COUNT, -1, -1, -1)
    assert len({tuple(one.flatten()[:50].tolist()) for one in augment.alter(same, INDEX, View(1))}) == COUNT


@pytest.mark.parametrize("mirror", [True, False])
def test_the_printed_augment_makes_the_very_views_of_the_engine(x: Tensor, *, mirror: bool) -> None:
    settings = RunSettings(augmentation="random", mirror=mirror, seed=9)
    text, space = learning.lines(settings, settings.phases, 10), dict[str, object]()
    exec(text[: text.index("def train")], space)
    made, printed = augment.alter(x, INDEX, augment.learned(settings, 3)), space["augment"]
    assert callable(printed)
    for number, picture in enumerate(x):
        torch.manual_seed(augment.seed_of(View(3, 9, mirror), number))
        assert torch.equal(made[number], printed(picture))


def test_half_of_the_views_are_mirrored_or_none(x: Tensor) -> None:
    def turned(*, mirror: bool) -> int:
        views = (augment.alter(x, INDEX, View(number, 0, mirror)) for number in range(1, 21))
        return sum(int((view[..., 0] > view[..., -1]).all((1, 2)).sum()) for view in views)

    assert turned(mirror=False) == 0
    assert turned(mirror=True) == pytest.approx(10 * COUNT, abs=20)


def numbers(settings: RunSettings) -> list[int]:
    return [augment.learned(settings, epoch).number for epoch in range(1, settings.epochs + 1)]


def test_which_view_an_epoch_learns_from() -> None:
    settings = RunSettings(phases=(Phase(epochs=2), Phase(epochs=3)), augmentation="fixed", views=3, seed=4)
    assert numbers(settings) == [0, 1, 2, 0, 1]
    assert augment.kept(settings) == (PLAIN, View(1, 4, mirror=True), View(2, 4, mirror=True))
    assert {augment.learned(settings, epoch) for epoch in range(1, 6)} == set(augment.kept(settings))
    assert len(augment.kept(dataclasses.replace(settings, views=32))) == 5, "no more than there are epochs"
    assert augment.pictures(settings, {"train": 10, "val": 3, "test": 2}) == 35
    for other, wanted in (("random", [1, 2, 3, 4, 5]), ("none", [0, 0, 0, 0, 0])):
        changed = dataclasses.replace(settings, augmentation=other)
        assert numbers(changed) == wanted
        assert augment.kept(changed) == (PLAIN,)
        assert augment.live(changed) == (other == "random")
    mixed = dataclasses.replace(settings, mixup=0.2)
    assert (augment.kept(mixed), augment.live(mixed), numbers(mixed)) == ((PLAIN,), True, [0, 1, 2, 0, 1])


def test_mixing_is_torchvisions(x: Tensor) -> None:
    settings, y = RunSettings(mixup=0.4), torch.tensor([0, 1, 2, 2, 1, 0])
    mix = augment.mixing(settings, 3)
    assert mix is not None
    torch.manual_seed(1)
    found = mix(x, y)
    torch.manual_seed(1)
    theirs = v2.MixUp(alpha=0.4, num_classes=3)(x, y)
    assert all(map(torch.equal, found, theirs))
    torch.testing.assert_close(found[1].sum(1), torch.ones(COUNT))
    assert augment.mixing(RunSettings(), 3) is None


def test_a_mixup_that_mixes_nothing_is_refused() -> None:
    assert RunSettings(mixup=0.001).mixup == 0.001
    with pytest.raises(FtError, match=r"write 0 for none"):
        RunSettings(mixup=1e-300)
