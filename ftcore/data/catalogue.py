"""Image sets by name or by path: the built-in and downloadable ones, and any folder or zip of class folders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftcore.data import builtin, downloads, folders
from ftcore.data.own import plans
from ftcore.data.reading import Progress
from ftcore.data.sketchbook import draw
from ftcore.data.splits import Plan
from ftcore.errors import FtError
from ftcore.names import shown

BUILT_IN = "builtin:"  # before a name of the catalogue: that set, whatever folders there are


@dataclass(frozen=True)
class DataEntry:
    """One set of the catalogue. `kind`: "generated", "bundled" or "download"; `note`: what, size, source, licence."""

    name: str
    title: str
    kind: str
    classes: int
    note: str


CATALOGUE: dict[str, DataEntry] = {
    "sketchbook": DataEntry(
        "sketchbook",
        "Sketchbook",
        "generated",
        len(draw.CLASSES),
        f"Ten things drawn in a few strokes: {', '.join(draw.CLASSES)}. Drawn by this program at any size, "
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


def meant(said: str) -> str:
    """What a learner means by this word: a set of the catalogue by name, or the absolute path of a folder or zip.

    A folder that is here wins over a set of the same name, and so does everything with a slash in it; `builtin:`
    before the name means the set all the same, and `own-` begins the name of one that the app keeps. Raises `FtError` where there is no such set.
    """
    name = said.removeprefix(BUILT_IN)
    if name != said and name not in CATALOGUE:
        raise FtError(f"There is no built-in set '{shown(name)}': choose {', '.join(CATALOGUE)}.")
    if not said or name != said or plans.is_own(said) or (said in CATALOGUE and not Path(said).is_dir()):
        return name
    return str(Path(said).expanduser().absolute())


@contextlib.contextmanager
def open_plan(data: str, seed: int, progress: Progress | None, labels: str = "") -> Iterator[Plan]:
    """Which picture of the set `data` is what and in which split, while the set is open. Raises `FtError`."""
    if labels and (data in CATALOGUE or plans.is_own(data)):
        raise FtError(f"A table of labels is for a folder or zip, and '{shown(data)}' has its classes: leave it out.")
    if data == "sketchbook":
        yield builtin.sketchbook_plan()
    elif data == "digits":
        yield builtin.digits_plan(seed)
    elif data in downloads.DOWNLOADS:
        yield downloads.plan(data, seed, progress)
    elif plans.is_own(data):
        yield plans.open_plan(data)
    else:
        path = _path(data)
        try:
            exists = bool(data) and (path.is_dir() or path.is_file())
        except (OSError, ValueError):  # a name that no file can have
            exists = False
        if not exists:
            raise FtError(
                f"There is no dataset and no file '{shown(data)}': choose {', '.join(CATALOGUE)}, "
                "or give the path of a folder or a zip of class folders."
            )
        with folders.open_plan(path, seed, _path(labels) if labels else None) as plan:
            yield plan


def _path(text: str) -> Path:
    with contextlib.suppress(RuntimeError):  # ~somebody whom this machine does not know
        return Path(text).expanduser()
    return Path(text)
