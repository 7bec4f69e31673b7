"""Image sets by name or by path: three splits of prepared images with labels, kept on disk once made.

A catalogue of built-in and downloadable sets, and any folder or zip of class folders. Knows nothing about
networks: `Preprocess` says all that it needs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL

from ftcore import builtin, downloads, imports, prepared, sketchbook
from ftcore.pictures import PictureError, shown
from ftcore.plans import SPLITS, Item, Plan, listed
from ftcore.prepared import Split, prune
from ftcore.settings import FtError, Preprocess

__all__ = ["CATALOGUE", "DataEntry", "ImageSet", "Split", "Summary", "load", "prune", "summary"]

Progress = Callable[[str, int, int], None]
_FORMAT = 2  # raise it when prepared files change their meaning
_THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class DataEntry:
    """One set of the catalogue. `kind`: "generated", "bundled" or "download"; `note`: what, size, source, licence."""

    name: str
    title: str
    kind: str
    classes: int
    note: str


@dataclass(frozen=True)
class ImageSet:
    """A set ready to train on. Labels count through `classes`."""

    name: str
    title: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split


@dataclass(frozen=True)
class Summary:
    """What a set consists of: `counts` gives the images of train, val and test.

    `passed_over` names files that were left out, `notes` are sentences about what was guessed or is doubtful.
    """

    title: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in one line, names fit to be shown."""
        learn, validate, test = (f"{self.counts[name]:,}" for name in SPLITS)
        names = listed([shown(name, 40) for name in self.classes], 10)
        parts = [
            f"{len(self.classes)} classes: {names}",
            f"{learn} to learn, {validate} to validate, {test} to test",
        ]
        if self.passed_over:
            files = "file" if len(self.passed_over) == 1 else "files"
            names = listed([shown(name, 40) for name in self.passed_over])
            parts.append(f"{len(self.passed_over):,} {files} passed over: {names}")
        return "; ".join(parts) + "." + "".join(f" {note}" for note in self.notes)


CATALOGUE: dict[str, DataEntry] = {
    "sketchbook": DataEntry(
        "sketchbook",
        "Sketchbook",
        "generated",
        len(sketchbook.CLASSES),
        f"Ten things drawn in a few strokes: {', '.join(sketchbook.CLASSES)}. Drawn by this program at any size, "
        f"{builtin.SKETCHES['train']} pictures a class to learn from ({builtin.DRAWINGS} different drawings, each caught "
        f"{builtin.SKETCHES['train'] // builtin.DRAWINGS} times in another light), {builtin.SKETCHES['val']} other "
        f"drawings to validate and {builtin.SKETCHES['test']} to test. "
        "Free of other people's rights.",
    ),
    "digits": DataEntry(
        "digits",
        "Digits",
        "bundled",
        10,
        "Handwritten digits, 1,797 scans of 8 x 8 grey pixels, smoothly enlarged. Ships with scikit-learn; from the UCI "
        "repository's Optical Recognition of Handwritten Digits (CC BY 4.0).",
    ),
    **{
        name: DataEntry(name, entry.title, "download", entry.class_count, entry.note)
        for name, entry in downloads.DOWNLOADS.items()
    },
}


