"""One image through a network, step by step: activations, contributions to a logit, heat maps, softmax.

Works on the list of blocks, so no hook is ever hung into the model. All of it in eval mode on the CPU. This
module knows nothing about runs or pages.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ftcore.errors import FtError
from ftcore.network import backbones, pixels
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.network.layout import Layout, layout
from ftcore.settings import HEAD
from ftcore.training.features import Source

STRONGEST = 12
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Step:
    """What one block made of the image.

    `means` [channels] holds each channel's mean over its map, or the features themselves; `order` names the
    channels from the strongest on; `maps` [up to STRONGEST, height, width] are those of the first in `order`, of tokens
    laid out as the patches lie; None where nothing belongs to a place. `zeros` is the share of activations that are
    exactly 0; `seconds` the time taken.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    lowest: float
    mean: float
    highest: float
    zeros: float
    means: np.ndarray
    order: np.ndarray
    maps: np.ndarray | None
    seconds: float


@dataclass(frozen=True)
class Trace:
    """An image [side, side, 3] in bytes, the tensor [3, side, side] made of it, a step per block, and what came out.

    `features` [f] go into the head, `logits` [classes] come out of it; equal to `model(x)` bit for bit. A head that has
    no outputs yet is no step.
    """

    image: np.ndarray
    input: np.ndarray
    steps: tuple[Step, ...]
    features: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True)
class Parts:
    """One logit taken apart: `weights` times `features` (both [f]) are `products`; their sum and `bias` the logit."""

    weights: np.ndarray
    features: np.ndarray
    products: np.ndarray
    bias: float
    logit: float


@dataclass(frozen=True)
class Heat:
    """A heat map [height, width] for one class at one block, as coarse as it is, and the method that made it.

    `method` is 'cam' (its mean plus the bias is the logit), 'grad-cam' or 'hires-cam'.
    """

    block: str
    method: str
    values: np.ndarray


@dataclass(frozen=True)
class Columns:
    """Softmax worked out: logits over temperature, less the largest, exponentials, their sum, probabilities."""

    scaled: np.ndarray
    lowered: np.ndarray
    exponentials: np.ndarray
    total: float
    probabilities: np.ndarray


def tensor(network: Network, image: np.ndarray) -> Tensor:
    """The network's input [1, 3, side, side] for an image uint8 [side, side, 3] that was resized and cropped."""
    side = backbones.preprocess(network.backbone).side
    if image.shape != (side, side, 3) or image.dtype != np.uint8:
        raise FtError(f"The network takes images of {side} by {side} pixels: prepare the picture first.")
    return pixels.pixels(image[None], backbones.preprocess(network.backbone), CPU)


@torch.no_grad()
def trace(network: Network, image: np.ndarray) -> Trace:
    """Send one image through the network, which must be in eval mode, and note what each block gives."""
    x = given = tensor(network, image)
    steps, into_head = [], x
    for block in network.blocks:
        start = time.perf_counter()
        if block.name == HEAD:
            into_head, x = network.classify(x)
        else:
            x = network.step(block, x)
        if x.numel():
            steps.append(_step(block.name, block.kind, x[0], time.perf_counter() - start))
    return Trace(image, given[0].numpy(), tuple(steps), into_head[0].numpy(), x[0].numpy())


def _step(name: str, kind: str, x: Tensor, seconds: float) -> Step:
    lies = layout(x.shape)
    maps = lies.maps(x[None])[0] if lies else None
    means = maps.mean((1, 2)) if maps is not None else x
    order = means.argsort(descending=True)
    strongest = maps[order[:STRONGEST]].clone().numpy() if maps is not None else None
    zeros = float((x == 0).float().mean())
    return Step(
        name, kind, tuple(x.shape), x.min().item(), x.mean().item(), x.max().item(), zeros,
        means.clone().numpy(), order.numpy(), strongest, seconds,
    )  # fmt: skip


def parts(network: Network, trace: Trace, label: int) -> Parts:
    """Take the logit of a class apart: logit = sum over features of weight x feature, plus bias."""
    weights = network.head.weight.detach()[label].numpy()
    bias = float(network.head.bias.detach()[label]) if network.head.bias is not None else 0.0
    return Parts(weights, trace.features, weights * trace.features, bias, float(trace.logits[label]))


def pools_and_classifies(network: Network) -> bool:
    """Whether each feature of the head is the mean of one channel's map, so that a logit is a sum over places.

    Tried out on random maps, since each library has a module of its own for it; the network must be in eval mode.
    """
    pool, shape = network.blocks[-2], describe(network.backbone)[-3].shape
    lies = layout(shape)
    if pool.kind != "pool" or lies is None:
        return False
    given = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features, means = network.step(pool, given).flatten(1), lies.maps(given).mean((2, 3))
    return features.shape == means.shape and torch.allclose(features, means, atol=1e-5)


def mapped(network: Network) -> tuple[str, ...]:
    """The blocks before the pool whose numbers belong to places of the image."""
    rows = describe(network.backbone)
    return tuple(row.name for row in rows if (row.kind == "stem" or row.in_body) and row.layout)


