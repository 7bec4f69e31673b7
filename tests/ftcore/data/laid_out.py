"""Sets of pictures as people bring them, in folders and zips, for tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SMALL = Preprocess(16, 18, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
Entry = str | zipfile.ZipInfo


def png(shade: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (shade % 256, 99, 7)).save(out, "PNG")
    return out.getvalue()


def tree(root: Path, names: Iterable[str]) -> Path:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"<svg/>" if name.endswith(".SVG") else png(number))
    return root


def zipped(folder: Path, inside: str = "") -> Path:
    target = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, inside + str(path.relative_to(folder)))
    return target


def names(*groups: tuple[str, int]) -> list[str]:
    return [f"{group}/{i}.png" for group, count in groups for i in range(count)]


FLAT = names(("ants", 4), ("Bees", 3))
HALF = names(("train/ants", 10), ("train/Bees", 5), ("val/ants", 2), ("val/Bees", 1))


def good() -> list[tuple[Entry, bytes]]:
    return [(f"{c}/{i}.png", png()) for c in "ab" for i in range(4)]


def pack(tmp_path: Path, entries: list[tuple[Entry, bytes]], method: int = zipfile.ZIP_DEFLATED) -> str:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", method) as out:
        for entry, data in entries:
            out.writestr(entry, data)
    return str(path)
