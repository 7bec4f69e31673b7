"""The code that pages show, run as it stands: it must leave the same parameters trainable as the engine."""

import random

import pytest
import torch
from torch import nn

from ftcore.export import lines
from ftcore.network import backbones, surgery
from ftcore.settings import HEAD, Phase
from ftcore.training import recipes

NAMES = tuple(backbones.CATALOGUE)


def ran(backbone: str, trainable: tuple[str, ...], batch_norm: str = "keep") -> nn.Module:
    """Run the shown lines on the bare architecture, without its weights file."""
    with torch.device("meta"):
        model = backbones.build(backbone).model
        space = {"model": model, "nn": nn}
        parts = (
            lines.head_lines(backbone, 10),
            lines.freeze_lines(backbone, trainable),
            lines.mode_lines(backbone, trainable, batch_norm),
            f"{lines.MOVING}\n{lines.optimizer_lines(Phase(trainable=trainable or (HEAD,)))}",
        )
        for part in parts if trainable else parts[:3]:
            exec(part, space)
    return model


def expected(backbone: str, trainable: tuple[str, ...]) -> set[str]:
    with torch.device("meta"):
        network = backbones.build(backbone, 10)
        if not trainable:
            return set()
        surgery.freeze(network, trainable)
    return {name for name, p in network.model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("backbone", NAMES)
def test_shown_code_leaves_the_same_parameters_trainable(backbone: str) -> None:
    names, draw = recipes.every_block(backbone), random.Random(1)
    for _ in range(6):
        pattern = tuple(name for name in names if draw.random() < 0.4)
        model = ran(backbone, pattern)
        assert {name for name, p in model.named_parameters() if p.requires_grad} == expected(backbone, pattern)


@pytest.mark.parametrize("batch_norm", ["keep", "update"])
@pytest.mark.parametrize("backbone", ["resnet18-tinyimagenet64", "efficientnet_b0", "convnext_tiny"])
def test_shown_code_leaves_the_same_layers_in_train_mode(backbone: str, batch_norm: str) -> None:
    pattern = recipes.last_blocks(backbone, 2)
    model = ran(backbone, pattern, batch_norm)
    with torch.device("meta"):
        network = backbones.build(backbone, 10)
    surgery.set_mode(network, pattern, batch_norm)
    kinds = (nn.BatchNorm2d, nn.Dropout)
    mine = {name: m.training for name, m in model.named_modules() if isinstance(m, kinds)}
    assert mine == {name: m.training for name, m in network.model.named_modules() if isinstance(m, kinds)}


def test_optimizer_line_makes_the_phase_s_optimizer() -> None:
    model = nn.Linear(3, 2)
    for phase in (Phase(lr=3e-4, weight_decay=0.1), Phase(optimizer="sgd", lr=0.5), Phase(lr=0.00012345678)):
        space = {"model": model}
        exec(f"{lines.MOVING}\n{lines.optimizer_lines(phase)}", space)
        group = space["optimizer"].param_groups[0]
        assert (group["lr"], group["weight_decay"]) == (phase.lr, phase.weight_decay)
        assert type(space["optimizer"]).__name__ == {"adamw": "AdamW", "sgd": "SGD"}[phase.optimizer]


def test_load_lines_run_for_the_built_in_network(monkeypatch: pytest.MonkeyPatch) -> None:
    state = backbones.weights_state("resnet18-tinyimagenet64")
    monkeypatch.chdir(state.file.parent)
    space: dict[str, object] = {}
    exec(lines.load_lines("resnet18-tinyimagenet64"), space)
    mine = backbones.load("resnet18-tinyimagenet64").model.state_dict()
    assert all(torch.equal(mine[k], v) for k, v in space["model"].state_dict().items())


def test_a_rate_in_code_is_written_as_people_write_it() -> None:
    assert lines.optimizer_call(Phase(lr=1e-4), "w") == "AdamW(w, lr=1e-4, weight_decay=0.01)"
    assert lines.optimizer_call(Phase(lr=2.5e-4, optimizer="sgd", weight_decay=0), "w") == (
        "SGD(w, momentum=0.9, lr=2.5e-4, weight_decay=0)"
    )
    assert "lr=0.3," in lines.optimizer_call(Phase(lr=0.3), "w")
