"""One look at each picture: can it be read, how large is it, and which others are the same or nearly the same.

Knows nothing about classes and splits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import scipy.sparse.csgraph
from PIL import Image

from ftcore.data import reading
from ftcore.data.pictures import PictureError, Stored, read_picture, size_of, stored

NEAR = 10  # of 64 bits that may differ, in both hashes: no two of hymenoptera's 396 photos are as near
_AT_ONCE = 2**22  # pairs compared at once, 64 MB


@dataclass(frozen=True)
class Look:
    """What was seen of a picture: width and height, upright, or what is `wrong` with it.

    `digest` tells equal files. Of `near`, two 64-bit hashes, one is made of the lowest frequencies (Zauner 2010,
    "Implementation and Benchmarking of Perceptual Image Hash Functions") and one of the differences of neighbouring
    pixels: both stay alike where a picture is saved smaller, darker or a little cut.
    """

    digest: str = ""
    size: tuple[int, int] = (0, 0)
    near: tuple[int, int] = (0, 0)
    wrong: str = ""


def look(source: Path | Stored, name: str, also: Callable[[Image.Image], object] | None = None) -> Look:
    """Read a picture once. `also` gets it, upright RGB, while it is there."""
    digest = hashlib.sha256()
    try:
        kept = stored(source, name)

        def read() -> bytes:
            nonlocal digest
            data = kept.read()
            digest = hashlib.sha256(data)  # anew: what takes much memory is read twice
            return data

        picture = read_picture(Stored(kept.size, read), name)
    except PictureError as error:
        return Look(digest.hexdigest(), wrong=error.reason)
    seen = Look(digest.hexdigest(), size_of(picture), _hashes(picture))
    if also is not None:
        also(picture)
    return seen


def _hashes(picture: Image.Image) -> tuple[int, int]:
    return int(str(imagehash.phash(picture)), 16), int(str(imagehash.dhash(picture)), 16)


def look_at(
    sources: Sequence[tuple[str, Path | Stored]], progress: Callable[[str, int, int], None] | None = None
) -> list[Look]:
    """A look at each picture, given by what to call it and where it is, in order; `progress(what, done, total)`."""
    report = reading.Report(progress, len(sources), "Looking at pictures")
    seen = []
    for _, waiting in reading.in_threads(lambda one: look(one[1], one[0]), sources):
        seen.append(waiting.result())
        report.step()
    return seen


def alike(looked: Sequence[Look]) -> list[tuple[int, int]]:
    """Places of two pictures, the smaller first, that are nearly the same: both hashes differ in `NEAR` bits at most."""
    places = [at for at, one in enumerate(looked) if not one.wrong]
    hashes = np.array([looked[at].near for at in places], dtype=np.uint64).reshape(-1, 2)
    pairs: list[tuple[int, int]] = []
    some = max(1, _AT_ONCE // max(1, len(places)))
    for start in range(0, len(places), some):
        rows = hashes[start : start + some, None]
        near = (np.bitwise_count(rows ^ hashes[None]) <= NEAR).all(axis=2)
        for row, column in np.argwhere(np.triu(near, start + 1)):
            pairs.append((places[start + row], places[column]))
    return pairs


def groups(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The places that pairs join, directly or through others, each group in order."""
    places = np.unique(np.array(pairs, dtype=np.int64).reshape(-1, 2))
    ends = np.searchsorted(places, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    graph = scipy.sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(places), len(places)))
    numbers = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    joined: dict[int, list[int]] = {}
    for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
        joined.setdefault(number, []).append(place)
    return list(joined.values())
