"""Small measurements that settle a belief about freezing or about numbers: seconds each, on the built-in network.

Every one works on a network of its own and returns plain numbers (shares and rates as 0..1). This module knows
nothing about words, guesses or pages.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftcore.analysis import steps
from ftcore.costs import machine
from ftcore.data.sets import ImageSet
from ftcore.network import backbones, change, surgery
from ftcore.network.blocks import Network
from ftcore.preprocess import Preprocess
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import features, loop

BASE = RunSettings(train_per_class=30)
CPU = torch.device("cpu")
LOOKED = 300
STEPS, BATCH = 5, 32
HEAD_STEPS = 60
HEADS, FEW, DRAWS = 20, 30, 50
Numbers = dict[str, float]


def images() -> ImageSet:
    """The built-in drawings, with few training images."""
    return loop.load_images(BASE)


def frozen_norm() -> Numbers:
    """Ten steps of head training with every BatchNorm in train mode: how far frozen blocks move."""
    found = steps.movement(BASE, Phase(), images().train, "update")
    frozen = [row for row in found if not row.trainable]
    return {
        "weights": max(row.weights for row in frozen),
        "statistics": max(row.statistics or 0.0 for row in frozen),
        "steps": steps.STEPS,
    }


def bn_eval() -> Numbers:
    """Put BatchNorm in eval mode once, call train() as an epoch does, and let five batches through."""
    network = loop.start_network(BASE, 10)
    norms = [module for module in network.model.modules() if isinstance(module, surgery.BATCH_NORM)]
    for norm in norms:
        norm.eval()
    held = sum(not norm.training for norm in norms)
    network.model.train()
    left = sum(not norm.training for norm in norms)
    before = [norm.running_mean.clone() for norm in norms]  # type: ignore[union-attr, operator]
    with torch.no_grad():
        for x, _ in _batches():
            network.model(x)
    moved = change.relative(before, [norm.running_mean for norm in norms])  # type: ignore[misc]
    return {"norms": len(norms), "held": held, "left": left, "statistics": moved}


def eval_mode() -> Numbers:
    """Five steps of the whole network in eval mode: weights and BatchNorm statistics, before and after."""
    network = loop.start_network(BASE, 10)
    surgery.freeze(network, surgery.every_block(BASE.backbone))
    network.model.eval()
    weights = [p.detach().clone() for p in network.model.parameters()]
    statistics = [b.clone() for b in _statistics(network)]
    optimizer = torch.optim.AdamW(network.model.parameters(), lr=1e-4)
    _learn(network, optimizer)
    return {
        "weights": change.relative(weights, list(network.model.parameters())),
        "statistics": change.relative(statistics, _statistics(network)),
        "steps": STEPS,
    }


def optimizer_holds() -> Numbers:
    """Thaw the last block and take five steps: once with an optimizer that holds only the head, once with both."""
    found: Numbers = {"steps": STEPS}
    last = surgery.last_blocks(BASE.backbone, 1)
    for name, held in (("without", (HEAD,)), ("with", last)):
        network = loop.start_network(BASE, 10)
        surgery.freeze(network, last)
        block = list(network.parameters(last[0]).values())
        before = [p.detach().clone() for p in block]
        moving = [p for part in held for p in network.parameters(part).values()]
        _learn(network, torch.optim.AdamW(moving, lr=1e-4))
        found[name] = change.relative(before, block)
    return found


def last_two() -> Numbers:
    """The share of the trunk's parameters, and of the blocks with weights, that the last two blocks are."""
    rows = [row for row in surgery.describe(BASE.backbone, 10) if row.parameters and row.name != HEAD]
    thawed = [row for row in rows if row.name in surgery.last_blocks(BASE.backbone, 2)]
    size = sum(row.parameters for row in thawed)
    return {
        "share": size / sum(row.parameters for row in rows),
        "blocks": len(thawed) / len(rows),
        "parameters": size,
        "trunk": sum(row.parameters for row in rows),
    }


def normalisation() -> Numbers:
    """A head trained on rightly scaled pictures, asked about the same pictures scaled rightly and not at all."""
    found, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    unscaled = dataclasses.replace(preprocess, mean=(0.0,) * 3, std=(1.0,) * 3)
    head = _fit(_features(network, found.train.images, preprocess), _labels(found.train.labels))
    shown, labels = _some(found)
    return {
        name: _accuracy(head, _features(network, shown, how), labels)
        for name, how in (("right", preprocess), ("wrong", unscaled))
    }


