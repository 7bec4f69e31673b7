"""Pictures into a set: from a zip or a folder of class folders, or files of one class; each looked at once on the way.

All or nothing: whatever ends it early, the set is as it was. Memory stays flat, since each picture goes its way alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ftcore import files
from ftcore.data import folders, reading
from ftcore.data.check import looks
from ftcore.data.check.looks import Look
from ftcore.data.folders import Opened
from ftcore.data.kinds import kind_of
from ftcore.data.listings import of_files
from ftcore.data.own import keeping
from ftcore.data.own.budget import Room
from ftcore.data.own.keeping import Kept, OwnSet
from ftcore.data.pictures import PictureError, Stored, stored
from ftcore.data.splits import SPLITS, passed_over
from ftcore.errors import FtError
from ftcore.names import tidy

PREVIEW = 160  # pixels of the longer side
PROBLEM = "is of a kind that cannot be read"
_LONGEST = 200  # letters of a picture's name


class Cancelled(Exception):
    """The learner has called it off."""


@dataclass(frozen=True)
class Brought:
    """A picture on its way in: what to call it, class and split ("" for none), and where it is; None if unreadable."""

    name: str
    label: str
    split: str
    source: Stored | Path | None


@dataclass(frozen=True)
class Source:
    """Pictures to be brought, what there is to say about them, and the folder they are read in, "" where copied."""

    pictures: Sequence[Brought]
    said: tuple[str, ...] = ()
    place: str = ""


@contextlib.contextmanager
def packed(path: Path) -> Iterator[Source]:
    """The pictures of a zip or folder of class folders, readable while it is open. Raises `FtError`."""
    with folders.opened(path, lenient=True) as found:
        yield _arranged(found)


def sent(sent_files: Sequence[tuple[str, Path]]) -> Source:
    """Files that were sent with the way to them, such as `ants/1.jpg`. Raises `FtError`."""
    listing = of_files({tuple(part for part in name.split("/") if part): path for name, path in sent_files})
    advice = "name a class for them, or choose the folder that holds the class folders"
    return _arranged(folders.arranged(listing, "", lambda _: advice, lenient=True))


def _arranged(found: Opened) -> Source:
    layout, given = found.layout, len(found.layout.given) > 1
    pictures = [
        Brought(f"{split}/{item.name}" if given else item.name, layout.classes[item.label], split if given else "",
                found.listing.read(str(item.where)))
        for split in SPLITS
        for item in sorted(layout.given.get(split, ()), key=lambda item: item.name)
    ]  # fmt: skip
    for name in found.unreadable:
        classes = [part for part in name.split("/")[:-1] if part in layout.classes]
        pictures.append(Brought(name, classes[-1] if classes else "", "", None))
    said = list(found.notes)
    if found.passed_over:
        said.append(f"{passed_over(found.passed_over)}.")
    return Source(pictures, tuple(said))


def of_class(label: str, found: Sequence[tuple[str, Path]]) -> Source:
    """Files of one class, by name."""
    return Source([Brought(f"{label}/{name.rpartition('/')[2]}", label, "", path) for name, path in found])


def bring(
    one: OwnSet, source: Source, room: Room, progress: Callable[[str, int, int], None], stopped: Callable[[], bool]
) -> None:  # fmt: skip
    """Take the pictures in, or none of them. Raises `FtError`, and `Cancelled` once `stopped` says so."""
    before = keeping.pictures(one)
    with keeping.writing():
        _clear(one, len(before))
    here = {kept.file for kept in before} if source.place else set()  # read again, only what is new joins
    brought = _named([one for one in source.pictures if str(one.source) not in here], before)
    if len(before) + len(brought) > room.files:
        raise FtError(f"A set holds {room.files:,} pictures at most: bring fewer.")
    sized = [(picture, _size(picture)) for picture in brought]
    needed = 0 if source.place else sum(size for _, size in sized)
    if needed > room.left:
        raise FtError(
            f"These pictures need {files.size(needed)}, and {files.size(room.left)} are left: delete sets you no longer "
            "need, or bring fewer or smaller pictures."
        )
    report = reading.Report(progress, len(brought), "Looking at pictures")
    kept: list[Kept] = []
    try:
        with keeping.writing():
            work = list(enumerate(sized, len(before)))
            for _, waiting in reading.in_threads(lambda job: _take(one, source, job[0], *job[1], stopped), work):
                kept.append(waiting.result())
                report.step()
            keeping.write_pictures(one, [*before, *kept])
    except BaseException:
        _clear(one, len(before))
        raise


def _take(
    one: OwnSet, source: Source, number: int, picture: Brought, size: int, stopped: Callable[[], bool]
) -> Kept:  # fmt: skip
    """Copy one picture, look at it, keep a small one."""
    if stopped():
        raise Cancelled
    name = picture.name
    if picture.source is None:
        return Kept(name, picture.label, picture.split, "", 0, Look(wrong=PROBLEM))

    def small(whole: Image.Image) -> None:
        whole.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS, reducing_gap=3.0)
        whole.save(keeping.preview_of(one, number), "JPEG", quality=85)

    if source.place:
        seen = looks.look(picture.source, name, small)
        return Kept(name, picture.label, picture.split, "" if seen.wrong else str(picture.source), size, seen)
    try:
        data = stored(picture.source, name).read()
    except PictureError as error:
        return Kept(name, picture.label, picture.split, "", 0, Look(wrong=error.reason))
    seen = looks.look(Stored(len(data), lambda: data), name, small)
    if seen.wrong:
        return Kept(name, picture.label, picture.split, "", 0, seen)
    file = f"{number:06d}.{(kind_of(data[:4096]) or 'image').lower()}"
    with (one.folder / "pictures" / file).open("wb") as out:
        out.write(data)
    return Kept(name, picture.label, picture.split, file, len(data), seen)


def _size(picture: Brought) -> int:
    if picture.source is None:
        return 0
    try:
        return stored(picture.source, picture.name).size
    except PictureError:
        return 0


def _named(pictures: Sequence[Brought], before: Sequence[Kept]) -> list[Brought]:
    """The pictures, each with a name of its own in the set."""
    taken = {kept.name for kept in before}
    made = []
    for picture in pictures:
        name, number = tidy(picture.name)[-_LONGEST:], 1
        stem, end = os.path.splitext(name)
        while name in taken:
            number += 1
            name = f"{stem} ({number}){end}"
        taken.add(name)
        made.append(dataclasses.replace(picture, name=name))
    return made


def _clear(one: OwnSet, count: int) -> None:
    """Remove files of numbers that are not in the list: of a bringing that ended early."""
    for name in ("pictures", "previews"):
        for path in (one.folder / name).iterdir():
            if int(path.name[:6]) >= count:
                path.unlink(missing_ok=True)
