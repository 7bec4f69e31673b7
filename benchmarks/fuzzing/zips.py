"""Zips: packers' habits and strangers' tricks, written field by field, then damaged in their bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import random
import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.fuzzing import damage
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from ftcore.data import folders, sets
from ftcore.errors import FtError
from ftcore.names import tidy
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
WORDS = ("cat", "dog", "Übung", "猫", "кот", "ねこ表", "train", "c 10", "e\u0301", "class.png")
CODES = ("cp437", "gbk", "cp866", "shift_jis", "latin-1", "utf-8", "big5", "cp932")
EVIL = (
    b"../evil.png", b"a/../../evil.png", b"/tmp/evil.png", b"C:/evil.png", b"c:evil.png", b"a\\..\\..\\evil.png",
    b"\\\\server\\x.png", b"a//b.png", b"./cat/x.png", b"cat/\0.png", b"", b"/", b".", b"..", b"cat/", b"a/" * 20 + b"x.png",
    b"x" * 5000 + b".png", b"cat/" + b"y" * 60000 + b".png", b"__MACOSX/cat/._0.png", b"cat/.hidden.png", b"cat/CON.png",
    b"cat/x.png ", b"CAT/0.png", b"cat/\xe2\x80\xae.png", b"cat/\x1b[2J.png", b"train/cat/0.png", b"Thumbs.db", b"cat/\xff\xfe.png",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One file of a zip as its two headers tell of it; None lets a field be what it truly is."""

    name: bytes
    data: bytes
    method: int = 8
    flags: int = 0
    extra: bytes = b""
    local_name: bytes | None = None
    attributes: int = (stat.S_IFREG | 0o644) << 16
    system: int = 3
    comment: bytes = b""
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    offset: int | None = None


def packed(entries: list[Entry], comment: bytes = b"", before: bytes = b"") -> bytes:
    """The bytes of a zip (PKWARE's APPNOTE, 4.3) with these entries."""
    body, directory = bytearray(before), bytearray()
    for e in entries:
        data = _squeezed(e.data) if e.method == 8 else e.data
        crc = zlib.crc32(e.data) if e.crc is None else e.crc
        sizes = len(data) if e.packed_size is None else e.packed_size, len(e.data) if e.size is None else e.size
        later, local = e.flags & 8, e.name if e.local_name is None else e.local_name
        numbers = (0, 0, 0) if later else (crc, *sizes)
        common = (20, e.flags, e.method, 0, 0x21)
        start = len(body) if e.offset is None else e.offset
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, *common, *numbers, len(local), len(e.extra)) + local + e.extra
        body += data + (struct.pack("<IIII", 0x08074B50, crc, *sizes) if later else b"")
        lengths = len(e.name), len(e.extra), len(e.comment), 0, 0
        made_by = e.system << 8 | 20
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, made_by, *common, crc, *sizes, *lengths, e.attributes, start
        )
        directory += e.name + e.extra + e.comment
    counts = len(entries), len(entries), len(directory), len(body), len(comment)
    return bytes(body + directory) + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, *counts) + comment


@functools.lru_cache(maxsize=64)
def _squeezed(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@functools.cache
def png(colour: int = 0) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (colour % 256, 2, 3)).save(out, "PNG")
    return out.getvalue()


def _good(rng: random.Random) -> list[Entry]:
    names = rng.sample(WORDS, rng.choice((2, 2, 3)))
    top = rng.choice(("", "", "set/", "train/", "a/b/"))
    code = rng.choice(CODES)
    with contextlib.suppress(UnicodeError):
        for name in names:
            name.encode(code)
        return [_named(f"{top}{name}/{i}.png", code, png(i)) for name in names for i in range(4)]
    return [_named(f"{top}{name}/{i}.png", "utf-8", png(i)) for name in names for i in range(4)]


def _named(name: str, code: str, data: bytes) -> Entry:
    return Entry(name.encode(code), data, flags=0x800 if code == "utf-8" else 0)


def _extra(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data) & 0xFFFF) + data


def _unicode_path(rng: random.Random, e: Entry) -> Entry:
    told = rng.choice((e.name, "кот/1.png".encode(), rng.choice(EVIL), b"\xff\xfe"))
    crc = zlib.crc32(e.name) if rng.random() < 0.8 else rng.choice(damage.NUMBERS)
    body = struct.pack("<BI", rng.choice((1, 1, 1, 0, 255)), crc) + told
    return dataclasses.replace(e, extra=_extra(0x7075, body[: rng.choice((len(body), len(body), 3, 0))]))


def _zip64(rng: random.Random, e: Entry) -> Entry:
    values = [rng.choice((len(e.data), *damage.NUMBERS, 2**63, 2**64 - 1)) for _ in range(rng.randrange(5))]
    extra = _extra(1, b"".join(struct.pack("<Q", value) for value in values))
    return dataclasses.replace(e, extra=extra, size=0xFFFFFFFF, packed_size=rng.choice((None, 0xFFFFFFFF)))


