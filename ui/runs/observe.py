"""What the numbers of a run say, in one sentence per epoch and a few for the whole run.

Pure functions from numbers to words; nothing here is known about pages or training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ftcore.settings import RunSettings
from ui.words import number, percent, points, rate

Row = Mapping[str, Any]
CONVERGED, BEHIND = 0.005, 0.05


def observe(rows: Sequence[Row], at: int, settings: RunSettings, baseline: Row | None = None) -> str:
    """One sentence about epoch `rows[at]`, seen against the epochs before it."""
    row, before = rows[at], rows[at - 1] if at else None
    for look in (_broken, _first, _thawed, _overfitting, _end_of_step, _behind, _end_of_phase, _above):
        found = look(row, before, rows[:at], settings, baseline)
        if found:
            return found
    return _gain(row, rows[:at])


def _broken(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    if not math.isfinite(row["train_loss"]):
        return f"the loss is no longer a number: a learning rate of {rate(row['lr'])} is too high here"
    if before is not None and before["phase"] == row["phase"] and row["train_loss"] > 1.5 * before["train_loss"] + 0.05:
        return (
            f"the loss jumped from {number(before['train_loss'])} to {number(row['train_loss'])}: "
            f"a learning rate of {rate(row['lr'])} may be too high"
        )
    return ""


def _first(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    if before is not None or baseline is None:
        return ""
    return (
        f"validation went from {percent(baseline['val_accuracy'])} before training to {percent(row['val_accuracy'])} "
        "in one epoch"
    )


def _thawed(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    if before is None or before["phase"] == row["phase"]:
        return ""
    here, there = settings.phases[row["phase"] - 1], settings.phases[before["phase"] - 1]
    if not set(here.trainable) - set(there.trainable):
        return ""
    loss, was = row["val_loss"], before["val_loss"]
    verb = "fell" if loss < was else "rose"
    text = f"thawing: validation loss {verb} from {number(was)} to {number(loss)} in one epoch"
    return text if loss < was else f"{text}, the thawed blocks are still finding their place"


def _overfitting(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    mine = [r for r in (*past, row) if r["phase"] == row["phase"]]
    if not _rises(mine):
        return ""
    again = any(_rises(mine[:end]) for end in range(3, len(mine)))
    return (
        f"overfitting {'goes on' if again else 'begins'}: validation loss rose twice "
        f"({number(mine[-3]['val_loss'])} to {number(row['val_loss'])}) while training loss still fell"
    )


def _rises(rows: Sequence[Row]) -> bool:
    """Has validation loss risen over the last two epochs while training loss fell?"""
    if len(rows) < 3:
        return False
    one, two, last = rows[-3:]
    return bool(one["val_loss"] < two["val_loss"] < last["val_loss"] and last["train_loss"] < one["train_loss"])


def _behind(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    gap = row["sample_accuracy"] - row["val_accuracy"]
    worse = all(gap >= r["sample_accuracy"] - r["val_accuracy"] + BEHIND for r in past)
    if gap >= BEHIND and (worse or row["epoch"] == settings.epochs):
        return (
            f"validation falls behind: training sample {percent(row['sample_accuracy'])}, "
            f"validation {percent(row['val_accuracy'])}"
        )
    return ""


def _end_of_step(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    """The end of a phase that another follows: is it time to go on?"""
    going_on = row["phase"] < len(settings.phases)
    return _end_of_phase(row, before, past, settings, baseline) if going_on else ""


def _end_of_phase(
    row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None
) -> str:
    if before is None or before["phase"] != row["phase"] or not _last_of_phase(row, settings):
        return ""
    who = "the head" if settings.phases[row["phase"] - 1].head_only else "the network"
    gain = row["val_accuracy"] - before["val_accuracy"]
    if abs(gain) <= CONVERGED:
        return f"{who} has converged: the last epoch {_gained(gain)}"
    if gain > 0:
        return f"{who} is still learning: the last epoch gained {points(gain)}"
    return f"{who} wavers: the last epoch lost {points(-gain)}"


def _above(row: Row, before: Row | None, past: Sequence[Row], settings: RunSettings, baseline: Row | None) -> str:
    def above(r: Row) -> bool:
        return bool(r["val_accuracy"] > r["train_accuracy"] + 0.01)

    if above(row) and not any(above(r) for r in past[1:]):
        return (
            f"validation ({percent(row['val_accuracy'])}) is above the curve while learning "
            f"({percent(row['train_accuracy'])}), which averages over weights that were still worse"
        )
    return ""


def _gain(row: Row, past: Sequence[Row]) -> str:
    if not past:
        return f"validation {percent(row['val_accuracy'])} after the first epoch"
    best = max(r["val_accuracy"] for r in past)
    gain = row["val_accuracy"] - best
    if gain > 0:
        return f"best validation so far, {points(gain)} more"
    return "as good as the best epoch so far" if gain == 0 else f"{points(-gain)} under the best epoch so far"


def _gained(gain: float) -> str:
    if f"{abs(gain) * 100:.1f}" == "0.0":
        return "changed nothing"
    return f"{'gained' if gain > 0 else 'lost'} {points(abs(gain))}"


def _last_of_phase(row: Row, settings: RunSettings) -> bool:
    return bool(row["epoch"] == settings.ends[row["phase"] - 1])


def closing(rows: Sequence[Row], end: Row, settings: RunSettings) -> dict[str, float]:
    """The numbers of the final summary: `head` and `tuned` validation accuracy, `gain`, `test`, `seconds`.

    `head` is the last epoch in which only the head learned; without one `head` and `gain` are left out.
    """
    found = {"test": float(end["test_accuracy"]), "seconds": float(end["seconds"])}
    if rows:
        found["tuned"] = float(rows[-1]["val_accuracy"])
    head = [row for row in rows if settings.phases[row["phase"] - 1].head_only]
    if head and head[-1] is not rows[-1]:
        found["head"] = float(head[-1]["val_accuracy"])
        found["gain"] = found["tuned"] - found["head"]
    return found


def reached(rows: Sequence[Row], settings: RunSettings) -> dict[str, float]:
    """The last validation accuracy of the `head` phase and of the phases in which more blocks move (`tune`)."""
    found = {}
    for row in rows:
        found["head" if settings.phases[row["phase"] - 1].head_only else "tune"] = float(row["val_accuracy"])
    return found
