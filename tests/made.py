"""Runs written by hand, and what a page says, for tests."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from ftcore.data import sets
from ftcore.events import Baseline, EpochEnd, Event, RunEnd, RunStart
from ftcore.runs import records
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes
from ui import learner

TOKEN = "0123456789abcdef" * 2
OWNER = learner.owner_of(TOKEN)
OpenPage = Callable[..., AppTest]
CLASSES = tuple(sets.summary("sketchbook").classes)
STARTED = RunStart(RunSettings().backbone, "sketchbook", CLASSES, 5000, 1000, 1000, ("stem", "head"), "cpu")
BASELINE = Baseline(2.4, 0.1)
SHORT = dataclasses.replace(RunSettings(), phases=recipes.classic(RunSettings().backbone, epochs=(2, 2)))
ALONE = dataclasses.replace(RunSettings(), phases=(Phase(epochs=2),))


def epoch(number: int, phase: int, val: float, **more: Any) -> EpochEnd:
    """An epoch whose losses and accuracies go together; `more` changes some of it."""
    shown = {"train": val - 0.02, "sample": val + 0.02, "val": val}
    fields: dict[str, Any] = {f"{name}_accuracy": value for name, value in shown.items()}
    fields |= {f"{name}_loss": 2 * (1 - value) for name, value in shown.items()}
    return EpochEnd(**{"phase": phase, "epoch": number, "lr": 1e-3, "drift": {}, "seconds": 1.0, **fields, **more})


def write_run(settings: RunSettings, *values: float, end: str = "done", message: str = "", owner: str = OWNER) -> str:
    """A run with these validation accuracies, two phases as in its settings, in the given final state."""
    folder = records.new(settings, owner)
    records.append(folder, STARTED)
    records.append(folder, BASELINE)
    for number, value in enumerate(values, 1):
        records.append(folder, epoch(number, 1 if number <= settings.phases[0].epochs else 2, value))
    if end == "done":
        records.append(folder, RunEnd(0.3, 0.91, len(values), 83.0))
    records.set_state(folder, end, message)
    return folder.name


def run_with(settings: RunSettings, *events: Event, state: str = "stopped", message: str = "") -> str:
    """A run whose log holds exactly these epochs, and what else is told of them."""
    folder = records.new(settings, OWNER)
    for said in (STARTED, BASELINE, *events):
        records.append(folder, said)
    records.set_state(folder, state, message)
    return folder.name


def write_line(folder: Path, record: Mapping[str, Any]) -> None:
    """A line as another version, or a damaged disk, may have left it: in the log, or in the file of what passes."""
    passing = str(record["event"]).endswith("_progress")
    file = folder / ("progress.json" if passing else "events.jsonl")
    with file.open("w" if passing else "a", encoding="utf-8") as opened:
        opened.write(json.dumps(record) + "\n")


def texts(test: AppTest) -> str:
    """Everything that the page says."""
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.success, test.error, test.table)
    return "\n".join(str(getattr(element, "value", "")) for kind in kinds for element in kind)


def query_of(test: AppTest) -> dict[str, str]:
    """The page's address; the harness gives lists for what the test wrote and text for what the page wrote."""
    return {name: text if isinstance(text, str) else text[0] for name, text in test.query_params.items()}


def tied(kind: Any, name: str) -> Any:
    """The widget that is tied to the address under this name, whatever turn its key has reached."""
    return next(widget for widget in kind if str(widget.key).rsplit("-", 1)[0] == name)
