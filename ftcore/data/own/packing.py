"""A set as a zip to take away: as it stands, in train/, val/ and test/, so that it comes back the same."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftcore.data.check.findings import Picture
from ftcore.data.own import keeping, steps
from ftcore.data.own.keeping import OwnSet
from ftcore.data.splits import SPLITS
from ftcore.errors import FtError

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})


class _Pieces(io.RawIOBase):
    """Takes what a zip writes until it is fetched: the zip is never whole anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._kept += data
        return len(data)

    def fetch(self) -> bytes:
        """What has come since the last time."""
        kept, self._kept = bytes(self._kept), bytearray()
        return kept


def pack(one: OwnSet) -> Iterator[bytes]:
    """The zip in pieces, a picture each. Raises `FtError` before the first one where nothing is in the set.

    A picture that is not there any more ends it with an `OSError`, so that no one takes it for whole.
    """
    kept, now = keeping.pictures(one), steps.standing(one)
    used = [
        (n, replace(p, split=side))
        for n, p, side in zip(now.numbers, now.pictures, now.sides, strict=True)
        if not p.look.wrong
    ]
    if not used:
        raise FtError("There are no pictures in this set to download: bring some first.")
    used.sort(key=lambda one: (SPLITS.index(one[1].split), one[1].label, one[0]))
    return _packed([(p, keeping.file_of(one, kept[n])) for n, p in used])


def _packed(used: Sequence[tuple[Picture, Path]]) -> Iterator[bytes]:
    taken: set[str] = set()
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as packed:
        for picture, source in used:
            name = _free(f"{picture.split}/{fit(picture.label)}", fit(Path(picture.path).name), source, taken)
            packed.write(source, name)
            yield pieces.fetch()
    yield pieces.fetch()


def fit(name: str) -> str:
    """A name that every system takes for a file or folder."""
    name = _FORBIDDEN.sub("_", name).strip(". ")[-80:].strip(". ") or "_"
    return f"_{name}" if name.split(".")[0].casefold() in _DEVICES else name


def _free(folder: str, name: str, source: Path, taken: set[str]) -> str:
    """A path in the zip that no other picture has, whatever case a system tells apart."""
    stem, dot, end = name.rpartition(".")
    stem, end = (stem, end) if dot else (name, source.suffix.removeprefix("."))
    for number in itertools.count(1):
        path = f"{folder}/{stem}{f' ({number})' if number > 1 else ''}.{end}"
        if path.casefold() not in taken:
            taken.add(path.casefold())
            break
    return path
