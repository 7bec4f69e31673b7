"""How much of a network has moved, against hand sums and against a real run's files."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch

from ftcore.network import backbones, change, surgery
from ftcore.network.describe import describe
from ftcore.runs import execute, records, results
from ftcore.settings import HEAD, RunSettings
from ftcore.training.start import start_network


def test_only_changed_numbers_outside_the_head_count() -> None:
    before = backbones.load("resnet18-tinyimagenet64")
    after = copy.deepcopy(before)
    trunk = sum(row.parameters for row in describe(before.backbone) if row.name != HEAD)
    same = change.compare(before, after)
    assert (same.weights, same.moved, same.share, same.distance) == (trunk, 0, 0.0, 0.0)
    with torch.no_grad():
        after.head.weight.add_(1)
        norm = after.model.get_submodule("layer2.0.bn1")
        norm.running_mean.add_(1)  # type: ignore[operator, union-attr]
        kernel = after.model.get_parameter("layer1.0.conv1.weight")
        kernel[3, 5] += 0.5
    found = change.compare(before, after)
    assert (found.weights, found.moved) == (trunk, 9)
    was = before.model.get_parameter("layer1.0.conv1.weight").detach().double()
    assert found.distance == pytest.approx(math.sqrt(9 * 0.25) / float(was.norm()), rel=1e-5)


def test_another_number_of_classes_does_not_matter() -> None:
    before = backbones.load("resnet18-tinyimagenet64")
    after = copy.deepcopy(before)
    surgery.replace_head(after, 3, seed=0)
    assert change.compare(before, after).moved == 0


def test_a_run_moved_only_what_it_thawed(small: RunSettings, home: Path) -> None:
    folder = records.new(small)
    execute.execute(folder, lambda event: records.append(folder, event))
    tuned, classes = results.tuned_network(folder)
    found = change.compare(start_network(small, len(classes)), tuned)
    thawed = {row.name: row.parameters for row in describe(small.backbone)}
    most = thawed["layer4.0"] + thawed["layer4.1"]
    assert 0.99 * most < found.moved <= most
    assert 0 < found.distance < 0.2
