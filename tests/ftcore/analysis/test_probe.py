"""What a head alone knows of a set: measured as by hand, on as many pictures of each class, told while it goes."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import pytest
import torch

from ftcore.analysis import probe
from ftcore.analysis.probe import Probe
from ftcore.data import builtin, sets
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import head
from ftcore.training.start import start_network

BACKBONE = "resnet18-tinyimagenet64"


def test_it_is_what_a_head_fitted_by_hand_gets_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "SKETCHES", {"train": 6, "val": 2, "test": 3})
    told: list[tuple[str, int, int]] = []
    found = probe.measure("sketchbook", BACKBONE, lambda what, done, total: told.append((what, done, total)))
    settings = RunSettings(backbone=BACKBONE)
    preprocess = backbones.preprocess(BACKBONE)
    images = sets.load("sketchbook", preprocess)
    network = start_network(settings, len(images.classes))
    x, seen = (head.features(network, split.images, preprocess) for split in (images.train, images.val))
    fitted = head.fit(x, torch.from_numpy(images.train.labels), len(images.classes))
    right = int((fitted(seen).argmax(1).numpy() == images.val.labels).sum())
    assert found.accuracy == right / len(images.val)
    assert (found.images, found.learned) == (len(images.val), len(images.train))
    looked = [(done, total) for what, done, total in told if what == "Looking at pictures"]
    assert looked[-1] == (len(images.train) + len(images.val),) * 2


def test_features_of_large_pictures_come_in_small_passes_and_are_the_same() -> None:
    """As many pictures at once as at 64 pixels would take gigabytes."""
    name = "efficientnet_lite0"
    network, preprocess = backbones.load(name), backbones.preprocess(name)
    images = np.random.default_rng(0).integers(0, 255, (25, preprocess.side, preprocess.side, 3), dtype=np.uint8)
    passes: list[int] = []
    together = head.features(network, images, preprocess, passes.append)
    assert sum(passes) == 25
    assert max(passes) < 25
    single = torch.cat([head.features(network, images[at : at + 1], preprocess) for at in (0, 24)])
    torch.testing.assert_close(together[[0, 24]], single, rtol=1e-4, atol=1e-4)


def test_of_many_pictures_as_many_of_each_class_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST", 30)
    labels = np.array([0] * 100 + [1] * 5 + [2] * 40)
    some = probe._some(labels)
    assert collections.Counter(labels[some].tolist()) == {0: 10, 1: 5, 2: 10}


def test_what_was_measured_is_kept_and_damage_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "probes.json"
    assert probe.kept(file) == {}
    probe.keep(file, {"a": Probe(0.5, 10, 20, 1.5)})
    assert probe.kept(file) == {"a": Probe(0.5, 10, 20, 1.5)}
    file.write_text('{"a": 1}')
    assert probe.kept(file) == {}
