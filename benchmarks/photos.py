"""What the recipe for photos is worth beside the plain lesson, on a folder or zip of class folders.

    python -m benchmarks.photos FOLDER|ZIP                  three seeds of each, judged on validation images
    python -m benchmarks.photos FOLDER|ZIP --seeds 5 --backbone resnet18

A line for each run as it ends: the head where the first phase left it, the head trained on alone for as many epochs, and
what came of thawing. Then what thawing brought on average over the seeds, with its standard error.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import stopping
from ftcore import gain
from ftcore.network.backbones import FOR_PHOTOS, named
from ftcore.settings import RunSettings
from ftcore.story import Story
from ftcore.training import loop, recipes
from ftcore.training.start import load_images, start_network


def settings(data: str, backbone: str, recipe: str, seed: int) -> RunSettings:
    """The plain lesson with these pictures, or what `train` makes of them."""
    made = RunSettings(backbone=backbone, data=data, seed=seed, phases=recipes.classic(backbone))
    return made if recipe == "plain" else recipes.for_photos(made)


def runs(data: str, backbone: str, recipe: str, seeds: int) -> Iterator[tuple[gain.Gain, float]]:
    """What thawing brought each seed, and the seconds of its training."""
    for seed in range(seeds):
        made = settings(data, backbone, recipe, seed)
        images, since = load_images(made), time.perf_counter()
        events = loop.train(made, images, start_network(made, len(images.classes)))
        found = gain.of(Story.of(made, events))
        assert found is not None
        yield found, time.perf_counter() - since


def tell() -> int:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--backbone", type=named, default=FOR_PHOTOS)
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args()
    print("| recipe | seed | head | head alone, continued | thawed | seconds |\n| --- | --- | --- | --- | --- | --- |")
    for recipe in ("plain", "photos"):
        brought = []
        for seed, (found, taken) in enumerate(runs(str(a.data.resolve()), a.backbone, recipe, a.seeds)):
            brought.append(100 * found.amount)
            row = (100 * found.head, 100 * found.against, 100 * found.tuned)
            print(
                f"| {recipe} | {seed} | " + " | ".join(f"{value:.1f} %" for value in row) + f" | {taken:.0f} |",
                flush=True,
            )
        error = statistics.stdev(brought) / len(brought) ** 0.5 if len(brought) > 1 else float("nan")
        print(f"| {recipe} | all | | | {statistics.mean(brought):+.1f} ± {error:.1f} points by thawing | |", flush=True)
    return 0


if __name__ == "__main__":
    stopping.run(tell)
