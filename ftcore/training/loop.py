"""The training loop: settings and images in, a stream of frozen event records out.

Nobody outside gets hold of the trainer. This module knows nothing about processes, queues or pages.
"""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ftcore.data import identity, sets
from ftcore.data.sets import ImageSet
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, Event, PhaseEnd, Recovered, RunEnd, RunStart, StepProgress
from ftcore.names import shown
from ftcore.network import backbones, surgery, tapconv
from ftcore.network.blocks import Network
from ftcore.settings import Phase, RunSettings
from ftcore.training import checkpoint, features, snapshots
from ftcore.training.features import Source

SAMPLE = 1000


def pick_device() -> torch.device:
    """The fastest device of this machine: cuda, mps or cpu; `$THAW_DEVICE` overrules, which must be one it has."""
    name = os.environ.get("THAW_DEVICE")
    if not name:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # a name torch does not know, or a device that is not there
        raise FtError(f"THAW_DEVICE is '{shown(name)}', which this machine has not: set cuda, mps or cpu.") from error


def load_images(settings: RunSettings, progress: sets.Progress | None = None) -> ImageSet:
    """The images that these settings name, as their backbone wants them. Raises `FtError`."""
    return sets.load(
        settings.data,
        backbones.preprocess(settings.backbone),
        train_per_class=settings.train_per_class,
        seed=settings.seed,
        labels=settings.labels,
        skip_bad=settings.skip_bad,
        progress=progress,
    )


