"""An own set as something to learn from: `own-<id>-<state>` names the set as it stood when it was chosen.

A state is kept once and never changed, so that a run goes on and can be looked at whatever is done to the set later.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path

import numpy as np

from ftcore import files
from ftcore.data.own import keeping, steps
from ftcore.data.own.keeping import OwnSet
from ftcore.data.own.steps import Standing
from ftcore.data.pictures import PictureError, prepare, read_picture
from ftcore.data.splits import SPLITS, Item, Plan, shuffled
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

NAMED = re.compile(r"own-([0-9a-f]{32})-([0-9a-f]{16})")
DELETED = "The pictures of this set are gone, since it was deleted: choose another set."


def data_of(one: OwnSet, now: Standing) -> str:
    """What `RunSettings.data` is for the set as it stands. Raises `FtError` where it cannot be learned from."""
    steps.ready(now)
    text = steps.as_text(now).encode()
    state = hashlib.sha256(text).hexdigest()[:16]
    file = _state_file(one, state)
    if not file.is_file():
        with keeping.writing():
            file.parent.mkdir(exist_ok=True)
            with files.whole(file) as out:
                out.write(text)
    return f"{prefix(one.id)}{state}"


def prefix(set_id: str) -> str:
    """How `RunSettings.data` begins for all states of a set."""
    return f"own-{set_id}-"


def _state_file(one: OwnSet, state: str) -> Path:
    return one.folder / "states" / f"{state}.json"


def is_own(data: str) -> bool:
    """Does it name an own set?"""
    return NAMED.fullmatch(data) is not None


def set_of(data: str) -> OwnSet | None:
    """The set that `data` names, whoever it belongs to; None where it is gone or `data` names none."""
    found = NAMED.fullmatch(data)
    return keeping.read(found[1]) if found else None


def open_plan(data: str) -> Plan:
    """The plan of a set as it stood. Raises `FtError` where it is gone."""
    one, named = set_of(data), NAMED.fullmatch(data)
    if one is None or named is None:
        raise FtError(DELETED)
    keeping.touch(one)
    try:
        text = _state_file(one, named[2]).read_bytes()
        raw = json.loads(text)
        classes, rows = (
            tuple(map(str, raw["classes"])),
            [(int(n), int(label), str(side)) for n, label, side in raw["rows"]],
        )
        kept = keeping.pictures(one)
        splits: dict[str, list[Item]] = {name: [] for name in SPLITS}
        for number, label, side in rows:
            splits[side].append(Item(label, kept[number].name, number))
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise FtError("This state of the set cannot be read: open the set on the page Your data.") from error
    fingerprint = hashlib.sha256(text + "".join(kept[n].look.digest for n, _, _ in rows).encode()).hexdigest()

    def row(item: Item, preprocess: Preprocess) -> np.ndarray:
        return prepare(read_picture(_file(one, kept[int(item.where)]), item.name), preprocess, item.name)

    ordered = {name: tuple(shuffled(items, 0)) for name, items in splits.items()}
    return Plan(one.name, classes, ordered, fingerprint, row, kept_as=one.id)


def _file(one: OwnSet, kept: keeping.Kept) -> Path:
    """The file of a picture; one that is read in place must be as large as it was."""
    path = keeping.file_of(one, kept)
    if one.source:
        with contextlib.suppress(OSError):
            if path.stat().st_size != kept.size:
                raise PictureError(kept.name, "has changed since the set was made", "put it back, or bring it anew")
    return path
