"""What recipes for own photos are worth beside the plain lesson, on a folder or zip of class folders or a built-in set.

    python -m benchmarks.photos FOLDER|ZIP|NAME                  three seeds of each, judged on validation images
    python -m benchmarks.photos NAME --per-class 20 --rare 5     with so many training images, of the last class fewer
    python -m benchmarks.photos NAME --recipes plain,whole --backbone resnet18-tinyimagenet64 --seeds 5
    python -m benchmarks.photos NAME --patience 5                phases end where the validation loss improves no more

A line for each run as it ends: the head where the first phase left it, the head trained on alone for as many epochs, what
came of thawing, and the seconds of training. Then the mean over the seeds, with its standard error.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import stopping
from ftcore import gain
from ftcore.data.catalogue import CATALOGUE
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.network.backbones import FOR_PHOTOS, named
from ftcore.settings import RunSettings
from ftcore.story import Story
from ftcore.training import loop, recipes
from ftcore.training.start import load_images, start_network


def _thawing(count: int) -> Callable[[RunSettings], RunSettings]:
    """The recipe for photos with so many blocks of the body thawed."""

    def made(settings: RunSettings) -> RunSettings:
        phases = recipes.classic(settings.backbone, thaw=count)
        return recipes.for_photos(dataclasses.replace(settings, phases=phases))

    return made


RECIPES: dict[str, Callable[[RunSettings], RunSettings]] = {
    "plain": lambda settings: dataclasses.replace(settings, phases=recipes.classic(settings.backbone)),
    "photos": _thawing(2),
    "one-block": _thawing(1),
    "balanced": lambda settings: dataclasses.replace(_thawing(2)(settings), class_weights="balanced"),
    "whole": recipes.whole,
    "whole-kept": lambda settings: dataclasses.replace(recipes.whole(settings), batch_norm="keep"),
    "whole-slow": lambda settings: recipes.whole(settings, lr=1e-4),
}
LONGER = {"longer": "photos", "whole-longer": "whole"}  # with more epochs where these have few steps


def thinned(images: ImageSet, rare: int) -> ImageSet:
    """The set with only the first so many training images of its last class."""
    labels = images.train.labels
    last = np.flatnonzero(labels == len(images.classes) - 1)
    kept = np.setdiff1d(np.arange(len(labels)), last[rare:])
    names = tuple(images.train.names[at] for at in kept)
    digest = f"{images.train.digest}, {rare}"  # kept features belong to these images alone
    return dataclasses.replace(images, train=Split(images.train.images[kept], labels[kept], names, digest))


def runs(base: RunSettings, recipe: str, seeds: int, rare: int, patience: int) -> Iterator[tuple[gain.Gain, float]]:
    """What thawing brought each seed, and the seconds of its training."""
    for seed in range(seeds):
        made = RECIPES[LONGER.get(recipe, recipe)](dataclasses.replace(base, seed=seed))
        images = load_images(made)
        images = thinned(images, rare) if rare else images
        made = recipes.longer(made, len(images.train)) if recipe in LONGER else made
        made = dataclasses.replace(made, patience=patience)
        since = time.perf_counter()
        events = loop.train(made, images, start_network(made, len(images.classes)))
        found = gain.of(Story.of(made, events))
        assert found is not None
        yield found, time.perf_counter() - since


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--backbone", type=named, default=FOR_PHOTOS)
    parser.add_argument("--recipes", default="plain,photos", help=", ".join((*RECIPES, *LONGER)))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--per-class", type=int, default=0)
    parser.add_argument("--rare", type=int, default=0)
    parser.add_argument("--patience", type=int, default=0)
    asked = parser.parse_args()
    asked.recipes = asked.recipes.split(",")
    if unknown := [name for name in asked.recipes if name not in {*RECIPES, *LONGER}]:
        parser.error(f"there is no recipe '{unknown[0]}': choose among {', '.join((*RECIPES, *LONGER))}")
    return asked


def tell() -> int:
    """Train and print the table."""
    a = _asked()
    data = a.data if a.data in CATALOGUE else str(Path(a.data).resolve())
    base = RunSettings(backbone=a.backbone, data=data, train_per_class=a.per_class)
    print("| recipe | seed | head | head alone, continued | thawed | seconds | error of thawed |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for recipe in a.recipes:
        rows = []
        for seed, (found, taken) in enumerate(runs(base, recipe, a.seeds, a.rare, a.patience)):
            rows.append((100 * found.head, 100 * found.against, 100 * found.tuned, taken))
            print(f"| {recipe} | {seed} | {_told(rows[-1])} | |", flush=True)
        means = [statistics.mean(column) for column in zip(*rows, strict=True)]
        tuned = [row[2] for row in rows]
        error = statistics.stdev(tuned) / len(tuned) ** 0.5 if len(tuned) > 1 else float("nan")
        print(f"| {recipe} | mean | {_told(means)} | ± {error:.1f} |", flush=True)
    return 0


def _told(row: Sequence[float]) -> str:
    *shares, taken = row
    return " | ".join(f"{value:.1f} %" for value in shares) + f" | {taken:.0f}"


if __name__ == "__main__":
    stopping.run(tell)
