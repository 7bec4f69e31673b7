"""One picture in HEVC, as a HEIF file keeps it: how large it is by its own header, and its units without all others.

ITU-T H.265 7.3 for the headers, ISO/IEC 14496-15 8.3.3 for the configuration. Knows nothing about containers and
decodes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftcore.data.decoding.bits import Parts, Reader

_VIDEO, _SEQUENCE, _PICTURE = 32, 33, 34  # the kinds of parameter sets
_MOST_SETS = 4  # picture parameter sets: each takes some bytes for each block of the picture
_MOST_BYTES = 2**16  # of a configuration; an honest one has some hundred
_MOST_SLICES = 600  # as many as level 6.2 allows; each takes some kilobytes, however short it is
_IRAP, _IDR = range(16, 22), (19, 20)  # pictures that need no other; those that cannot even name another
_BLOCK = 64  # the largest square that a picture is coded in; memory is taken in whole ones
_HALVED = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}  # by chroma format: how much less wide and tall colour is
_SAMPLES = {0: 1.0, 1: 1.5, 2: 2.0, 3: 3.0}  # by chroma format: values for each pixel


@dataclass(frozen=True)
class Sequence:
    """What a sequence parameter set says: the size shown, chroma format and bits for each value."""

    width: int
    height: int
    coded: int  # pixels in whole blocks
    chroma: int
    depth: int

    @property
    def frame(self) -> int:
        """Bytes of one decoded frame."""
        return int(self.coded * _SAMPLES[self.chroma]) * (1 if self.depth == 8 else 2)


@dataclass(frozen=True)
class Configuration:
    """An `hvcC` box made anew, with one sequence and what the units of its pictures need; `wide`: bytes of a length."""

    box: bytes
    sequence: Sequence
    wide: int


def configuration(payload: bytes, parts: Parts) -> Configuration:
    """The configuration in an `hvcC` box. Raises `ValueError` where it is broken or has more than one picture needs.

    Its head says again what the sequence parameter set says, and libheif believes it: here it says the same.
    """
    sets: dict[int, dict[bytes, None]] = {_VIDEO: {}, _SEQUENCE: {}, _PICTURE: {}}
    if len(payload) > _MOST_BYTES:
        raise ValueError("parameter sets")
    read = Reader(memoryview(payload))
    read.bytes(21)
    wide, arrays = (read.bytes(1) & 3) + 1, read.bytes(1)
    for _ in range(arrays):
        kind = read.bytes(1) & 63
        for _ in range(read.bytes(2)):
            parts.one_more()
            size = read.bytes(2)
            unit = read.bytes(size).to_bytes(size, "big")
            if kind in sets and size > 2 and _kind(unit) == (kind, 0):
                sets[kind][unit] = None
    if len(sets[_SEQUENCE]) != 1 or not 0 < len(sets[_PICTURE]) <= _MOST_SETS or len(sets[_VIDEO]) > 1:
        raise ValueError("parameter sets")
    (unit,) = sets[_SEQUENCE]
    found = _sequence(unit)
    depth = 0xF8 | found.depth - 8
    box = payload[:16] + bytes((0xFC | found.chroma, depth, depth)) + payload[19:21] + bytes((payload[21] | 3, 3))
    for kind, units in sets.items():
        box += bytes((0x80 | kind,)) + len(units).to_bytes(2, "big")
        box += b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
    return Configuration(box, found, wide)


def first_picture(data: memoryview, wide: int, parts: Parts) -> tuple[list[memoryview], bool]:
    """The slices of the first picture in an item's data, and whether it cannot name another picture.

    Raises `ValueError` for what is cut short or no still.
    """
    place, alone = 0, True
    units: list[memoryview] = []
    while place < len(data):
        parts.one_more()
        start = place + wide
        place = start + int.from_bytes(data[place:start], "big")
        unit = data[start:place]
        if place > len(data) or start > len(data):
            raise ValueError("the file is cut short")
        kind, layer = _kind(unit) if len(unit) > 2 else (_VIDEO, 0)
        if kind >= _VIDEO or layer:
            continue
        if unit[2] & 0x80 and units:
            break  # the next picture
        if kind not in _IRAP or len(units) == _MOST_SLICES:
            raise ValueError("no still")
        alone = alone and kind in _IDR
        units.append(unit)
    if not units:
        raise ValueError("no picture")
    return units, alone


def _kind(unit: bytes | memoryview) -> tuple[int, int]:
    """Kind and layer of a unit (7.3.1.2)."""
    return unit[0] >> 1 & 63, (unit[0] & 1) << 5 | unit[1] >> 3


def _sequence(unit: bytes) -> Sequence:
    """What a sequence parameter set (7.3.2.2) says of the pictures."""
    read = Reader(memoryview(unit[2:].replace(b"\0\0\3", b"\0\0")))
    read.bits(4)
    _profiles(read, read.bits(3))
    read.counted()
    chroma = read.counted()
    if chroma not in _HALVED or (chroma == 3 and read.bits(1)):
        raise ValueError("colour planes")
    width, height = read.counted(), read.counted()
    left, right, top, bottom = (read.counted() for _ in range(4)) if read.bits(1) else (0, 0, 0, 0)
    depth, other = 8 + read.counted(), 8 + read.counted()
    if depth > 16 or (chroma and other != depth):
        raise ValueError("depth")
    wide, tall = _HALVED[chroma]
    shown = width - wide * (left + right), height - tall * (top + bottom)
    if min(shown) < 1:
        raise ValueError("no pixels")
    return Sequence(*shown, (-(-width // _BLOCK)) * (-(-height // _BLOCK)) * _BLOCK**2, chroma, depth)


def _profiles(read: Reader, layers: int) -> None:
    """Profile, tier and level (7.3.3), read over, with the bit before them."""
    read.bits(1 + 96)
    told = [(read.bits(1), read.bits(1)) for _ in range(layers)]
    read.bits(2 * (8 - layers) if layers else 0)
    for profile, level in told:
        read.bits(88 * profile + 8 * level)
