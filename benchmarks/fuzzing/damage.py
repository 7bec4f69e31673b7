"""Damages that know nothing of what they damage: to bytes, to plain data, to a file in its folder."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import struct
from pathlib import Path
from typing import Any

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
TEXTS = (
    "", " ", "x" * 5000, "../../x", "/etc/passwd", "\0", "\n", "\x1b[31m", "\u202e\u200f", "\ud800", "e\u0301",
    "<b>", "$x$", "nan", "-1", "1e999", "١٢", "true", "head", "日本語", "a" * 300 + "\u2066",
)  # fmt: skip


PLACES = (
    "deleted", "deleted", "a folder", "a full folder", "a link to itself", "a link to nothing", "unreadable",
    "its folder a file",
)  # fmt: skip


def damaged(rng: random.Random, data: bytes, start: int = 0, end: int | None = None) -> bytes:
    """One to four damages to the bytes between `start` and `end`."""
    head, body, tail = data[:start], bytearray(data[start:end]), data[len(data) if end is None else end :]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        rng.choice((_flip, _flip, _number, _number, _cut, _double, _insert, _blank, _end))(rng, body)
    return head + bytes(body) + tail


def _at(rng: random.Random, body: bytearray) -> int:
    return rng.randrange(len(body) + 1)


def _flip(rng: random.Random, body: bytearray) -> None:
    if body:
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)


def _number(rng: random.Random, body: bytearray) -> None:
    kind, at = rng.choice(("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")), _at(rng, body)
    size = struct.calcsize(kind)
    if at + size <= len(body):
        body[at : at + size] = struct.pack(kind, rng.choice(NUMBERS) % (1 << 8 * size))


def _cut(rng: random.Random, body: bytearray) -> None:
    at = _at(rng, body)
    del body[at : at + rng.randrange(1, 40)]


def _double(rng: random.Random, body: bytearray) -> None:
    at = _at(rng, body)
    body[at:at] = body[at : at + rng.randrange(1, 200)]


def _insert(rng: random.Random, body: bytearray) -> None:
    at = _at(rng, body)
    body[at:at] = rng.randbytes(rng.randrange(1, 20))


def _blank(rng: random.Random, body: bytearray) -> None:
    at, size = _at(rng, body), rng.randrange(1, 64)
    body[at : at + size] = bytes([rng.choice((0, 255))]) * len(body[at : at + size])


def _end(rng: random.Random, body: bytearray) -> None:
    del body[_at(rng, body) :]


def odd_value(rng: random.Random, depth: int = 0) -> Any:
    """A value of any JSON kind, often at the edge of what its kind allows."""
    kind = rng.randrange(7 if depth < 3 else 5)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind == 1:
        return rng.choice((0, 1, -1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400, rng.randrange(100)))
    if kind == 2:
        return rng.choice((0.0, -0.0, 0.5, 1e-320, 1e308, float("nan"), float("inf"), float("-inf"), -1.5))
    if kind in (3, 4):
        return rng.choice(TEXTS)
    if kind == 5:
        return [odd_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(TEXTS): odd_value(rng, depth + 1) for _ in range(rng.randrange(4))}


def changed(rng: random.Random, plain: Any) -> Any:
    """Plain data with one value anywhere in it replaced, taken out, doubled or called otherwise."""
    whole = [copy.deepcopy(plain)]
    places = _places(whole)
    holder, key = places[min(rng.randrange(len(places)), rng.randrange(len(places)))]
    act = rng.randrange(6)
    if act == 0 and holder is not whole:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[rng.choice(TEXTS)] = holder.pop(key)
    elif act == 2 and isinstance(holder, list) and holder is not whole:
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[key] = odd_value(rng)
    return whole[0]


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def written(plain: Any) -> bytes:
    """Plain data as JSON, numbers that JSON does not know included."""
    return json.dumps(plain).encode()


def odd_json(rng: random.Random, text: bytes) -> bytes:
    """JSON, or lines of JSON, with one value changed; or what is no JSON, or JSON of another kind or depth."""
    act = rng.randrange(8)
    if act == 0:
        return rng.choice((b"null", b"[]", b"{}", b"0", b"1e999", b'""', b"NaN", b"[" * 100_000, b'{"a":' * 3000))
    if act == 1:
        return written(odd_value(rng))
    lines = text.splitlines() if _is_lines(text) else [text]
    at = rng.randrange(len(lines))
    lines[at] = written(changed(rng, json.loads(lines[at]))) if rng.randrange(8) else written(odd_value(rng))
    return b"\n".join(lines) + b"\n"


def _is_lines(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def spoil(rng: random.Random, file: Path) -> str:
    """Damage one file, in its bytes, its JSON, its kind or its place; gives back what was done."""
    if rng.random() < 0.4:
        how = rng.choice(PLACES)
        _put_instead(file, how)
        return how
    data, is_json = file.read_bytes(), file.suffix in (".json", ".jsonl")
    act = rng.randrange(10)
    if act < 5:
        file.write_bytes(odd_json(rng, data) if is_json else _one_bit(rng, data))
    elif act < 8:
        file.write_bytes(damaged(rng, data))
    else:
        file.write_bytes(
            rng.randbytes(rng.choice((0, 1, 100, 5000))) if act == 8 else data[: rng.randrange(len(data) + 1)]
        )
    return "contents"


def _put_instead(file: Path, how: str) -> None:
    if how == "unreadable":
        return file.chmod(0)
    if how == "its folder a file":
        shutil.rmtree(file.parent)
        file.parent.write_text("x", "utf-8")
        return None
    file.unlink()
    if how.endswith("folder"):
        file.mkdir()
    if how == "a full folder":
        (file / "x").write_text("x", "utf-8")
    if how.startswith("a link"):
        file.symlink_to("nothing" if how == "a link to nothing" else file.name)
    return None


def _one_bit(rng: random.Random, data: bytes) -> bytes:
    body = bytearray(data)
    _flip(rng, body)
    return bytes(body)


def emptied(folder: Path) -> Path:
    """The folder, new and empty, whatever was there."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        if os.geteuid():
            for place, _, _ in os.walk(folder):
                os.chmod(place, 0o700)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
