"""Where a class token looks: attention worked out by hand from queries and keys, in torchvision's and timm's blocks."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftcore.analysis import attention
from ftcore.network import backbones
from ftcore.network.blocks import Network

TRANSFORMERS = ("vit_b_16", "vit_tiny_patch16_224", "vit_small_patch14_dinov2")


@functools.cache
def network_of(backbone: str) -> Network:
    """Random weights, large enough that tokens look at some places more than at others."""
    torch.manual_seed(3)
    network = backbones.build(backbone, 4)
    network.model.eval()
    for module in network.model.modules():
        if isinstance(module, nn.LayerNorm):
            module.weight.detach().uniform_(0.5, 4)
    return network


def image_for(backbone: str) -> np.ndarray:
    side = backbones.preprocess(backbone).side
    return np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)


def by_hand(network: Network, x: Tensor, block: str) -> Tensor:
    """softmax(q k / sqrt(d)) [heads, tokens, tokens] for what comes into a block [1, tokens, channels]."""
    (layer,) = network.modules(block)
    if network.backbone == "vit_b_16":
        made, heads = layer.self_attention, layer.self_attention.num_heads
        both = layer.ln_1(x) @ made.in_proj_weight.T + made.in_proj_bias
    else:
        heads, both = layer.attn.num_heads, layer.attn.qkv(layer.norm1(x))
    channels = x.shape[-1]
    q, k = (
        both[0, :, at * channels : (at + 1) * channels].reshape(-1, heads, channels // heads).permute(1, 0, 2)
        for at in (0, 1)
    )
    scores = torch.einsum("hic,hjc->hij", q, k) / (channels // heads) ** 0.5
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


@pytest.mark.parametrize("backbone", TRANSFORMERS)
def test_rows_sum_to_one_and_are_those_of_q_and_k(backbone: str) -> None:
    network, image = network_of(backbone), image_for(backbone)
    blocks = attention.looking(network)
    assert len(blocks) == 12
    for block in (blocks[0], blocks[5], blocks[-1]):
        found = attention.attention(network, image, block)
        assert found is not None
        np.testing.assert_allclose(found.weights.sum(-1), 1, atol=1e-5)
        with torch.no_grad():
            x = network.run(attention.tensor(network, image), stop=block)
            wanted = by_hand(network, x, block).numpy()
        assert wanted.max() > 3 / wanted.shape[-1], "the case is one in which tokens look somewhere"
        np.testing.assert_allclose(found.weights, wanted, atol=1e-5)
        heads, tokens, _ = found.weights.shape
        assert (found.in_front, found.side**2) == (1, tokens - 1)
        seen = found.by_class_token
        assert seen.shape == (heads, found.side, found.side)
        np.testing.assert_allclose(seen.reshape(heads, -1).sum(1), 1 - found.weights[:, 0, 0], atol=1e-5)
        assert seen[1, 2, 3] == found.weights[1, 0, 1 + 2 * found.side + 3]


def test_looking_changes_nothing() -> None:
    network, image = network_of("vit_tiny_patch16_224"), image_for("vit_tiny_patch16_224")
    x = attention.tensor(network, image)
    with torch.no_grad():
        before = network.model(x)
        attention.attention(network, image, "blocks.3")
        assert torch.equal(network.model(x), before)


def test_tokens_in_front_of_the_patches_are_left_out() -> None:
    """Of a network with registers beside its class token."""
    name = "timm/vit_little_patch16_reg4_gap_256"
    assert attention.looking(network_of(name)) == (), "registers are no class token"
    name = "timm/deit3_small_patch16_224"
    found = attention.attention(network_of(name), image_for(name), "blocks.0")
    assert found is not None
    assert (found.in_front, found.side) == (1, 14)


@pytest.mark.parametrize(
    "backbone", ["resnet18-tinyimagenet64", "convnextv2_atto", "timm/swin_tiny_patch4_window7_224"]
)
def test_where_no_class_token_looks_at_all_there_is_nothing(backbone: str) -> None:
    network = network_of(backbone)
    assert attention.looking(network) == ()
    assert attention.attention(network, image_for(backbone), network.names[2]) is None
