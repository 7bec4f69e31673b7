"""How a set stands after its steps. Each is a plain record, and the last can be taken back: no picture is ever changed.

{"do": "leave", "pictures": [3, 17]}           leave these pictures out
{"do": "rename", "old": "ant", "new": "ants", "among": 40}   another name for a class, or that of one that it joins
{"do": "drop", "label": "wasp", "among": 40}   leave a class out
{"do": "together"}                             what is the same or nearly the same goes to one side of the split
{"do": "split", "how": "own"}                  the split as the set brings it
{"do": "split", "how": "drawn", "val": 15, "test": 15, "seed": 0}   shares in percent

What is done to classes has the key `among`: how many pictures there were. It changes none that came later.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftcore.data.check import findings, looks, mended
from ftcore.data.check.findings import Finding, Picture
from ftcore.data.own import keeping
from ftcore.data.own.keeping import Kept, OwnSet
from ftcore.data.splits import HELD_BACK, SPLITS, VERBS, check, in_name_order, listed
from ftcore.errors import FtError
from ftcore.names import shown, tidy
from ftcore.numerals import several

LETTERS = 60
LEAST_SHARE, MOST_SHARE = 5, 40  # percent of a class


@dataclass(frozen=True)
class Standing:
    """A set after its steps: `numbers` of the pictures that are in it, `pictures` with class and side, and what is wrong.

    `sides` are those that learning takes: of a set's own split all but its copies, which never stand on two.

    `given` says whether the split is the set's own, `brings` whether it has one; `shares` in percent and `seed` are those of
    one that is drawn.
    """

    numbers: tuple[int, ...]
    pictures: tuple[Picture, ...]
    sides: tuple[str, ...]
    findings: tuple[Finding, ...]
    classes: tuple[str, ...]
    given: bool
    brings: bool
    shares: Mapping[str, int]
    seed: int

    def counts(self) -> dict[str, Counter[str]]:
        """How many pictures learning takes, by class and side."""
        found = {name: Counter[str]() for name in self.classes}
        for one, side in zip(self.pictures, self.sides, strict=True):
            if not one.look.wrong:
                found[one.label][side] += 1
        return found


def standing(one: OwnSet, kept: Sequence[Kept] | None = None) -> Standing:
    """The set as it stands now. Raises `FtError` for a list of pictures that cannot be read."""
    kept = keeping.pictures(one) if kept is None else kept
    labels: dict[int, str] = {number: picture.label for number, picture in enumerate(kept)}
    brings = any(picture.split in ("val", "test") for picture in kept)
    split: Mapping[str, Any] = {"how": "own" if brings else "drawn"}
    together = False
    for step in one.steps:
        match step:
            case {"do": "leave", "pictures": numbers}:
                labels = {number: label for number, label in labels.items() if number not in {*numbers}}
            case {"do": "rename", "old": old, "new": new, "among": end}:
                labels = {n: new if label == old and n < end else label for n, label in labels.items()}
            case {"do": "drop", "label": gone, "among": end}:
                labels = {n: label for n, label in labels.items() if label != gone or n >= end}
            case {"do": "together"}:
                together = True
            case {"do": "split"}:
                split, together = step, False
    given = brings and split["how"] == "own"
    shares = {name: int(split.get(name, 100 * share)) for name, share in mended.SHARES.items()}
    return _placed(labels, kept, given, brings, together, shares, int(split.get("seed", 0)))


def _placed(
    labels: Mapping[int, str], kept: Sequence[Kept], given: bool, brings: bool, together: bool,
    shares: Mapping[str, int], seed: int,
) -> Standing:  # fmt: skip
    numbers = tuple(labels)
    pictures = [Picture(kept[n].name, labels[n], kept[n].split or "train", kept[n].look) for n in numbers]
    place = {number: at for at, number in enumerate(numbers)}
    pairs = [pair for pair in _near(tuple(one.look for one in kept)) if pair[0] in place and pair[1] in place]
    near = [(place[one], place[other]) for one, other in pairs]
    held = findings.together(pictures, near)
    parts = {name: share / 100 for name, share in shares.items()}
    sides = mended.sides(pictures, held, seed, given=given, shares=parts)
    brought = [one.split for one in pictures]
    if given:
        sides = _held_out(pictures, sides, held, seed)
        if not together:  # as the set has them, so that what is wrong with that is told
            brought = [own if own != "train" else side for own, side in zip(brought, sides, strict=True)]
    told = brought if given and not together else sides
    placed = tuple(Picture(p.path, p.label, side, p.look) for p, side in zip(pictures, told, strict=True))
    found = tuple(findings.find(placed, near))
    classes = in_name_order({one.label for one in placed if one.label})
    return Standing(numbers, placed, tuple(sides), found, classes, given, brings, shares, seed)


def _held_out(pictures: Sequence[Picture], sides: list[str], held: Sequence[Sequence[int]], seed: int) -> list[str]:
    """The sides of a set that brings only two of the three: the third is held out of what is learned from."""
    missing = [name for name in SPLITS[1:] if name not in sides]
    if not missing:
        return sides
    left = [at for at, side in enumerate(sides) if side == "train"]
    place = {at: number for number, at in enumerate(left)}
    groups = [[place[at] for at in group if at in place] for group in held]
    drawn = mended.sides([pictures[at] for at in left], groups, seed, shares=dict.fromkeys(missing, HELD_BACK))
    made = list(sides)
    for at, side in zip(left, drawn, strict=True):
        made[at] = side
    return made


@functools.lru_cache(maxsize=8)
def _near(seen: tuple[looks.Look, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(looks.alike(seen))


def take(set_id: str, owner: str, step: Mapping[str, Any]) -> None:
    """Add a step. Raises `FtError` for one that cannot be."""
    with keeping.changing(set_id, owner) as opened:
        kept = keeping.pictures(opened.now)
        sound = _sound(step, standing(opened.now, kept), len(kept))
        opened.put(steps=(*opened.now.steps, sound))


def undo(set_id: str, owner: str) -> None:
    """Take the last step back, if there is one."""
    with keeping.changing(set_id, owner) as opened:
        opened.put(steps=opened.now.steps[:-1])


def _sound(step: Mapping[str, Any], now: Standing, among: int) -> dict[str, Any]:
    match step:
        case {"do": "leave", "pictures": numbers} if {*numbers} & {*now.numbers}:
            return {"do": "leave", "pictures": sorted({*numbers} & {*now.numbers})}
        case {"do": "rename", "old": old, "new": new} if old in now.classes:
            name = label_of(new)
            if name == old:
                raise FtError(f"The class is called {shown(old)} already: write another name.")
            return {"do": "rename", "old": old, "new": name, "among": among}
        case {"do": "drop", "label": label} if label in now.classes:
            return {"do": "drop", "label": label, "among": among}
        case {"do": "together"}:
            return {"do": "together"}
        case {"do": "split", "how": "own"} if now.brings:
            return {"do": "split", "how": "own"}
        case {"do": "split", "how": "drawn", "val": int(val), "test": int(test), "seed": int(seed)}:
            if not all(LEAST_SHARE <= share <= MOST_SHARE for share in (val, test)) or not 0 <= seed < 2**31:
                raise FtError(f"Choose shares from {LEAST_SHARE} to {MOST_SHARE} percent, and a seed of 0 or more.")
            return {"do": "split", "how": "drawn", "val": val, "test": test, "seed": seed}
    raise FtError("That is done already, or it is about something that has gone: look at the set as it is now.")


def label_of(text: str) -> str:
    """A class's name from what was typed. Raises `FtError` for none."""
    name = tidy(" ".join(text.replace("/", " ").replace("\\", " ").split()))[:LETTERS].strip()
    if not name:
        raise FtError("Write the name of the class first.")
    return name


