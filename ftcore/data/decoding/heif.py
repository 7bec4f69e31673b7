"""The container of a HEIF file: its items, and which of them make up the picture that is shown.

ISO/IEC 14496-12 for the boxes, ISO/IEC 23008-12 for pictures. Knows nothing about how items are coded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ftcore.data.decoding.bits import Parts, Reader

Box = tuple[bytes, memoryview]
_ALPHA = (b"urn:mpeg:hevc:2015:auxid:1\0", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


class OtherForm(ValueError):
    """A file that may be sound, but holds its picture in a form that is not read here."""


@dataclass
class Item:
    """One item: its kind, what is said of it in order, and where its bytes lie (in `idat` if `inside`)."""

    kind: bytes = b""
    properties: list[Box] = field(default_factory=list)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    inside: bool = False

    def first(self, name: bytes) -> memoryview | None:
        """The first property of this name."""
        return next((body for kind, body in self.properties if kind == name), None)


class Container:
    """The items of a HEIF file by number.

    Raises `OtherForm` where there is nothing but a sequence of frames, `ValueError` or `IndexError` where the file is
    broken or has too many parts.
    """

    def __init__(self, data: bytes, parts: Parts) -> None:
        self._data, self._parts = data, parts
        self.items: dict[int, Item] = {}
        self._refers: list[tuple[bytes, int, tuple[int, ...]]] = []
        top = dict(reversed(list(self._boxes(memoryview(data)))))  # of two of a name the first
        if b"moov" in top and b"meta" not in top:
            raise OtherForm("a sequence alone")
        meta = top.get(b"meta", memoryview(b""))[4:]
        self.primary = _id(self._one(meta, b"pitm"))
        self._idat = self._one(meta, b"idat", b"")
        self._kinds(self._one(meta, b"iinf"))
        self._places(Reader(self._one(meta, b"iloc")))
        self._links(self._one(meta, b"iref", bytes(4)))
        self._said_of(self._one(meta, b"iprp"))

    def content(self, number: int) -> memoryview:
        """The bytes of an item."""
        item = self.items[number]
        source = self._idat if item.inside else memoryview(self._data)
        pieces = [(at, at + size if size else len(source)) for at, size in item.pieces]
        if any(not at <= end <= len(source) for at, end in pieces) or sum(e - at for at, e in pieces) > len(source):
            raise ValueError("the file is cut short")
        if len(pieces) == 1:
            return source[slice(*pieces[0])]
        return memoryview(b"".join(source[at:end] for at, end in pieces))

    def made_of(self, number: int) -> tuple[int, ...]:
        """The items that a derived one is made of."""
        return next((to for kind, origin, to in self._refers if (kind, origin) == (b"dimg", number)), ())

    def alpha_of(self, number: int) -> tuple[int, bool] | None:
        """The item that says how transparent another is, and whether that one's colours are weighed with it already."""
        weighed = [one for kind, origin, to in self._refers if (kind, origin) == (b"prem", number) for one in to]
        for kind, origin, to in self._refers:
            told = self.items[origin].first(b"auxC") if kind == b"auxl" and number in to else None
            if told is not None and bytes(told[4:60]).startswith(_ALPHA):
                return origin, origin in weighed
        return None

    def _boxes(self, data: memoryview) -> Iterator[Box]:
        place = 0
        while place + 8 <= len(data):
            self._parts.one_more()
            size, name, head = int.from_bytes(data[place : place + 4], "big"), bytes(data[place + 4 : place + 8]), 8
            if size == 1:
                size, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
            end = place + size if size else len(data)
            if size and size < head:
                raise ValueError("a box smaller than its head")
            yield name, data[place + head : end]
            place = end

    def _one(self, data: memoryview, name: bytes, missing: bytes | None = None) -> memoryview:
        found = next((body for kind, body in self._boxes(data) if kind == name), missing)
        if found is None:
            raise ValueError("a box is missing")
        return memoryview(found)

    def _item(self, number: int) -> Item:
        return self.items.setdefault(number, Item())

    def _kinds(self, body: memoryview) -> None:
        for name, entry in self._boxes(body[8 if body[0] else 6 :]):
            version = entry[0]
            if name == b"infe" and version >= 2:
                at = 8 if version == 2 else 10
                self._item(_id(entry, since=3)).kind = bytes(entry[at : at + 4])

    def _places(self, read: Reader) -> None:
        version = read.bytes(4) >> 24
        offsets, lengths, bases, indexes = (read.bits(4) for _ in range(4))
        wide = 4 if version == 2 else 2
        for _ in range(read.bytes(wide)):
            item = self._item(read.bytes(wide))
            method = read.bytes(2) & 15 if version else 0
            other, base = read.bytes(2), read.bytes(bases)
            for _ in range(read.bytes(2)):
                self._parts.one_more()
                read.bytes(indexes if version else 0)
                item.pieces.append((base + read.bytes(offsets), read.bytes(lengths)))
            item.inside = method == 1
            if method > 1 or other:
                item.pieces = []  # in other items or other files

    def _links(self, body: memoryview) -> None:
        wide = 4 if body[0] else 2
        for name, entry in self._boxes(body[4:]):
            read = Reader(entry)
            origin, count = read.bytes(wide), read.bytes(2)
            for _ in range(count):
                self._parts.one_more()
            self._item(origin)
            self._refers.append((name, origin, tuple(read.bytes(wide) for _ in range(count))))

    def _said_of(self, body: memoryview) -> None:
        properties = [(b"", memoryview(b"")), *self._boxes(self._one(body, b"ipco"))]
        for name, entry in self._boxes(body):
            if name != b"ipma":
                continue
            read = Reader(entry)
            version, flags = read.bytes(1), read.bytes(3)
            for _ in range(read.bytes(4)):
                item = self._item(read.bytes(4 if version else 2))
                for _ in range(read.bytes(1)):
                    self._parts.one_more()
                    item.properties.append(properties[read.bytes(2) & 0x7FFF if flags & 1 else read.bytes(1) & 0x7F])


def _id(body: memoryview, since: int = 1) -> int:
    """The number of an item behind the head of a box, four bytes wide since this version of it."""
    return Reader(body[4:]).bytes(4 if body[0] >= since else 2)
