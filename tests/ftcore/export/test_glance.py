"""The stages' few lines, run one after the other as they are printed, do to a network what the lesson does."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import nn

from ftcore.export import glance
from ftcore.network import backbones, surgery
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes

BUILT_IN = RunSettings().backbone
OTHERS = tuple(name for name in backbones.CATALOGUE if name != BUILT_IN)


def _lesson(backbone: str, batch_norm: str = "keep") -> RunSettings:
    phases = recipes.classic(backbone, epochs=(1, 1))
    return dataclasses.replace(RunSettings(), backbone=backbone, batch_norm=batch_norm, phases=phases)


def _batches(backbone: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
    side = backbones.preprocess(backbone).side
    return [(torch.randn(2, 3, side, side), torch.zeros(2, dtype=torch.long))]


def _moving(model: nn.Module) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


def _modes(model: nn.Module) -> dict[str, bool]:
    kinds = (nn.BatchNorm2d, nn.Dropout)
    return {name: module.training for name, module in model.named_modules() if isinstance(module, kinds)}


def _held_to_the_engine(space: dict[str, Any], lines: tuple[str, ...], settings: RunSettings) -> None:
    """Run the stages that `space` has not run yet; after each training the network is as the engine would have it."""
    engine = backbones.build(settings.backbone, 10)
    for stage, text in enumerate(lines[1:], 2):
        exec(text, space)
        if stage in (4, 6):
            trainable = settings.phases[0 if stage == 4 else 1].trainable
            surgery.freeze(engine, trainable)
            surgery.set_mode(engine, trainable, settings.batch_norm)
            assert _moving(space["model"]) == _moving(engine.model)
            assert _modes(space["model"]) == _modes(engine.model)
            held = {id(p) for group in space["optimizer"].param_groups for p in group["params"]}
            assert held == {id(p) for p in space["model"].parameters() if p.requires_grad}
    assert _moving(space["model"]) != set()


@pytest.mark.parametrize("batch_norm", ["keep", "update"])
@pytest.mark.parametrize("backbone", OTHERS)
def test_the_code_of_every_stage_runs_as_printed(backbone: str, batch_norm: str) -> None:
    settings = _lesson(backbone, batch_norm)
    lines = glance.stages(settings, 10)
    with torch.device("meta"):  # shapes alone: nothing is downloaded and nothing computed
        space = {"model": backbones.build(backbone).model, "batches": _batches(backbone)}
        _held_to_the_engine(space, lines, settings)


def test_the_built_in_network_is_loaded_trained_and_thawed_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _lesson(BUILT_IN)
    lines = glance.stages(settings, 10)
    monkeypatch.chdir(backbones.weights_state(BUILT_IN).file.parent)
    space: dict[str, Any] = {"batches": _batches(BUILT_IN)}
    exec(lines[0], space)
    before = {name: value.clone() for name, value in space["model"].state_dict().items()}
    _held_to_the_engine(space, lines, settings)
    after = space["model"].state_dict()
    changed = {
        name for name in before if before[name].shape != after[name].shape or not before[name].equal(after[name])
    }
    assert changed == _moving(space["model"]), "thawed weights moved, frozen ones and BatchNorm's statistics did not"
    assert {name.partition(".")[0] for name in changed} == {"layer4", "fc"}
    assert HEAD in settings.phases[1].trainable