def softmax() -> Numbers:
    """How sure a head is of pictures of its classes, how often it is right when it is sure, and of noise."""
    found, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    head = _fit(_features(network, found.train.images, preprocess), _labels(found.train.labels), steps=1500, lr=1e-2)
    shown, labels = _some(found)
    noise = np.random.default_rng(0).integers(0, 256, (100, *shown.shape[1:]), dtype=np.uint8)
    with torch.no_grad():
        sure, answer = torch.softmax(head(_features(network, shown, preprocess)), 1).max(1)
        blind, _ = torch.softmax(head(_features(network, noise, preprocess)), 1).max(1)
    certain = sure >= 0.99
    return {
        "certain": int(certain.sum()),
        "looked": len(labels),
        "right": float((answer == labels)[certain].float().mean()) if certain.any() else 0.0,
        "noise": float(blind.mean()),
        "noise_most": float(blind.max()),
    }


def shifted() -> Numbers:
    """Head alone and fine-tuned, asked about pictures like those trained on and about the same with colours inverted."""
    found = images()
    shown, labels = _some(found)
    answers: Numbers = {}
    for name, network in (("head", _trained(tune=0)), ("tuned", _trained(tune=6))):
        for kind, pictures in (("same", shown), ("other", 255 - shown)):
            x = features.pixels(pictures, backbones.preprocess(BASE.backbone), CPU)
            with torch.no_grad():
                answers[f"{name}_{kind}"] = float((network.run(x).argmax(1) == labels).float().mean())
    return answers


def old_classes() -> Numbers:
    """The old head on features before and after tuning: how often its answer stays the same."""
    before, tuned = backbones.load(BASE.backbone), _trained(tune=6)
    shown, _ = _some(images())
    preprocess = backbones.preprocess(BASE.backbone)
    with torch.no_grad():
        was = before.head(_features(before, shown, preprocess)).argmax(1)
        now = before.head(_features(tuned, shown, preprocess)).argmax(1)
    return {
        "same": float((was == now).float().mean()),
        "outputs": tuned.head.out_features,
        "old": before.head.out_features,
        "looked": len(shown),
    }


def rate_finder() -> Numbers:
    """Raise a head's rate from 1e-4 to 100 in 100 steps; then train afresh at the minimum and at a tenth of it."""
    found, network = images(), backbones.load(BASE.backbone)
    x, y = _features(network, found.train.images, backbones.preprocess(BASE.backbone)), _labels(found.train.labels)
    rates = torch.logspace(-4, 2, 100).tolist()
    head, smooth, weight = _fresh(x.shape[1]), 0.0, 0.0
    losses: list[float] = []
    optimizer = torch.optim.SGD(head.parameters(), lr=rates[0], momentum=0.9)
    order = torch.Generator().manual_seed(0)
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        loss = _step(head, optimizer, x, y, torch.randperm(len(x), generator=order)[:64])
        smooth, weight = 0.8 * smooth + 0.2 * loss, 0.8 * weight + 0.2
        losses.append(smooth / weight)
    best = rates[int(np.argmin(losses))]
    return {
        "minimum": best,
        "tenth": best / 10,
        "loss_minimum": _sgd_loss(x, y, best),
        "loss_tenth": _sgd_loss(x, y, best / 10),
        "steps": HEAD_STEPS,
    }


