"""What tells a run's images from others: class names, and digests of each split's pixels, labels and names.

Knows nothing about training, or about where it is kept.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from ftcore.data import sets
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.data.splits import SPLITS, listed
from ftcore.errors import FtError
from ftcore.events import RunStart
from ftcore.names import shown
from ftcore.numerals import several

_COUNTS = {split: f"{split}_images" for split in SPLITS}


@dataclass(frozen=True)
class Identity:
    """The images of a run. By split: `digests` over pixels and labels, `listing` over names and labels (sha256, hex).

    `reader` names what made pixels of the files: another version of it may make slightly other ones.
    """

    classes: tuple[str, ...]
    train_images: int
    val_images: int
    test_images: int
    digests: dict[str, str] = field(default_factory=dict)
    listing: dict[str, str] = field(default_factory=dict)
    reader: str = ""


def of(images: ImageSet) -> Identity:
    """The identity of a set as it is now."""
    splits = {"train": images.train, "val": images.val, "test": images.test}
    train, val, test = (len(split) for split in splits.values())
    digests = {name: split.digest for name, split in splits.items()}
    listing = {name: _listing(split) for name, split in splits.items()}
    return Identity(images.classes, train, val, test, digests, listing, sets.READER)


def _listing(split: Split) -> str:
    return hashlib.sha256(json.dumps([split.names, split.labels.tolist()]).encode()).hexdigest()


def begun(start: RunStart) -> Identity:
    """The identity that a run told when it began; in part in runs of earlier versions."""
    counts = start.train_images, start.val_images, start.test_images
    return Identity(start.classes, *counts, start.digests, start.listing, start.reader)


def compare(before: Identity, now: Identity) -> None:
    """Raise `FtError`, naming the difference, unless these are the images that a run began with.

    Where the reader differs, names and labels decide; what an earlier version did not keep is not compared.
    """
    what = _classes(before.classes, now.classes) or _counts(before, now) or _pictures(before, now)
    if what:
        raise FtError(
            f"The images have changed since this run began ({what}): put them back as they were, or start a new run."
        )


def _classes(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    if before == now:
        return ""
    gone = [_quoted(name) for name in before if name not in now]
    new = [_quoted(name) for name in now if name not in before]
    if len(gone) == len(new) == 1:
        return f"class {gone[0]} is now called {new[0]}"
    said = [
        f"{_noun(names)} {listed(names)} {_verb(names)} {how}" for names, how in ((gone, "gone"), (new, "new")) if names
    ]
    return " and ".join(said) or "the classes come in another order"


def _quoted(name: object) -> str:
    return f"'{shown(str(name), 40)}'"


def _noun(names: list[str]) -> str:
    return "class" if len(names) == 1 else "classes"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _counts(before: Identity, now: Identity) -> str:
    for split, name in _COUNTS.items():
        then, here = getattr(before, name), getattr(now, name)
        if then != here:
            return f"{split} had {several(then, 'image')}, now it has {here}"
    return ""


def _pictures(before: Identity, now: Identity) -> str:
    same = before.reader == now.reader
    then, here = (before.digests, now.digests) if same else (before.listing, now.listing)
    other = [split for split in SPLITS if then.get(split, here[split]) != here[split]]
    return f"other pictures in {listed(other)}" if other else ""
