"""Pixels of any Pillow mode as upright RGB, made smaller on the way where there are too many.

Works in strips, so that a large picture of a deep or transparent mode is never held twice. Knows nothing about files.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ftcore.data.decoding.bare import SIDE

_STRIP = 2**18  # pixels converted at a time
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
QUARTERS = frozenset(_TURNS[number] for number in (5, 6, 7, 8))  # turns that exchange width and height


def turn_of(picture: Image.Image) -> Image.Transpose | None:
    """How a loaded picture must be turned to stand upright."""
    if len(picture.info.get("exif") or b"") > SIDE:
        return None
    with contextlib.suppress(Exception):  # a damaged EXIF block does not make the picture unreadable
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    return None


def to_rgb(picture: Image.Image, most: int | None = None) -> Image.Image:
    """`picture` of any Pillow mode as RGB, 8 bits a channel; transparent parts show white.

    With more than `most` pixels it is reduced by the smallest whole number that suffices: each pixel of the result
    is the mean of that many squared.
    """
    width, height = picture.size
    by = factor(picture.size, most)
    if picture.mode == "RGB" and not picture.has_transparency_data:
        return picture.reduce(by) if by > 1 else picture
    span = _span(picture) if _is_deep(picture) else None
    if by == 1 and width * height <= _STRIP:
        return _converted(picture, span)
    result = Image.new("RGB", (-(-width // by), -(-height // by)))
    for top, strip in _strips(picture, by):
        result.paste(_converted(strip, span).reduce(by), (0, top // by))
    return result


def factor(size: tuple[int, int], most: int | None) -> int:
    """The smallest whole number by which both sides must be divided for at most `most` pixels."""
    width, height = size
    by = 1 if most is None else max(1, math.isqrt(width * height // most))
    while most is not None and -(-width // by) * -(-height // by) > most:
        by += 1
    return by


def _strips(picture: Image.Image, by: int) -> Iterator[tuple[int, Image.Image]]:
    width, height = picture.size
    rows = max(1, _STRIP // (width * by)) * by
    for top in range(0, height, rows):
        yield top, picture.crop((0, top, width, min(top + rows, height)))


def _converted(picture: Image.Image, span: tuple[float, float] | None) -> Image.Image:
    if span is not None:
        return Image.fromarray(_scaled(picture, *span)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, clear).convert("RGB")
    return picture.convert("RGB")


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode == "F" or picture.mode.startswith("I")


def _values(picture: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(picture).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _span(picture: Image.Image) -> tuple[float, float]:
    """The values that show black and white, of grey values of 16 or 32 bits or real numbers.

    16-bit values reach from 0 to 65535. The other two kinds do not say what white is: the smallest of
    1 (real numbers only), 255 and 65535 that holds all values is taken, else lowest to highest is stretched.
    """
    if picture.mode.startswith("I;16"):
        return 0.0, 65535.0
    ends = [(float(v.min()), float(v.max())) for v in (_values(strip) for _, strip in _strips(picture, 1))]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    whites = [w for w in ((1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)) if high <= w]
    return (0.0, whites[0]) if whites and low >= 0 else (low, high if high > low else low + 1.0)


def _scaled(picture: Image.Image, low: float, white: float) -> np.ndarray:
    """Deep grey values as uint8 [height, width]."""
    scaled: np.ndarray = np.clip((_values(picture) - low) * (255.0 / (white - low)) + 0.5, 0, 255).astype(np.uint8)
    return scaled
