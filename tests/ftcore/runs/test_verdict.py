"""When a run's own numbers say that its answers are worth nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ftcore import numerals
from ftcore.events import EpochEnd, Event, RunEnd, RunStart, to_dict
from ftcore.runs import verdict

EVEN = math.log(10)


def log(folder: Path, *epochs: tuple[float, float, float], images: int = 1000, kept: int = 0) -> Path:
    """A run of ten classes: validation accuracy, validation loss and training loss of each epoch."""
    names = tuple(str(number) for number in range(10))
    told: list[Event] = [RunStart("resnet18", "digits", names, 100, images, images, ("stem", "head"), "cpu")]
    for number, (accuracy, loss, training) in enumerate(epochs, 1):
        told.append(EpochEnd(1, number, training, 0.5, training, 0.5, loss, accuracy, 1e-3, {}, 1.0))
    told += [RunEnd(1.0, 0.5, kept, 9.0, "")] if kept else []
    rows = [to_dict(event) for event in told]
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize(
    ("accuracy", "loss", "training", "end"),
    [
        (0.1, 3.2e20, 3.1e20, "mean nothing. Train again with a lower learning rate."),
        (0.1, 9.0, 9.0, "mean nothing. Train again with a lower learning rate."),
        (0.02, EVEN, EVEN, "mean nothing. Train longer, or with another learning rate."),
        (0.1, 9.0, 0.3, "nothing that holds for others: check the labels or add images."),
        (0.118, 2.5, 2.5, "do not rely on its answers. Train longer, or with another learning rate."),
    ],
)
def test_no_better_than_guessing(tmp_path: Path, accuracy: float, loss: float, training: float, end: str) -> None:
    said = verdict.doubt(log(tmp_path, (accuracy, loss, training), kept=1))
    assert said is not None
    assert said.startswith(
        f"This run ended at {100 * accuracy:.1f} % validation accuracy with a loss of {numerals.number(loss)}, "
    )
    assert "guessing among 10 classes going by 1,000 images" in said
    assert said.endswith(end)


@pytest.mark.parametrize("numbers", [(0.12, 9.0, 9.0), (0.1, EVEN - 0.01, 2.0), (0.9, 0.3, 0.2), (0.5, 1e20, 1e20)])
def test_numbers_that_beat_guessing_are_not_doubted(tmp_path: Path, numbers: tuple[float, float, float]) -> None:
    assert verdict.doubt(log(tmp_path, numbers, kept=1)) is None


def test_the_epoch_counts_whose_weights_are_kept(tmp_path: Path) -> None:
    good, bad = (0.9, 0.3, 0.2), (0.1, 50.0, 50.0)
    assert verdict.doubt(log(tmp_path, good, bad, kept=1)) is None
    assert "ended" in str(verdict.doubt(log(tmp_path, good, bad, kept=2)))
    assert "stands" in str(verdict.doubt(log(tmp_path, good, bad)))


def test_few_images_bear_no_hard_word(tmp_path: Path) -> None:
    assert "going by 6 images: do not rely" in str(verdict.doubt(log(tmp_path, (0.0, 3.0, 3.0), images=6, kept=1)))


@pytest.mark.parametrize(
    "text",
    ["", '{"event": "run_start"}', '{"event": "epoch_end"}', '{"event": "run_start", "classes": [], "val_images": 0}\n'
     '{"event": "epoch_end", "epoch": 1}', '{"event": "run_start", "classes": 3}\n{"event": "epoch_end", "epoch": 1}'],
)  # fmt: skip
def test_a_log_that_says_nothing_gives_no_doubt(tmp_path: Path, text: str) -> None:
    (tmp_path / "events.jsonl").write_text(text + "\n")
    assert verdict.doubt(tmp_path) is None
