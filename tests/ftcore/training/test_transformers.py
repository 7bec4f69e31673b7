"""Vision transformers learn as other networks do: features kept or live, frozen blocks untouched, drift, resuming."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import timm
import torch

from ftcore.analysis import attention, trace
from ftcore.data.sets import ImageSet
from ftcore.events import CacheProgress
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training import features, loop, recipes
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, Images, Run, assert_same, epochs, numbers

CPU = torch.device("cpu")
NETWORKS = ("vit_tiny_patch16_224", "timm/swin_tiny_patch4_window7_224")


def settings(backbone: str) -> RunSettings:
    """Two short phases from random weights: the head, then the last block."""
    tail = recipes.last_blocks(backbone, 1)
    phases = Phase(epochs=1), Phase(name="Fine-tune", epochs=2, lr=1e-3, trainable=tail)
    return RunSettings(backbone=backbone, weights="random", phases=phases, batch_size=8)


def few(images: Images, backbone: str) -> ImageSet:
    """Eight images of each split, since transformers take their time."""
    made = images(backbones.preprocess(backbone))
    pick = torch.linspace(0, len(made.train) - 1, 8).long().tolist()

    def part(split):  # type: ignore[no-untyped-def]
        at = [place % len(split) for place in pick]
        return type(split)(split.images[at], split.labels[at], [split.names[i] for i in at], f"{split.digest} few")

    return dataclasses.replace(made, train=part(made.train), val=part(made.val), test=part(made.test))


def trained(made: RunSettings, images: ImageSet, save_to: Path | None = None) -> Run:
    network = start_network(made, CLASSES)
    return network, list(loop.train(made, images, network, save_to=save_to))


@pytest.mark.parametrize("backbone", NETWORKS)
def test_a_cached_run_is_an_uncached_one_and_frozen_blocks_stay(images: Images, backbone: str) -> None:
    made, some = settings(backbone), few(images, backbone)
    kept, told = trained(made, some)
    live, said = trained(dataclasses.replace(made, cache=False), some)
    assert any(isinstance(event, CacheProgress) for event in told)
    for mine, theirs in zip(numbers(told), numbers(said), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    before, thawed = start_network(made, CLASSES), made.phases[1].trainable
    for network in (kept, live):
        for name in before.names:
            same = [
                torch.equal(tensor, network.parameters(name)[key]) for key, tensor in before.parameters(name).items()
            ]
            assert all(same) if name not in thawed else not any(same), name
    moved = epochs(told)[-1].drift
    assert {name for name, far in moved.items() if far} == set(thawed)
    assert all(tensor.isfinite().all() for tensor in kept.model.state_dict().values())
    found = trace.trace(kept, some.val.images[0])
    assert found.logits.shape == (CLASSES,)
    looks = attention.attention(kept, some.val.images[0], kept.names[-3])
    assert (looks is not None) == backbone.startswith("vit")


@pytest.mark.parametrize("backbone", NETWORKS)
def test_kept_features_equal_live_ones(images: Images, backbone: str) -> None:
    network, some = start_network(settings(backbone), CLASSES), few(images, backbone)
    preprocess, first = backbones.preprocess(backbone), recipes.last_blocks(backbone, 1)[0]
    for boundary in (first, "head"):
        list(features.make(network, {boundary: ["train"]}, {"train": some.train}, preprocess, CPU))
        source = features.source(network, boundary, some.train, preprocess, CPU)
        assert source.kept is not None
        live = dataclasses.replace(source, kept=None)
        index = torch.tensor([5, 0, 3])
        torch.testing.assert_close(source.batch(index), live.batch(index), rtol=1e-4, atol=1e-5)
        assert source.batch(index).shape == live.batch(index).shape


def test_features_of_another_version_of_timm_are_made_anew(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    network, some = start_network(settings(NETWORKS[1]), CLASSES), few(images, NETWORKS[1])
    preprocess = backbones.preprocess(NETWORKS[1])
    keys = {features.key(network, "head", preprocess, some.val, CPU)}
    monkeypatch.setattr(timm, "__version__", "0.0.0")
    keys.add(features.key(network, "head", preprocess, some.val, CPU))
    assert len(keys) == 2


def test_a_run_that_is_resumed_is_the_undisturbed_one(images: Images, tmp_path: Path) -> None:
    made, some = settings(NETWORKS[0]), few(images, NETWORKS[0])
    whole, told = trained(made, some)
    place = tmp_path / "run" / "checkpoint.pt"
    place.parent.mkdir()
    network = start_network(made, CLASSES)
    for event in loop.train(made, some, network, save_to=place):
        if epochs([event]) and event.epoch == 2:  # type: ignore[union-attr]
            break
    again, said = trained(made, some, place)
    assert_same(whole, again)
    assert numbers(told) == numbers(said)
