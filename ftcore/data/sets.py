"""Image sets by name or by path: three splits of prepared images with labels, kept on disk once made.

Knows nothing about networks: `Preprocess` says all that it needs.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import PIL

from ftcore import files, store
from ftcore.data import downloads, prepared, reading
from ftcore.data.catalogue import CATALOGUE, open_plan
from ftcore.data.own import plans
from ftcore.data.pictures import PictureError
from ftcore.data.prepared import Split
from ftcore.data.reading import BadPictures, Progress, Report
from ftcore.data.splits import SPLITS, Item, Plan, check, listed, passed_over
from ftcore.errors import FtError
from ftcore.names import shown, tidy
from ftcore.preprocess import Preprocess

_TRIED = 8  # pictures of an own set that are read to know how long all take
_FORMAT = 2  # raise it when prepared files change their meaning
READER = f"Pillow {PIL.__version__}, format {_FORMAT}"  # other ones may make other pixels of the same files

Bad = Mapping[str, tuple[str, str]]  # where a picture lies -> its name and why it cannot be used


@dataclass(frozen=True)
class ImageSet:
    """A set ready to train on. Labels count through `classes`; `skipped` gives name and reason of what was left out."""

    name: str
    title: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Summary:
    """What a set consists of: `counts` gives the images of train, val and test.

    `passed_over` names files that were left out, `notes` are sentences about what was guessed or is doubtful. `each`
    is the number of training images of every class; 0 where they differ or are not known.
    """

    title: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    each: int = 0

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
            parts.append(passed_over(self.passed_over))
        return "; ".join(parts) + "." + "".join(f" {note}" for note in self.notes)


def load(
    data: str,
    preprocess: Preprocess,
    *,
    train_per_class: int = 0,
    seed: int = 0,
    labels: str = "",
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> ImageSet:
    """The set `data` (catalogue name, folder or zip) as uint8 [n, side, side, 3] for each split.

    `seed` draws the splits that the set does not bring itself. `train_per_class` keeps the first so many training
    images of each class (0: all); validation and test do not depend on it. `labels` is a table that names the class
    of each file. `progress(what, done, total)` is called while images are fetched or prepared; prepared ones are
    found again on disk. Pictures that cannot be used raise `BadPictures`; with `skip_bad` they are left out of their
    split, and the first `train_per_class` are taken of the others. Raises `FtError`.
    """
    with open_plan(data, seed, progress, labels) as whole:
        bad = _known_bad(whole, preprocess) if skip_bad else {}
        while True:
            good = _without(whole, bad)
            splits, more = _prepared(good, good.first(train_per_class), preprocess, progress, skip_bad)
            if not more:
                train, val, test = splits
                return ImageSet(data, whole.title, whole.classes, train, val, test, tuple(sorted(bad.values())))
            bad = {**bad, **more}
            _remember_bad(whole, preprocess, bad)


def _prepared(
    whole: Plan, plan: Plan, preprocess: Preprocess, progress: Progress | None, skip_bad: bool
) -> tuple[list[Split], Bad]:
    """The splits of `plan`, found or made now; or, with `skip_bad`, the pictures that stood in the way of some."""
    keys = {name: _key(plan, plan.splits[name], preprocess) for name in SPLITS}
    ready = {name: prepared.find(key) for name, key in keys.items()}
    missing = [name for name in SPLITS if ready[name] is None]
    report = Report(progress, sum(len(plan.splits[name]) for name in missing))
    bad: dict[Item, PictureError] = {}
    try:
        for name in missing:
            items = plan.splits[name]
            larger = prepared.find(_key(whole, whole.splits[name], preprocess)) if plan is not whole else None
            if larger is not None:
                rows = reading.copied(larger, whole.splits[name], items, report)
            else:
                rows = reading.rows(plan, items, preprocess, report, bad)
            with contextlib.suppress(reading.Unreadable):
                labels, names = [item.label for item in items], [item.name for item in items]
                ready[name] = prepared.keep(keys[name], labels, names, preprocess.side, rows)
        if bad and not skip_bad:
            raise BadPictures(list(bad.values()))
    except BaseException:
        for name in missing:
            prepared.drop(keys[name])  # a set that failed leaves nothing behind
        raise
    if missing:
        store.prune(store.budget(), store.RECENT)
    splits = [split for split in ready.values() if split is not None]
    return splits, {str(item.where): reading.named(error) for item, error in bad.items()}


def _without(plan: Plan, bad: Bad) -> Plan:
    """The plan without these pictures. Raises `FtError` when a class has none left in some split."""
    if not bad:
        return plan
    left = {name: tuple(i for i in items if str(i.where) not in bad) for name, items in plan.splits.items()}
    try:
        check(plan.classes, left)
    except FtError as error:
        raise FtError(f"Without the {len(bad):,} that cannot be used there are too few pictures. {error}") from error
    return replace(plan, splits=left)


def _bad_file(plan: Plan, preprocess: Preprocess) -> Path:
    return prepared.folder() / f"{_key(plan, (), preprocess)}.json"


def _known_bad(plan: Plan, preprocess: Preprocess) -> Bad:
    """The pictures of the set that could not be used before; none if that is not known."""
    try:
        listed = json.loads(_bad_file(plan, preprocess).read_bytes())
        return {str(where): (tidy(name), tidy(reason)) for where, (name, reason) in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _remember_bad(plan: Plan, preprocess: Preprocess, bad: Bad) -> None:
    """Keep the list for the next time, without what may have been a passing trouble of the disk."""
    lasting = {where: why for where, why in bad.items() if not why[1].startswith("cannot be opened")}
    with contextlib.suppress(OSError), files.whole(_bad_file(plan, preprocess)) as file:  # if not, found out again
        file.write(json.dumps(lasting).encode())


def summary(data: str, *, train_per_class: int = 0, seed: int = 0, labels: str = "") -> Summary:
    """Title, classes and image counts of a set without decoding or fetching anything. Raises `FtError`."""
    if data in downloads.DOWNLOADS and not labels and not downloads.is_here(data):
        entry = downloads.DOWNLOADS[data]
        counts = dict(zip(SPLITS, entry.counts, strict=True))
        if train_per_class > 0:
            counts["train"] = min(counts["train"], train_per_class * entry.class_count)
        return Summary(entry.title, downloads.class_names(data), counts)
    with open_plan(data, seed, None, labels) as plan:
        plan = plan.first(train_per_class)
        counts = {name: len(plan.splits[name]) for name in SPLITS}
        sizes = {*Counter(item.label for item in plan.splits["train"]).values()}
        each = sizes.pop() if len(sizes) == 1 else 0
        return Summary(plan.title, plan.classes, counts, plan.passed_over, plan.notes, each)


def to_draw(data: str, preprocess: Preprocess, *, train_per_class: int = 0) -> int:
    """How many pictures of a generated or own set still have to be made at this size; 0 for every other set."""
    generated = data in CATALOGUE and CATALOGUE[data].kind == "generated"
    if not generated and (not plans.is_own(data) or plans.set_of(data) is None):
        return 0
    with open_plan(data, 0, None) as plan:
        plan = plan.first(train_per_class)
        here = [prepared.find(_key(plan, plan.splits[name], preprocess)) is not None for name in SPLITS]
        return sum(len(plan.splits[name]) for name, ready in zip(SPLITS, here, strict=True) if not ready)


@functools.lru_cache(maxsize=64)  # the name of an own set stands for one state of it
def reading_seconds(data: str, preprocess: Preprocess) -> float:
    """Seconds to make one picture of an own set ready, from reading a few of them now."""
    with open_plan(data, 0, None) as plan:
        items = plan.splits["train"]
        some = items[:: max(1, len(items) // _TRIED)][:_TRIED]
        start = time.perf_counter()
        with contextlib.suppress(reading.Unreadable):
            deque(reading.rows(plan, some, preprocess, Report(None, len(some)), {}), maxlen=0)
        return (time.perf_counter() - start) / len(some)


def _key(plan: Plan, items: Sequence[Item], preprocess: Preprocess) -> str:
    what = [_FORMAT, PIL.__version__, plan.fingerprint, preprocess.side, preprocess.resize, preprocess.interpolation]
    rows = [(item.label, item.name) for item in items]
    digest = hashlib.sha256(json.dumps([what, rows]).encode()).hexdigest()[:32]
    return f"{plan.kept_as}-{digest}" if plan.kept_as else digest
