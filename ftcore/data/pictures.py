"""One picture: bytes of nearly any kind in, an upright RGB image of the network's size out.

Damaged and oversized files are refused with one sentence. Knows nothing about datasets, folders or zips.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ftcore.data.decoding.bare import bare
from ftcore.data.decoding.heic import OtherForm, Photo
from ftcore.data.decoding.memory import MAX_JPEG_PIXELS, ORDINARY, ROOM, WHOLE, Room, cost, opening_cost, scale
from ftcore.data.decoding.rgb import QUARTERS, to_rgb, turn_of
from ftcore.data.kinds import kind_of, strange
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.preprocess import Preprocess

__all__ = ["PictureError", "Stored", "kind_of", "prepare", "read_picture", "size_of", "stored", "to_rgb"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
ENDINGS = frozenset(
    f".{end}"
    for end in (
        *("jpg", "jpeg", "jpe", "jfif", "pjpeg", "mpo", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff"),
        *("ppm", "pgm", "pbm", "pnm", "avif", "avifs", "heic", "heif", "hif"),
    )
)
KINDS = "JPEG, PNG, HEIC, WebP, AVIF, GIF, BMP, TIFF or PNM"
MAX_BYTES = 64 * 2**20
MAX_PIXELS = 36_000_000
MAX_SHAPE = 1000  # times longer than wide; below THIN pixels of length any shape will do
THIN = 4000
_SIZE = "size in its file"
_LONG = 16  # a picture longer than so many times the network's size is resized where it is kept only

_room = Room(ROOM)
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS  # Pillow refuses a phone's 200 megapixels; the limits here are stricter


class PictureError(FtError):
    """A file that cannot be used as a picture; `reason` says why in a few words."""

    def __init__(self, name: str, reason: str, cure: str) -> None:
        super().__init__(f"'{shown(name)}' {reason}: {cure}.")
        self.name, self.reason = name, reason


@dataclass(frozen=True)
class Stored:
    """The bytes of a file that are not read before there is room for them."""

    size: int
    read: Callable[[], bytes]


def read_picture(source: str | os.PathLike[str] | bytes | Stored, name: str = "") -> Image.Image:
    """The picture in a file or in bytes: RGB, turned upright, the first frame of an animation.

    Transparent parts show white. One of more than `WHOLE` pixels comes back reduced; `size_of` it is as before. `name` is
    what to call it in a sentence. Raises `PictureError` (an `FtError`) for what is no picture, is damaged, is long and
    thin beyond use, or has more than `MAX_PIXELS` pixels (a JPEG or HEIC: `MAX_JPEG_PIXELS`) or a form that takes too much
    memory. All threads together hold no more than `ROOM` bytes of files and pixels on their way.
    """
    name = name or (Path(source).name if isinstance(source, str | os.PathLike) else "picture")
    kept = stored(source, name)
    if kept.size == 0:
        raise PictureError(name, "is empty (0 bytes)", "save or copy it again")
    if kept.size > MAX_BYTES:
        raise PictureError(name, f"is larger than {MAX_BYTES // 2**20} MB", "make it smaller")
    need = 2 * kept.size + ORDINARY
    while True:
        with _room.lent(need):
            read = _decoded(kept.read(), name, need)
        if isinstance(read, Image.Image):
            return read
        need = read  # more than an ordinary file of this size: wait for it and read again


def size_of(picture: Image.Image) -> tuple[int, int]:
    """Width and height of a picture that was read, upright, in its file's pixels."""
    width, height = picture.info.get(_SIZE, picture.size)
    return width, height


def stored(source: str | os.PathLike[str] | bytes | Stored, name: str) -> Stored:
    """What the source holds, not read before it is asked for. Raises `PictureError` for what is no plain file."""
    if isinstance(source, Stored):
        return source
    if isinstance(source, bytes):
        return Stored(len(source), lambda: source)
    path = Path(source)
    try:
        info = path.stat()
    except OSError as error:
        raise _unopened(name, error) from error
    if not stat.S_ISREG(info.st_mode):
        raise PictureError(name, "is not a plain file", "give the file of a picture")
    return Stored(info.st_size, lambda: _bytes_of(path, name))


