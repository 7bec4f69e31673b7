"""Any number of different photos of any size for next to nothing, for tests and measurements of large sets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

TWELVE = (4000, 3000)  # pixels: twelve megapixels, as phones take them
_MARK = re.compile(rb"\xff[\xd0-\xd7]")


def photos(count: int, size: tuple[int, int] = TWELVE, seed: int = 0, bases: int = 3) -> Iterator[bytes]:
    """JPEG files that differ from each other.

    Each takes every band of 16 rows from one of a few pictures: bands between restart markers stand for themselves (ITU-T
    T.81, F.1.1.5.2), so they are put together as bytes, and only `bases` pictures are ever encoded.
    """
    rng = np.random.default_rng(seed)
    made = [_bands(rng, size) for _ in range(bases)]
    head, first, end = made[0]
    for _ in range(count):
        # stretches of one picture, else all would look like the same stripes
        edges = np.sort(rng.integers(0, len(first), 9))
        chosen = rng.integers(0, bases, 10)[np.searchsorted(edges, np.arange(len(first)), "right")]
        bands = [made[base][1][row] for row, base in enumerate(chosen)]
        marked = [bands[0], *(bytes((0xFF, 0xD0 + at % 8)) + band for at, band in enumerate(bands[1:]))]
        yield head + b"".join(marked) + end


def _bands(rng: np.random.Generator, size: tuple[int, int]) -> tuple[bytes, list[bytes], bytes]:
    """A picture's header, its bands, its end."""
    wide, high = size
    patches = rng.integers(0, 255, (high // 100 + 2, wide // 100 + 2, 3), np.uint8)
    picture = Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)
    picture = Image.blend(picture, Image.effect_noise(size, 40).convert("RGB"), 0.1)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, restart_marker_rows=1)
    data = out.getvalue()
    scan = data.index(b"\xff\xda")
    begin = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    return data[:begin], _MARK.split(data[begin:-2]), data[-2:]


def packed(path: Path, per_class: int, bases: int = 3) -> Path:
    """A zip of two class folders with so many photos of twelve megapixels in each."""
    with zipfile.ZipFile(path, "w") as out:
        for seed, label in enumerate(("one", "other")):
            for number, photo in enumerate(photos(per_class, seed=seed, bases=bases)):
                out.writestr(f"{label}/{number:05}.jpg", photo)
    return path