def best_of_many() -> Numbers:
    """Keep the best of many heads on a few validation images, and ask it about all the others; mean of many draws."""
    found, network, preprocess = images(), backbones.load(BASE.backbone), backbones.preprocess(BASE.backbone)
    right: list[Tensor] = []
    x, y = _features(network, found.train.images, preprocess), _labels(found.train.labels)
    look, labels = _features(network, found.val.images, preprocess), _labels(found.val.labels)
    order = torch.Generator().manual_seed(0)
    for seed in range(HEADS):
        part = torch.randperm(len(x), generator=order)[:100]
        head = _fit(x[part], y[part], steps=HEAD_STEPS, seed=seed)
        with torch.no_grad():
            right.append((head(look).argmax(1) == labels).float())
    hits = torch.stack(right)
    chosen: list[float] = []
    others: list[float] = []
    for _ in range(DRAWS):
        split = torch.randperm(len(labels), generator=order)
        best = int(hits[:, split[:FEW]].mean(1).argmax())
        chosen.append(float(hits[best, split[:FEW]].mean()))
        others.append(float(hits[best, split[FEW:]].mean()))
    return {
        "chosen": float(np.mean(chosen)),
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
    found, network = images(), backbones.load(BASE.backbone)
    preprocess = backbones.preprocess(BASE.backbone)
    head = _fit(_features(network, found.train.images, preprocess), _labels(found.train.labels))
    shown, _ = _some(found)
    x = features.pixels(shown, preprocess, CPU)
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


MEASURES: Mapping[str, Callable[[], Numbers]] = {
    "frozen-norm": frozen_norm,
    "bn-eval": bn_eval,
    "eval-mode": eval_mode,
    "optimizer-holds": optimizer_holds,
    "last-two": last_two,
    "normalisation": normalisation,
    "softmax": softmax,
    "shifted": shifted,
    "old-classes": old_classes,
    "rate-finder": rate_finder,
    "best-of-many": best_of_many,
    "heat-map": heat_map,
}


@dataclass(frozen=True)
class Work:
    """What a measurement costs: images that pass forward through the network, and images that it learns from."""

    forward: int = 0
    learned: int = 0


_TRAIN = 10 * BASE.train_per_class
WORK: Mapping[str, Work] = {
    "frozen-norm": Work(learned=steps.STEPS * BASE.batch_size),
    "bn-eval": Work(forward=STEPS * BATCH),
    "eval-mode": Work(learned=STEPS * BATCH),
    "optimizer-holds": Work(learned=2 * STEPS * BATCH),
    "last-two": Work(),
    "normalisation": Work(forward=_TRAIN + 2 * LOOKED),
    "softmax": Work(forward=_TRAIN + LOOKED + 100),
    "shifted": Work(forward=4 * (_TRAIN + 2000), learned=2 * _TRAIN),
    "old-classes": Work(forward=2 * (_TRAIN + 2000), learned=2 * _TRAIN),
    "rate-finder": Work(forward=_TRAIN),
    "best-of-many": Work(forward=_TRAIN + 1000),
    "heat-map": Work(forward=_TRAIN + 3 * LOOKED),
}

GIVEN: Mapping[str, Numbers] = {
    "frozen-norm": {"steps": steps.STEPS},
    "eval-mode": {"steps": STEPS},
    "optimizer-holds": {"steps": STEPS},
    "rate-finder": {"steps": HEAD_STEPS},
    "best-of-many": {"heads": HEADS, "few": FEW},
}  # what a question may say of a measurement before it is made


def seconds(name: str) -> float:
    """Expected seconds of a measurement on this machine."""
    cost = machine.costs(BASE.backbone).values()
    forward, learned = sum(one.forward for one in cost), sum(one.train for one in cost)
    return WORK[name].forward * forward + WORK[name].learned * learned


def _batches() -> list[tuple[Tensor, Tensor]]:
    return steps.batches(dataclasses.replace(BASE, batch_size=BATCH), images().train, STEPS)


def _learn(network: Network, optimizer: torch.optim.Optimizer) -> None:
    for x, y in _batches():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(network.run(x), y).backward()
        optimizer.step()


def _statistics(network: Network) -> list[Tensor]:
    return [b for name, b in network.model.named_buffers() if name.endswith(("running_mean", "running_var"))]


def _some(found: ImageSet) -> tuple[np.ndarray, Tensor]:
    """A fixed sample of the validation images."""
    index = torch.randperm(len(found.val), generator=torch.Generator().manual_seed(1))[:LOOKED].sort().values.numpy()
    return np.array(found.val.images[index]), _labels(found.val.labels[index])


def _labels(labels: np.ndarray) -> Tensor:
    return torch.tensor(np.array(labels))


def _features(network: Network, pictures: np.ndarray, preprocess: Preprocess) -> Tensor:
    """What the head gets for these pictures [n, width]."""
    with torch.no_grad():
        parts = [pictures[at : at + features.LOOK] for at in range(0, len(pictures), features.LOOK)]
        return torch.cat([network.run(features.pixels(part, preprocess, CPU), stop=HEAD) for part in parts])


def _fresh(width: int, seed: int = 0) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(width, 10)


def _step(head: nn.Linear, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, part: Tensor) -> float:
    loss = F.cross_entropy(head(x[part]), y[part])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def _fit(x: Tensor, y: Tensor, steps: int = 300, lr: float = 3e-3, seed: int = 0) -> nn.Linear:
    """A head trained on these features."""
    head, order = _fresh(x.shape[1], seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(head.parameters(), lr=lr)
    for _ in range(steps):
        _step(head, optimizer, x, y, torch.randperm(len(x), generator=order)[:64])
    return head


def _sgd_loss(x: Tensor, y: Tensor, lr: float) -> float:
    """Loss on all these features after `HEAD_STEPS` steps from scratch at one rate."""
    head, order = _fresh(x.shape[1]), torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(head.parameters(), lr=lr, momentum=0.9)
    for _ in range(HEAD_STEPS):
        _step(head, optimizer, x, y, torch.randperm(len(x), generator=order)[:64])
    with torch.no_grad():
        return float(F.cross_entropy(head(x), y))


def _accuracy(head: nn.Linear, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((head(x).argmax(1) == y).float().mean())


@functools.lru_cache(maxsize=2)
def _trained(tune: int) -> Network:
    """The head trained for ten epochs, or for four and then with the last two blocks for `tune` epochs."""
    head = Phase(epochs=4 if tune else 10, lr=3e-3)
    last = surgery.last_blocks(BASE.backbone, 2)
    phases = (head, Phase(name="Fine-tune", epochs=tune, lr=3e-4, trainable=last)) if tune else (head,)
    settings = dataclasses.replace(BASE, phases=phases)
    network = loop.start_network(settings, 10)
    for _ in loop.train(settings, images(), network, device=CPU):
        pass
    network.model.eval()
    return network
