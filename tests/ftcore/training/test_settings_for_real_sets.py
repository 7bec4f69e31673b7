"""What real sets need, each held to torch's own: a run with it is the run that its printed code makes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.optim import lr_scheduler

from ftcore.data.sets import ImageSet
from ftcore.settings import Phase, RunSettings
from ftcore.training import objective, optimizer
from ftcore.training.start import start_network
from tests.ftcore.training.by_code import CPU, by_its_code, trained, uneven
from tests.ftcore.training.trained import CLASSES, TAIL, Images, epochs, numbers, state

PLAINLY: list[tuple[float, ...]] = []
PLAIN = {"optimizer": "sgd", "weight_decay": 0.0}
RUN: dict[str, dict[str, Any]] = {
    "label smoothing": {"label_smoothing": 0.3},
    "class weights": {"class_weights": "balanced"},
    "dropout": {"dropout": 0.5},
}
PHASE: dict[str, dict[str, Any]] = {
    "decay on everything": {"weight_decay": 0.5},
    "decay on matrices": {"weight_decay": 0.5, "decay_on": "matrices"},
    "cosine": {"schedule": "cosine"},
    "plateau": {"schedule": "plateau"},
    "warm-up": {"warm_up": 1.25},
    "warm-up, then cosine": {"warm_up": 0.5, "schedule": "cosine"},
    "a warm-up longer than the phase": {"warm_up": 2.5, "schedule": "cosine"},
    "clipping": {"clip": 0.05},
}
RUN["all"] = {"label_smoothing": 0.1, "class_weights": "balanced", "dropout": 0.2}
PHASE["all"] = {"weight_decay": 0.1, "decay_on": "matrices", "warm_up": 0.5, "schedule": "cosine", "clip": 0.5}


def settings(name: str) -> RunSettings:
    """Two epochs of the head and two of the last blocks, with what is tried out in both."""
    own = PLAIN | PHASE.get(name, {})
    phases = Phase(epochs=2, lr=0.05, **own), Phase(name="Fine-tune", epochs=2, lr=0.02, trainable=TAIL, **own)
    return RunSettings(phases=phases, batch_size=8, cache=False, **RUN.get(name, {}))


def plainly(images: ImageSet) -> tuple[float, ...]:
    """What the last epoch tells where nothing is asked for; worked out once."""
    if not PLAINLY:
        PLAINLY.append(numbers(trained(settings(""), images)[1])[-1][2:])
    return PLAINLY[0]


@pytest.mark.parametrize("name", RUN | PHASE)
def test_a_run_is_what_its_printed_code_trains(images: Images, name: str) -> None:
    ours, told = trained(settings(name), uneven(images))
    theirs = by_its_code(settings(name), uneven(images))
    for key, tensor in state(ours).items():
        torch.testing.assert_close(
            tensor, theirs[key], rtol=1e-4, atol=1e-5, msg=lambda said, key=key: f"{key}: {said}"
        )
    if name != "plateau":  # which acts only where the loss stands still
        assert numbers(told)[-1][2:] != plainly(uneven(images)), "it does something"


def test_weights_are_scikit_learns_and_the_loss_is_torchs(images: Images) -> None:
    labels = uneven(images).train.labels
    wanted = compute_class_weight("balanced", classes=np.arange(CLASSES), y=labels)
    assert objective.balanced(labels, CLASSES).numpy() == pytest.approx(wanted)
    made = dataclasses.replace(RunSettings(), class_weights="balanced", label_smoothing=0.2)
    logits, y = torch.randn(7, CLASSES), torch.tensor([0, 1, 2, 2, 1, 0, 0])
    theirs = nn.CrossEntropyLoss(weight=torch.tensor(wanted, dtype=torch.float32), label_smoothing=0.2)(logits, y)
    assert float(objective.loss(made, labels, CLASSES, CPU)(logits, y)) == pytest.approx(float(theirs))


@pytest.mark.parametrize(
    ("warm_up", "schedule"), [(0.0, "cosine"), (0.75, "constant"), (0.75, "cosine"), (2.0, "cosine")]
)
def test_the_rate_at_each_step_is_torchs(warm_up: float, schedule: str) -> None:
    phase, per_epoch = Phase(epochs=3, lr=0.2, warm_up=warm_up, schedule=schedule), 4
    warm, held = round(warm_up * per_epoch), torch.optim.SGD([torch.zeros(1)], lr=0.2)
    fall: lr_scheduler.LRScheduler = lr_scheduler.CosineAnnealingLR(held, T_max=12 - warm)
    if schedule == "constant":
        fall = lr_scheduler.ConstantLR(held, factor=1.0)
    rise = lr_scheduler.LinearLR(held, start_factor=1 / max(warm, 1), total_iters=max(warm - 1, 1))
    theirs = lr_scheduler.SequentialLR(held, [rise, fall], milestones=[warm])
    for step in range(12):
        assert 0.2 * optimizer.rate(phase, step, per_epoch) == pytest.approx(held.param_groups[0]["lr"]), step
        held.step()
        theirs.step()


def test_a_plateau_divides_the_rate_by_ten_after_two_epochs_without_gain(images: Images) -> None:
    phase = Phase(lr=0.5, schedule="plateau")
    losses = [1.0, 0.9, 0.95, 0.9, 0.8, 0.81, 0.82, 0.83, 0.84]
    found = [optimizer.cut(phase, losses[:done]) for done in range(len(losses) + 1)]
    assert found == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001])
    assert optimizer.cut(Phase(lr=0.5), losses) == 1.0
    wild = dataclasses.replace(settings("plateau"), phases=(Phase(epochs=9, lr=3.0, schedule="plateau", **PLAIN),))
    _, told = trained(wild, uneven(images))
    rows = epochs(told)
    for row in rows:
        assert row.lr == pytest.approx(3.0 * optimizer.cut(wild.phases[0], [r.val_loss for r in rows[: row.epoch - 1]]))
    assert rows[-1].lr < 3.0


def test_matrices_alone_decay() -> None:
    network = start_network(RunSettings(), CLASSES)
    phase = Phase(trainable=TAIL, weight_decay=0.3, decay_on="matrices", depth_decay=0.5)
    made = optimizer.make_optimizer(network, phase, CPU)
    for group in made.param_groups:
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] == 0.3}
    held = [p.data_ptr() for group in made.param_groups for p in group["params"]]
    assert sorted(held) == sorted(p.data_ptr() for name in TAIL for p in network.parameters(name).values())
    assert [group["lr"] for group in made.param_groups] == [2.5e-4, 2.5e-4, 5e-4, 5e-4, 1e-3, 1e-3]


def test_dropout_is_gone_when_the_network_is_looked_at() -> None:
    network = start_network(RunSettings(), CLASSES)
    x = torch.randn(4, 512)
    with objective.dropout(network, 0.5), torch.no_grad():
        assert torch.equal(network.run(x, start="head"), network.head(x)), "eval mode"
        network.head.train()
        torch.manual_seed(1)
        dropped = network.run(x, start="head")
        torch.manual_seed(1)
        assert torch.equal(dropped, nn.functional.linear(nn.Dropout(0.5)(x), network.head.weight, network.head.bias))
    with torch.no_grad():
        assert torch.equal(
            network.run(x, start="head"), nn.functional.linear(x, network.head.weight, network.head.bias)
        )
