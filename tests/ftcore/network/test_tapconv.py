"""Convolution by taps against torch's own, forward and both gradients."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftcore.network import backbones, tapconv

CASES = [
    (kernel, stride, padding, height, width)
    for kernel, stride, padding, (height, width) in product(
        (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), ((1, 1), (2, 2), (2, 3), (4, 4), (7, 5))
    )
    if min(height, width) + 2 * padding >= kernel
]


def both_ways(conv: nn.Conv2d, x: Tensor) -> list[list[Tensor]]:
    """Output and gradients of input, weight and bias, by torch and by taps."""
    found = []
    for way in (conv, lambda leaf: tapconv.tap_conv(conv, leaf)):
        leaf = x.clone().requires_grad_()
        conv.zero_grad()
        y = way(leaf)
        (y * torch.arange(y.numel(), dtype=y.dtype).view(y.shape).cos()).sum().backward()
        grads = [leaf.grad, conv.weight.grad, *([conv.bias.grad] if conv.bias is not None else [])]
        found.append([y.detach(), *(g.clone() for g in grads if g is not None)])
    return found


@pytest.mark.parametrize(("kernel", "stride", "padding", "height", "width"), CASES)
def test_equals_torch(kernel: int, stride: int, padding: int, height: int, width: int) -> None:
    torch.manual_seed(kernel * 100 + stride * 10 + padding)
    conv = nn.Conv2d(3, 4, kernel, stride, padding).double()
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    theirs, ours = both_ways(conv, x)
    assert len(theirs) == len(ours) == 4
    for a, b in zip(theirs, ours, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_equals_torch_in_the_tails_own_shape(layout: torch.memory_format) -> None:
    conv = nn.Conv2d(256, 512, 3, 2, 1, bias=False).to(memory_format=layout)
    theirs, ours = both_ways(conv, torch.randn(8, 256, 4, 4).to(memory_format=layout))
    for a, b in zip(theirs, ours, strict=True):
        assert ((a - b).norm() / a.norm()).item() < 1e-5


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (1, 2, 0)])
def test_gradients_equal_differences(kernel: int, stride: int, padding: int) -> None:
    conv = nn.Conv2d(2, 3, kernel, stride, padding).double()

    def by_taps(x: Tensor, weight: Tensor) -> Tensor:
        return tapconv._TapConv.apply(x, weight, stride, padding)

    x = torch.randn(2, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(by_taps, (x, conv.weight))


def test_frozen_weight_gets_no_gradient() -> None:
    conv = nn.Conv2d(2, 3, 3, 1, 1).requires_grad_(False)
    x = torch.randn(1, 2, 2, 2, requires_grad=True)
    tapconv.tap_conv(conv, x).sum().backward()
    assert conv.weight.grad is None
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.autograd.grad(F.conv2d(x, conv.weight, padding=1).sum(), x)[0])


def test_enabled_computes_by_taps_and_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[nn.Conv2d] = []
    real = tapconv.tap_conv
    monkeypatch.setattr(tapconv, "tap_conv", lambda conv, x: served.append(conv) or real(conv, x))
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1))
    x, keys = torch.randn(2, 3, 2, 2), list(model.state_dict())
    plain = model(x)
    with tapconv.enabled(model, ("2",)):
        torch.testing.assert_close(model(x), plain)
        assert list(model.state_dict()) == keys
    assert served == [model[2]]
    assert torch.equal(model(x), plain)
    assert served == [model[2]]


def test_enabled_is_undone_after_an_error() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    with pytest.raises(RuntimeError), tapconv.enabled(model, ("0",)):
        model(torch.zeros(1, 5, 2, 2))  # five channels for a layer of three
    assert "forward" not in vars(model[0])


def test_where_taps_fit() -> None:
    conv = nn.Conv2d(4, 4, 3, padding=1)
    assert tapconv.fits(conv, 2, 2)  # 16 of 36 products meet pixels
    assert tapconv.fits(conv, 1, 1)
    assert not tapconv.fits(conv, 8, 8)
    assert not tapconv.fits(nn.Conv2d(4, 4, 1), 2, 2)  # no padding to leave out


@pytest.mark.parametrize(
    "other",
    [
        {"groups": 2}, {"groups": 4}, {"dilation": 2}, {"padding_mode": "reflect"}, {"padding": "same"},
        {"stride": (1, 2)}, {"padding": (1, 0)}, {"kernel_size": (3, 1)},
    ],
)  # fmt: skip
def test_other_convolutions_are_left_alone(other: dict[str, object]) -> None:
    conv = nn.Conv2d(4, 4, **{"kernel_size": 3, "padding": 1, **other})  # type: ignore[arg-type]
    assert not tapconv.fits(conv, 2, 2)


def test_a_librarys_own_kind_of_convolution_is_left_alone() -> None:
    class Scaled(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    assert tapconv.fits(nn.Conv2d(8, 8, 3, 1, 1), 2, 2)
    assert not tapconv.fits(Scaled(8, 8, 3, 1, 1), 2, 2)


def test_choice_only_names_layers_that_fit_and_leaves_no_hooks() -> None:
    network = backbones.build("resnet18-tinyimagenet64", 3)
    network.model.eval()
    before = {key: t.clone() for key, t in network.model.state_dict().items()}
    x = torch.zeros(1, 3, 64, 64)
    chosen = tapconv.choose(network.model, lambda: network.model(x), 4)
    small = {"layer3", "layer4"}  # maps of 4 x 4 and 2 x 2 pixels
    assert {name.split(".")[0] for name in chosen} <= small
    assert not any("downsample" in name for name in chosen)
    assert not any(m._forward_pre_hooks for m in network.model.modules())
    assert all(torch.equal(t, before[key]) for key, t in network.model.state_dict().items())
