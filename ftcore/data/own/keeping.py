"""One learner's own set on disk: a folder with an unguessable name, a record, a list of pictures, and the pictures.

    sets/<id>/set.json         name, owner, times, steps
              pictures.jsonl   a line for each picture: what it is called, its class and split as brought, what was seen
              pictures/        the files as they came, by number; empty where they are read in place
              previews/        a small JPEG of each
              incoming/        what is being sent, until it has been taken in
              states/          a table of classes and sides for each state that something has learned from

Whoever is not the owner is told that there is no such set. Knows nothing about what steps mean.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from ftcore import files, store
from ftcore.data.check.looks import Look
from ftcore.errors import FtError
from ftcore.names import tidy

ID = re.compile(r"[0-9a-f]{32}")
LETTERS = 60
GONE = "There is no such set of yours here: it may have been deleted. Bring your pictures on the page Your data."
_FORMAT, _HOUR = 1, 3600


@dataclass(frozen=True)
class OwnSet:
    """A set's record. `steps` are what was done to it, in order; times are in seconds since 1970.

    `said` are sentences about what was guessed or passed over as pictures came in. `source` is a folder of this machine
    whose pictures are read in place, "" where they were copied. `trouble` is why the last ones were not taken in.
    """

    id: str
    owner: str
    name: str
    created: float
    used: float
    steps: tuple[dict[str, Any], ...] = ()
    said: tuple[str, ...] = ()
    source: str = ""
    trouble: str = ""

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return place() / self.id


@dataclass(frozen=True)
class Kept:
    """One picture of a set: what it is called there, its class and split as brought ("" for none), and its file.

    `file` is "" for what could not be used; in a set that is read in place it is the path there.
    """

    name: str
    label: str
    split: str
    file: str
    size: int
    look: Look = field(default_factory=Look)


def place() -> Path:
    """Where all own sets are kept."""
    return files.home() / "sets"


def new(owner: str, name: str) -> OwnSet:
    """An empty set. Raises `FtError` where it cannot be written."""
    now = time.time()
    made = OwnSet(secrets.token_hex(16), owner, called(name), now, now)
    with writing():
        (made.folder / "pictures").mkdir(parents=True)
        (made.folder / "previews").mkdir()
        _write(made)
    return made


def called(name: str) -> str:
    """A set's name from what was typed: on one line, no longer than a page can show."""
    return tidy(" ".join(name.split()))[:LETTERS] or "My pictures"


def find(set_id: str, owner: str) -> OwnSet:
    """The set of this learner. Raises `FtError`, the same sentence for a set of another as for none."""
    found = read(set_id)
    if found is None or not owner or found.owner != owner:
        raise FtError(GONE)
    return found


def read(set_id: str) -> OwnSet | None:
    """A set by its id, whoever it belongs to; None where there is none that can be read."""
    if not ID.fullmatch(set_id):
        return None
    file = place() / set_id / "set.json"
    return files.derived(lambda: _parsed(file, _stamp(file)))


def _stamp(path: Path) -> tuple[int, ...]:
    """Differs once the file or folder has been written anew. Raises `OSError` where there is none."""
    found = path.stat()
    return (found.st_mtime_ns, found.st_ino, found.st_size)


@functools.lru_cache(maxsize=4096)  # a page lists all sets at each drawing
def _parsed(file: Path, _: tuple[int, ...]) -> OwnSet:
    raw, set_id = json.loads(file.read_bytes()), file.parent.name
    steps, said = tuple(map(dict, raw["steps"])), tuple(map(str, raw["said"]))
    return OwnSet(
        set_id, str(raw["owner"]), str(raw["name"]), float(raw["created"]), float(raw["used"]), steps, said,
        str(raw["source"]), str(raw["trouble"]),
    )  # fmt: skip


def every(owner: str = "") -> list[OwnSet]:
    """All sets that can be read, of one learner or of all, the one used last first."""
    found = [read(path.name) for path in (place().iterdir() if place().is_dir() else ())]
    mine = [one for one in found if one is not None and (not owner or one.owner == owner)]
    return sorted(mine, key=lambda one: -one.used)


