"""Pictures: every kind that Pillow writes here, damaged so that decoders still get deep; and extreme ones."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from benchmarks.fuzzing import damage
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from ftcore.data.pictures import prepare, read_picture
from ftcore.preprocess import Preprocess

SIZES = (
    Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    Preprocess(224, 256, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "bicubic"),
)
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "I;16B")
KINDS = (
    "AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "IM", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI",
    "SGI", "TGA", "TIFF", "WEBP", "HEIC",
)  # fmt: skip
EDGES = (0, 1, 2, 7, 16_383, 16_384, 65_500, 65_535, 65_536, 2**20, 36_000_000, 64_000_000, 2**31 - 1, 2**31, 2**32 - 1)
SHAPES = (
    (1, 36_000_000), (36_000_000, 1), (1, 64_000_000), (64_000_000, 1), (6000, 6000), (5999, 6000), (8000, 8000),
    (20_000, 1), (65_000, 500), (1, 65_000), (2000, 2000), (30_000, 30_000), (3012, 5), (4000, 3000),
)  # fmt: skip
RAW_LIMIT = 150_000_000  # bytes of pixels that an extreme picture really holds
_PNG = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _variants(kind: str) -> Iterator[dict[str, Any]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield {}
    yield {"exif": exif, "icc_profile": profile}
    if kind in ("JPEG", "MPO"):
        yield {"progressive": True, "quality": 95, "subsampling": 0}
    if kind in ("PNG", "WEBP", "GIF", "AVIF", "TIFF", "MPO"):
        yield {"save_all": True, "append_images": [Image.new("RGB", (24, 18), "red")]}
    if kind == "HEIC":
        yield {"tile_size": 16, "thumbnails": [8]}
        yield {"chroma": 444, "exif": exif.tobytes(), "tile_size": 64}
    if kind == "PNG":
        yield {"bits": 4}
        yield {"transparency": 1}
    if kind == "TIFF":
        yield from ({"compression": name} for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group4"))


def corpus() -> list[tuple[str, bytes]]:
    """Small pictures of all kinds and modes, each with the name of its kind."""
    colours = Image.linear_gradient("L").resize((24, 18)).convert("RGB")
    files = []
    for kind in KINDS:
        for mode in MODES:
            for more in _variants(kind):
                with contextlib.suppress(Exception):  # most kinds know few modes and few options
                    picture, out = colours.convert(mode.partition(";")[0]), io.BytesIO()
                    picture = picture.convert(mode) if ";" in mode else picture
                    if kind == "HEIC":  # not registered with Pillow
                        pillow_heif.from_pillow(picture).save(out, **({"chroma": 420} | more))
                    else:
                        picture.save(out, kind, **more)
                    files.append((kind, out.getvalue()))
    return files


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of each chunk of a sound PNG."""
    parts, at = [], len(_PNG)
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return parts


def joined(parts: list[tuple[bytes, bytes]], rng: random.Random | None = None) -> bytes:
    """A PNG of these chunks with right lengths and checksums, of which `rng` spoils a few."""
    out = bytearray(_PNG)
    for kind, body in parts:
        size, crc = len(body), zlib.crc32(kind + body)
        if rng and rng.random() < 0.03:
            size = rng.choice(EDGES) & 0xFFFFFFFF
        if rng and rng.random() < 0.03:
            crc ^= 1
        out += struct.pack(">I", size) + kind + body + struct.pack(">I", crc)
    return bytes(out)


def _png(rng: random.Random, data: bytes) -> bytes:
    parts = chunks(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(parts))
        kind, body = parts[at]
        act = rng.randrange(6)
        if act == 0:
            head = list(struct.unpack(">IIBBBBB", parts[0][1][:13].ljust(13, b"\0")))
            field = rng.randrange(7)
            head[field] = rng.choice(EDGES) & 0xFFFFFFFF if field < 2 else rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
            parts[0] = b"IHDR", struct.pack(">IIBBBBB", *head)
        elif act == 1:
            parts.insert(at, rng.choice(parts))
        elif act == 2 and at:
            del parts[at]
        elif act == 3:
            parts.insert(1, _text(rng))
        elif act == 4:
            parts[at] = rng.choice((b"IDAT", b"fdAT", b"fcTL", b"acTL", b"tRNS", b"PLTE", b"eXIf")), body
        else:
            parts[at] = kind, damage.damaged(rng, body)
    return joined(parts, rng)


def _text(rng: random.Random) -> tuple[bytes, bytes]:
    blown = zlib.compress(bytes(rng.choice((100, 2**20, 70 * 2**20))), 1)
    packed = rng.choice((b"zTXt", b"iCCP")), b"name\0\0" + blown
    return rng.choice((packed, (b"tEXt", rng.randbytes(40)), (b"eXIf", rng.randbytes(60)), (b"gAMA", rng.randbytes(4))))


def _jpeg(rng: random.Random, data: bytes) -> bytes:
    """The frame's size or the segment behind some marker changed, or an Exif or ICC segment put in."""
    marks = [i for i in range(2, len(data) - 10) if data[i] == 0xFF and 0xC0 <= data[i + 1] <= 0xFE]
    frame = next((i for i in marks if data[i + 1] in (0xC0, 0xC1, 0xC2)), 2)
    act = rng.randrange(4)
    if act == 0:
        return data[: frame + 5] + struct.pack(">HH", *(rng.choice(EDGES) & 0xFFFF for _ in "hw")) + data[frame + 9 :]
    if act == 1:
        body = b"Exif\0\0" + damage.damaged(rng, _turned(rng))
        return data[:2] + b"\xff\xe1" + struct.pack(">H", (len(body) + 2) & 0xFFFF) + body + data[2:]
    if act == 2:
        body = b"ICC_PROFILE\0\1\1" + rng.randbytes(200)
        return data[:2] + b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body + data[2:]
    at = rng.choice(marks or [2])
    return damage.damaged(rng, data, at, at + 24)