def load(
    data: str,
    preprocess: Preprocess,
    *,
    train_per_class: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> ImageSet:
    """The set `data` (catalogue name, folder or zip) as uint8 [n, side, side, 3] for each split.

    `seed` draws the splits that the set does not bring itself. `train_per_class` keeps the first so many training
    images of each class (0: all); validation and test do not depend on it. `progress(what, done, total)` is called
    while images are fetched or prepared; prepared ones are found again on disk. Raises `FtError`.
    """
    with _plan(data, seed, progress) as whole:
        plan = whole.first(train_per_class)
        keys = {name: _key(plan, plan.splits[name], preprocess) for name in SPLITS}
        found = {name: prepared.find(key) for name, key in keys.items()}
        missing = [name for name in SPLITS if found[name] is None]
        report = _Report(progress, sum(len(plan.splits[name]) for name in missing))
        bad: list[PictureError] = []
        try:
            for name in missing:
                items = plan.splits[name]
                larger = prepared.find(_key(whole, whole.splits[name], preprocess)) if plan is not whole else None
                if larger is not None:
                    rows = _copied(larger, whole.splits[name], items, report)
                else:
                    rows = _rows(plan, items, preprocess, report, bad)
                with contextlib.suppress(_Unreadable):
                    labels, names = [item.label for item in items], [item.name for item in items]
                    found[name] = prepared.keep(keys[name], labels, names, preprocess.side, rows)
            if bad:
                raise _in_one_sentence(bad)
        except BaseException:
            for name in missing:
                prepared.drop(keys[name])  # a set that failed leaves nothing behind
            raise
    train, val, test = (split for split in found.values() if split is not None)
    return ImageSet(data, plan.title, plan.classes, train, val, test)


def summary(data: str, *, train_per_class: int = 0, seed: int = 0) -> Summary:
    """Title, classes and image counts of a set without decoding or fetching anything. Raises `FtError`."""
    if data in downloads.DOWNLOADS and not downloads.is_here(data):
        entry = downloads.DOWNLOADS[data]
        counts = dict(zip(SPLITS, entry.counts, strict=True))
        if train_per_class > 0:
            counts["train"] = min(counts["train"], train_per_class * entry.class_count)
        return Summary(entry.title, downloads.class_names(data), counts)
    with _plan(data, seed, None) as plan:
        plan = plan.first(train_per_class)
        counts = {name: len(plan.splits[name]) for name in SPLITS}
        return Summary(plan.title, plan.classes, counts, plan.passed_over, plan.notes)


def to_draw(data: str, preprocess: Preprocess, *, train_per_class: int = 0) -> int:
    """How many pictures of a generated set still have to be drawn at this size; 0 for every other set."""
    if CATALOGUE.get(data, CATALOGUE["digits"]).kind != "generated":
        return 0
    with _plan(data, 0, None) as plan:
        plan = plan.first(train_per_class)
        here = [prepared.find(_key(plan, plan.splits[name], preprocess)) is not None for name in SPLITS]
        return sum(len(plan.splits[name]) for name, found in zip(SPLITS, here, strict=True) if not found)


@contextlib.contextmanager
def _plan(data: str, seed: int, progress: Progress | None) -> Iterator[Plan]:
    if data == "sketchbook":
        yield builtin.sketchbook_plan()
    elif data == "digits":
        yield builtin.digits_plan(seed)
    elif data in downloads.DOWNLOADS:
        yield downloads.plan(data, seed, progress)
    else:
        path = Path(data).expanduser()
        try:
            exists = bool(data) and (path.is_dir() or path.is_file())
        except (OSError, ValueError):  # a name that no file can have
            exists = False
        if not exists:
            raise FtError(
                f"There is no dataset and no file '{shown(data)}': choose {', '.join(CATALOGUE)}, "
                "or give the path of a folder or a zip of class folders."
            )
        with imports.open_plan(path, seed) as plan:
            yield plan


def _key(plan: Plan, items: Sequence[Item], preprocess: Preprocess) -> str:
    what = [_FORMAT, PIL.__version__, plan.fingerprint, preprocess.side, preprocess.resize, preprocess.interpolation]
    rows = [(item.label, item.name) for item in items]
    return hashlib.sha256(json.dumps([what, rows]).encode()).hexdigest()[:32]


def _copied(larger: Split, items: Sequence[Item], wanted: Sequence[Item], report: _Report) -> Iterator[np.ndarray]:
    place = {item: number for number, item in enumerate(items)}
    for item in wanted:
        yield larger.images[place[item]]
        report.step()


def _rows(
    plan: Plan, items: Sequence[Item], preprocess: Preprocess, report: _Report, bad: list[PictureError]
) -> Iterator[np.ndarray]:
    """Each item's row in order, made a few ahead in threads; unusable ones are gathered in `bad`, then refused."""
    if plan.rows:
        for row in plan.rows(items, preprocess):
            yield row
            report.step()
        return
    before = len(bad)
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[np.ndarray]] = deque()
        ahead = iter(items)
        try:
            for _ in items:
                while len(waiting) < 4 * _THREADS and (item := next(ahead, None)) is not None:
                    waiting.append(pool.submit(plan.row, item, preprocess))
                try:
                    row = waiting.popleft().result()
                    if len(bad) == before:
                        yield row
                except PictureError as error:
                    bad.append(error)
                report.step()
        finally:
            pool.shutdown(cancel_futures=True)
    if len(bad) > before:
        raise _Unreadable


class _Unreadable(Exception):
    """Some pictures of a split could not be used."""


class _Report:
    """Passes progress on, at most ten times a second."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done, self.last = progress, total, 0, 0.0

    def step(self) -> None:
        """One image more is done."""
        self.done += 1
        now = time.monotonic()
        if self.progress and (now - self.last >= 0.1 or self.done == self.total):
            self.last = now
            self.progress("Preparing images", self.done, self.total)


def _in_one_sentence(bad: Sequence[PictureError]) -> FtError:
    if len(bad) == 1:
        return bad[0]
    names = listed([f"'{shown(error.name)}' {error.reason}" for error in bad], 3)
    return FtError(f"{len(bad)} files cannot be used as pictures ({names}): mend or remove them.")
