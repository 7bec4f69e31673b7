"""The Freeze lab's numbers against torch's own: counts, operations, movement, one step."""

import dataclasses
import random
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ftcore.analysis import steps
from ftcore.costs import flops
from ftcore.data.sets import ImageSet
from ftcore.network import backbones, surgery
from ftcore.network.describe import describe
from ftcore.preprocess import Preprocess
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import augment, loop, recipes
from ftcore.training.augment import View
from ftcore.training.start import start_network

SMALL = "resnet18-tinyimagenet64"
PLAIN = (SMALL, "resnet50", "vgg16")  # without grouped convolutions torch's own backward count is right


@pytest.fixture
def drawn(images: Callable[[Preprocess], ImageSet]) -> ImageSet:
    return images(backbones.preprocess(SMALL))


def patterns(backbone: str, count: int) -> list[tuple[str, ...]]:
    names, draw = recipes.every_block(backbone), random.Random(backbone)
    return [tuple(n for n in names if draw.random() < 0.5) or (HEAD,) for _ in range(count)]


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_totals_equal_torch_for_twenty_random_patterns(backbone: str) -> None:
    with torch.device("meta"):
        network = backbones.build(backbone, 10)
    whole = sum(p.numel() for p in network.model.parameters())
    for pattern in patterns(backbone, 20):
        surgery.freeze(network, pattern)
        moving = sum(p.numel() for p in network.model.parameters() if p.requires_grad)
        found = flops.totals(backbone, 10, pattern)
        assert (found.trainable, found.frozen) == (moving, whole - moving)
        assert found.optimizer_bytes == 8 * moving
        assert flops.totals(backbone, 10, pattern, "sgd").optimizer_bytes == 4 * moving


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_forward_operations_equal_torch(backbone: str) -> None:
    side = backbones.preprocess(backbone).side
    with torch.device("meta"):
        network = backbones.build(backbone, 10)
        network.model.eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network.model(torch.empty(1, 3, side, side))
    assert sum(c.forward_flops for c in flops.block_costs(backbone, 10, (HEAD,))) == counter.get_total_flops()


@pytest.mark.parametrize("backbone", PLAIN)
def test_backward_operations_equal_torch(backbone: str) -> None:
    side = backbones.preprocess(backbone).side
    for pattern in patterns(backbone, 4):
        with torch.device("meta"):
            network = backbones.build(backbone, 10)
            network.model.eval()
            surgery.freeze(network, pattern)
            with FlopCounterMode(display=False) as counter:
                logits = network.model(torch.empty(1, 3, side, side))
                forward = counter.get_total_flops()
                logits.sum().backward()
        found = sum(cost.backward_flops for cost in flops.block_costs(backbone, 10, pattern))
        assert found == counter.get_total_flops() - forward


def test_grouped_convolutions_cost_as_much_per_gradient_as_forward() -> None:
    rows = {row.name: row for row in describe("mobilenet_v3_small", 10)}
    for cost in flops.block_costs("mobilenet_v3_small", 10, recipes.every_block("mobilenet_v3_small"))[1:]:
        assert cost.backward_flops == 2 * rows[cost.name].forward_flops


def test_kept_bytes_are_those_of_the_activation_at_the_boundary() -> None:
    found = flops.totals(SMALL, 10, ("layer4.0", HEAD))
    assert (found.boundary, found.cache_bytes) == ("layer4.0", 256 * 4 * 4 * 4)
    assert flops.totals(SMALL, 10, recipes.every_block(SMALL)).cache_bytes == 0
    assert flops.totals(SMALL, 10, ()).boundary == ""


def _phase(trainable: tuple[str, ...], optimizer: str = "adamw") -> Phase:
    return Phase(trainable=trainable, lr=1e-3, optimizer=optimizer)


def test_frozen_weights_move_by_exactly_zero(drawn: ImageSet) -> None:
    found = steps.movement(RunSettings(batch_size=8), _phase(("layer4.1", HEAD)), drawn.train, steps=3)
    assert {row.name for row in found if row.weights} == {"layer4.1", HEAD}
    assert all(row.weights == 0.0 for row in found if not row.trainable)
    assert all(not row.statistics for row in found)


