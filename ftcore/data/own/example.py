"""A small zip to try the page with: drawings of three classes, with one of each kind of trouble among them."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

from ftcore.data.sketchbook import draw

CLASSES = 3
EACH = 24
SIDE = 128
_LOOKS = 100  # drawings that no built-in set holds begin here


def made() -> bytes:
    """The zip, the same each time: class folders of PNGs, one file broken, one twice, one in two classes, one too small."""
    pictures = {
        f"{draw.CLASSES[label]}/{number + 1:02d}.png": _drawn(label, _LOOKS + number)
        for label in range(CLASSES)
        for number in range(EACH)
    }
    first, second, third = draw.CLASSES[:CLASSES]
    pictures[f"{first}/copy of 03.png"] = pictures[f"{first}/03.png"]
    pictures[f"{second}/in the wrong folder.png"] = pictures[f"{first}/05.png"]
    pictures[f"{third}/broken.png"] = pictures[f"{third}/01.png"][:200]
    pictures[f"{third}/tiny.png"] = _drawn(CLASSES - 1, _LOOKS + EACH, 24)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, data in pictures.items():
            packed.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def _drawn(label: int, look: int, side: int = SIDE) -> bytes:
    out = io.BytesIO()
    picture = draw.draw(label, look, SIDE)
    (picture if side == SIDE else picture.resize((side, side), Image.Resampling.LANCZOS)).save(out, "PNG")
    return out.getvalue()
