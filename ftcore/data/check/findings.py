"""What is wrong with the pictures of a set, one sentence for each kind of trouble and one for what mends it.

Knows nothing about files, and reads no pixel.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ftcore.data.check.looks import Look, groups
from ftcore.data.splits import SPLITS, VERBS, listed
from ftcore.names import shown
from ftcore.numerals import several

LEAST = 3  # pictures of a class, one for each split
FEW = 10  # pictures of a class to learn from
UNEVEN = 5  # times as many pictures as the smallest class has
SMALL = 32  # pixels of the shorter side
LONG = 3  # times as long as wide


@dataclass(frozen=True)
class Picture:
    """A picture of a set: its path there, the class and the split it is in, and what was seen of it."""

    path: str
    label: str
    split: str
    look: Look


@dataclass(frozen=True)
class Finding:
    """One kind of trouble: what it is, what mends it, and the pictures or classes, those that belong together in one.

    `groups` are words for the terminal; `places` are the same as places in the list of pictures, or `labels` as classes.
    """

    kind: str
    says: str
    cure: str
    groups: tuple[tuple[str, ...], ...]
    places: tuple[tuple[int, ...], ...] = ()
    labels: tuple[str, ...] = ()


Found = Sequence[Sequence[int]]  # groups of places in the list of pictures


def find(pictures: Sequence[Picture], near: Iterable[tuple[int, int]]) -> list[Finding]:
    """Everything that should be mended, worst first. `near` are the places of pairs that are nearly the same."""
    found = [
        _unreadable(pictures),
        *_copies(pictures),
        _across(pictures, near),
        *_classes(pictures),
        *_shapes(pictures),
    ]
    return [one for one in found if one is not None and one.groups]


def together(pictures: Sequence[Picture], near: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The places of pictures that are the same or nearly the same: were they on two sides, the test would be a leak."""
    first: dict[str, int] = {}
    same = [(first.setdefault(one.look.digest, at), at) for at, one in enumerate(pictures) if not one.look.wrong]
    return [group for group in groups([*same, *near]) if len(group) > 1]


def _shown(
    kind: str, says: str, cure: str, pictures: Sequence[Picture], places: Found, words: Callable[[Picture], str]
) -> Finding:
    groups = tuple(tuple(words(pictures[at]) for at in group) for group in places)
    return Finding(kind, says, cure, groups, tuple(map(tuple, places)))


def _unreadable(pictures: Sequence[Picture]) -> Finding:
    bad = [(at,) for at, one in enumerate(pictures) if one.look.wrong]
    says = f"{several(len(bad), 'file')} cannot be used as {'a picture' if len(bad) == 1 else 'pictures'}."
    cure = "Save them again or leave them out (--skip)."
    return _shown("unreadable", says, cure, pictures, bad, lambda one: f"{one.path} {one.look.wrong}")


def _copies(pictures: Sequence[Picture]) -> list[Finding]:
    """The same file more than once: in one class and split, in two classes, on two sides of the split."""
    same: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(pictures):
        if not one.look.wrong:
            same[one.look.digest].append(at)
    copies = [group for group in same.values() if len(group) > 1]
    torn = [group for group in copies if len({pictures[at].label for at in group}) > 1]
    leaks = [group for group in copies if group not in torn and len({pictures[at].split for at in group}) > 1]
    twice = [group for group in copies if group not in torn and group not in leaks]
    return [
        _shown(
            "two classes", f"{_pictures(torn)} in two classes, so one of its labels is wrong.",
            "Leave out the wrong one (--skip), or merge the classes (--merge OLD=NEW).",
            pictures, torn, lambda one: f"{one.path} ({shown(one.label)})",
        ),
        _shown(
            "leak", f"{_pictures(leaks)} on both sides of the split: what is learned by heart counts as known.",
            "Keep one of each (--skip), or have all of each on one side (--table).", pictures, leaks, _with_split,
        ),
        _shown(
            "twice", f"{_pictures(twice)} more than once in one class, and counts as often.",
            "Keep one of each (--skip).", pictures, twice, lambda one: one.path,
        ),
    ]  # fmt: skip


def _with_split(one: Picture) -> str:
    return f"{one.path} (to {VERBS[one.split]})"