def _turned(rng: random.Random) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65_535))
    return exif.tobytes()[6:]


def _header(rng: random.Random, data: bytes) -> bytes:
    """One number among the first bytes at the edge of what it can be."""
    at, kind = rng.randrange(min(len(data), 80)), rng.choice(("<H", ">H", "<I", ">I", "<Q"))
    number = struct.pack(kind, rng.choice(EDGES) % (1 << 8 * struct.calcsize(kind)))
    return data[:at] + number + data[at + len(number) :]


def _heic(rng: random.Random, data: bytes) -> bytes:
    """A number at the edge of what it can be, or damage, in some box of those that say what there is."""
    names = (
        b"ispe",
        b"hvcC",
        b"iloc",
        b"iref",
        b"dimg",
        b"ipma",
        b"ipco",
        b"pitm",
        b"iinf",
        b"infe",
        b"idat",
        b"clap",
        b"meta",
    )
    places = [at for name in names if (at := data.find(name)) > 0]
    at = rng.choice(places) + rng.choice((-4, 4))
    if rng.random() < 0.5:
        return damage.damaged(rng, data, at, at + 60)
    at += rng.choice((0, 0, 4, 8, 12, rng.randrange(40)))
    size = rng.choice((1, 2, 4))
    return data[:at] + (rng.choice(EDGES) % (1 << 8 * size)).to_bytes(size, "big") + data[at + size :]


def _ascii(rng: random.Random, data: bytes) -> bytes:
    head = rng.choice((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7", b"Pf", b"PF", b"P0"))
    numbers = [str(rng.choice(EDGES)) for _ in range(rng.randrange(4))]
    return head + b"\n# note\n" + " ".join(numbers).encode() + b"\n" + data[-rng.randrange(1, 400) :]


def extreme(rng: random.Random) -> bytes:
    """A sound PNG, BMP, GIF, TIFF or JPEG of an extreme size, or the header of one whose pixels are missing."""
    width, height = rng.choice(SHAPES)
    colour = rng.choice((0, 0, 2, 3, 4, 6))
    depth = 8 if colour == 3 else rng.choice((8, 16) if colour else (1, 8, 16))
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8
    rows = min(height, RAW_LIMIT // row) if rng.random() < 0.7 else rng.randrange(3)
    packer, body = zlib.compressobj(1), bytearray()
    many = max(1, min(rows, 2**20 // row))
    for first in range(0, rows, many):
        body += packer.compress(bytes(row * min(many, rows - first)))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, rng.choice((0, 0, 0, 1)))
    palette = [(b"PLTE", bytes(range(48)))] if colour == 3 else []
    clear = [(b"tRNS", bytes(2))] if colour == 0 and rng.random() < 0.3 else []
    return joined([(b"IHDR", head), *palette, *clear, (b"IDAT", bytes(body + packer.flush())), (b"IEND", b"")])


def _large(rng: random.Random) -> bytes:
    """A sound large picture of a kind other than PNG."""
    width, height = rng.choice([shape for shape in SHAPES if shape[0] * shape[1] <= 36_000_000])
    kind, mode = rng.choice(
        (("JPEG", "L"), ("JPEG", "RGB"), ("TIFF", "F"), ("TIFF", "I;16"), ("TIFF", "L"), ("GIF", "L"), ("PPM", "L"),
         ("BMP", "L"), ("WEBP", "RGB"))
    )  # fmt: skip
    out = io.BytesIO()
    with contextlib.suppress(Exception):  # a size that the kind cannot say
        more = {"compression": "tiff_deflate"} if kind == "TIFF" else {}
        Image.new(mode, (width, height)).save(out, kind, **more)
    return out.getvalue()


def made(rng: random.Random, sound: list[tuple[str, bytes]]) -> bytes:
    """The bytes of one picture."""
    act = rng.random()
    if act < 0.02:
        return extreme(rng)
    if act < 0.03:
        return _large(rng)
    if act < 0.06:
        return _ascii(rng, rng.choice(sound)[1])
    kind, data = rng.choice(sound)
    if act < 0.10:
        return data
    if act < 0.60 and kind == "PNG":
        return _png(rng, data)
    if act < 0.60 and kind in ("JPEG", "MPO"):
        return _jpeg(rng, data)
    if act < 0.70 and kind == "HEIC":
        return _heic(rng, data)
    if act < 0.75:
        return _header(rng, data)
    return damage.damaged(rng, data, 0, 120) if act < 0.85 else damage.damaged(rng, data)


def setup(room: Room) -> Maker:
    """Pictures as bytes and as files in the room's input."""
    sound = corpus()
    for kind, data in sound:
        if kind == "HEIC":
            read_picture(data)
        with contextlib.suppress(Exception):  # so that every decoder is at home before memory is measured
            Image.open(io.BytesIO(data)).load()
    _tried(next(data for kind, data in sound if kind == "PNG"), SIZES[1])
    file = room.input / "picture.jpg"

    def make(rng: random.Random) -> Attempt:
        damage.emptied(room.input)
        data, size = made(rng, sound), rng.choice(SIZES)
        file.write_bytes(data)
        given = rng.choice((data, file))
        return lambda: _tried(given, size)

    return make


def _tried(given: Any, size: Preprocess) -> None:
    picture = read_picture(given)
    if picture.mode != "RGB" or min(picture.size) < 1:
        raise Wrong(f"a picture of mode {picture.mode} and size {picture.size}")
    row = prepare(picture, size)
    if row.shape != (size.side, size.side, 3) or row.dtype != np.uint8:
        raise Wrong(f"a row of {row.dtype} {row.shape}")