def _bytes_of(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError as error:
        raise _unopened(name, error) from error


def _unopened(name: str, error: OSError) -> PictureError:
    return PictureError(name, f"cannot be opened ({shown(error.strerror or str(error))})", "check the file")


def _decoded(data: bytes, name: str, lent: int) -> Image.Image | int:
    """The picture, or the bytes of memory it needs where `lent` is too little."""
    kind = kind_of(data[:4096])
    if other := strange(data[:4096], name):
        raise PictureError(name, *other)
    try:
        if kind == "HEIC":
            return _photo(data, name, lent)
        data = bare(data, kind)
        if (early := opening_cost(data, kind)) > lent:
            return _within(early, name)
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture.size, MAX_JPEG_PIXELS if picture.format == "JPEG" else MAX_PIXELS, name)
            if (need := cost(picture, data)) > lent:
                return _within(need, name)
            size = picture.size
            if (by := scale(picture)) > 1:
                picture.draft(None, (picture.width // by, picture.height // by))
            picture.load()
            turn = turn_of(picture)
            result = to_rgb(picture, WHOLE)
        if turn is not None:
            result, size = result.transpose(turn), size[::-1] if turn in QUARTERS else size
        result.info[_SIZE] = size
        return result
    except PictureError:
        raise
    except OtherForm as error:
        raise PictureError(name, "is a HEIF file of a form that cannot be read", "export it as JPEG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(name, f"has more than {MAX_PIXELS // 10**6} megapixels", "make it smaller") from error
    except UnidentifiedImageError as error:
        raise PictureError(name, "is not a picture that can be read", f"use {KINDS}") from error
    except Exception as error:  # decoders raise nearly anything on damaged bytes, from OSError to IndexError
        raise PictureError(name, "is damaged or cut short", "save or copy it again") from error


def _photo(data: bytes, name: str, lent: int) -> Image.Image | int:
    photo = Photo(data, lambda size: _check_size(size, MAX_JPEG_PIXELS, name))
    if (need := 2 * len(data) + photo.cost(WHOLE)) > lent:
        return _within(need, name)
    try:
        picture, size = photo.read(WHOLE)
    except ImportError as error:
        raise PictureError(name, "is a HEIC photo, and pillow-heif is not installed", "export it as JPEG") from error
    _check_size(picture.size, WHOLE, name)
    picture.info[_SIZE] = size
    return picture


def _check_size(size: tuple[int, int], most: int, name: str) -> None:
    width, height = size
    if min(size) < 1:
        raise PictureError(name, "has no pixels", "save it again")
    if width * height > most:
        raise PictureError(name, f"has more than {most // 10**6} megapixels ({width} x {height})", "make it smaller")
    if max(size) > THIN and max(size) > MAX_SHAPE * min(size):
        raise PictureError(name, f"is too long and thin ({width} x {height})", "cut it to a more even shape")


def _within(need: int, name: str) -> int:
    if need > ROOM:
        raise PictureError(name, "takes too much memory to read", "make it smaller or save it as a plain JPEG")
    return need


def prepare(picture: Image.Image, preprocess: Preprocess, name: str = "picture") -> np.ndarray:
    """`picture` as the network sees it: uint8 [side, side, 3].

    The shorter side is resized to `preprocess.resize` (smoothed when it shrinks), then the middle is cut out,
    black where the picture is smaller; equal to torchvision's `resize` and `center_crop`. Raises `FtError` for
    a picture that is long and thin beyond use.
    """
    picture = to_rgb(picture)
    width, height = picture.size
    short, long = sorted((width, height))
    _check_size(picture.size, MAX_JPEG_PIXELS, name)
    resample = Image.Resampling[preprocess.interpolation.upper()]
    stretched = int(preprocess.resize * long / short)
    if stretched > _LONG * max(preprocess.resize, preprocess.side):
        picture = _stretched_middle(picture, preprocess, stretched, resample)
    else:
        size = (preprocess.resize, stretched) if width <= height else (stretched, preprocess.resize)
        picture = picture.resize(size, resample) if size != picture.size else picture
    return np.array(_middle(picture, preprocess.side))


def _stretched_middle(
    picture: Image.Image, preprocess: Preprocess, stretched: int, resample: Image.Resampling
) -> Image.Image:
    """Of a long picture only the part that the cut keeps, since all of it resized would be huge."""
    side, long = preprocess.side, max(picture.size)
    start = round((stretched - side) / 2)
    first, last = start * long / stretched, (start + side) * long / stretched
    if picture.width > picture.height:
        return picture.resize((side, preprocess.resize), resample, box=(first, 0, last, picture.height))
    return picture.resize((preprocess.resize, side), resample, box=(0, first, picture.width, last))


def _middle(picture: Image.Image, side: int) -> Image.Image:
    width, height = picture.size
    if width < side or height < side:
        canvas = Image.new("RGB", (max(width, side), max(height, side)))
        canvas.paste(picture, (max(side - width, 0) // 2, max(side - height, 0) // 2))
        picture, (width, height) = canvas, canvas.size
    left, top = round((width - side) / 2), round((height - side) / 2)
    return picture.crop((left, top, left + side, top + side))
