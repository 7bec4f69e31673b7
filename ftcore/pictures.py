"""One picture: bytes of nearly any kind in, an upright RGB image of the network's size out.

Damaged and oversized files are refused with one sentence. Knows nothing about datasets, folders or zips.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import threading
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ftcore.kinds import kind_of, strange
from ftcore.settings import FtError, Preprocess

__all__ = ["PictureError", "kind_of", "prepare", "read_picture", "shown", "tidy", "to_rgb"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")  # a phone's MPO is a JPEG with a second one
ENDINGS = frozenset(
    f".{end}"
    for end in (
        *("jpg", "jpeg", "jpe", "jfif", "pjpeg", "mpo", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff"),
        *("ppm", "pgm", "pbm", "pnm", "avif", "avifs"),
    )
)
MAX_PIXELS = 64_000_000
MAX_BYTES = 64 * 2**20
KINDS = "JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PNM"

_BIG = 12_000_000  # pixels; decode one such picture at a time, so that threads do not multiply the memory
_one_big_picture = threading.Lock()
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


class PictureError(FtError):
    """A file that cannot be used as a picture; `reason` says why in a few words."""

    def __init__(self, name: str, reason: str, cure: str) -> None:
        super().__init__(f"'{shown(name)}' {reason}: {cure}.")
        self.name, self.reason = name, reason


def shown(name: str, longest: int = 80) -> str:
    """`name` fit for a sentence: without control or direction marks, cut in the middle when long."""
    name = tidy(name)
    return name if len(name) <= longest else f"{name[: longest // 2]}...{name[-longest // 2 + 3 :]}"


def tidy(name: str) -> str:
    """`name` in composed Unicode, with what cannot be shown or stored as text replaced by '?'."""
    steering = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    name = unicodedata.normalize("NFC", name)
    return "".join("?" if c in steering or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in name)


def read_picture(source: str | os.PathLike[str] | bytes, name: str = "") -> Image.Image:
    """The picture in a file or in bytes: RGB, turned upright, the first frame of an animation.

    Transparent parts show white. `name` is what to call it in a sentence. Raises `PictureError` (an `FtError`)
    for what is no picture, is damaged, or has more than `MAX_PIXELS` pixels.
    """
    name = name or ("picture" if isinstance(source, bytes) else Path(source).name)
    data = source if isinstance(source, bytes) else _bytes_of(Path(source), name)
    if not data:
        raise PictureError(name, "is empty (0 bytes)", "save or copy it again")
    if len(data) > MAX_BYTES:
        raise PictureError(name, f"is larger than {MAX_BYTES // 2**20} MB", "make it smaller")
    if other := strange(data[:4096], name):
        raise PictureError(name, *other)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_pixels(picture.size, name)
            big = picture.width * picture.height > _BIG
            with _one_big_picture if big else contextlib.nullcontext():
                picture.load()
                return to_rgb(_upright(picture))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise PictureError(name, "is not a picture that can be read", f"use {KINDS}") from error
    except Exception as error:  # decoders raise nearly anything on damaged bytes, from OSError to IndexError
        raise PictureError(name, "is damaged or cut short", "save or copy it again") from error


def _bytes_of(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") if stat.S_ISREG(path.stat().st_mode) else contextlib.nullcontext() as file:
            if file is None:
                raise PictureError(name, "is not a plain file", "give the file of a picture")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PictureError(name, f"cannot be opened ({error.strerror or error})", "check the file") from error


def _too_many_pixels(name: str, size: tuple[int, int] | None = None) -> PictureError:
    much = f" ({size[0]} x {size[1]})" if size else ""
    return PictureError(name, f"has more than {MAX_PIXELS // 1_000_000} megapixels{much}", "make it smaller")


def _check_pixels(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_many_pixels(name, size)
    if min(size) < 1:
        raise PictureError(name, "has no pixels", "save it again")


def _upright(picture: Image.Image) -> Image.Image:
    turn = None
    with contextlib.suppress(Exception):  # a damaged EXIF block does not make the picture unreadable
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    if turn is None:
        return picture
    turned = picture.transpose(turn)
    turned.info = {key: value for key, value in picture.info.items() if key == "transparency"}
    return turned


def to_rgb(picture: Image.Image) -> Image.Image:
    """`picture` of any Pillow mode as RGB, 8 bits a channel; transparent parts show white."""
    mode = picture.mode
    if mode == "F" or mode.startswith("I"):
        return Image.fromarray(_bytes_from_deep(picture)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, clear).convert("RGB")
    return picture if mode == "RGB" else picture.convert("RGB")


def _bytes_from_deep(picture: Image.Image) -> np.ndarray:
    """Grey values of 16 or 32 bits, or real numbers, as uint8 [height, width].

    16-bit values are scaled from 0..65535. The other two kinds do not say what white is: the smallest of
    1 (real numbers only), 255 and 65535 that holds all values is taken, else lowest to highest is stretched.
    """
    values = np.nan_to_num(np.asarray(picture).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if picture.mode.startswith("I;16"):
        low, white = 0.0, 65535.0
    else:
        low, high = float(values.min()), float(values.max())
        whites = [w for w in ((1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)) if high <= w]
        low, white = (0.0, whites[0]) if whites and low >= 0 else (low, high if high > low else low + 1.0)
    scaled: np.ndarray = np.clip((values - low) * (255.0 / (white - low)) + 0.5, 0, 255).astype(np.uint8)
    return scaled


def prepare(picture: Image.Image, preprocess: Preprocess, name: str = "picture") -> np.ndarray:
    """`picture` as the network sees it: uint8 [side, side, 3].

    The shorter side is resized to `preprocess.resize` (smoothed when it shrinks), then the middle is cut out,
    black where the picture is smaller; equal to torchvision's `resize` and `center_crop`. Raises `FtError` for
    a picture so long and thin that the resized one would be huge.
    """
    picture = to_rgb(picture)
    width, height = picture.size
    short, long = sorted((width, height))
    stretched = int(preprocess.resize * long / short)
    if stretched * preprocess.resize > MAX_PIXELS:
        raise PictureError(name, f"is too long and thin ({width} x {height})", "cut it to a more even shape")
    size = (preprocess.resize, stretched) if width <= height else (stretched, preprocess.resize)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling[preprocess.interpolation.upper()])
    return np.array(_middle(picture, preprocess.side))


def _middle(picture: Image.Image, side: int) -> Image.Image:
    width, height = picture.size
    if width < side or height < side:
        canvas = Image.new("RGB", (max(width, side), max(height, side)))
        canvas.paste(picture, (max(side - width, 0) // 2, max(side - height, 0) // 2))
        picture, (width, height) = canvas, canvas.size
    left, top = round((width - side) / 2), round((height - side) / 2)
    return picture.crop((left, top, left + side, top + side))
