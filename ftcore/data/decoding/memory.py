"""What decoding a picture costs in memory, told by its header, and the room that all decoders share.

Knows nothing about what becomes of the pixels.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import threading
from collections.abc import Iterator
from typing import Any

from PIL import Image

from ftcore.data.decoding.bare import segments
from ftcore.data.decoding.frames import frames

ROOM = 240 * 2**20  # bytes for all decoders together; with results and leftovers that stays below 300 MB
ORDINARY = 32 * 2**20  # bytes beside its file that decoding a picture of ordinary size takes at most
WHOLE = 2**22  # pixels; a larger picture is reduced to at most so many, far more than any network takes

_SMALL = 2**20  # pixels; not worth a closer look
_STRIPS = 8 * 2**20  # bytes for strips on their way to RGB
_SCALES = (1, 2, 4, 8)  # by which libjpeg can divide both sides while it decodes
MAX_JPEG_PIXELS = WHOLE * _SCALES[-1] ** 2

_MODE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # all others: 4
_SAFE_PACKINGS = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 50000))


class Room:
    """Memory lent to decoders, so that what they take together is bounded whatever the number of threads."""

    def __init__(self, size: int) -> None:
        self._free, self._changed = size, threading.Condition()

    @contextlib.contextmanager
    def lent(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free and hold them while the context is open. Never nest it."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            if size > 1.5 * ORDINARY:
                _give_back()
            with self._changed:
                self._free += size
                self._changed.notify_all()


def _give_back() -> None:
    """Let the C library return freed memory to the system; it keeps a pool per thread. Not every system has this."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def scale(picture: Image.Image) -> int:
    """By how much both sides of an opened picture are divided while it decodes: 1 but for large JPEGs."""
    if picture.format != "JPEG":
        return 1
    pixels = picture.width * picture.height
    return next((scale for scale in _SCALES if pixels <= WHOLE * scale**2), _SCALES[-1])


def cost(picture: Image.Image, data: bytes) -> int:
    """Bytes that reading a picture takes in all, with `data`, its file, and the result; opened, but not loaded.

    Measured, rounded up. Raises ValueError for a way of packing whose memory cannot be told before.
    """
    pixels = picture.width * picture.height // scale(picture) ** 2
    return _in_all(len(data), _decoding(picture, data, pixels), pixels)


def opening_cost(data: bytes, kind: str | None) -> int:
    """The same for a kind that takes the memory when it is opened; 0 for every other."""
    if kind != "WebP":
        return 0
    pixels = math.prod(_webp_size(data))
    return _in_all(len(data), _webp(pixels, data), pixels)


def _in_all(file: int, decoding: int, pixels: int) -> int:
    return file + decoding + 4 * min(pixels, WHOLE) + _STRIPS


def _webp(pixels: int, data: bytes) -> int:
    return 16 * pixels + 3 * len(data)  # two canvases, the frame and the picture; the file is copied


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas, from the first chunk (RFC 9649)."""
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    start, bits = (26, 16) if data[12:16] == b"VP8 " else (21, 14)
    both = int.from_bytes(data[start : start + 4], "little")
    wide, tall = both & 0x3FFF, both >> bits & 0x3FFF
    return (wide, tall) if bits == 16 else (wide + 1, tall + 1)


def _decoding(picture: Any, data: bytes, pixels: int) -> int:
    each = _MODE_BYTES.get(picture.mode, 4)
    match picture.format:
        case "JPEG":
            return each * pixels + _coefficients(picture, data)
        case "WEBP":
            return _webp(pixels, data)
        case "AVIF":  # planes of up to 16 bits, the frame and the picture, whose size only the container tells
            planes = 10 if picture.mode == "RGBA" else 6
            coded = sum(most * each for most, each in frames(data))
            return 8 * pixels + max(planes * pixels, coded) + len(data)
        case "TIFF":
            return each * pixels + _strip(picture)
        case "GIF" | "BMP":
            return (3 if each == 1 else 4) * pixels
        case "PPM" if picture.tile[0][0] != "raw":  # decoded in Python
            return (4 if each == 1 else 12) * pixels
    return each * pixels


def _coefficients(picture: Any, data: bytes) -> int:
    """What libjpeg keeps of a JPEG that comes in several scans: 16 bits for each coefficient, in whole blocks."""
    if picture.width * picture.height <= _SMALL:
        return int(8 * picture.width * picture.height)  # as if it had four layers of full size
    scan = next(start for code, start, _ in segments(data) if code == 0xDA)
    layers = [(h, v) for _, h, v, _ in picture.layer]
    if "progressive" not in picture.info and data[scan + 4] == len(layers):
        return 0
    tall, wide = max(v for _, v in layers), max(h for h, _ in layers)
    blocks = -(-picture.width // (8 * wide)) * -(-picture.height // (8 * tall))
    return int(sum(h * v for h, v in layers) * blocks * 128)


def _strip(picture: Any) -> int:
    """What libtiff unpacks in one piece, and a turned copy where the file asks for turning."""
    tags = picture.tag_v2
    if tags.get(259, 1) not in _SAFE_PACKINGS:
        raise ValueError("packing")
    turned = 4 * picture.width * picture.height if tags.get(274, 1) != 1 else 0
    if not picture.use_load_libtiff:
        return int(turned)
    wide, tall = tags.get(322), tags.get(323)
    if not (isinstance(wide, int) and isinstance(tall, int)):
        wide, tall = picture.width, min(tags.get(278, 2**32), picture.height)
    bits = sum(tags.get(258, (1,))) if len(tags.get(258, (1,))) > 1 else tags.get(258, (1,))[0] * tags.get(277, 1)
    return int(turned + wide * tall * (max(4, -(-bits // 8)) + (6 if tags.get(259) in (6, 7) else 0)))
