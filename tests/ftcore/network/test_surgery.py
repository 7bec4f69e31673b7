"""Heads, freezing, BatchNorm's rule and the counts. torch does the counting it is compared with."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from ftcore.errors import FtError
from ftcore.network import backbones, surgery
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes

NAMES = tuple(backbones.CATALOGUE)
SHIPPED = "resnet18-tinyimagenet64"
LAST = ("layer4.0", "layer4.1", "head")


def fresh(name: str = SHIPPED, classes: int | None = None) -> Network:
    torch.manual_seed(0)
    network = backbones.build(name, classes)
    network.model.eval()
    return network


@pytest.mark.parametrize("name", NAMES)
def test_description_equals_torchs_counts(name: str) -> None:
    network, rows = fresh(name, 10), describe(name, 10)
    side = backbones.preprocess(name).side
    model = backbones.skeleton(name, 10).model  # on a processor torch's counter passes over fused attention
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(1, 3, side, side, device="meta"))
    assert sum(row.forward_flops for row in rows) == counter.get_total_flops()
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in network.model.parameters())
    norms = sum(isinstance(m, nn.BatchNorm2d) for m in network.model.modules())
    assert sum(row.batch_norms for row in rows) == norms
    assert [row.name for row in rows if row.new] == ["head"]


@pytest.mark.parametrize("name", [name for name in NAMES if backbones.entry(name).weights])
def test_operations_are_those_that_torchvision_publishes(name: str) -> None:
    entry = backbones.entry(name)
    published = 2e9 * models.get_model_weights(entry.arch)[entry.weights].meta["_ops"]  # in multiply-adds
    assert sum(row.forward_flops for row in describe(name)) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_equal_a_real_forward(name: str) -> None:
    network, side = fresh(name), backbones.preprocess(name).side
    x = torch.zeros(1, 3, side, side)
    with torch.no_grad():
        for block, row in zip(network.blocks, describe(name), strict=True):
            x = network.step(block, x)
            assert (row.name, row.kind, row.shape) == (block.name, block.kind, tuple(x.shape[1:]))
    assert not any(row.new for row in describe(name))


def test_counts_by_hand() -> None:
    rows = {row.name: row for row in describe(SHIPPED, 10)}
    assert rows["stem"].parameters == 7 * 7 * 3 * 64 + 2 * 64
    assert rows["stem"].forward_flops == 2 * 7 * 7 * 3 * 64 * 32 * 32
    assert rows["head"].parameters == 512 * 10 + 10
    assert rows["layer4.1"].parameters == 2 * (3 * 3 * 512 * 512 + 2 * 512)
    assert rows["layer4.1"].shape == (512, 2, 2)
    assert rows["pool"].shape == (512,)


@pytest.mark.parametrize("name", NAMES)
def test_freezing_leaves_exactly_the_named_trainable(name: str) -> None:
    network, named = fresh(name, 3), recipes.last_blocks(name, 1)
    surgery.freeze(network, named)
    trainable = {key for key, p in network.model.named_parameters() if p.requires_grad}
    assert trainable == {key for block in named for key in network.parameters(block)}
    surgery.freeze(network, ("head",))
    assert sum(p.requires_grad for p in network.model.parameters()) == 2


def test_freezing_with_nothing_to_train_is_refused() -> None:
    for named in ((), ("pool",)):
        with pytest.raises(FtError, match="thaw at least one block"):
            surgery.freeze(fresh(), named)
    with pytest.raises(FtError, match="no block 'layer9'"):
        surgery.freeze(fresh(), ("head", "layer9"))


def norm_statistics(network: Network) -> dict[str, Tensor]:
    return {k: t.clone() for k, t in network.model.state_dict().items() if "running" in k or "tracked" in k}


@pytest.mark.parametrize(("rule", "moved"), [("keep", set()), ("update", {"layer4.0", "layer4.1"})])
def test_batch_norm_rule(rule: str, moved: set[str]) -> None:
    network = fresh()
    network.model.train()
    surgery.set_mode(network, LAST, rule)
    before = norm_statistics(network)
    network.model(torch.randn(4, 3, 64, 64))
    after = norm_statistics(network)
    assert {".".join(k.split(".")[:2]) for k in before if not torch.equal(before[k], after[k])} == moved


@pytest.mark.parametrize(
    ("name", "dropout", "owner"),
    [("mobilenet_v3_small", "classifier.2", "hidden1"), ("efficientnet_b0", "classifier.0", "head")],
)
def test_dropout_works_while_its_block_learns(name: str, dropout: str, owner: str) -> None:
    network = fresh(name, 3)
    module = network.model.get_submodule(dropout)
    assert isinstance(module, nn.Dropout)
    surgery.set_mode(network, (owner,), "keep")
    assert module.training
    assert not network.model.get_submodule("features").training
    surgery.set_mode(network, ("stem",), "keep")
    assert not module.training


@pytest.mark.parametrize("name", NAMES)
def test_new_head_keeps_the_rest(name: str) -> None:
    network = fresh(name)
    old_head, before = network.head, {k: t.clone() for k, t in network.model.state_dict().items()}
    surgery.replace_head(network, 5, seed=1)
    path = network.head_path
    assert network.head is network.model.get_submodule(path)
    assert network.head is not old_head
    assert (network.head.in_features, network.head.out_features) == (old_head.in_features, 5)
    for key, tensor in network.model.state_dict().items():
        assert torch.equal(tensor, before[key]) or key.startswith(f"{path}.")
    side = backbones.preprocess(name).side
    with torch.no_grad():
        assert network.run(torch.zeros(1, 3, side, side)).shape == (1, 5)


def test_new_head_is_seeded_and_leaves_torchs_chance_alone() -> None:
    heads = []
    for seed in (1, 1, 2):
        network = fresh()
        state = torch.get_rng_state()
        surgery.replace_head(network, 4, seed)
        assert torch.equal(torch.get_rng_state(), state)
        heads.append(network.head.weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_one_class_is_refused() -> None:
    with pytest.raises(FtError, match="at least two classes"):
        surgery.replace_head(fresh(), 1, 0)


def test_boundary_is_the_first_trainable_block_with_weights() -> None:
    network = fresh()
    assert surgery.boundary(network, ("head", "layer4.1")) == "layer4.1"
    assert surgery.boundary(network, ("pool", "head")) == "head"
    assert surgery.boundary(network, ("stem",)) == "stem"


def test_last_blocks() -> None:
    assert recipes.last_blocks(SHIPPED, 2) == LAST
    assert recipes.last_blocks("resnet50", 2) == ("layer4.1", "layer4.2", "head")
    assert recipes.last_blocks("vgg16", 1) == ("features.28", "hidden1", "hidden2", "head")
    assert recipes.last_blocks(SHIPPED, 0) == ("head",)
    assert len(recipes.last_blocks(SHIPPED, 8)) == 9
    for count in (-1, 9):
        with pytest.raises(FtError, match="has 8 blocks between stem and pooling"):
            recipes.last_blocks(SHIPPED, count)


@pytest.mark.parametrize("name", NAMES)
def test_lessons_fit_every_backbone(name: str) -> None:
    first, second = recipes.classic(name)
    assert first.trainable == ("head",)
    assert (second.lr, second.trainable[-1]) == (first.lr / 10, "head")
    (scratch,) = recipes.scratch(name)
    network = fresh(name)
    surgery.freeze(network, scratch.trainable)
    assert all(p.requires_grad for p in network.model.parameters())
    recipes.check_settings(RunSettings(backbone=name, phases=(first, second, scratch)))


def test_classic_of_the_default_is_the_default() -> None:
    assert recipes.classic(SHIPPED) == RunSettings().phases


def test_settings_with_foreign_blocks_are_refused() -> None:
    with pytest.raises(FtError, match=r"no block 'features\.3'"):
        recipes.check_settings(RunSettings(phases=(Phase(trainable=("features.3",)),)))
    with pytest.raises(FtError, match="Nothing is trainable"):
        recipes.check_settings(RunSettings(phases=(Phase(trainable=("pool",)),)))
    with pytest.raises(FtError, match="no backbone 'x'"):
        recipes.check_settings(RunSettings(backbone="x"))
