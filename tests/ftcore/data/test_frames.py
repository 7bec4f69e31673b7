"""The frames of an AVIF file, by what they say of themselves."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from ftcore.data.decoding.frames import frames

SIZE, PIXELS, POWER = (300, 200), 60_000, 512 * 256  # POWER: the most that the bits for 300 and 200 can say
TIMING = "1" + "0" * 64 + "1" + "00101" + "1" + "00011" + "0" * 42  # with a decoder model of 4-bit delays


def avif(mode: str, count: int, **extra: object) -> bytes:
    out, picture = io.BytesIO(), Image.new(mode, SIZE, (1, 2, 3, 100)[: len(mode)])
    more = {"save_all": True, "append_images": [picture] * (count - 1)} if count > 1 else {}
    picture.save(out, "AVIF", speed=10, **more, **extra)
    return out.getvalue()


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def located(unit: bytes, parts: int = 1) -> bytes:
    """A file whose one item is a sequence header in so many parts."""
    step = -(-len(unit) // parts)
    pieces = [unit[at : at + step] for at in range(0, len(unit), step)]
    start = 42 + 8 * len(pieces)
    places = b"".join(struct.pack(">II", start + step * i, len(piece)) for i, piece in enumerate(pieces))
    iloc = struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, len(pieces)) + places
    return box(b"meta", bytes(4) + box(b"iloc", iloc)) + box(b"mdat", unit)


def sequence(before: str) -> bytes:
    """A sequence header of 300 x 200 with these bits between its first three and its size."""
    bits = "000" + "0" + before + f"{8:04b}{7:04b}{299:09b}{199:08b}"
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes((0x0A, len(body))) + body


@pytest.mark.parametrize(("subsampling", "each"), [("4:2:0", 3), ("4:0:0", 3), ("4:4:4", 6)])
@pytest.mark.parametrize(("mode", "count"), [("RGB", 1), ("RGB", 3), ("RGBA", 1), ("RGBA", 3)])
def test_frames_of_pillow_s_files(mode: str, count: int, subsampling: str, each: int) -> None:
    found = frames(avif(mode, count, subsampling=subsampling))
    most = PIXELS if count == 1 else POWER
    assert sorted(found) == [(most, 3)] * (mode == "RGBA") + [(most, each)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_container_has_no_say(count: int) -> None:
    honest = avif("RGB", count)
    claim = honest.replace(struct.pack(">II", *SIZE), struct.pack(">II", 10, 10))
    assert claim != honest
    assert frames(claim) == frames(honest)


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize(
    ("before", "pixels"),
    [
        ("1" + "00000", PIXELS),
        ("0" + "0" + "0" + "00000" + "0" * 12 + "00111", POWER),
        ("0" + "0" + "1" + "00001" + ("0" * 12 + "01000" + "1" + "1" + "0000") * 2, POWER),
        ("0" + TIMING + "0" + "00000" + "0" * 12 + "00000" + "1" + "0" * 9, POWER),
    ],
    ids=["still", "plain", "two layers", "timing"],
)
def test_a_sequence_header_however_long(before: str, pixels: int, parts: int) -> None:
    assert frames(located(sequence(before), parts)) == [(pixels, 3)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        box(b"meta", b""),
        box(b"meta", b"iloc"),
        located(b"\x12\0"),
        located(sequence("1" + "00000")[:6]),
        box(b"meta", b"idat" * 20_000),
        box(b"meta", bytes(4) + b"iloc" + struct.pack(">IHH", 0, 0x4400, 60_000)) + bytes(900_000),
        box(b"meta", bytes(4) + b"iloc" + struct.pack(">IHHHHH", 0, 0, 60_000, 1, 0, 60_000) + bytes(900_000)),
        located(sequence("1" + "00000") + b"\x12\0" * 20_000),
    ],
    ids=[
        "empty",
        "no items",
        "cut table",
        "no sequence",
        "cut sequence",
        "many boxes",
        "many items",
        "many pieces",
        "many units",
    ],
)
def test_what_cannot_be_told_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        frames(data)
