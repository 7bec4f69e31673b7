"""A run as a terminal without a bar tells it, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftcore.costs import estimate
from ftcore.events import (
    CacheProgress,
    CacheSkipped,
    DataFound,
    DataProgress,
    EpochEnd,
    Event,
    PicturesSkipped,
    RunEnd,
    StepProgress,
)
from ftcore.numerals import seconds
from ftcore.settings import Phase, RunSettings
from ftcore.terminal import story

TAIL = ("layer4.0", "layer4.1", "head")


def told(settings: RunSettings, *events: Event) -> None:
    show = story.Story(Path("/runs/a"), settings)
    for event in events:
        show(event)


def test_what_was_found_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    told(RunSettings(), DataFound("2 classes: a, b; ...", ("a", "b"), 1, 1, 1, (), ()))
    assert capsys.readouterr().out == "2 classes: a, b; ...\nRun folder: /runs/a\n"


def test_an_epoch_is_told_in_the_numbers_of_the_pages(capsys: pytest.CaptureFixture[str]) -> None:
    row = EpochEnd(1, 7, 1e22, 0.0005, 0.1, 1.0, 0.00831, 0.99996, 1e-3, {}, 125.0)
    told(RunSettings(), row, RunEnd(0.3, 1.0, 7, 12.4, "/runs/a"))
    assert capsys.readouterr().out == (
        "epoch   7  phase 1  train loss 1.0e22 accuracy  0.05 %  validation loss 0.0083 accuracy >99.9 %  2 min 5 s\n"
        "test accuracy 100 %  12 s  /runs/a\n"
    )


def test_each_stage_says_once_that_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [StepProgress(1, 1, step, 9, 0.5, 0.1) for step in (1, 5, 9)]
    images = [DataProgress("Preparing images", done, 1200) for done in (1, 600, 1200)]
    told(RunSettings(), *images, CacheProgress(0, 0, 0.0, from_disk=True), CacheProgress(0, 5, 0.0, False), *steps)
    assert capsys.readouterr().out == "Preparing images: 1 of 1,200\nFrozen features: 0 of 5\n"


def test_what_takes_long_says_so_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 10.0, 31.0, 45.0, 62.0])
    far = story._Now(lambda: next(times))
    for done in range(1, 6):
        far.show("Epoch 3", done, 9)
    assert capsys.readouterr().out == "Epoch 3: 3 of 9\nEpoch 3: 5 of 9\n"


@pytest.mark.parametrize(
    ("count", "names", "line"),
    [
        (1, ("a.png",), "1 bad picture is left out: a.png; all are named in /r/bad.txt.\n"),
        (4, ("a", "b", "c", "d"), "4 bad pictures are left out: a, b, c, ...; all are named in /r/bad.txt.\n"),
    ],
)
def test_pictures_left_out_are_told(
    count: int, names: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told(RunSettings(), PicturesSkipped(count, names, "/r/bad.txt"))
    assert capsys.readouterr().out == line


def test_features_that_do_not_fit_are_told_once_with_their_cost(
    small: RunSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = [CacheSkipped("layer4.0", 3.0, 1.5), CacheSkipped("layer4.0", 0.5, 1.2)]
    live = CacheProgress(0, 0, 0.0, from_disk=True)
    told(small, *skipped, live, *skipped, live)
    tuning = small.phases[1]
    slow, fast = (estimate.of_epoch(small, tuning, cached=cached) for cached in (False, True))
    assert slow > fast
    assert capsys.readouterr().out == (
        "The frozen features before layer4.0 (3.5 GB) do not fit into the 1.5 GB that are free for them, so each "
        f"epoch computes them anew: Fine-tune takes about {seconds(slow)} an epoch instead of {seconds(fast)}. Set "
        "THAW_CACHE_GB to a larger number, or make room on the disk, to keep them.\n"
    )


def test_a_boundary_that_belongs_to_no_phase_has_no_cost() -> None:
    said = story.not_kept(RunSettings(phases=(Phase(trainable=TAIL),)), "layer3.0", 2.0, 1.0)
    assert "(2 GB) do not fit into the 1 GB that are free for them, so each epoch computes them anew. Set" in said
