"""One image through the network: every number against torch, and heat maps against Captum."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image
from torch import nn

from ftcore.analysis import answers, pretrained, trace
from ftcore.data import pictures
from ftcore.data.prepared import Split
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.settings import HEAD
from ftcore.training import features

CLASSES = 5
EVERY = sorted(backbones.CATALOGUE)
TRANSFORMERS = {"vit_b_16", "vit_tiny_patch16_224", "vit_small_patch14_dinov2"}
LINEAR = {"resnet18-tinyimagenet64", "resnet18", "resnet50", "efficientnet_b0", "efficientnet_lite0"}


@functools.cache
def network_of(backbone: str) -> Network:
    """Random weights, with statistics of BatchNorm and bias that are not their plain start values."""
    torch.manual_seed(5)
    network = backbones.build(backbone, CLASSES)
    for module in network.model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    network.model.eval()
    return network


def image_for(backbone: str, seed: int = 0) -> np.ndarray:
    side = backbones.preprocess(backbone).side
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def hooks(network: Network) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) + len(m._backward_pre_hooks)
        for m in network.model.modules()
    )


@pytest.mark.parametrize("backbone", EVERY)
def test_a_trace_is_the_model_itself(backbone: str) -> None:
    network, image = network_of(backbone), image_for(backbone)
    found = trace.trace(network, image)
    x = trace.tensor(network, image)
    with torch.no_grad():
        assert torch.equal(torch.from_numpy(found.logits), network.model(x)[0])
    assert np.array_equal(found.input, x[0].numpy())
    rows = describe(backbone, CLASSES)
    assert [(s.name, s.kind, s.shape) for s in found.steps] == [(r.name, r.kind, r.shape) for r in rows]
    for step in found.steps:
        with torch.no_grad():
            x = network.step(network.block(step.name), x)
        y = x[0]
        assert (step.lowest, step.highest) == (y.min().item(), y.max().item())
        assert step.mean == pytest.approx(y.mean().item(), abs=1e-6)
        assert step.zeros == pytest.approx((y == 0).float().mean().item())
        assert list(step.order) == sorted(step.order, key=lambda c: -step.means[c])
        if y.ndim == 2:  # one token for each patch, after the class token
            side = int(len(y) ** 0.5)
            y = y[1:].reshape(side, side, -1).permute(2, 0, 1)
        if y.ndim == 3:
            assert step.maps is not None
            assert np.array_equal(step.maps, y[torch.from_numpy(step.order[: trace.STRONGEST].copy())].numpy())
        else:
            assert step.maps is None
    assert hooks(network) == 0


@pytest.mark.parametrize("backbone", EVERY)
def test_parts_of_a_logit_add_up(backbone: str) -> None:
    network = network_of(backbone)
    found = trace.trace(network, image_for(backbone))
    for label in range(CLASSES):
        taken = trace.parts(network, found, label)
        assert np.array_equal(taken.products, taken.weights * taken.features)
        assert taken.products.astype(np.float64).sum() + taken.bias == pytest.approx(taken.logit, rel=1e-5, abs=1e-4)
        assert taken.logit == found.logits[label]


def captum(network: Network, image: np.ndarray, block: str, label: int) -> np.ndarray:
    layer = network.modules(block)[-1]
    found = LayerGradCam(network.model, layer).attribute(trace.tensor(network, image), target=label)
    return found.detach()[0, 0].numpy()


@pytest.mark.parametrize("backbone", sorted(TRANSFORMERS))
def test_behind_the_last_block_only_the_class_token_counts(backbone: str) -> None:
    network, image = network_of(backbone), image_for(backbone, 1)
    for parameter in network.head.parameters():
        torch.nn.init.normal_(parameter)  # torchvision's begins with zeros
    last = trace.mapped(network)[-1]
    assert trace.answering(network) == trace.mapped(network)[:-1]
    with torch.no_grad():
        given = network.run(trace.tensor(network, image), stop="pool")
    leaf = given.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network.run(leaf, start="pool")[0, 3], leaf)
    assert not gradient[:, 1:].any()
    assert gradient[:, 0].any()
    with pytest.raises(FtError, match=f"Behind '{last}' the class token alone goes on"):
        trace.heat(network, image, last, 3)
    assert trace.heat(network, image, trace.answering(network)[-1], 3).method == "hires-cam"


@pytest.mark.parametrize("backbone", sorted(set(EVERY) - TRANSFORMERS))
def test_heat_at_the_last_maps(backbone: str) -> None:
    """Where features are means of maps, the map itself adds up to the logit; elsewhere it is Captum's Grad-CAM."""
    network, image = network_of(backbone), image_for(backbone, 1)
    last = trace.mapped(network)[-1]
    found, logits = trace.heat(network, image, last, 3), trace.trace(network, image).logits
    assert trace.pools_and_classifies(network) == (backbone in LINEAR)
    theirs = captum(network, image, last, 3)
    if backbone in LINEAR:
        assert found.method == "cam"
        with torch.no_grad():
            maps = network.run(trace.tensor(network, image), stop=network.names[network.names.index(last) + 1])[0]
        weights = network.head.weight.detach()[3]
        by_hand = sum(w * m for w, m in zip(weights, maps, strict=True))
        assert isinstance(by_hand, torch.Tensor)
        np.testing.assert_allclose(found.values, by_hand.numpy(), rtol=1e-3, atol=1e-4)
        assert found.values.mean() + float(network.head.bias.detach()[3]) == pytest.approx(
            logits[3], rel=1e-3, abs=1e-3
        )
        theirs = theirs * theirs.size  # Grad-CAM's weights are the mean gradients, w / (height x width) here
    else:
        assert found.method == "grad-cam"
    scale = float(np.abs(theirs).max())
    assert scale > 0
    np.testing.assert_allclose(found.values, theirs, atol=1e-4 * scale, rtol=1e-3)
    assert hooks(network) == 0


