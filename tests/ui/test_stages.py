"""What the six stages say follows what was counted, also where it is not as in the usual lesson."""

from __future__ import annotations

import dataclasses

import pytest

from ftcore.settings import RunSettings
from ftcore.training import recipes
from ui.lesson import stages


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1e-3, 1e-4, "10 times less than the head's rate"),
        (1e-3, 1e-3, "the head's own rate"),
        (1e-4, 1e-3, "10 times the head's rate"),
    ],
)
def test_the_rate_after_the_thaw_is_compared_with_the_heads(before: float, after: float, said: str) -> None:
    assert stages.rate_step(before, after) == said


@pytest.mark.parametrize(
    ("backbone", "thaw", "said"),
    [
        ("resnet18", 2, "look like a small part and are not: 2 of the trunk's 9 blocks hold 75.1"),
        ("resnet50", 2, "2 of the trunk's 17 blocks may learn; they hold 38.0"),
        ("vgg16", 2, "4 of the trunk's 15 blocks hold 92.6"),
        ("resnet18", 6, "6 of the trunk's 9 blocks may learn; they hold 98"),
        ("resnet18", 9, "the whole trunk, all of its 9 blocks"),
    ],
)
def test_the_thawed_part_is_called_what_it_is(backbone: str, thaw: int, said: str) -> None:
    first, second = recipes.classic(backbone)
    trainable = recipes.every_block(backbone) if thaw == 9 else recipes.last_blocks(backbone, thaw)
    phases = (first, dataclasses.replace(second, trainable=trainable))
    six = stages.build(RunSettings(backbone=backbone, phases=phases), 10, 100, {"head_result": "", "tune_result": ""})
    assert said in six[4].why


@pytest.mark.parametrize(("backbone", "said"), [("resnet18", "stand still in eval mode"), ("vgg16", "no BatchNorm")])
def test_freezing_tells_of_batchnorm_where_there_is_any(backbone: str, said: str) -> None:
    phases = recipes.classic(backbone)
    six = stages.build(RunSettings(backbone=backbone, phases=phases), 10, 100, {"head_result": "", "tune_result": ""})
    assert said in six[2].happens