def _pictures(found: Found) -> str:
    return "The same picture is" if len(found) == 1 else f"{len(found):,} pictures are each"


def _across(pictures: Sequence[Picture], near: Iterable[tuple[int, int]]) -> Finding:
    """Nearly the same on two sides of the split, such as two photos of one scene."""
    pairs = [(one, other) for one, other in near if pictures[one].look.digest != pictures[other].look.digest]
    found = [group for group in groups(pairs) if len({pictures[at].split for at in group}) > 1]
    what = "Nearly the same picture is" if len(found) == 1 else f"{len(found):,} times nearly the same picture is"
    return _shown(
        "nearly", f"{what} on both sides of the split, so the validation is easier than new pictures are.",
        "Look at them; have each group on one side (--table), or leave some out (--skip).", pictures, found, _with_split,
    )  # fmt: skip


def _classes(pictures: Sequence[Picture]) -> list[Finding]:
    good = [one for one in pictures if not one.look.wrong]
    counts = Counter({one.label: 0 for one in pictures if one.label})
    counts.update(one.label for one in good)
    learned = Counter(one.label for one in good if one.split == "train")
    none = [name for name in counts if counts[name] < LEAST]
    few = [name for name in counts if name not in none and learned[name] < FEW]
    most = max(counts.values(), default=0)
    rare = [name for name in counts if name not in none and counts[name] * UNEVEN <= most]
    said = {name: f"{shown(name)}: {several(counts[name], 'picture')}" for name in counts}
    learn = {name: f"{shown(name)}: {several(learned[name], 'picture')} to learn from" for name in counts}
    cure = "Add pictures, merge the class into another (--merge OLD=NEW), or leave it out (--skip)"
    only = [name for name in counts if len(counts) == 1]
    return [
        Finding(
            "one class", f"There is no class but {shown(''.join(only))}: a classifier tells one class from another.",
            "Add pictures of a second class.", tuple((said[name],) for name in only), labels=tuple(only),
        ),
        Finding(
            "too few", f"{_class_names(none)} fewer than {LEAST} pictures, and each split needs one.",
            f"{cure}.", tuple((said[name],) for name in none), labels=tuple(none),
        ),
        Finding(
            "few", f"{_class_names(few)} fewer than {FEW} pictures to learn from: what the validation says of such a class "
            "hangs on one or two pictures.", f"{cure}.", tuple((learn[name],) for name in few), labels=tuple(few),
        ),
        Finding(
            "uneven", f"{_class_names(rare)} at most a fifth of the pictures of the largest class, so a network does well "
            "that rarely names it.", "Add pictures, or train with --class-weights balanced.",
            tuple((said[name],) for name in rare), labels=tuple(rare),
        ),
    ]  # fmt: skip


def _class_names(names: Sequence[str]) -> str:
    return f"The class {shown(names[0])} has" if len(names) == 1 else f"{len(names):,} classes have"


def _shapes(pictures: Sequence[Picture]) -> list[Finding]:
    good = [(at, one.look.size) for at, one in enumerate(pictures) if not one.look.wrong]
    small = [(at,) for at, size in good if min(size) < SMALL]
    long = [(at,) for at, size in good if max(size) > LONG * min(size)]
    return [
        _shown(
            "small", f"{_are(small)} less than {SMALL} pixels high or wide: enlarged, little is to be seen.",
            "Use larger ones, or leave them out (--skip).", pictures, small, _sized,
        ),
        _shown(
            "long", f"{_are(long)} more than {LONG} times as long as wide: only the middle is seen, less than a third.",
            "Cut out what counts, or leave them out (--skip).", pictures, long, _sized,
        ),
    ]  # fmt: skip


def _are(found: Found) -> str:
    return "One picture is" if len(found) == 1 else f"{len(found):,} pictures are"


def _sized(one: Picture) -> str:
    return f"{one.path}, {one.look.size[0]} x {one.look.size[1]}"


def counted(pictures: Sequence[Picture]) -> str:
    """Classes and splits in one sentence, as the set stands."""
    classes = sorted({one.label for one in pictures if one.label})
    parts = [f"{sum(one.split == split for one in pictures):,} to {VERBS[split]}" for split in SPLITS]
    return f"{several(len(classes), 'class')}: {listed([shown(name, 40) for name in classes], 10)}; {', '.join(parts)}."