@pytest.mark.parametrize("backbone", EVERY)
def test_heat_at_earlier_blocks_follows_the_gradient(backbone: str) -> None:
    network, image = network_of(backbone), image_for(backbone, 2)
    torch.nn.init.normal_(network.head.weight, std=0.02)
    block = trace.mapped(network)[-3]
    flags = [p.requires_grad for p in network.model.parameters()]
    kept: list[torch.Tensor] = []
    handle = network.modules(block)[-1].register_forward_hook(lambda m, a, out: kept.append(out))
    try:
        logits = network.model(trace.tensor(network, image))[0]
    finally:
        handle.remove()
    hottest = 0.0
    for label in range(CLASSES):
        (gradient,) = torch.autograd.grad(logits[label], kept[0], retain_graph=True)
        product = (gradient * kept[0].detach())[0]
        if backbone in TRANSFORMERS:
            side = int(len(product) ** 0.5)
            product = product[1:].reshape(side, side, -1).permute(2, 0, 1)
        wanted = product.sum(0).numpy()
        found = trace.heat(network, image, block, label)
        assert found.method == "hires-cam"
        assert found.values.shape == wanted.shape
        np.testing.assert_allclose(found.values, wanted, atol=1e-4 * np.abs(wanted).max() + 1e-12, rtol=1e-3)
        hottest = max(hottest, float(wanted.max()))
    assert hottest > 0
    assert [p.requires_grad for p in network.model.parameters()] == flags
    assert all(p.grad is None for p in network.model.parameters())
    assert hooks(network) == 0


@pytest.mark.parametrize("temperature", [0.05, 0.5, 1.0, 2.0, 10.0])
def test_softmax_equals_torchs_at_every_temperature(temperature: float) -> None:
    for logits in (np.array([2.0, -1.0, 0.5], np.float32), np.array([300.0, -800.0, 299.0], np.float32)):
        found = trace.columns(logits, temperature)
        wanted = torch.softmax(torch.from_numpy(logits).double() / temperature, 0).numpy()
        np.testing.assert_allclose(found.probabilities, wanted, rtol=1e-9, atol=1e-300)
        assert found.probabilities.sum() == pytest.approx(1)
        np.testing.assert_allclose(found.exponentials / found.total, found.probabilities)
        np.testing.assert_allclose(found.scaled - found.lowered, found.scaled.max())


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_softmax_needs_a_temperature(temperature: float) -> None:
    with pytest.raises(FtError, match="above 0"):
        trace.columns(np.zeros(3, np.float32), temperature)


