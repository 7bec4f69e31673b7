"""Which learning rates end badly: short runs of the built-in network at many rates, judged as the coach judges them.

    python -m benchmarks.rates                  measure, and write the table that warnings before a start are read from

One kind of phase after the other, on each built-in set and from several seeds: the head alone, and after a head phase
that goes well the last blocks or everything with it. The rates go down from the highest that a run takes to the first at
which every try goes well, so that a series has all rates that end badly and the largest that does not. Where other work
shared two cores it took half an hour.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import itertools
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch

from benchmarks import stopping
from ftcore import coach, rates
from ftcore.costs import machine
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.data.splits import listed
from ftcore.errors import Diverged
from ftcore.events import EpochEnd, Event
from ftcore.files import whole
from ftcore.network import backbones
from ftcore.rates import WELL, Measured, Series, Table
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.story import Story
from ftcore.training import loop, recipes
from ftcore.training.start import load_images, start_network

Asked = Callable[[Callable[[tuple[RunSettings, Measured]], str], Iterable[tuple[RunSettings, Measured]]], Iterable[str]]

BACKBONE = "resnet18-tinyimagenet64"
HIGHEST = Phase.__dataclass_fields__["lr"].metadata["high"]
COARSE = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, HIGHEST)
FINE = tuple(sorted((*COARSE, 3e-5, 3e-4, 3e-3, 3e-2, 1.0)))
HOW = Measured(
    backbone=BACKBONE, data=("sketchbook", "digits"), seeds=(0, 1, 2), train_per_class=20, val_images=200, epochs=3,
    head_epochs=10, head_lr=1e-2, head_optimizer="adamw",
    batch_size=RunSettings().batch_size, weight_decay=Phase().weight_decay, schedule=Phase().schedule,
    depth_decay=Phase().depth_decay,
)  # fmt: skip


def kinds() -> Iterator[tuple[Series, tuple[float, ...]]]:
    """What is to be measured: series that have no rates yet, each with the rates to try, fewer where they take long."""
    one, two, four = (recipes.last_blocks(BACKBONE, count) for count in (1, 2, 4))
    patterns = {(HEAD,): FINE, one: FINE, two: FINE, four: COARSE, recipes.every_block(BACKBONE): COARSE}
    for optimizer in ("adamw", "sgd"):
        for trainable, grid in patterns.items():
            yield Series("pretrained", "keep", trainable != (HEAD,), trainable, optimizer, (), ()), grid
        for trainable in (one, two):
            yield Series("pretrained", "update", True, trainable, optimizer, (), ()), COARSE


def settings_of(kind: Series, lr: float, data: str, seed: int, how: Measured) -> RunSettings:
    """The run that tries one rate."""
    shared = {"weight_decay": how.weight_decay, "schedule": how.schedule, "depth_decay": how.depth_decay}
    head = Phase("Train the head", how.head_epochs, how.head_lr, (HEAD,), how.head_optimizer, **shared)  # type: ignore[arg-type]
    tried = Phase("Tried", how.epochs, lr, kind.trainable, kind.optimizer, **shared)  # type: ignore[arg-type]
    return RunSettings(
        backbone=how.backbone, data=data, weights=kind.weights, phases=(head, tried) if kind.after_head else (tried,),
        train_per_class=how.train_per_class, batch_size=how.batch_size, batch_norm=kind.batch_norm, seed=seed,
    )  # fmt: skip


@functools.cache
def images_of(data: str, seed: int, how: Measured) -> ImageSet:
    """The images to learn, with an even part of the validation images, in the place of the test images too.

    No try gets as far as the test, and nothing is to be computed for images that are not looked at.
    """
    images = load_images(RunSettings(backbone=how.backbone, data=data, train_per_class=how.train_per_class, seed=seed))
    few = _thinned(images.val, how.val_images)
    return dataclasses.replace(images, val=few, test=few)


def _thinned(split: Split, count: int) -> Split:
    """About evenly from all classes, since a split is sorted by class. Its digest, which names kept features, is its own."""
    index = [at * len(split) // count for at in range(min(count, len(split)))]
    digest = hashlib.sha256(f"{split.digest} {index}".encode()).hexdigest()
    return Split(split.images[index], split.labels[index], tuple(split.names[at] for at in index), digest)


def end(settings: RunSettings, images: ImageSet) -> str:
    """The kind of the coach's verdict on the last phase, which the test images have no part in."""
    network = start_network(settings, len(images.classes))
    told: list[Event] = []
    try:
        for event in loop.train(settings, images, network, taps=machine.taps):
            told.append(event)
            if isinstance(event, EpochEnd) and event.epoch == settings.epochs:
                break
    except Diverged:
        return "diverged"
    verdict = coach.judge(Story.of(settings, told))
    assert verdict is not None
    return verdict.kind


def tried(job: tuple[RunSettings, Measured]) -> str:
    """How a try ends, as a process of its own is asked for it."""
    settings, how = job
    return end(settings, images_of(settings.data, settings.seed, how))


def measure(kind: Series, grid: Sequence[float], how: Measured, ask: Asked = map) -> Series:
    """Try rates from the highest down to the first at which every try goes well."""
    for lr in sorted(grid, reverse=True):
        jobs = [(settings_of(kind, lr, data, seed, how), how) for data in how.data for seed in how.seeds]
        ends = tuple(ask(tried, jobs))
        kind = dataclasses.replace(kind, rates=(lr, *kind.rates), ends=(ends, *kind.ends))
        print(
            f"{listed(kind.trainable)}, {kind.optimizer}, BatchNorm {kind.batch_norm}, {lr:g}: {', '.join(ends)}",
            flush=True,
        )
        if all(one in WELL for one in ends):
            break
    return kind


def make(path: Path) -> None:
    """Measure all kinds, each try on one core, and write the table, whole or not at all."""
    for data, seed in itertools.product(HOW.data, HOW.seeds):
        images_of(data, seed, HOW)  # once, before several processes want them at the same time
    machine.taps(backbones.load(BACKBONE), HOW.batch_size)
    context = multiprocessing.get_context("spawn")
    with context.Pool(os.cpu_count(), torch.set_num_threads, (1,)) as pool:
        table = Table(HOW, tuple(measure(kind, grid, HOW, pool.imap) for kind, grid in kinds()))
    with whole(path) as file:
        file.write(rates.text(table).encode())


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=rates.FILE, help="another file for the table")
    make(parser.parse_args().out)
    print("The table is written.", file=sys.stderr)


if __name__ == "__main__":
    stopping.run(main)
