"""Measurements about what a network answers, and how far a number about it can be trusted."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.measures.ground import BASE, CLASSES, CPU, Numbers, images, labels_of, some, trained
from ftcore.network import backbones, pixels
from ftcore.settings import HEAD
from ftcore.training.head import features, fit, fresh, learn

HEAD_STEPS = 60
HEADS, FEW, DRAWS = 20, 30, 50


def normalisation() -> Numbers:
    """A head trained on rightly scaled pictures, asked about the same pictures scaled rightly and not at all."""
    data, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    unscaled = dataclasses.replace(preprocess, mean=(0.0,) * 3, std=(1.0,) * 3)
    head = fit(features(network, data.train.images, preprocess), labels_of(data.train.labels), CLASSES)
    shown, labels = some(data)
    return {
        name: _accuracy(head, features(network, shown, how), labels)
        for name, how in (("right", preprocess), ("wrong", unscaled))
    }


def softmax() -> Numbers:
    """How sure a head is of pictures of its classes, how often it is right when it is sure, and of noise."""
    data, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    head = fit(
        features(network, data.train.images, preprocess), labels_of(data.train.labels), CLASSES, steps=1500, lr=1e-2
    )
    shown, labels = some(data)
    noise = np.random.default_rng(0).integers(0, 256, (100, *shown.shape[1:]), dtype=np.uint8)
    with torch.no_grad():
        sure, answer = torch.softmax(head(features(network, shown, preprocess)), 1).max(1)
        blind, _ = torch.softmax(head(features(network, noise, preprocess)), 1).max(1)
    certain = sure >= 0.99
    return {
        "certain": int(certain.sum()),
        "looked": len(labels),
        "right": float((answer == labels)[certain].float().mean()) if certain.any() else 0.0,
        "noise": float(blind.mean()),
    }


def shifted() -> Numbers:
    """Head alone and fine-tuned, asked about pictures like those trained on and about the same with colours inverted."""
    data = images()
    shown, labels = some(data)
    answers: Numbers = {}
    for name, network in (("head", trained(tune=0)), ("tuned", trained(tune=6))):
        for kind, pictures in (("same", shown), ("other", 255 - shown)):
            x = pixels.pixels(pictures, backbones.preprocess(BASE.backbone), CPU)
            with torch.no_grad():
                answers[f"{name}_{kind}"] = float((network.run(x).argmax(1) == labels).float().mean())
    return answers


def old_classes() -> Numbers:
    """The old head on features before and after tuning: how often its answer stays the same."""
    before, tuned = backbones.load(BASE.backbone), trained(tune=6)
    shown, _ = some(images())
    preprocess = backbones.preprocess(BASE.backbone)
    with torch.no_grad():
        was = before.head(features(before, shown, preprocess)).argmax(1)
        now = before.head(features(tuned, shown, preprocess)).argmax(1)
    return {
        "same": float((was == now).float().mean()),
        "outputs": tuned.head.out_features,
        "old": before.head.out_features,
        "looked": len(shown),
    }


def rate_finder() -> Numbers:
    """Raise a head's rate from 1e-4 to 100 in 100 steps; then train afresh at the minimum and at a tenth of it."""
    data, network = images(), backbones.load(BASE.backbone)
    x, y = features(network, data.train.images, backbones.preprocess(BASE.backbone)), labels_of(data.train.labels)
    rates = torch.logspace(-4, 2, 100).tolist()
    head, smooth, weight = fresh(x.shape[1], CLASSES), 0.0, 0.0
    losses: list[float] = []
    optimizer = torch.optim.SGD(head.parameters(), lr=rates[0], momentum=0.9)
    order = torch.Generator().manual_seed(0)
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        loss = learn(head, optimizer, x, y, order)
        smooth, weight = 0.8 * smooth + 0.2 * loss, 0.8 * weight + 0.2
        losses.append(smooth / weight)
    best = rates[int(np.argmin(losses))]

    def afresh(lr: float) -> float:
        return _loss(fit(x, y, CLASSES, steps=HEAD_STEPS, lr=lr, sgd=True), x, y)

    return {
        "minimum": best,
        "tenth": best / 10,
        "loss_minimum": afresh(best),
        "loss_tenth": afresh(best / 10),
        "steps": HEAD_STEPS,
    }


def best_of_many() -> Numbers:
    """Keep the best of many heads on a few validation images, and ask it about all the others; mean of many draws."""
    data, network, preprocess = images(), backbones.load(BASE.backbone), backbones.preprocess(BASE.backbone)
    right: list[Tensor] = []
    x, y = features(network, data.train.images, preprocess), labels_of(data.train.labels)
    look, labels = features(network, data.val.images, preprocess), labels_of(data.val.labels)
    order = torch.Generator().manual_seed(0)
    for seed in range(HEADS):
        part = torch.randperm(len(x), generator=order)[:100]
        head = fit(x[part], y[part], CLASSES, steps=HEAD_STEPS, seed=seed)
        with torch.no_grad():
            right.append((head(look).argmax(1) == labels).float())
    hits = torch.stack(right)
    peaks: list[float] = []
    others: list[float] = []
    for _ in range(DRAWS):
        split = torch.randperm(len(labels), generator=order)
        best = int(hits[:, split[:FEW]].mean(1).argmax())
        peaks.append(float(hits[best, split[:FEW]].mean()))
        others.append(float(hits[best, split[FEW:]].mean()))
    return {
        "chosen": float(np.mean(peaks)),
        "others": float(np.mean(others)),
        "heads": HEADS,
        "few": FEW,
        "draws": DRAWS,
        "rest": len(labels) - FEW,
    }


def heat_map() -> Numbers:
    """Cover the quarter of each picture that its class activation map marks most, or least: is the answer the same?

    The map of the last block is 2x2 here, so one of its places is just a quarter of the picture. A covered pixel
    gets the mean colour, which is 0 after normalisation.
    """
    data, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    head = fit(features(network, data.train.images, preprocess), labels_of(data.train.labels), CLASSES)
    shown, _ = some(data)
    x = pixels.pixels(shown, preprocess, CPU)
    with torch.no_grad():
        maps = network.run(x, stop=network.names[-2])
        said = head(maps.mean((2, 3))).argmax(1)
        heat = torch.einsum("nchw,nc->nhw", maps, head.weight[said])
        side, numbers = x.shape[-1] // heat.shape[-1], {"looked": float(len(shown))}
        for name, place in (("hot", heat.flatten(1).argmax(1)), ("cold", heat.flatten(1).argmin(1))):
            covered = x.clone()
            for image, at in zip(covered, place.tolist(), strict=True):
                row, column = divmod(at, heat.shape[-1])
                image[:, row * side : (row + 1) * side, column * side : (column + 1) * side] = 0
            answer = head(network.run(covered, stop=HEAD)).argmax(1)
            numbers[name] = float((answer == said).float().mean())
    return numbers


def _loss(head: nn.Linear, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float(F.cross_entropy(head(x), y))


def _accuracy(head: nn.Linear, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((head(x).argmax(1) == y).float().mean())
