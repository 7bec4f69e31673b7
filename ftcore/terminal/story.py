"""A run as a terminal tells it: events as JSON lines, or in plain words with a bar where somebody sees it.

Knows nothing about arguments or how a run is made.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from ftcore import events, files, gain
from ftcore.costs import estimate
from ftcore.data.splits import listed
from ftcore.events import CacheProgress, CacheSkipped, DataProgress, Event, StepProgress
from ftcore.names import shown, tidy
from ftcore.network.describe import describe
from ftcore.numerals import between, number, seconds, several
from ftcore.runs import records
from ftcore.settings import RunSettings
from ftcore.story import Story as Told
from ftcore.terminal.console import json_line, say, share

NOW_AND_THEN = 30.0  # seconds between two lines about one thing that takes long


class _Far(Protocol):
    def show(self, what: str, done: int, total: int) -> None: ...

    def end(self) -> None: ...


class Lines:
    """One JSON object a line."""

    def __call__(self, event: Event) -> None:
        """Print an event."""
        say(json_line(events.to_dict(event)))


class Story:
    """A run in plain words: what was found, a line per epoch, and how far what takes long has come.

    That is a bar where stderr is a terminal; elsewhere a line at the start of each stage and twice a minute.
    """

    def __init__(self, folder: Path, settings: RunSettings) -> None:
        self.folder, self.settings = folder, settings
        self.far = far()
        self.too_large: dict[str, tuple[float, float]] = {}
        self.told: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Print an event."""
        match event:
            case DataProgress(what=what, done=done, total=total):
                self.far.show(what, done, total)
            case CacheProgress(done=done, total=total, from_disk=False):
                self._tell_too_large()
                self.far.show("Frozen features", done, total)
            case StepProgress(epoch=epoch, step=step, steps=steps):
                self.far.show(f"Epoch {epoch}", step, steps)
            case CacheSkipped(boundary=boundary, gigabytes=size, room=room):
                before, most = self.too_large.get(boundary, (0.0, 0.0))
                self.too_large[boundary] = before + size, max(most, room)
            case _:
                self.far.end()
                self._tell_too_large()
                for line in self._lines(event):
                    say(line)

    def _lines(self, event: Event) -> list[str]:
        match event:
            case events.DataFound(says=says) | events.Recovered(says=says):
                return [says, f"Run folder: {tidy(str(self.folder))}"]
            case events.PicturesSkipped(count=count, names=names, file=file):
                what = "1 bad picture is" if count == 1 else f"{count:,} bad pictures are"
                few = listed([shown(name, 40) for name in names[:3]]) + (", ..." if count > 3 else "")
                return [f"{what} left out: {few}; all are named in {tidy(file)}."]
            case events.EpochEnd():
                return [
                    f"epoch {event.epoch:3d}  phase {event.phase}  train loss {number(event.train_loss):>6} accuracy "
                    f"{share(event.train_accuracy):>7}  validation loss {number(event.val_loss):>6} accuracy "
                    f"{share(event.val_accuracy):>7}  {seconds(event.seconds)}"
                ]
            case events.RunEnd():
                found = gain.of(Told.of(self.settings, records.read_log(self.folder)[0]))
                last = f"test accuracy {share(event.test_accuracy)}  {seconds(event.seconds)}  {tidy(event.folder)}"
                return [last] if found is None else [_gained(found), last]
        return []

    def _tell_too_large(self) -> None:
        for boundary, (size, room) in self.too_large.items():
            if boundary not in self.told:
                say(not_kept(self.settings, boundary, size, room))
        self.told.update(self.too_large)
        self.too_large = {}


def _gained(found: gain.Gain) -> str:
    """What thawing has brought on validation images, beside the head trained on alone where that is known."""
    alone = "" if found.alone is None else f", trained on alone {share(found.alone)}"
    if found.verdict in ("level", "full"):
        told = f"no difference that {several(found.images, 'validation image')} can show"
    else:
        told = f"{between(found.against, found.tuned)} {'more' if found.amount > 0 else 'less'}"
    return f"validation accuracy: head {share(found.head)}{alone}, thawed {share(found.tuned)}: {told}"


def not_kept(settings: RunSettings, boundary: str, gigabytes: float, room: float) -> str:
    """What it costs that the features at this boundary do not fit on disk, as this machine was measured."""
    rows = describe(settings.backbone)
    costs = []
    for phase in settings.phases:
        if boundary == next((r.name for r in rows if r.name in phase.trainable and r.learns), ""):
            slow, fast = (estimate.of_epoch(settings, phase, cached=cached) for cached in (False, True))
            costs.append(f"{shown(phase.name, 40)} takes about {seconds(slow)} an epoch instead of {seconds(fast)}")
    cost = f": {', '.join(costs)}" if costs else ""
    return (
        f"The frozen features before {boundary} ({files.size(gigabytes * 2**30)}) do not fit into the "
        f"{files.size(room * 2**30)} that are free for them, so each epoch computes them anew{cost}. "
        "Set THAW_CACHE_GB to a larger number, or make room on the disk, to keep them."
    )


def far() -> _Far:
    """Tells how far what takes long has come: a bar where stderr is a terminal, lines elsewhere."""
    return _Bar() if sys.stderr is not None and sys.stderr.isatty() else _Now()


class _Bar:
    """A progress bar that is renewed for each thing that takes long."""

    def __init__(self) -> None:
        self.what = ""
        self.bar: tqdm[Any] | None = None

    def show(self, what: str, done: int, total: int) -> None:
        """So much of it is done."""
        if self.bar is None or self.what != what:
            self.end()
            self.what, self.bar = what, tqdm(desc=what, leave=False)
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def end(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
        self.bar = None


class _Now:
    """A line for each thing that takes long, and another now and then while it does."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.what, self.since, self.clock = "", 0.0, clock

    def show(self, what: str, done: int, total: int) -> None:
        """So much of it is done. Epochs end in a line of their own, so only long ones are told of."""
        now, first = self.clock(), what != self.what
        if first:
            self.what, self.since = what, now
        if (first and not what.startswith("Epoch")) or now - self.since >= NOW_AND_THEN:
            self.since = now
            say(f"{what}: {done:,} of {total:,}")

    def end(self) -> None:
        """Something else follows."""
        self.what = ""