def told(step: Mapping[str, Any]) -> str:
    """A step in a few words."""
    match step:
        case {"do": "leave", "pictures": numbers}:
            return f"{several(len(numbers), 'picture')} left out"
        case {"do": "rename", "old": old, "new": new}:
            return f"{shown(old, 40)} became {shown(new, 40)}"
        case {"do": "drop", "label": label}:
            return f"class {shown(label, 40)} left out"
        case {"do": "together"}:
            return "copies moved to one side of the split"
        case {"do": "split", "how": "own"}:
            return "the set's own split"
        case _:
            return f"{step['val']} % to validate, {step['test']} % to test, seed {step['seed']}"


def ready(now: Standing) -> None:
    """Raise `FtError` where there is too little to learn from: fewer than two classes, or a class missing on a side."""
    usable = now.counts()
    if not usable:
        raise FtError("There are no pictures in this set yet: bring some first.")
    if len(usable) < 2:
        check([*usable], {})
    empty = {side: [shown(name, 40) for name in usable if not usable[name][side]] for side in SPLITS}
    for side, names in empty.items():
        if names:
            whose = "The class" if len(names) == 1 else "The classes"
            have = "has" if len(names) == 1 else "have"
            raise FtError(
                f"{whose} {listed(names)} {have} no picture to {VERBS[side]}: add some, join it with another class or "
                "leave it out, or draw the split anew."
            )


def as_text(now: Standing) -> str:
    """Everything that learning from it depends on, as JSON: classes, and for each usable picture number, class, side."""
    number = {name: at for at, name in enumerate(now.classes)}
    rows = [
        [n, number[one.label], side]
        for n, one, side in zip(now.numbers, now.pictures, now.sides, strict=True)
        if not one.look.wrong
    ]
    return json.dumps({"classes": now.classes, "rows": rows})
