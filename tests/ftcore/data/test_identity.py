"""Telling a run's images from others, and saying what differs."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ftcore import events
from ftcore.data import identity, sets
from ftcore.data.identity import Identity
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, Event
from ftcore.preprocess import Preprocess
from ftcore.runs import execute, records
from ftcore.settings import Phase, RunSettings

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
Change = Callable[[Path], object]


def paint(path: Path) -> None:
    Image.new("RGB", (64, 64), "white").save(path)


CHANGES: dict[str, tuple[Change, str]] = {
    "renamed": (lambda d: (d / "red").rename(d / "violet"), "class 'red' is now called 'violet'"),
    "renamed in order": (lambda d: (d / "red").rename(d / "rot"), "class 'red' is now called 'rot'"),
    "added": (lambda d: shutil.copytree(d / "red", d / "white"), "class 'white' is new"),
    "removed": (lambda d: shutil.rmtree(d / "red"), "class 'red' is gone"),
    "one picture more": (lambda d: paint(d / "red" / "99.png"), "train had 6 images"),
    "a picture painted over": (
        lambda d: [paint(f) for f in (d / "red").iterdir()],
        "other pictures in train, val, test",
    ),
    "two changed places": (
        lambda d: [(d / a).rename(d / b) for a, b in (("red", "x"), ("blue", "red"), ("x", "blue"))],
        "other pictures in train, val, test",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_difference_is_one_sentence(change: str, make_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "set", 4, 16)
    before = identity.of(sets.load(str(folder), TINY))
    kept = events.build(Identity, json.loads(json.dumps(dataclasses.asdict(before))))
    identity.compare(kept, identity.of(sets.load(str(folder), TINY)))
    CHANGES[change][0](folder)
    with pytest.raises(FtError, match=r"^The images have changed since this run began \(.*\): put them back") as caught:
        identity.compare(before, identity.of(sets.load(str(folder), TINY)))
    assert CHANGES[change][1] in str(caught.value)


def test_another_reader_compares_names_and_labels_only(make_folder: Callable[..., Path], tmp_path: Path) -> None:
    now = identity.of(sets.load(str(make_folder(tmp_path / "set", 4, 16)), TINY))
    before = dataclasses.replace(now, digests={"train": "0", "val": "0", "test": "0"})
    identity.compare(dataclasses.replace(before, reader="Pillow 1.0, format 1"), now)
    with pytest.raises(FtError, match="other pictures in train, val, test"):
        identity.compare(before, now)
    with pytest.raises(FtError, match="other pictures in val"):
        identity.compare(dataclasses.replace(before, reader="", listing=now.listing | {"val": "0"}), now)


def test_a_run_of_an_earlier_version_kept_only_classes_and_counts(tmp_path: Path, noise: Path) -> None:
    now = identity.of(sets.load(str(noise), TINY))
    identity.compare(Identity(("blue", "green", "red"), 24, 6, 6), now)
    with pytest.raises(FtError, match="train had 25 images, now it has 24"):
        identity.compare(Identity(("blue", "green", "red"), 25, 6, 6), now)


@pytest.mark.parametrize("when", [Baseline, EpochEnd])
def test_a_run_that_was_cut_is_not_trained_on_with_other_labels(
    when: type, make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    def cut(event: Event) -> None:
        records.append(folder, event)
        if isinstance(event, when):
            raise execute.StopRun

    data = make_folder(tmp_path / "set", 4, 16)
    folder = records.new(RunSettings(data=str(data), phases=(Phase(epochs=2),)))
    assert execute.finish(folder, lambda: execute.execute(folder, cut)) == 0
    (data / "red").rename(data / "amber")
    assert execute.finish(folder, lambda: execute.execute(folder, lambda event: None)) == 2
    assert "class 'red' is now called 'amber'" in records.state_of(folder).message
    (data / "amber").rename(data / "red")
    assert execute.finish(folder, lambda: execute.execute(folder, lambda event: None)) == 0
    assert records.state_of(folder).state == "done"
