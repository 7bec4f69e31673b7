"""One coded picture in a HEIF file of our own, and nothing else in it.

ISO/IEC 14496-12 and 23008-12, as little as libheif asks for. Knows nothing about where the picture came from.
"""

from __future__ import annotations

import struct

from ftcore.data.decoding.hevc import Configuration

HEVC = b"hvc1"


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def file_of(configuration: Configuration, units: list[memoryview], colour: bytes) -> bytes:
    """A HEIF file with one picture of these units; `colour` is its `nclx`, if it has one."""
    data = b"".join(piece for unit in units for piece in (len(unit).to_bytes(4, "big"), unit))
    size = struct.pack(">III", 0, configuration.sequence.width, configuration.sequence.height)
    properties = [_box(b"ispe", size), _box(b"hvcC", configuration.box)] + ([_box(b"colr", colour)] if colour else [])
    told = bytes(range(1, len(properties) + 1))
    head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(at: int) -> bytes:
        return _box(
            b"meta", bytes(4),
            _box(b"hdlr", bytes(8), b"pict", bytes(13)),
            _box(b"pitm", struct.pack(">IH", 0, 1)),
            _box(b"iloc", struct.pack(">IHHHHHII", 0, 0x4400, 1, 1, 0, 1, at, len(data))),
            _box(b"iinf", struct.pack(">IH", 0, 1), _box(b"infe", struct.pack(">IHH4sx", 2 << 24, 1, 0, HEVC))),
            _box(
                b"iprp", _box(b"ipco", *properties),
                _box(b"ipma", struct.pack(">IIHB", 0, 1, 1, len(told)), told),
            ),
        )  # fmt: skip

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + _box(b"mdat", data)
