"""Networks as blocks, and what the catalogue says of them. torchvision is the reference."""

from __future__ import annotations

import pytest
import timm
import torch
from torchvision import models

from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.network.cut import BODY
from ftcore.preprocess import Preprocess
from tests.ftcore.network.built import SHIPPED, network

NAMES = tuple(backbones.CATALOGUE)
PHOTOS = backbones.FOR_PHOTOS


@pytest.mark.parametrize("name", NAMES)
def test_blocks_in_order_equal_the_model(name: str) -> None:
    side = backbones.preprocess(name).side
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(network(name).run(x.clone()), network(name).model(x.clone()))


@pytest.mark.parametrize("name", NAMES)
def test_blocks_part_the_parameters(name: str) -> None:
    net = network(name)
    by_block = [key for block in net.names for key in net.parameters(block)]
    assert len(by_block) == len(set(by_block))
    assert set(by_block) == {key for key, _ in net.model.named_parameters()}
    assert {key for block in net.names for key in net.tensors(block)} == set(net.model.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_parameter_count_is_the_published_one(name: str) -> None:
    entry = backbones.entry(name)
    count = sum(p.numel() for p in network(name).model.parameters())
    if entry.library == "timm":
        classes, side = len(backbones.old_classes(name)), {"img_size": entry.side} if entry.side else {}
        assert count == sum(p.numel() for p in timm.create_model(entry.arch, num_classes=classes, **side).parameters())
    if entry.shipped:
        assert count == {SHIPPED: 11_279_112, PHOTOS: 4_652_008}[name]
    elif entry.weights:
        assert count == models.get_model_weights(entry.arch)[entry.weights].meta["num_params"]


@pytest.mark.parametrize("name", NAMES)
def test_kinds_stand_in_order(name: str) -> None:
    kinds = [block.kind for block in network(name).blocks]
    order = ["stem", "body", "pool", "hidden", "head"]
    assert set(kinds) <= {*order, *BODY}
    places = ["body" if kind in BODY else kind for kind in kinds]
    assert places == sorted(places, key=order.index)
    assert (kinds.count("stem"), kinds.count("pool"), kinds.count("head")) == (1, 1, 1)


def test_blocks_have_their_known_names() -> None:
    layers = [f"layer{stage}.{i}" for stage in range(1, 5) for i in range(2)]
    assert network("resnet18").names == ("stem", *layers, "pool", "head")
    assert network("resnet50").names[-5:] == ("layer4.0", "layer4.1", "layer4.2", "pool", "head")
    assert network("vgg16").names[-4:] == ("pool", "hidden1", "hidden2", "head")
    counts = {name: sum(b.kind in BODY for b in network(name).blocks) for name in NAMES}
    assert counts == {
        SHIPPED: 8, PHOTOS: 17, "resnet50": 16, "resnet18": 8, "mobilenet_v3_small": 12, "efficientnet_b0": 17,
        "convnext_tiny": 21, "vgg16": 12,
        "vit_b_16": 12, "vit_tiny_patch16_224": 12, "vit_small_patch14_dinov2": 12, "convnextv2_atto": 15,
        "mobilenetv4_conv_small": 17,
    }  # fmt: skip


def test_part_of_a_run_is_the_rest_of_it() -> None:
    net, x = network(SHIPPED), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        half = net.run(x, stop="layer3.0")
        assert half.shape == (2, 128, 8, 8)
        assert torch.equal(net.run(half, start="layer3.0"), net.model(x))


def test_unknown_names_are_refused_with_those_there_are() -> None:
    with pytest.raises(
        FtError,
        match=r"no backbone 'alexnet': choose among resnet18-tinyimagenet64, .* or name one of timm's as timm/NAME",
    ):
        backbones.entry("alexnet")
    with pytest.raises(FtError, match="no block 'layer9': choose among stem"):
        network(SHIPPED).modules("layer9")


@pytest.mark.parametrize("name", NAMES)
def test_entries_tell_what_they_are(name: str) -> None:
    entry = backbones.CATALOGUE[name]
    assert entry.name == name
    assert len(entry.note) > 20
    assert len(entry.block_means) > 20
    assert len(backbones.old_classes(name)) == {SHIPPED: 200, "vit_small_patch14_dinov2": 0}.get(name, 1000)
    told = backbones.accuracy(name)
    assert told is None if entry.library == "timm" and not entry.shipped else 0.3 < (told or 0) < 1
    assert "licence" in backbones.licence(name) or "terms" in backbones.licence(name)
    assert backbones.preprocess(name).side == (64 if name == SHIPPED else 224)


def test_scaling_comes_from_the_weights_entry() -> None:
    found = backbones.preprocess("resnet50")
    assert (found.side, found.resize, found.interpolation) == (224, 232, "bilinear")
    assert backbones.preprocess("efficientnet_b0").interpolation == "bicubic"
    assert backbones.accuracy("resnet50") == 0.80858
    assert backbones.preprocess(PHOTOS) == Preprocess(224, 256, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic")
