"""The training loop: settings and images in, a stream of frozen event records out.

Nobody outside gets hold of the trainer. This module knows nothing about processes, queues or pages.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ftcore.data import identity
from ftcore.data.sets import ImageSet
from ftcore.events import Baseline, EpochEnd, Event, HeadAlone, PhaseEnd, Recovered, RunEnd, RunStart, StepProgress
from ftcore.network import backbones, surgery, tapconv
from ftcore.network.blocks import Network
from ftcore.network.change import drift
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import augment, checkpoint, control, features, snapshots
from ftcore.training.augment import PLAIN, View
from ftcore.training.features import Source
from ftcore.training.optimizer import cut, make_optimizer
from ftcore.training.passes import bounded, evaluate, everything, learn
from ftcore.training.start import pick_device

SAMPLE = 1000


def train(
    settings: RunSettings,
    images: ImageSet,
    network: Network,
    *,
    save_to: Path | None = None,
    device: torch.device | None = None,
    taps: Callable[[Network, int], tuple[str, ...]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Event]:
    """Run all phases. `network` comes from `start_network` and holds the tuned weights at the end.

    With `save_to` the state is written there after each epoch, before its `EpochEnd` is yielded, and the weights
    that moved into `states` beside it; if the file exists the run goes on from it and its earlier `EpochEnd`s and
    `PhaseEnd`s are yielded again, after a `Recovered` if it is damaged. `taps` chooses the convolutions that compute
    by taps, `clock` gives the seconds that count as training. Raises `FtError` when a phase names unknown blocks
    or the images are not those that the run began with, `Diverged` when the loss grows beyond all numbers.
    """
    course = _Course(settings, images, network, device or pick_device(), save_to, clock)
    yield course.start()
    yield from course.stand(taps)
    for number, phase in enumerate(settings.phases, 1):
        yield from course.phase(number, phase)
    yield course.end()


class _Course:
    """One call of `train`: what its phases and epochs share."""

    def __init__(
        self, settings: RunSettings, images: ImageSet, network: Network, device: torch.device, save_to: Path | None,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        network.model.to(device)
        for phase in settings.phases:
            surgery.check(network, phase.trainable)
        self.settings, self.images, self.network, self.device = settings, images, network, device
        self.save_to, self.clock = save_to, clock
        self.preprocess = backbones.preprocess(settings.backbone)
        self.splits = {"train": images.train, "val": images.val, "test": images.test}
        self.touched = snapshots.keys(network, settings.phases)
        self.origin = {k: t.detach().clone() for k, t in network.model.state_dict().items() if k in self.touched}
        self.known = identity.of(images)

    def start(self) -> RunStart:
        """What the run begins with."""
        sizes = len(self.images.train), len(self.images.val), len(self.images.test)
        return RunStart(
            self.settings.backbone, self.images.title, self.images.classes, *sizes, self.network.names,
            str(self.device), self.known.digests, self.known.listing, self.known.reader,
        )  # fmt: skip

    def stand(self, taps: Callable[[Network, int], tuple[str, ...]] | None) -> Iterator[Event]:
        """Go on from the checkpoint, if there is one, and tell its epochs again."""
        settings, network = self.settings, self.network
        self.progress = checkpoint.restore(self.save_to, network, settings, self.known)
        if self.progress.lost:
            yield Recovered(self.progress.lost)
        if self.save_to and self.progress.epochs:
            begun, done = settings.phases[: self.progress.epochs[-1].phase], len(self.progress.epochs)
            snapshots.go_on(self.save_to.parent, network, begun, done, self.origin)
        self.began = self.clock() - self.progress.seconds
        if self.progress.taps is None:
            self.progress.taps = taps(network, settings.batch_size) if taps and self.device.type == "cpu" else ()
        yield from self.progress.epochs

    def phase(self, number: int, phase: Phase) -> Iterator[Event]:
        """Freeze, make the features of what is frozen, then epoch after epoch until the phase is through."""
        settings, network, progress = self.settings, self.network, self.progress
        surgery.freeze(network, phase.trainable)
        network.model.eval()
        mine = [record for record in progress.epochs if record.phase == number]
        if not _finished(phase, mine, settings.patience):
            wanted = _wanted(settings, network, number)
            views, keep = augment.kept(settings), settings.cache
            made = features.make(network, wanted, self.splits, self.preprocess, self.device, views=views, keep=keep)
            yield from made
            boundary = surgery.boundary(network, phase.trainable)
            train_set, val_set = self.views(boundary), self.source(boundary, "val")
            if progress.baseline is None:
                progress.baseline = Baseline(*evaluate(network, val_set, everything(val_set)))
                yield progress.baseline
            optimizer = make_optimizer(network, phase, self.device)
            if mine and progress.optimizer:
                optimizer.load_state_dict(progress.optimizer)
            while not _finished(phase, mine, settings.patience):
                record = yield from self.epoch(number, phase, mine, optimizer, train_set, val_set)
                mine.append(record)
                self.keep(record, optimizer)
                yield record
        if number == settings.head_phases:
            yield from self.alone(phase, mine)
        yield _phase_end(number, phase, mine)

    def epoch(
        self,
        number: int,
        phase: Phase,
        mine: Sequence[EpochEnd],
        optimizer: torch.optim.Optimizer,
        train_set: Mapping[View, Source],
        val_set: Source,
    ) -> Generator[StepProgress, None, EpochEnd]:
        """Learn from every image once, then look at the sample and at the validation set in eval mode.

        `mine` are the epochs of the phase before this one. What is looked at are pictures as they are.
        """
        since, epoch, network = self.clock(), len(self.progress.epochs) + 1, self.network
        plain, view = train_set[PLAIN], augment.learned(self.settings, epoch)
        lesson = train_set.get(view, dataclasses.replace(plain, view=view, kept=None))
        surgery.set_mode(network, phase.trainable, self.settings.batch_norm)
        with tapconv.enabled(network.model, self.progress.taps or ()):
            slower = cut(phase, [record.val_loss for record in mine])
            learning = learn(network, lesson, optimizer, phase, self.settings, number, epoch, len(mine), slower)
            train_loss, train_accuracy = yield from learning
            network.model.eval()
            sampled = evaluate(network, plain, _sample(len(plain), self.settings.seed))
            validated = evaluate(network, val_set, everything(val_set))
        bounded(sampled[0] + validated[0] + _total(network, self.touched), epoch)
        return EpochEnd(
            number, epoch, train_loss, train_accuracy, *sampled, *validated,
            optimizer.param_groups[-1]["lr"], drift(network, self.origin), self.clock() - since,
        )  # fmt: skip

    def keep(self, record: EpochEnd, optimizer: torch.optim.Optimizer) -> None:
        """Note what the epoch reached, on disk too where there is a place for it."""
        settings, progress = self.settings, self.progress
        progress.epochs.append(record)
        if settings.best_weights and _best(progress.epochs) == record.epoch:
            progress.best = snapshots.tensors(self.network, self.touched)
        progress.optimizer, progress.seconds = optimizer.state_dict(), self.clock() - self.began
        if self.save_to:
            begun = settings.phases[: record.phase]
            checkpoint.save(self.save_to, self.network, settings, self.known, begun, progress, self.origin)

    def alone(self, phase: Phase, mine: Sequence[EpochEnd]) -> Iterator[HeadAlone]:
        """Beside the run, what the head would reach alone: where its features are kept, and the thaw is still to come."""
        state, since = self.progress.optimizer, self.clock()
        train_set, val_set = self.views(HEAD), self.source(HEAD, "val")
        held = all(source.kept is not None for source in (*train_set.values(), val_set))
        is_last = mine[-1] is self.progress.epochs[-1]
        if is_last and state is not None and held and not augment.live(self.settings):
            later = self.settings.epochs_thawed
            yield control.go_on(self.network, phase, self.settings, train_set, val_set, state, mine, later)
            self.began += self.clock() - since  # no part of the training

    def end(self) -> RunEnd:
        """Put the best weights back where that is wanted, and show the network the untouched test set."""
        network, progress = self.network, self.progress
        if progress.best:
            network.model.load_state_dict(progress.best, strict=False)
        network.model.eval()
        test_set = self.source(surgery.boundary(network, self.settings.phases[-1].trainable), "test")
        loss, accuracy = evaluate(network, test_set, everything(test_set))
        best = _best(progress.epochs) if progress.best else len(progress.epochs)
        folder = str(self.save_to.parent) if self.save_to else ""
        return RunEnd(loss, accuracy, best, self.clock() - self.began, folder)

    def source(self, boundary: str, split: str, view: View = PLAIN) -> Source:
        """Features of a split at this boundary: kept, or made as they are asked for."""
        images, keep = self.splits[split], self.settings.cache
        return features.source(self.network, boundary, images, self.preprocess, self.device, view=view, keep=keep)

    def views(self, boundary: str) -> dict[View, Source]:
        """Features of the training images at this boundary, in each view that may be kept."""
        return {view: self.source(boundary, "train", view) for view in augment.kept(self.settings)}


def _total(network: Network, keys: set[str]) -> float:
    """0 while all these entries are finite, else not a number: a weight may be lost before the loss shows it."""
    tensors = [tensor for key, tensor in network.model.state_dict().items() if key in keys]
    return 0.0 if all(bool(torch.isfinite(tensor).all()) for tensor in tensors) else math.nan


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