@contextlib.contextmanager
def changing(set_id: str, owner: str) -> Iterator[_Open]:
    """The set, to be changed by one at a time: what its `now` is at the end is written. Raises `FtError`."""
    find(set_id, owner)
    with writing(), FileLock(place() / f"{set_id}.lock"):
        before = find(set_id, owner)
        opened = _Open(before)
        yield opened
        if opened.now != before:
            _write(opened.now)


@dataclass
class _Open:
    """A set while it is changed."""

    now: OwnSet

    def put(self, **fields: Any) -> None:
        """Change fields of the record."""
        self.now = dataclasses.replace(self.now, used=time.time(), **fields)


def _write(one: OwnSet) -> None:
    said = {"format": _FORMAT, **dataclasses.asdict(one)}
    with files.whole(one.folder / "set.json") as file:
        file.write(json.dumps(said).encode())


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """What the disk refuses is told in one `FtError`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise FtError(f"Your pictures cannot be kept ({why}): delete sets or runs to make room, then go on.") from error


def touch(one: OwnSet) -> None:
    """Remember that it was used now, once an hour at most."""
    if time.time() - one.used > _HOUR:
        with contextlib.suppress(FtError), changing(one.id, one.owner) as opened:
            opened.put()


def pictures(one: OwnSet) -> list[Kept]:
    """The pictures of a set in the order they came; the place in the list is a picture's number."""
    try:
        lines = (one.folder / "pictures.jsonl").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FtError(f"The set cannot be read right now ({error.strerror}): try again in a moment.") from error
    try:
        return [_line(json.loads(line)) for line in lines]
    except (ValueError, TypeError, KeyError) as error:
        raise FtError("The list of pictures of this set is damaged: delete the set and bring them again.") from error


def _line(raw: dict[str, Any]) -> Kept:
    seen = raw.pop("look")
    return Kept(**raw, look=Look(seen["digest"], tuple(seen["size"]), tuple(seen["near"]), seen["wrong"]))


def write_pictures(one: OwnSet, kept: Sequence[Kept]) -> None:
    """Put the whole list down."""
    with writing(), files.whole(one.folder / "pictures.jsonl") as file:
        file.writelines(json.dumps(dataclasses.asdict(picture)).encode() + b"\n" for picture in kept)


def file_of(one: OwnSet, kept: Kept) -> Path:
    """Where a picture's file lies."""
    return Path(kept.file) if one.source else one.folder / "pictures" / kept.file


def preview_of(one: OwnSet, number: int) -> Path:
    """Where the small JPEG of a picture lies."""
    return one.folder / "previews" / f"{number:06d}.jpg"


def bytes_of(one: OwnSet, *, arriving: bool = True) -> int:
    """What the set takes on the disk, with or without what is on its way in."""
    total = store.below(one.folder / "incoming") if arriving else 0
    with contextlib.suppress(OSError):  # it is deleted in this moment
        for path in (one.folder, *(path for path in one.folder.iterdir() if path.is_dir() and path.name != "incoming")):
            total += _held(path, _stamp(path))
    return total


@functools.lru_cache(maxsize=4096)  # a folder's stamp changes with the names in it, and no file here grows in place
def _held(folder: Path, _: tuple[int, ...]) -> int:
    total = 0
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            total += path.lstat().st_size if path.is_file() else 0
    return total


def delete(set_id: str, owner: str) -> None:
    """Remove a set for good, with all that was made of its pictures. Raises `FtError`."""
    one = find(set_id, owner)
    with writing(), FileLock(place() / f"{set_id}.lock"):
        remove(one)
    for name in (f"{set_id}.lock", f"{set_id}.bring.lock"):
        with contextlib.suppress(OSError):
            (place() / name).unlink()


def remove(one: OwnSet) -> None:
    """Take the folder away in one step, then what was made of it: prepared images, kept features."""
    store.remove(one.folder)
    if one.folder.exists():
        raise FtError("A file of this set is in use: close what shows it, then delete the set again.")
    for name in ("data", "features"):
        for path in (files.home() / name).glob(f"{one.id}-*"):
            store.remove(path)


def leftovers() -> None:
    """Remove what killed processes left of sets: half-made and half-deleted ones."""
    for path in place().iterdir() if place().is_dir() else ():
        if path.name.startswith(store.PART):
            shutil.rmtree(path, ignore_errors=True)