def test_update_means_what_it_means_in_training(drawn: ImageSet) -> None:
    settings, phase = RunSettings(batch_size=8, batch_norm="update"), _phase(("layer4.1", HEAD))
    found = {row.name: row for row in steps.movement(settings, phase, drawn.train, steps=3)}
    assert {name for name, row in found.items() if row.statistics} == {"layer4.1"}
    network = start_network(settings, len(drawn.classes))
    before = {key: t.clone() for key, t in network.model.state_dict().items()}
    for _ in loop.train(dataclasses.replace(settings, phases=(dataclasses.replace(phase, epochs=1),)), drawn, network):
        pass
    after = network.model.state_dict()
    moved = {key for key in before if key.endswith("running_mean") and not torch.equal(before[key], after[key])}
    assert moved == {"layer4.1.bn1.running_mean", "layer4.1.bn2.running_mean"}


def test_statistics_of_frozen_blocks_move_under_a_plain_train(drawn: ImageSet) -> None:
    found = steps.movement(RunSettings(batch_size=8), _phase((HEAD,)), drawn.train, plain=True, steps=3)
    trunk = [row for row in found if row.name != HEAD]
    assert all(row.weights == 0.0 for row in trunk)
    assert all(row.statistics is not None and row.statistics > 0 for row in trunk)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("block", [HEAD, "layer4.1"])
def test_one_step_adds_up_to_what_torch_did(drawn: ImageSet, optimizer: str, block: str) -> None:
    step = steps.one_step(RunSettings(batch_size=8), _phase(("layer4.1", HEAD), optimizer), drawn.train, block)
    assert step.before - step.shrink - step.move == pytest.approx(step.after, abs=1e-7)
    assert step.after != step.before
    assert step.lr == 1e-3


def test_one_step_reports_the_gradient_of_the_loss(drawn: ImageSet) -> None:
    settings, phase = RunSettings(batch_size=8), _phase((HEAD,))
    step = steps.one_step(settings, phase, drawn.train, HEAD)
    network = steps._prepared(settings, phase, len(drawn.classes))
    ((x, y),) = steps.batches(settings, drawn.train, 1)
    F.cross_entropy(network.run(x), y).backward()
    assert float(network.head.weight.grad[step.index]) == pytest.approx(step.gradient, rel=1e-5)
    assert step.gradient == pytest.approx(float(network.head.weight.grad.abs().max()), rel=1e-5) or step.gradient < 0


def test_steps_learn_from_the_pictures_of_a_first_epoch(drawn: ImageSet) -> None:
    plain = steps.batches(RunSettings(batch_size=8), drawn.train, 3)
    for kind, number in (("fixed", 0), ("random", 1)):
        found = steps.batches(RunSettings(batch_size=8, augmentation=kind), drawn.train, 3)
        order = torch.randperm(len(drawn.train), generator=torch.Generator().manual_seed(0)).split(8)
        for (x, y), (as_it_is, labels), part in zip(found, plain, order, strict=True):
            assert torch.equal(x, augment.alter(as_it_is, part, View(number, 0, mirror=True)))
            assert torch.equal(y, labels)


def test_steps_of_mixed_pictures_are_mixed_alike_and_leave_random_numbers(drawn: ImageSet) -> None:
    settings, before = RunSettings(batch_size=8, mixup=0.4), torch.get_rng_state()
    one, two = (steps.batches(settings, drawn.train, 2) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    for (x, y), (again, labels) in zip(one, two, strict=True):
        assert torch.equal(x, again)
        assert torch.equal(y, labels)
        assert y.shape == (8, 3)
    found = steps.movement(settings, _phase(("layer4.1", HEAD)), drawn.train, steps=2)
    assert {row.name for row in found if row.weights} == {"layer4.1", HEAD}
    step = steps.one_step(settings, _phase((HEAD,), "sgd"), drawn.train, HEAD)
    assert step.before - step.shrink - step.move == pytest.approx(step.after, abs=1e-7)
