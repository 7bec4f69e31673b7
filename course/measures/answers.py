"""Measurements about what a network answers, and how far a number about it can be trusted."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from course.measures.ground import BASE, CLASSES, CPU, Numbers, accuracy, images, kept, loss_of, phases, trained
from ftcore.network import backbones, pixels
from ftcore.settings import HEAD
from ftcore.training.head import features, fit, fresh, learn
from ftcore.training.start import start_network

HEAD_STEPS = 60
HEADS, DRAWS = 20, 50
SURE = 0.99


def normalisation(seed: int, *, scaled: bool) -> Numbers:
    """A head trained on rightly scaled pictures, asked about pictures scaled rightly or with numbers from 0 to 1."""
    network, x, y, seen, labels = kept()
    trained_head = fit(x, y, CLASSES, seed=seed)
    if not scaled:
        right = backbones.preprocess(BASE.backbone)
        as_they_are = dataclasses.replace(right, mean=(0.0,) * 3, std=(1.0,) * 3)
        seen = features(network, images().val.images, as_they_are)
    return {"right": accuracy(trained_head, seen, labels)}


def softmax(seed: int, *, steps: int) -> Numbers:
    """A head trained for so many steps: how sure it is, how often it is right when it is sure, and how sure of noise."""
    network, x, y, seen, labels = kept()
    trained_head = fit(x, y, CLASSES, steps=steps, lr=1e-2, seed=seed)
    noise = np.random.default_rng(seed).integers(0, 256, (100, *images().val.images.shape[1:]), dtype=np.uint8)
    with torch.no_grad():
        sure, answer = torch.softmax(trained_head(seen), 1).max(1)
        blind, _ = torch.softmax(trained_head(features(network, noise, backbones.preprocess(BASE.backbone))), 1).max(1)
    right, certain = (answer == labels).float(), sure >= SURE
    return {
        "certain": int(certain.sum()),
        "looked": len(labels),
        "wrong": float((1 - right)[certain].mean()) if certain.any() else 0.0,
        "over": float(sure.mean() - right.mean()),
        "noise": float(blind.mean()),
    }


def _as_it_is(picture: np.ndarray) -> np.ndarray:
    return picture


def _inverted(picture: np.ndarray) -> np.ndarray:
    return 255 - picture


def _blurred(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.5)))


def _turned(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(picture))


SHIFTS = {"same": _as_it_is, "inverted": _inverted, "blurred": _blurred, "turned": _turned}


def shifted(seed: int, *, first: str, then: str) -> Numbers:
    """A network after two phases, asked about drawings as they are, inverted, blurred and turned by a quarter."""
    network, data = trained(seed, *phases(first, then)), images().val
    labels = torch.tensor(data.labels)
    answers: Numbers = {}
    for name, change in SHIFTS.items():
        pictures = np.stack([change(picture) for picture in data.images])
        x = pixels.pixels(pictures, backbones.preprocess(BASE.backbone), CPU)
        answers[name] = accuracy(network.model, x, labels)
    return {**answers, "other": float(np.mean([answers[name] for name in SHIFTS if name != "same"]))}


def old_classes(seed: int, *, then: str) -> Numbers:
    """The old head on the features after training: how often its answer is what it was before."""
    before, _, _, seen, _ = kept()
    tuned = trained(seed, *phases("head", then))
    with torch.no_grad():
        was = before.head(seen).argmax(1)
        now = before.head(features(tuned, images().val.images, backbones.preprocess(BASE.backbone))).argmax(1)
    return {
        "same": float((was == now).float().mean()),
        "outputs": tuned.head.out_features,
        "old": before.head.out_features,
        "looked": len(was),
    }


@functools.lru_cache(maxsize=16)
def _finder(seed: int) -> float:
    """The rate at the minimum of the loss while a head's rate rises from 1e-4 to 100 in 100 steps."""
    _, x, y, _, _ = kept()
    rates = torch.logspace(-4, 2, 100).tolist()
    head, smooth, weight = fresh(x.shape[1], CLASSES, seed), 0.0, 0.0
    losses: list[float] = []
    optimizer = torch.optim.SGD(head.parameters(), lr=rates[0], momentum=0.9)
    order = torch.Generator().manual_seed(seed)
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        loss = learn(head, optimizer, x, y, order)
        smooth, weight = 0.8 * smooth + 0.2 * loss, 0.8 * weight + 0.2
        losses.append(smooth / weight)
    return float(rates[int(np.argmin(losses))])


def rate_finder(seed: int, *, share: float) -> Numbers:
    """A head trained afresh at so large a share of the rate at the finder's minimum: its loss on the training images."""
    _, x, y, _, _ = kept()
    rate = _finder(seed) * share
    return {"rate": rate, "loss": loss_of(fit(x, y, CLASSES, steps=HEAD_STEPS, lr=rate, seed=seed, sgd=True), x, y)}


def best_of_many(seed: int, *, few: int) -> Numbers:
    """Keep the best of many heads on `few` validation images, and ask it about all the others; mean of many draws."""
    _, x, y, seen, labels = kept()
    order = torch.Generator().manual_seed(seed)
    right: list[Tensor] = []
    for number in range(HEADS):
        part = torch.randperm(len(x), generator=order)[:100]
        head = fit(x[part], y[part], CLASSES, steps=HEAD_STEPS, seed=HEADS * seed + number)
        with torch.no_grad():
            right.append((head(seen).argmax(1) == labels).float())
    hits = torch.stack(right)
    chosen: list[tuple[float, float]] = []
    for _ in range(DRAWS):
        split = torch.randperm(len(labels), generator=order)
        best = hits[int(hits[:, split[:few]].mean(1).argmax())]
        chosen.append((float(best[split[:few]].mean()), float(best[split[few:]].mean())))
    mine, others = np.mean(chosen, axis=0)
    return {"chosen": float(mine), "others": float(others), "rest": len(labels) - few}


def heat_map(seed: int, *, weights: str, place: str) -> Numbers:
    """Cover the quarter of each picture that its class activation map marks most or least: is the answer the same?

    The map of the last block is 2x2 here, so one of its places is just a quarter of the picture. A covered pixel
    gets the mean colour, which is 0 after normalisation. With random weights the map is made in the same way.
    """
    preprocess, data = backbones.preprocess(BASE.backbone), images()
    network, seen, y, _, _ = kept()
    if weights == "random":
        network = start_network(dataclasses.replace(BASE, seed=seed, weights=weights), CLASSES)
        seen = features(network, data.train.images, preprocess)
    head = fit(seen, y, CLASSES, seed=seed)
    x = pixels.pixels(data.val.images, preprocess, CPU)
    with torch.no_grad():
        maps = network.run(x, stop=network.names[-2])
        said = head(maps.mean((2, 3))).argmax(1)
        heat = torch.einsum("nchw,nc->nhw", maps, head.weight[said])
        flat, side, covered = heat.flatten(1), x.shape[-1] // heat.shape[-1], x.clone()
        for image, at in zip(covered, (flat.argmax(1) if place == "hot" else flat.argmin(1)).tolist(), strict=True):
            row, column = divmod(at, heat.shape[-1])
            image[:, row * side : (row + 1) * side, column * side : (column + 1) * side] = 0
        answer = head(network.run(covered, stop=HEAD)).argmax(1)
    return {"stays": float((answer == said).float().mean()), "looked": len(said)}