def _bomb(rng: random.Random, e: Entry) -> Entry:
    size = rng.choice((2**20 + 1, 5 * 2**20, 30 * 2**20, 65 * 2**20))
    told = rng.choice((None, None, 100, 0xFFFFFFFF, 7 * 2**30 // 4))
    return dataclasses.replace(e, data=rng.choice((b"", png())) + bytes(size), size=told)


def _field(rng: random.Random, e: Entry) -> Entry:
    name = rng.choice(("flags", "method", "attributes", "crc", "size", "packed_size", "offset", "system"))
    most = 0xFFFF if name in ("flags", "method") else 0xFF if name == "system" else 0xFFFFFFFF
    odd: dict[str, Any] = {name: rng.choice((rng.choice(damage.NUMBERS), rng.randrange(100))) & most}
    return dataclasses.replace(e, **odd)


_HABITS: tuple[Callable[[random.Random, Entry], Entry], ...] = (
    lambda rng, e: dataclasses.replace(e, name=rng.choice(EVIL)),
    lambda rng, e: dataclasses.replace(e, name=e.name.replace(b"/", b"\\")),
    lambda rng, e: dataclasses.replace(e, name=damage.damaged(rng, e.name)[:60000]),
    lambda rng, e: dataclasses.replace(e, local_name=rng.choice((*EVIL, b"other/name.png"))),
    lambda rng, e: dataclasses.replace(e, flags=e.flags ^ rng.choice((1, 8, 0x20, 0x40, 0x800, 0x2000))),
    lambda rng, e: dataclasses.replace(e, method=rng.choice((0, 0, 9, 12, 14, 93, 95, 99))),
    lambda rng, e: dataclasses.replace(e, attributes=rng.choice((0o120777, 0o10777, 0o60777, 0o40777, 0o140777)) << 16),
    lambda rng, e: dataclasses.replace(e, comment=rng.randbytes(rng.choice((1, 60000)))),
    lambda rng, e: dataclasses.replace(e, extra=rng.randbytes(rng.choice((1, 3, 4, 20, 60000)))),
    lambda rng, e: dataclasses.replace(e, data=rng.choice((b"", damage.damaged(rng, e.data), b"not a picture"))),
    lambda rng, e: dataclasses.replace(e, name=e.name + rng.choice((b".zip", b".txt", b".heic", b".svg", b"_large", b""))),
    lambda rng, e: dataclasses.replace(e, data=packed([Entry(b"cat/0.png", png())])),
    _unicode_path, _unicode_path, _zip64, _bomb, _field, _field, _field,
)  # fmt: skip


def made(rng: random.Random) -> bytes:
    """The bytes of one zip."""
    entries = _good(rng)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        habit, every = rng.choice(_HABITS), rng.random() < 0.2
        first = rng.randrange(len(entries))
        touched = range(len(entries)) if every and habit is not _bomb else [first]
        for at in touched:
            entries[at] = habit(rng, entries[at])
    if rng.random() < 0.15:
        entries.insert(rng.randrange(len(entries)), rng.choice(entries))  # two files of one name
    data = packed(entries, rng.choice((b"", b"", b"note", b"PK\5\6" + bytes(18))), rng.choice((b"", b"", b"MZ" * 50)))
    if rng.random() < 0.5:
        mark = rng.choice((b"PK\1\2", b"PK\3\4", b"PK\5\6"))
        at = max(data.find(mark, rng.randrange(len(data))), data.find(mark))
        data = damage.damaged(rng, data, at + 4, at + 60) if rng.random() < 0.7 else damage.damaged(rng, data)
    return data


def setup(room: Room) -> Maker:
    """Zips in the room's input."""
    file = room.input / "set.zip"
    file.write_bytes(packed(_good(random.Random(0))))
    tried(room, file)

    def make(rng: random.Random) -> Attempt:
        damage.emptied(room.input)
        file.write_bytes(made(rng))
        damage.emptied(room.home)
        return lambda: tried(room, file)

    return make


def tried(room: Room, path: Path) -> tuple[str, ...]:
    """Open the plan, read every row, load the set twice; gives back the classes. Raises what comes, and `Wrong`."""
    try:
        with folders.open_plan(path, 0) as plan:
            items = [item for split in plan.splits.values() for item in split]
            for item in items[:50]:
                row = plan.row(item, TINY)
                if row.shape != (8, 8, 3) or row.dtype != np.uint8:
                    raise Wrong(f"a row of {row.dtype} {row.shape}")
        first = sets.load(str(path), TINY)
    except FtError:
        left = [place.name for place in (room.home / "data").glob("*")]
        if left:
            raise Wrong("a refused set left something behind in data/") from None
        raise
    again = sets.load(str(path), TINY)
    if [first.train.digest, first.val.digest, first.test.digest] != [
        again.train.digest,
        again.val.digest,
        again.test.digest,
    ]:
        raise Wrong("the set is another the second time")
    if any(name != tidy(name) or not name.strip() for name in first.classes):
        raise Wrong("a class name that cannot be shown")
    if list((room.home / "data").glob(".part-*")):
        raise Wrong("a part was left behind in data/")
    return first.classes
