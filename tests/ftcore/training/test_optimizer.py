"""The optimizer holds what is to be trained and nothing else, at rates that follow the schedule."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from ftcore.network import backbones, surgery
from ftcore.settings import Phase, RunSettings
from ftcore.training.optimizer import make_optimizer, rate
from tests.ftcore.training.trained import TAIL, Run, epochs, phase


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
    cosine = Phase(epochs=1, schedule="cosine")
    assert [rate(cosine, step, 4) for step in range(5)] == pytest.approx([1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0])
    assert {rate(Phase(), step, 4) for step in range(5)} == {1.0}


def test_cosine_runs_over_the_whole_phase(run: Callable[..., Run], small: RunSettings) -> None:
    _, events = run(phase(small, epochs=3, schedule="cosine", lr=0.01))
    steps = 9  # three batches of eight in each of three epochs; the last step of each is told
    expected = [0.01 * 0.5 * (1 + math.cos(math.pi * step / steps)) for step in (2, 5, 8)]
    assert [e.lr for e in epochs(events)] == pytest.approx(expected)
