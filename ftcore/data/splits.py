"""What a set consists of before any pixel is read: classes, and for each split the pictures in order.

Splits are drawn here, from names and a seed alone. Knows nothing about files, zips or pixels.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.numerals import several
from ftcore.preprocess import Preprocess

SPLITS = ("train", "val", "test")
VAL_SHARE = TEST_SHARE = 0.15
HELD_BACK = 0.1
VERBS = {"train": "learn", "val": "validate", "test": "test"}


@dataclass(frozen=True)
class Item:
    """One picture: its class number, what to call it, and where its source finds it."""

    label: int
    name: str
    where: str | int


@dataclass(frozen=True)
class Plan:
    """A set ready to be read. `row` gives one picture as uint8 [side, side, 3]; `fingerprint` names the content.

    `rows`, where a set has it, gives many in the order asked for, faster than one by one. `passed_over` names files
    that were left out, `notes` are sentences about what was guessed or is doubtful. What is prepared of it is kept under
    names that begin with `kept_as`, so that it can be found and deleted with the set.
    """

    title: str
    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Item, ...]]
    fingerprint: str
    row: Callable[[Item, Preprocess], np.ndarray]
    rows: Callable[[Sequence[Item], Preprocess], Iterator[np.ndarray]] | None = None
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kept_as: str = ""

    def first(self, per_class: int) -> Plan:
        """The same set with only the first `per_class` training pictures of each class; 0 keeps all."""
        if per_class <= 0:
            return self
        train = tuple(item for group in by_class(self.splits["train"]) for item in group[:per_class])
        return replace(self, splits={**self.splits, "train": train})


def by_class(items: Iterable[Item]) -> list[list[Item]]:
    """The items of each class, in the order given; classes in number order."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(item.label, []).append(item)
    return [groups[label] for label in sorted(groups)]


def in_name_order(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names without regard to case, numbers in them by value: `a, B, c2, c10`."""

    def key(name: str) -> tuple[list[tuple[int, str]], str]:
        parts = re.split(r"([0-9]+)", name.casefold())
        return [(int(p[:4000]), "") if i % 2 else (-1, p) for i, p in enumerate(parts)], name

    return tuple(sorted(set(names), key=key))


def shuffled(items: Iterable[Item], seed: int) -> list[Item]:
    """The items by class number, within a class in an order drawn from `seed` and the names alone.

    The order of the input does not matter, and a picture added later leaves the order of the others as it was.
    """
    return sorted(items, key=lambda item: (item.label, _draw(seed, item), item.name))


def _draw(seed: int, item: Item) -> bytes:
    return hashlib.sha256(f"{seed} {item.label} {item.name}".encode("utf-8", "replace")).digest()


def hold_out(items: Sequence[Item], shares: Sequence[float]) -> list[tuple[Item, ...]]:
    """Cut the first `shares` of each class off `items` (at least one picture each): what is left, then the parts."""
    parts: list[list[Item]] = [[] for _ in range(len(shares) + 1)]
    for group in by_class(items):
        start = 0
        for part, share in zip(parts[1:], shares, strict=True):
            end = start + max(1, int(len(group) * share + 0.5))
            part.extend(group[start:end])
            start = end
        parts[0].extend(group[start:])
    return [tuple(part) for part in parts]


def split(given: Mapping[str, Sequence[Item]], seed: int) -> dict[str, tuple[Item, ...]]:
    """Train, val and test from the splits a set brings: only `train`, or with `val`, with `test`, or all three.

    What is given stays together. Missing ones are held out of `train` class by class: 15 % each when both are
    missing, else a tenth.
    """
    have = {name: shuffled(items, seed) for name, items in given.items()}
    missing = [name for name in SPLITS[1:] if name not in have]
    shares = [VAL_SHARE, TEST_SHARE] if len(missing) == 2 else [HELD_BACK] * len(missing)
    train, *parts = hold_out(have["train"], shares)
    done = {"train": train, **dict(zip(missing, parts, strict=True))}
    return {name: done.get(name) or tuple(have[name]) for name in SPLITS}


def check(classes: Sequence[str], given: Mapping[str, Sequence[Item]], called: Mapping[str, str] | None = None) -> None:
    """Raise `FtError`, naming the classes, unless there are two and every split of each has a picture.

    `called` says what the folder of each split is called; without it, as the split is: `val/`.
    """
    if len(classes) < 2:
        only = f"'{classes[0]}'" if classes else "none"
        raise FtError(f"There must be two classes or more, and there is only one ({only}): add a folder for another.")
    folder = {name: (called or {}).get(name, f"{name}/") for name in given}
    counts = {name: Counter(classes[item.label] for item in items) for name, items in given.items()}
    for name in given:
        missing = [f"'{c}'" for c in classes if not counts[name][c]]
        if missing and len(given) > 1:
            raise FtError(_missing(missing, name, folder))
    for name in given:
        needed = 1 + sum(part not in given for part in SPLITS) if name == "train" else 1
        few = [f"'{c}' ({counts[name][c]})" for c in classes if counts[name][c] < needed]
        if few:
            where = f" in {folder[name]}" if len(given) > 1 else ""
            why = "one can be held back" if needed == 2 else "training, validation and test get one each"
            raise FtError(
                f"Every class needs at least {needed} images{where}, so that {why}, "
                f"but too few are in {listed(few)}: add some."
            )


def _missing(classes: list[str], split: str, folder: Mapping[str, str]) -> str:
    what = f"The class {classes[0]} has" if len(classes) == 1 else f"The classes {listed(classes)} have"
    cure = "or take such folders out of the other splits"
    if split != "train":
        cure = f"or take {folder[split]} out, so that images to {VERBS[split]} are held out of {folder['train']}"
    return f"{what} no image in {folder[split]}: add some there, {cure}."


def passed_over(files: Sequence[str]) -> str:
    """Files that were left out, counted and named: '2 files passed over: a.txt, b.txt'."""
    return f"{several(len(files), 'file')} passed over: {listed([shown(name, 40) for name in files])}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first few names for a sentence, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
