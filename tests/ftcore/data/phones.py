"""Photos in HEIC as phones write them, and files that lie about what they hold, for tests."""

from __future__ import annotations

import io
import struct
from typing import Any

import pillow_heif
from PIL import Image

from ftcore.data.decoding.bits import Parts
from ftcore.data.decoding.heif import Container

QUICK = {"preset": "ultrafast"}


def heic(picture: Image.Image, **more: Any) -> bytes:
    """A picture in HEIC: in tiles with `tile_size`, all its colours with `chroma=444`.

    What is not said of chroma stays as it was in the call before, whoever made it.
    """
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, **({"quality": 90, "chroma": 420, "enc_params": QUICK} | more))
    return out.getvalue()


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def coded(data: bytes) -> tuple[bytes, bytes]:
    """The configuration and the units of a HEIC file in one piece."""
    read = Container(data, Parts())
    return bytes(read.items[read.primary].first(b"hvcC") or b""), bytes(read.content(read.primary))


def grid(hvcc: bytes, data: bytes, columns: int, rows: int, size: tuple[int, int], *, alpha: bool = False) -> bytes:
    """A HEIF file of this size whose tiles are all the same coded picture, which is its own `alpha` too."""
    told = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    ids = struct.pack(f">{columns * rows}H", *[2] * columns * rows)
    names = [struct.pack(">IHH4sx", 2 << 24, number, 0, kind) for number, kind in ((1, b"grid"), (2, b"hvc1"))]
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(at: int) -> bytes:
        return box(
            b"meta", bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)), box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iinf", struct.pack(">IH", 0, 2), *(box(b"infe", name) for name in names)),
            box(b"iloc", struct.pack(">IHHHHHHIIHHHHII", 1 << 24, 0x4400, 2, 1, 1, 0, 1, 0, 12, 2, 0, 0, 1, at, len(data))),
            box(
                b"iref", bytes(4), box(b"dimg", struct.pack(">HH", 1, columns * rows), ids),
                *([box(b"auxl", struct.pack(">HHH", 2, 1, 1))] if alpha else []),
            ),
            box(
                b"iprp",
                box(b"ipco", box(b"hvcC", hvcc), box(b"auxC", bytes(4), b"urn:mpeg:hevc:2015:auxid:1\0")),
                box(b"ipma", struct.pack(">IIHBBB", 0, 1, 2, 2, 1, 2)),
            ),
            box(b"idat", told),
        )  # fmt: skip

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", data)


def counted(number: int) -> str:
    """A number as H.265 (9.2) writes one that says its own length."""
    bits = f"{number + 1:b}"
    return "0" * (len(bits) - 1) + bits


def sequence(width: int, height: int, chroma: int = 1, depth: int = 8, layers: int = 0) -> bytes:
    """A sequence parameter set that claims this size, in so many layers beside the first."""
    bits = (
        f"{0:04b}{layers:03b}1" + "01" * 48 + "11" * layers + "00" * (8 - layers if layers else 0) + "01" * 48 * layers
    )
    bits += "".join(map(counted, (0, chroma))) + ("0" if chroma == 3 else "") + counted(width) + counted(height) + "0"
    bits += "".join(map(counted, (depth - 8, depth - 8, 4))) + "1" * 40
    bits += "0" * (-len(bits) % 8)
    return b"\x42\x01" + int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\0\0", b"\0\0\3")


def claiming(hvcc: bytes, unit: bytes) -> bytes:
    """A configuration with another sequence parameter set."""
    at, out = 23, hvcc[:23]
    for _ in range(hvcc[22]):
        start, length = at, int.from_bytes(hvcc[at + 3 : at + 5], "big")  # one unit in each, as libheif writes them
        at += 5 + length
        out += (
            hvcc[start : start + 3] + len(unit).to_bytes(2, "big") + unit if hvcc[start] & 63 == 33 else hvcc[start:at]
        )
    return out
