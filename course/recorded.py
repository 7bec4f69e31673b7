"""Recorded runs for questions about curves: event records that the engine really wrote, kept in one small file.

`python -m course.recorded` makes the file anew by running all settings below. This module knows nothing about
questions or pages.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course import content, shipped
from ftcore import events
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, HeadAlone, RunEnd, RunStart
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.story import Story
from ftcore.training import loop, recipes
from ftcore.training.start import load_images, start_network

FILE = content.FOLDER / "recorded.json"
BACKBONE = "resnet18-tinyimagenet64"
KEPT = RunStart | Baseline | EpochEnd | HeadAlone | RunEnd
OF_A_MACHINE = ("folder", "reader", "digests", "listing")


def to_record() -> dict[str, RunSettings]:
    """What is recorded, by name; all on the built-in network and drawings."""
    base = RunSettings(train_per_class=50)
    everything, (head, tune) = recipes.every_block(BACKBONE), recipes.classic(BACKBONE)

    def with_phases(*phases: Phase, **more: Any) -> RunSettings:
        return dataclasses.replace(base, phases=phases, **more)

    return {
        "classic": with_phases(head, tune),
        "rate_high": with_phases(head, dataclasses.replace(tune, lr=1e-2)),
        "rate_low": with_phases(head, dataclasses.replace(tune, lr=1e-6)),
        "head": with_phases(dataclasses.replace(head, epochs=15)),
        "few": with_phases(
            dataclasses.replace(head, epochs=3),
            dataclasses.replace(tune, epochs=12, lr=1e-3, trainable=(*tune.trainable[:-1], HEAD)),
            train_per_class=5,
        ),
        "at_once": with_phases(Phase(name="All at once", epochs=10, lr=1e-3, trainable=everything)),
        "at_once_low": with_phases(Phase(name="All at once", epochs=10, lr=1e-4, trainable=everything)),
        "scratch": with_phases(
            Phase(name="From scratch", epochs=10, lr=1e-3, trainable=everything), weights="random", batch_norm="update"
        ),
    }


@functools.cache
def load(path: Path = FILE) -> Mapping[str, Story]:
    """The recorded runs by name. A file that cannot be read raises `FtError`."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return {
            name: Story.of(RunSettings.from_json(json.dumps(run["settings"])), map(events.from_dict, run["events"]))
            for name, run in raw.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FtError(f"{path.name} cannot be read ({error}): make it anew with python -m course.recorded.") from error


def run(settings: RunSettings) -> list[dict[str, Any]]:
    """Train with these settings and return what was told of it, without what is of one machine only."""
    images = load_images(settings)
    network = start_network(settings, len(images.classes))
    told = [events.to_dict(event) for event in loop.train(settings, images, network) if isinstance(event, KEPT)]
    return [{key: value for key, value in event.items() if key not in OF_A_MACHINE} for event in told]


def make(path: Path = FILE) -> None:
    """Run all of them and write the file."""
    stories = {
        name: {"settings": json.loads(settings.to_json()), "events": run(settings)}
        for name, settings in to_record().items()
    }
    shipped.write(path, stories)


if __name__ == "__main__":
    argparse.ArgumentParser(description="Make the recorded curves of the quiz anew.").parse_args()
    make()
