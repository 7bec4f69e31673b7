"""A picture file without what lies beside its first picture: notes, profiles, previews, comments, later pages.

What is left out can be made to take gigabytes (texts that unpack, a million comments); pixels stay as they are.
Knows nothing about decoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

SIDE = 2**20  # bytes; a note that says which way is up is kept up to this size
_HARMLESS = 2**18  # bytes; notes in a JPEG or GIF no larger than this cannot grow to more than a few megabytes
_MOST_PARTS = 100_000  # each takes some 200 bytes while the file is put together
_MOST_VALUES = 2**16  # of one TIFF tag; each becomes a Python object

_MARKER = re.compile(rb"\xff([^\x00\xff])")
_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xDA)))
_SCAN = 0xDA
_JPEG_NEEDS = frozenset((*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD))
_JPEG_NOTES = (b"JFIF", b"Adobe", b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
_PNG_NEEDS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
_PNG_NOTES = (b"eXIf", b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
_TIFF_NEEDS = frozenset(
    (
        *(256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325),
        *(332, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
    )
)
_AVIF_EXIF = re.compile(rb"(infe(?:\x02.{7}|\x03.{9}))Exif", re.DOTALL)


def bare(data: bytes, kind: str | None) -> bytes:
    """`data`, a file of a kind of `kinds.READABLE`, with its first picture alone.

    Notes that say which way is up stay, one of each. Raises ValueError or IndexError where the file is broken.
    """
    if len(data) <= _HARMLESS and (kind == "GIF" or (kind == "JPEG" and b"MPF\0" not in data)):
        return data
    strip = _STRIPS.get(kind or "")
    return strip(data) if strip else data


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG up to its first scan, which runs to the end of the file."""
    place = 2
    while True:
        marker = _MARKER.search(data, place)
        if marker is None:
            raise ValueError("no scan")
        code, start = marker[1][0], marker.start()
        if code == _SCAN:
            yield code, start, len(data)
            return
        length = 0 if code in _NO_LENGTH else max(2, int.from_bytes(data[start + 2 : start + 4], "big"))
        place = start + 2 + length
        yield code, start, place


def _jpeg(data: bytes) -> bytes:
    pieces, notes = [(0, 2)], list(_JPEG_NOTES)
    for code, start, end in segments(data):
        if code in _JPEG_NEEDS or code == _SCAN or (0xE0 <= code < 0xF0 and _first(data[start + 4 : end], notes)):
            pieces.append((start, end))
    return _joined(data, pieces)


def _png(data: bytes) -> bytes:
    pieces, notes, place = [(0, 8)], list(_PNG_NOTES), 8
    while place < len(data):
        end, name = place + 12 + int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if name in _PNG_NEEDS or (end - place <= SIDE and _first(_png_note(data, name, place), notes)):
            pieces.append((place, end))
        place = end
    return _joined(data, pieces)


def _png_note(data: bytes, name: bytes, place: int) -> bytes:
    return name if name == b"eXIf" else data[place + 8 : place + 40] if name in (b"tEXt", b"zTXt", b"iTXt") else b""


def _first(note: bytes, wanted: list[bytes]) -> bool:
    """Whether `note` begins with one of `wanted`, which is then wanted no more."""
    kind = next((name for name in wanted if note.startswith(name)), None)
    if kind is not None:
        wanted.remove(kind)
    return kind is not None


def _gif(data: bytes) -> bytes:
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    pieces, control = [(0, place)], []
    while data[place] != 0x2C:
        start, place = place, place + 1
        if data[start] == 0x21:
            place = _after_blocks(data, start + 2)
            if data[start + 1] == 0xF9 and place - start == 8:
                control = [(start, place)]
    return _joined(data, [*pieces, *control, (place, len(data))])


def _after_blocks(data: bytes, place: int) -> int:
    while data[place]:
        place += data[place] + 1
    return place + 1


def _tiff(data: bytes) -> bytes:
    order: Literal["little", "big"] = "big" if data[:2] == b"MM" else "little"
    large = 43 in data[2:4]

    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    wide, entry = (8, 20) if large else (4, 12)
    first = number(8 if large else 4, wide)
    start = first + (8 if large else 2)
    count = number(first, start - first)
    places = [start + i * entry for i in range(min(count, 2**16)) if number(start + i * entry, 2) in _TIFF_NEEDS]
    if any(number(place + 4, wide) > _MOST_VALUES for place in places) or not places:
        raise ValueError("tags")
    table = b"".join(data[place : place + entry] for place in places) + bytes(wide)
    head = len(places).to_bytes(start - first, order)
    return b"".join((data[:first], head, table, memoryview(data)[start + len(table) :]))


def _avif(data: bytes) -> bytes:
    return _AVIF_EXIF.sub(rb"\1none", data)  # which way is up stands in the container as well, and rules


def _joined(data: bytes, parts: Iterable[tuple[int, int]]) -> bytes:
    whole: list[tuple[int, int]] = []
    for start, end in parts:
        if whole and whole[-1][1] == start:
            whole[-1] = whole[-1][0], end
        else:
            whole.append((start, end))
        if len(whole) > _MOST_PARTS:
            raise ValueError("too many parts")
    return data if whole == [(0, len(data))] else b"".join(memoryview(data)[start:end] for start, end in whole)


_STRIPS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": _jpeg, "PNG": _png, "GIF": _gif, "TIFF": _tiff, "AVIF": _avif,
}  # fmt: skip
