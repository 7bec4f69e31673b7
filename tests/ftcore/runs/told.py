"""A run that has told everything, for tests of what may happen to its files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ftcore.events import Baseline, EpochEnd, PhaseEnd, RunEnd, RunStart, StepProgress
from ftcore.runs import records
from ftcore.settings import RunSettings

FILES = ("events.jsonl", "settings.json", "progress.json", "lock")
EPOCH = EpochEnd(1, 1, 0.9, 0.5, 0.8, 0.6, 0.7, 0.65, 1e-3, {"head": 0.5}, 2.0)
TOLD = (
    RunStart("resnet18-tinyimagenet64", "sketchbook", ("a", "b"), 8, 2, 2, ("conv1", "head"), "cpu"),
    Baseline(2.3, 0.1), EPOCH, dataclasses.replace(EPOCH, epoch=2), PhaseEnd(1, "Train the head", 2, False, 4.0),
    RunEnd(0.5, 0.9, 2, 5.0, "here"), StepProgress(1, 2, 3, 5, 0.9, 0.1),
)  # fmt: skip


def whole_run(owner: str = "me") -> Path:
    folder = records.new(RunSettings(), owner)
    for event in TOLD:
        records.append(folder, event)
    records.set_state(folder, "stopped")
    return folder