def start_network(settings: RunSettings, classes: int, progress: Callable[[int, int], None] | None = None) -> Network:
    """The network before training: pretrained with a fresh head, or random; eval mode, channels_last."""
    if settings.weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = backbones.build(settings.backbone, classes)
    else:
        network = backbones.load(settings.backbone, progress)
        surgery.replace_head(network, classes, settings.seed)
    network.model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def train(
    settings: RunSettings,
    images: ImageSet,
    network: Network,
    *,
    save_to: Path | None = None,
    device: torch.device | None = None,
    tap: Callable[[Network, int], tuple[str, ...]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Event]:
    """Run all phases. `network` comes from `start_network` and holds the tuned weights at the end.

    With `save_to` the state is written there after each epoch, before its `EpochEnd` is yielded, and the weights
    that moved into `states` beside it; if the file exists the run goes on from it and its earlier `EpochEnd`s and
    `PhaseEnd`s are yielded again, after a `Recovered` if it is damaged. `tap` chooses the convolutions that compute
    by taps, `clock` gives the seconds that count as training. Raises `FtError` when a phase names unknown blocks,
    the loss diverges or the images are not those that the run began with.
    """
    # Network
    device = device or pick_device()
    network.model.to(device)
    for phase in settings.phases:
        surgery.check(network, phase.trainable)
    preprocess = backbones.preprocess(settings.backbone)
    splits = {"train": images.train, "val": images.val, "test": images.test}
    touched = snapshots.keys(network, settings.phases)
    origin = {key: t.detach().clone() for key, t in network.model.state_dict().items() if key in touched}
    known = identity.of(images)
    yield RunStart(
        settings.backbone,
        images.title,
        images.classes,
        len(images.train),
        len(images.val),
        len(images.test),
        network.names,
        str(device),
        known.digests,
        known.listing,
        known.reader,
    )

    # Where it stands
    state = checkpoint.restore(save_to, network, settings, known)
    if state.lost:
        yield Recovered(state.lost)
    if save_to and state.epochs:
        snapshots.go_on(save_to.parent, network, settings.phases[: state.epochs[-1].phase], len(state.epochs), origin)
    began = clock() - state.seconds
    if state.kernels is None:
        state.kernels = tap(network, settings.batch_size) if tap and device.type == "cpu" else ()
    yield from state.epochs

    for number, phase in enumerate(settings.phases, 1):
        # Frozen and trainable
        surgery.freeze(network, phase.trainable)
        network.model.eval()
        boundary = surgery.boundary(network, phase.trainable)
        mine = [record for record in state.epochs if record.phase == number]
        if _finished(phase, mine, settings.patience):
            yield _phase_end(number, phase, mine)
            continue

        # Features of the frozen blocks
        wanted = _wanted(settings, network, number)
        yield from features.open_sources(network, wanted, splits, preprocess, device, keep=settings.cache)
        train_set, val_set = (
            features.source(network, boundary, splits[s], preprocess, device, keep=settings.cache)
            for s in ("train", "val")
        )
        if state.baseline is None:
            state.baseline = Baseline(*evaluate(network, val_set, _all(val_set)))
            yield state.baseline

        # Optimizer
        optimizer = make_optimizer(network, phase, device)
        if mine and state.optimizer:
            optimizer.load_state_dict(state.optimizer)
        sample = _sample(len(train_set), settings.seed)

        while not _finished(phase, mine, settings.patience):
            # One epoch
            since, epoch = clock(), len(state.epochs) + 1
            surgery.set_mode(network, phase.trainable, settings.batch_norm)
            with tapconv.enabled(network.model, state.kernels):
                loop = _epoch(network, train_set, optimizer, phase, settings, number, epoch, len(mine))
                train_loss, train_accuracy = yield from loop
                network.model.eval()
                sampled, validated = evaluate(network, train_set, sample), evaluate(network, val_set, _all(val_set))
            _bounded(sampled[0] + validated[0] + _total(network, touched), epoch)
            record = EpochEnd(
                number, epoch, train_loss, train_accuracy, *sampled, *validated,
                optimizer.param_groups[-1]["lr"], _drift(network, origin), clock() - since,
            )  # fmt: skip
            mine.append(record)
            state.epochs.append(record)
            if settings.best_weights and _best(state.epochs) == epoch:
                state.best = snapshots.tensors(network, touched)
            state.optimizer, state.seconds = optimizer.state_dict(), clock() - began
            if save_to:
                checkpoint.save(save_to, network, settings, known, settings.phases[:number], state, origin)
            yield record
        yield _phase_end(number, phase, mine)

    # The untouched test set
    if state.best:
        network.model.load_state_dict(state.best, strict=False)
    network.model.eval()
    boundary = surgery.boundary(network, settings.phases[-1].trainable)
    test_set = features.source(network, boundary, images.test, preprocess, device, keep=settings.cache)
    loss, accuracy = evaluate(network, test_set, _all(test_set))
    kept = _best(state.epochs) if state.best else len(state.epochs)
    yield RunEnd(loss, accuracy, kept, clock() - began, str(save_to.parent) if save_to else "")


def make_optimizer(network: Network, phase: Phase, device: torch.device) -> torch.optim.Optimizer:
    """The phase's optimizer with one group per trainable block, input side first; the head's group is last.

    A block's rate is the phase's rate times `depth_decay` once for each trainable block behind it. The optimizer
    holds the weights as rows without gaps, since torch's fused steps copy channels_last weights to and fro; each
    step takes the gradients over from the network's parameters, which have none afterwards.
    """
    names = [name for name in network.names if name in phase.trainable and network.parameters(name)]
    pairs = {name: [(p, _rows(p)) for p in network.parameters(name).values()] for name in names}
    groups: list[dict[str, Any]] = []
    for depth, name in enumerate(reversed(names)):
        lr = phase.lr * phase.depth_decay**depth
        groups.insert(0, {"name": name, "params": [rows for _, rows in pairs[name]], "lr": lr, "base_lr": lr})
    fused = device.type in ("cpu", "cuda")
    optimizer: torch.optim.Optimizer
    if phase.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=phase.weight_decay, fused=fused)
    else:
        optimizer = torch.optim.AdamW(groups, weight_decay=phase.weight_decay, fused=fused)

    def take_over(*_: object) -> None:
        for p, rows in itertools.chain(*pairs.values()):
            rows.grad, p.grad = None if p.grad is None else _rows(p.grad), None

    optimizer.register_step_pre_hook(take_over)
    return optimizer


def _rows(t: Tensor) -> Tensor:
    """The same memory in the order in which a channels_last tensor lies there."""
    return t.detach().permute(0, 2, 3, 1) if t.ndim == 4 else t.detach()


def rate(phase: Phase, step: int, steps: int) -> float:
    """The schedule's factor at a step of the phase: 1, or half a cosine from 1 to 0 (arXiv 1608.03983, eq. 5)."""
    return 1.0 if phase.schedule == "constant" else 0.5 * (1 + math.cos(math.pi * step / steps))


