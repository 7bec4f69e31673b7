"""An exact convolution for tiny maps: one matrix product per kernel tap, over real pixels only.

On a 2x2 map a 3x3 kernel with padding meets padding more often than pixels: of its 36 products per channel
pair 20 are with zero. Leaving those out is exact and has 2.2 times fewer operations. This module knows
nothing about networks or training; weights and state-dict keys stay those of the `nn.Conv2d` it serves.
"""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Window = tuple[slice, slice]


@functools.cache
def _taps(
    height: int, width: int, kernel: int, stride: int, padding: int
) -> tuple[tuple[int, int, Window, Window], ...]:
    """For each tap (row, column): where its outputs lie and which pixels it meets; taps on padding alone are absent."""

    def axis(size: int, tap: int) -> Window | None:
        outputs = (size + 2 * padding - kernel) // stride + 1
        real = [i for i in range(outputs) if 0 <= i * stride - padding + tap < size]
        if not real:
            return None
        first, count = real[0] * stride - padding + tap, len(real)
        return slice(real[0], real[0] + count), slice(first, first + (count - 1) * stride + 1, stride)

    rows = [(tap, axis(height, tap)) for tap in range(kernel)]
    columns = [(tap, axis(width, tap)) for tap in range(kernel)]
    return tuple(
        (ky, kx, (row[0], column[0]), (row[1], column[1]))
        for ky, row in rows
        for kx, column in columns
        if row and column
    )


class _TapConv(torch.autograd.Function):
    """x [n, in, h, w] and weight [out, in, k, k], both channels_last, give [n, out, h', w']."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        x, w = x.permute(0, 2, 3, 1).contiguous(), weight.permute(0, 2, 3, 1).contiguous()
        n, height, width, _ = x.shape
        out, kernel = w.shape[:2]
        sides = [(size + 2 * padding - kernel) // stride + 1 for size in (height, width)]
        y = x.new_zeros(n, *sides, out)
        ctx.taps = _taps(height, width, kernel, stride, padding)
        for ky, kx, to, source in ctx.taps:
            pixels = x[(slice(None), *source)]
            y[(slice(None), *to)] += (pixels.flatten(0, 2) @ w[:, ky, kx].t()).view(*pixels.shape[:3], out)
        ctx.save_for_backward(x, w)
        return y.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        g = grads[0].permute(0, 2, 3, 1)
        every = len(ctx.taps) == w.shape[1] * w.shape[2]  # else some tap meets padding alone and learns nothing
        grad_w = (torch.empty_like if every else torch.zeros_like)(w) if ctx.needs_input_grad[1] else None
        grad_x = torch.zeros_like(x) if ctx.needs_input_grad[0] else None
        # y = sum over taps of x_tap w_tap', hence for each tap dw = g' x_tap and dx_tap += g w_tap (Goodfellow, Bengio and
        # Courville, Deep Learning, 2016, section 9.5, with the padding's zero terms left out).
        for ky, kx, to, source in ctx.taps:
            rows = g[(slice(None), *to)].reshape(-1, w.shape[0])
            if grad_w is not None:
                torch.mm(rows.t(), x[(slice(None), *source)].flatten(0, 2), out=grad_w[:, ky, kx])
            if grad_x is not None:
                part = grad_x[(slice(None), *source)]
                part += (rows @ w[:, ky, kx]).view(part.shape)
        return _nchw(grad_x), _nchw(grad_w), None, None


def _nchw(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.permute(0, 3, 1, 2)


def tap_conv(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """The convolution of `conv` on x [n, in, h, w], equal to `conv(x)` within float tolerance."""
    y: Tensor = _TapConv.apply(x, conv.weight, conv.stride[0], int(conv.padding[0]))  # type: ignore[no-untyped-call]
    return y if conv.bias is None else y + conv.bias[:, None, None]


def fits(conv: nn.Conv2d, height: int, width: int) -> bool:
    """Whether a layer on such a map is worth a measurement: square, plain, and a quarter of its taps on padding.

    A library's own kind of convolution is left alone: it may pad or scale its weights in a way of its own.
    """
    padding = conv.padding[0]
    plain = (
        type(conv) is nn.Conv2d
        and conv.groups == 1
        and conv.padding_mode == "zeros"
        and conv.dilation == (1, 1)
        and isinstance(padding, int)
    )
    square = len(set(conv.kernel_size)) == len(set(conv.stride)) == len(set(conv.padding)) == 1
    if not (plain and square and isinstance(padding, int)):
        return False
    return real_share(conv, height, width) < 0.75


def real_share(conv: nn.Conv2d, height: int, width: int) -> float:
    """The share of a layer's products on such a map that meet a pixel and not padding, 0..1."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    met = sum(
        len(range(s.start, s.stop, s.step or 1)) * len(range(t.start, t.stop, t.step or 1))
        for _, _, _, (s, t) in _taps(height, width, kernel, stride, padding)
    )
    outputs = [(size + 2 * padding - kernel) // stride + 1 for size in (height, width)]
    return met / (kernel**2 * outputs[0] * outputs[1])


def choose(model: nn.Module, run: Callable[[], object], batch: int) -> tuple[str, ...]:
    """Names of the convolutions in `model` that train faster by taps, measured now at this batch size.

    `run` is called once and must send at least one image through the layers in question.
    """
    seen: dict[str, tuple[int, ...]] = {}
    convs = {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    hooks = [m.register_forward_pre_hook(functools.partial(_note, seen, name)) for name, m in convs.items()]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(
        name for name, shape in seen.items() if fits(convs[name], *shape[2:]) and _faster(convs[name], shape, batch)
    )


def _note(seen: dict[str, tuple[int, ...]], name: str, _: nn.Module, args: tuple[Tensor, ...]) -> None:
    seen[name] = tuple(args[0].shape)


def _faster(conv: nn.Conv2d, shape: tuple[int, ...], batch: int) -> bool:
    x = torch.randn(batch, *shape[1:]).to(memory_format=torch.channels_last).requires_grad_()
    trial = copy.deepcopy(conv).requires_grad_()
    ways: tuple[Callable[[], Tensor], ...] = (lambda: trial(x), lambda: tap_conv(trial, x))
    # The best of up to six counts, since whatever else the machine does only adds time; two are enough where one way
    # is far ahead. Only a gain of 5 % is taken: a network that differs from run to run for less is not worth it.
    best = [float("inf"), float("inf")]
    for turn in range(6):
        for i, way in enumerate(ways):
            start = time.perf_counter()
            way().sum().backward()
            best[i] = min(best[i], time.perf_counter() - start)
        if turn and not 0.8 < best[1] / best[0] < 1.25:
            break
    return best[1] < 0.95 * best[0]


@contextmanager
def enabled(model: nn.Module, names: tuple[str, ...]) -> Iterator[None]:
    """Let the named convolutions compute by taps inside the `with`; always undone."""
    convs = [conv for conv in map(model.get_submodule, names) if isinstance(conv, nn.Conv2d)]
    for conv in convs:
        conv.forward = functools.partial(tap_conv, conv)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for conv in convs:
            del conv.forward
