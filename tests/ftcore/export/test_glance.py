"""The stages' few lines do to a network what the lesson does."""

from __future__ import annotations

import dataclasses

import pytest
from torch import nn

from ftcore.export import glance
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import recipes


@pytest.mark.parametrize(
    "backbone", ["resnet18-tinyimagenet64", "resnet50", "vgg16", "convnext_tiny", "mobilenet_v3_small"]
)
def test_the_stages_name_modules_that_exist(backbone: str) -> None:
    settings = dataclasses.replace(RunSettings(), backbone=backbone, phases=recipes.classic(backbone))
    lines = glance.stages(settings, 10)
    network = backbones.skeleton(backbone)
    network.model.train()
    for text in (lines[1], lines[2], lines[4]):
        exec(text, {"model": network.model, "nn": nn})
    assert not any(module.training for module in network.model.modules()), (
        "the stage Freeze holds BatchNorm's statistics"
    )
    network.refresh()
    moving = {name for name in network.names if any(p.requires_grad for p in network.parameters(name).values())}
    assert moving == set(settings.phases[1].trainable)
    assert network.head.out_features == 10


@pytest.mark.parametrize("backbone", ["resnet18-tinyimagenet64", "resnet18"])
def test_the_first_stage_builds_the_network(backbone: str) -> None:
    line = glance.stages(dataclasses.replace(RunSettings(), backbone=backbone), 10)[0]
    assert line.startswith("model = resnet18(")
    assert "import" not in line