@torch.no_grad()
def evaluate(network: Network, source: Source, index: Tensor) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) of the network in its present mode on these images."""
    labels = torch.tensor(source.split.labels).to(source.device)
    loss, correct = torch.zeros((), device=source.device), torch.zeros((), device=source.device)
    for part in index.split(features.batch_size(source.preprocess)):
        y = labels[part.to(source.device)]
        logits = network.run(source.batch(part), start=source.boundary)
        loss += F.cross_entropy(logits, y, reduction="sum")
        correct += (logits.argmax(1) == y).sum()
    return loss.item() / len(index), correct.item() / len(index)


def _epoch(
    network: Network, source: Source, optimizer: torch.optim.Optimizer, phase: Phase, settings: RunSettings,
    number: int, epoch: int, before: int,
) -> Generator[StepProgress, None, tuple[float, float]]:  # fmt: skip
    """Show every image once, in an order fixed by seed and epoch; gives back loss and accuracy while learning."""
    device, clock, said = source.device, time.perf_counter(), 0.0
    torch.manual_seed(settings.seed * 100_003 + epoch)
    parts = _batches(torch.randperm(len(source)), settings.batch_size)
    labels = torch.tensor(source.split.labels).to(device)
    loss_sum, correct = torch.zeros((), device=device), torch.zeros((), device=device)
    for step, part in enumerate(parts):
        factor = rate(phase, before * len(parts) + step, phase.epochs * len(parts))
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * factor
        y = labels[part.to(device)]
        logits = network.run(source.batch(part), start=source.boundary)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.detach() * len(part)
        correct += (logits.detach().argmax(1) == y).sum()
        if time.perf_counter() - said > 0.25:
            said = time.perf_counter()
            yield StepProgress(number, epoch, step + 1, len(parts), _bounded(loss.item(), epoch), said - clock)
    return _bounded(loss_sum.item() / len(source), epoch), correct.item() / len(source)


def _bounded(loss: float, epoch: int) -> float:
    if not math.isfinite(loss):
        raise FtError(f"The loss grew beyond all numbers in epoch {epoch}: choose a lower learning rate and run again.")
    return loss


def _total(network: Network, keys: set[str]) -> float:
    """0 while all these entries are finite, else not a number: a weight may be lost before the loss shows it."""
    found = [tensor for key, tensor in network.model.state_dict().items() if key in keys]
    return 0.0 if all(bool(torch.isfinite(tensor).all()) for tensor in found) else math.nan


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Cut into batches; a last batch of one image joins the one before, since BatchNorm cannot learn from one."""
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def _all(source: Source) -> Tensor:
    return torch.arange(len(source))


def _sample(count: int, seed: int) -> Tensor:
    """The fixed sample of the training set that is looked at in eval mode: up to 1,000 image numbers."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:SAMPLE].sort().values


def _finished(phase: Phase, records: list[EpochEnd], patience: int) -> bool:
    """All epochs done, or validation loss has not improved for `patience` epochs."""
    if len(records) >= phase.epochs:
        return True
    losses = [record.val_loss for record in records]
    return bool(patience and losses and len(losses) - 1 - losses.index(min(losses)) >= patience)


def _phase_end(number: int, phase: Phase, mine: list[EpochEnd]) -> PhaseEnd:
    return PhaseEnd(number, phase.name, len(mine), len(mine) < phase.epochs, sum(record.seconds for record in mine))


def _best(records: list[EpochEnd]) -> int:
    """The epoch with the highest validation accuracy; the first of equals."""
    return max(records, key=lambda record: record.val_accuracy).epoch


def _wanted(settings: RunSettings, network: Network, number: int) -> dict[str, list[str]]:
    """Splits to keep at each boundary, for this phase and those after it whose prefix is not trained before."""
    wanted: dict[str, list[str]] = {}
    moved = len(network.names)
    for i, phase in enumerate(settings.phases[number - 1 :], number):
        boundary = surgery.boundary(network, phase.trainable)
        if network.names.index(boundary) <= moved:
            wanted.setdefault(boundary, []).extend(s for s in ("train", "val") if s not in wanted.get(boundary, []))
            if i == len(settings.phases):
                wanted[boundary].append("test")
        moved = min(moved, network.names.index(boundary))
    return wanted


def _drift(network: Network, origin: dict[str, Tensor]) -> dict[str, float]:
    """Per block: norm of (weights now - weights at the start) over norm of the weights at the start."""
    drift = {}
    for name in network.names:
        pairs = [(p.detach(), origin[key]) for key, p in network.parameters(name).items() if key in origin]
        if pairs:
            moved = torch.stack([(now - then).pow(2).sum() for now, then in pairs]).sum()
            whole = torch.stack([then.pow(2).sum() for _, then in pairs]).sum()
            drift[name] = (moved / whole.clamp_min(1e-30)).sqrt().item()
    return drift