def test_a_failed_trace_leaves_nothing_in_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    network, image = network_of("resnet18-tinyimagenet64"), image_for("resnet18-tinyimagenet64")
    flags = [p.requires_grad for p in network.model.parameters()]

    def fail(x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("broken on the way")

    monkeypatch.setattr(network.head, "forward", fail)
    for act in (lambda: trace.trace(network, image), lambda: trace.heat(network, image, "layer2.0", 0)):
        with pytest.raises(RuntimeError, match="broken"):
            act()
    assert hooks(network) == 0
    assert [p.requires_grad for p in network.model.parameters()] == flags
    assert torch.is_grad_enabled()


def test_wrong_sizes_and_blocks_are_one_sentence() -> None:
    network = network_of("resnet18-tinyimagenet64")
    for image in (np.zeros((32, 32, 3), np.uint8), np.zeros((64, 64, 3), np.float32), np.zeros((64, 64), np.uint8)):
        with pytest.raises(FtError, match="64 by 64"):
            trace.trace(network, image)
    for block in (HEAD, "pool", "layer9"):
        with pytest.raises(FtError, match="gives no maps"):
            trace.heat(network, image_for("resnet18-tinyimagenet64"), block, 0)


def test_a_sure_network_is_never_said_to_be_certain(tmp_path: Path) -> None:
    name = "resnet18-tinyimagenet64"
    network, image = backbones.build(name), image_for(name)
    network.model.eval()
    with torch.no_grad():
        network.head.bias[0] += 25
    logits = trace.trace(network, image).logits
    assert float(torch.softmax(torch.tensor(logits), 0).max()) == 1, "the case is one in which float32 rounds"
    wanted = trace.columns(logits).probabilities.max()
    split = Split(image[None], np.zeros(1, np.int64), ("",), "")
    source = features.Source(network, network.names[0], split, backbones.preprocess(name), torch.device("cpu"))
    Image.fromarray(image).save(tmp_path / "x.png")
    (answer,) = answers.answers(network, [tmp_path / "x.png"])
    ((guess,),) = pretrained.own_guesses(network, image[None], top=1)
    for found in (trace.probabilities(network, source).max(), max(answer.chances), guess[1]):
        assert found == pytest.approx(wanted, abs=1e-8)
        assert found < 1


@pytest.mark.parametrize("backbone", ["resnet18-tinyimagenet64", "mobilenet_v3_small"])
def test_probabilities_and_answers_of_many_images(backbone: str) -> None:
    network = network_of(backbone)
    images = np.stack([image_for(backbone, seed) for seed in range(9)])
    split = Split(images, np.zeros(9, np.int64), ("",) * 9, "")
    source = features.Source(network, network.names[0], split, backbones.preprocess(backbone), torch.device("cpu"))
    found = trace.probabilities(network, source)
    assert found.shape == (9, CLASSES)
    block = trace.mapped(network)[-2]
    means = {block: trace.answers(network, block, images), "pool": trace.answers(network, "pool", images)}
    for at, image in enumerate(images):
        one = trace.trace(network, image)
        np.testing.assert_allclose(found[at], trace.columns(one.logits).probabilities, atol=1e-5)
        for step in one.steps:
            if step.name in means:
                np.testing.assert_allclose(means[step.name][at], step.means, atol=1e-4, rtol=1e-3)


def test_memory_stays_flat_over_many_pictures() -> None:
    """Pictures of all sizes and modes, read, prepared and traced one after the other: nothing is held back."""
    network, preprocess = network_of("resnet18-tinyimagenet64"), backbones.preprocess("resnet18-tinyimagenet64")
    rng, process, seen = np.random.default_rng(0), psutil.Process(), []
    for number in range(120):
        size = (int(rng.integers(20, 1000)), int(rng.integers(20, 1000)))
        file = io.BytesIO()
        Image.new(("RGB", "L", "RGBA", "P")[number % 4], size, 77).save(file, "PNG")
        picture = pictures.read_picture(file.getvalue(), f"{number}.png")
        found = trace.trace(network, pictures.prepare(picture, preprocess))
        trace.heat(network, found.image, "layer2.1", number % CLASSES)
        if number >= 20:
            seen.append(process.memory_info().rss)
    early, late = np.median(seen[:25]), np.median(seen[-25:])
    assert late - early < 10 * 2**20
