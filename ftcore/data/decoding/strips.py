"""A picture that comes in strips from top to bottom: reduced, laid over white, and stood upright as HEIF tells it.

ISO/IEC 23008-12 for the turns. Knows nothing about where the strips come from.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil, floor

from PIL import Image

from ftcore.data.decoding.rgb import to_rgb

_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
_FLIPS = {0: Image.Transpose.FLIP_TOP_BOTTOM, 1: Image.Transpose.FLIP_LEFT_RIGHT}


def reduced(size: tuple[int, int], strips: Iterator[Image.Image], by: int) -> Image.Image:
    """A picture of this size that comes in strips, both sides divided by `by`."""
    width, height = size
    result, done, rest = None, 0, None  # rest: fewer than `by` lines, which wait for those below them
    for strip in strips:
        result = result or Image.new(strip.mode, (-(-width // by), -(-height // by)))
        start = 0
        if rest is not None:
            start = min(by - rest.height, strip.height)
            rest = _joined(rest, strip.crop((0, 0, width, start)))
            if rest.height < min(by, height - done):
                continue
            result.paste(rest.reduce(by), (0, done // by))
            done, rest = done + rest.height, None
        rows = strip.height - start
        rows -= 0 if done + rows >= height else rows % by
        if rows:
            result.paste(strip.reduce(by, (0, start, width, start + rows)), (0, done // by))
            done += rows
        if start + rows < strip.height:
            rest = strip.crop((0, start + rows, width, strip.height))
        del strip  # before the next is made
    if result is None or done != height:
        raise ValueError("no pixels")
    return result


def _joined(upper: Image.Image, lower: Image.Image) -> Image.Image:
    whole = Image.new(upper.mode, (upper.width, upper.height + lower.height))
    whole.paste(upper)
    whole.paste(lower, (0, upper.height))
    return whole


def over_white(strips: Iterator[Image.Image], alpha: Image.Image, *, weighed: bool) -> Iterator[Image.Image]:
    """The strips where they are not transparent."""
    top = 0
    for strip in strips:
        part = alpha.crop((0, top, strip.width, top + strip.height))
        if weighed:
            clear = Image.merge("RGBa", (*strip.split(), part)).convert("RGBA")
        else:
            clear = Image.merge("RGBA", (*strip.split(), part))
        top += strip.height
        del strip  # before the next is made
        yield to_rgb(clear)


def upright(
    picture: Image.Image, size: tuple[int, int], properties: Iterable[tuple[bytes, memoryview]]
) -> tuple[Image.Image, tuple[int, int]]:
    """Cropped, turned and mirrored as the container says, in its order; what Exif says does not count in HEIF.

    `size` is what the picture had before it was reduced; what becomes of that comes back with it.
    """
    for name, body in properties:
        if name == b"clap":
            left, top, right, low = crop(bytes(body), size)
            across, down = picture.width / size[0], picture.height / size[1]
            x, y = floor(left * across), floor(top * down)
            picture = picture.crop((x, y, ceil(right * across), ceil(low * down)))
            size = right - left, low - top
        elif name == b"irot" and body[0] & 3:
            picture = picture.transpose(_TURNS[body[0] & 3])
            size = size[::-1] if body[0] & 1 else size
        elif name == b"imir":
            picture = picture.transpose(_FLIPS[body[0] & 1])
    return picture, size


def crop(body: bytes, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of a picture that its clean aperture (14496-12, 12.1.4) shows."""
    numbers = struct.unpack(">IIIIiIiI", body[:32])
    wide, tall, right, down = (Fraction(numbers[at], numbers[at + 1]) for at in (0, 2, 4, 6))
    left, top = floor(right + (size[0] - wide) / 2), floor(down + (size[1] - tall) / 2)
    box = max(left, 0), max(top, 0), min(left + floor(wide), size[0]), min(top + floor(tall), size[1])
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ValueError("no pixels")
    return box