def answering(network: Network) -> tuple[str, ...]:
    """Those of `mapped` at whose places the answer depends: not the last where the pool takes the class token alone.

    Tried out on random tokens; the network must be in eval mode.
    """
    names = mapped(network)
    pool = network.blocks[network.names.index(names[-1]) + 1]
    lies = next(row.layout for row in describe(network.backbone) if row.name == names[-1])
    if pool.kind != "pool" or lies is None or not lies.in_front:
        return names
    tokens = torch.randn(2, lies.in_front + lies.side**2, lies.channels, generator=torch.Generator().manual_seed(0))
    tokens[1, : lies.in_front] = tokens[0, : lies.in_front]
    with torch.no_grad():
        one, other = network.step(pool, tokens)
    return names[:-1] if torch.allclose(one, other) else names


@torch.no_grad()
def maps(network: Network, image: np.ndarray, block: str) -> np.ndarray:
    """All maps that a block gives for an image, float32 [channels, height, width]."""
    given, lies = _given(network, image, block)
    channels: np.ndarray = lies.maps(given)[0].numpy()
    return channels


def _given(network: Network, image: np.ndarray, block: str) -> tuple[Tensor, Layout]:
    """What a block gives for an image, [1, ...], and how it lies over the image."""
    names = mapped(network)
    if block not in names:
        raise FtError(f"The block '{block}' gives no maps: choose among {', '.join(names)}.")
    given = network.run(tensor(network, image), stop=network.names[network.names.index(block) + 1])
    lies = layout(given.shape[1:])
    assert lies is not None
    return given, lies


def heat(network: Network, image: np.ndarray, block: str, label: int) -> Heat:
    """Where in the image the logit of a class comes from, in the maps that `block` gives; tokens count as maps.

    At the last maps of a network that pools and classifies linearly: the class activation map, the sum over
    channels of weight x map (arXiv 1512.04150, eq. 2); in other networks whose pool looks at every place Grad-CAM, the
    same sum with each channel's mean gradient as its weight (arXiv 1610.02391, eq. 1 and 2, before its ReLU). At earlier
    blocks HiResCAM, the sum over channels of gradient x activation at each place (arXiv 2011.08891, eq. 3), which also
    makes sense where activations are below zero. Raises `FtError` at a block behind which no place counts any more.
    """
    if block not in answering(network) and block in mapped(network):
        raise FtError(f"Behind '{block}' the class token alone goes on: choose one of {', '.join(answering(network))}.")
    with torch.no_grad():
        given, lies = _given(network, image, block)
    last, maps = block == mapped(network)[-1], lies.maps(given)[0]
    if last and pools_and_classifies(network):
        weights = network.head.weight.detach()[label]
        return Heat(block, "cam", torch.einsum("c,chw->hw", weights, maps).numpy())
    gradient = lies.maps(_gradient(network, given, block, label))[0]
    if last:
        return Heat(block, "grad-cam", torch.einsum("c,chw->hw", gradient.mean((1, 2)), maps).numpy())
    return Heat(block, "hires-cam", (gradient * maps).sum(0).numpy())


def _gradient(network: Network, given: Tensor, block: str, label: int) -> Tensor:
    """How the class's logit changes with each number that the block gave."""
    flags = [(p, p.requires_grad) for p in network.model.parameters()]
    try:
        for p, _ in flags:
            p.requires_grad_(False)
        leaf = given.clone().requires_grad_()
        x = leaf.clone()  # some blocks work in place
        with torch.enable_grad():
            logit = network.run(x, start=network.names[network.names.index(block) + 1])[0, label]
        (gradient,) = torch.autograd.grad(logit, leaf)
        return gradient
    finally:
        for p, flag in flags:
            p.requires_grad_(flag)


def columns(logits: np.ndarray, temperature: float = 1.0) -> Columns:
    """Softmax of logits [classes] at a temperature above 0, each column of the working kept; sums to 1.

    The largest scaled logit is taken off first: it changes no probability and keeps the exponentials small.
    """
    if temperature <= 0:
        raise FtError("The temperature must be above 0: move the slider up.")
    scaled = logits.astype(np.float64) / temperature
    lowered = scaled - scaled.max()
    exponentials = np.exp(lowered)
    total = float(exponentials.sum())
    return Columns(scaled, lowered, exponentials, total, exponentials / total)


def softmax(logits: Tensor) -> Tensor:
    """Probabilities of logits [n, classes] in float64: in float32 those of a sure network would round to 1."""
    return F.softmax(logits.double(), dim=1)


@torch.no_grad()
def probabilities(network: Network, source: Source) -> np.ndarray:
    """The probability of each class for each image of a source, float64 [images, classes]."""
    batches = []
    for part in torch.arange(len(source)).split(pixels.batch_size(source.preprocess)):
        batches.append(softmax(network.run(source.batch(part), start=source.boundary)))
    return torch.cat(batches).numpy()


@torch.no_grad()
def answers(network: Network, block: str, images: np.ndarray) -> np.ndarray:
    """How strongly each channel of a block answers to each image: means over its maps, float32 [images, channels]."""
    preprocess = backbones.preprocess(network.backbone)
    after = network.names.index(block) + 1
    stop = network.names[after] if after < len(network.names) else None
    size, batches = pixels.batch_size(preprocess, pixels.FILL), []
    for first in range(0, len(images), size):
        x = network.run(pixels.pixels(images[first : first + size], preprocess, CPU), stop=stop)
        lies = layout(x.shape[1:])
        batches.append(lies.maps(x).mean((2, 3)) if lies else x)
    return torch.cat(batches).numpy()
