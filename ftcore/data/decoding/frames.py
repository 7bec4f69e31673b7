"""How large the AV1 frames of an AVIF file are by their own headers, whatever the container says of the picture.

ISO/IEC 14496-12 for the boxes, AV1 Bitstream Specification 5.3 to 5.5 for the frames. Knows nothing about decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ftcore.data.decoding.bits import Parts, Reader

_BOXES = re.compile(rb"iloc|stco|co64|stsz|idat")
_SEQUENCE = 1
Part = tuple[int, int]


def frames(data: bytes) -> list[tuple[int, int]]:
    """Of each item and track of an AVIF file: the most pixels of its first frame, and the most bytes for each.

    A frame that may differ from its sequence (any but a plain still) counts with the largest size that its header can
    say. Raises `ValueError` or `IndexError` where the file is broken or has too many parts.
    """
    parts, shapes = Parts(), []
    for item in _items(data, parts):
        if sizes := [_frame(Reader(unit)) for kind, unit in _units(item, parts) if kind == _SEQUENCE]:
            shapes.append(max(sizes))
    if not shapes:
        raise ValueError("no frames")
    return shapes


def _items(data: bytes, parts: Parts) -> Iterator[memoryview]:
    """The bytes of each item and of the first sample of each track, those of one place once.

    Boxes are looked for by name, at whatever depth: what a decoder finds is among them.
    """
    places: list[tuple[int, bytes]] = []
    for start, end in _regions(data):
        for match in _BOXES.finditer(data, start, end):
            parts.one_more()
            places.append((match.end(), match[0]))
    own = [end for end, name in places if name == b"idat"]
    sample = max((_first_size(data, end) for end, name in places if name == b"stsz"), default=len(data))
    view, longest, left = memoryview(data), dict[int, int](), len(data)
    for end, name in places:
        if name in (b"stco", b"co64"):
            located: list[tuple[Part, ...]] = [
                ((int.from_bytes(view[end + 8 : end + (12 if name == b"stco" else 16)], "big"), sample),)
            ]
        else:
            located = list(_located(Reader(view[end:]), own, parts)) if name == b"iloc" else []
        for (at, size), *others in located:
            if others:
                whole = b"".join(view[first : first + length] for first, length in [(at, size), *others])
                if (left := left - len(whole)) < 0:
                    raise ValueError("the parts of items overlap")
                yield memoryview(whole)
            else:
                longest[at] = max(longest.get(at, 0), size or len(data))
    yield from (view[at : at + size] for at, size in longest.items())


def _regions(data: bytes) -> Iterator[Part]:
    """Start and end of the boxes that tell where others lie: `meta` and `moov` at the top."""
    place = 0
    while place + 8 <= len(data):
        size, name, head = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        end = place + max(size, head) if size else len(data)
        if name in (b"meta", b"moov"):
            yield place + head, min(end, len(data))
        place = end


def _first_size(data: bytes, place: int) -> int:
    """Of `stsz`: the size that all samples have, or that of the first."""
    every, first = (int.from_bytes(data[place + at : place + at + 4], "big") for at in (4, 12))
    return every or first


def _located(read: Reader, own: list[int], parts: Parts) -> Iterator[tuple[Part, ...]]:
    """The items of `iloc`, each as the pieces of the file that it consists of; `own` is where an `idat` begins."""
    version = read.bytes(4) >> 24
    offsets, lengths, bases, indexes = (read.bits(4) for _ in range(4))
    wide = 4 if version == 2 else 2
    for _ in range(read.bytes(wide)):
        read.bytes(wide)
        inside = version > 0 and read.bytes(2) & 15 == 1
        read.bytes(2)
        base, pieces = read.bytes(bases), []
        for _ in range(read.bytes(2)):
            parts.one_more()
            read.bytes(indexes if version > 0 else 0)
            pieces.append((base + read.bytes(offsets), read.bytes(lengths)))
        for start in own if inside else [0]:
            parts.one_more()
            if pieces:
                yield tuple((start + at, size) for at, size in pieces)


def _units(data: memoryview, parts: Parts) -> Iterator[tuple[int, memoryview]]:
    """Type and payload of each open bitstream unit (5.3); what is none ends the walk."""
    place = 0
    while place < len(data):
        parts.one_more()
        head, start = data[place], place + 1 + (data[place] >> 2 & 1)
        size = len(data) - start
        if head & 2:
            size = 0
            for i in range(8):
                if start >= len(data):
                    return
                byte, start = data[start], start + 1
                size |= (byte & 127) << 7 * i
                if byte < 128:
                    break
        yield head >> 3 & 15, data[start : start + size]
        place = start + size


def _frame(read: Reader) -> tuple[int, int]:
    """The most pixels of a frame of this sequence (5.5), and the bytes that each takes."""
    profile, _, reduced = read.bits(3), read.bits(1), read.bits(1)
    read.bits(5) if reduced else _operating_points(read)
    wide, tall = read.bits(4) + 1, read.bits(4) + 1
    width, height = read.bits(wide) + 1, read.bits(tall) + 1
    return (width * height if reduced else 1 << wide + tall), (3 if profile == 0 else 6)


def _operating_points(read: Reader) -> None:
    """What stands between the head of a sequence and its size (5.5.1), read over."""
    delay = _timing(read) if read.bits(1) else 0
    display = read.bits(1)
    for _ in range(read.bits(5) + 1):
        read.bits(12)
        if read.bits(5) > 7:
            read.bits(1)
        if delay and read.bits(1):
            read.bits(2 * delay + 1)
        if display and read.bits(1):
            read.bits(4)


def _timing(read: Reader) -> int:
    """The timing of a sequence, read over; the bits of a buffer's delay if it has a decoder model, else 0."""
    read.bits(64)
    if read.bits(1):
        zeros = 0
        while not read.bits(1):
            zeros += 1
        read.bits(zeros if zeros < 32 else 0)
    if not read.bits(1):
        return 0
    delay = read.bits(5) + 1
    read.bits(42)
    return delay
