"""Prepared pictures on disk: for each split one folder with images.npy, labels.npy and meta.json.

Written under another name, flushed and renamed, so that a folder is whole or absent; checked by its digest
before use. Knows nothing about where the pictures come from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ftcore import files, store
from ftcore.errors import FtError
from ftcore.files import home

_SPARE_BYTES = 16 * 2**20
_lock = threading.Lock()
_sound: dict[str, tuple[Any, ...]] = {}  # folder -> signature of files whose digest was checked in this process


@dataclass(frozen=True)
class Split:
    """One split, sorted by class.

    `images`: uint8 [n, side, side, 3], read-only, mapped from disk; `labels`: int64 [n]; `names`: what each
    picture is called; `digest`: sha256 (hex) over the bytes of images, then labels. What is made of it is kept under names
    that begin with `kept_as`, if that is not empty.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    digest: str
    kept_as: str = ""

    def __len__(self) -> int:
        return len(self.labels)


def folder() -> Path:
    """Where prepared pictures are kept."""
    return home() / "data"


def find(key: str) -> Split | None:
    """The split kept under `key`, or None when it is absent or wrong in any way. Marks it as just used."""
    place = folder() / key
    split = files.derived(lambda: _opened(place))
    if split is not None:
        with contextlib.suppress(OSError):
            os.utime(place / "meta.json")
    return split


def _opened(place: Path) -> Split:
    meta, signature = _read_meta(place), _signature(place)
    images = np.lib.format.open_memmap(place / "images.npy", mode="r")
    labels = np.load(place / "labels.npy", allow_pickle=False)
    names = tuple(map(str, meta["names"]))
    if images.dtype != np.uint8 or list(images.shape) != meta["shape"] or labels.dtype != np.int64:
        raise ValueError("damaged")
    if labels.shape != images.shape[:1] or len(names) != len(labels):
        raise ValueError("damaged")
    with _lock:
        known = _sound.get(str(place)) == signature
    if not known and _digest(images, labels) != meta["digest"]:
        raise ValueError("damaged")
    with _lock:
        _sound[str(place)] = signature
    labels.flags.writeable = False
    return Split(images, labels, names, meta["digest"], place.name.rpartition("-")[0])


def keep(key: str, labels: Iterable[int], names: Iterable[str], side: int, rows: Iterable[np.ndarray]) -> Split:
    """Write a split and give it back, mapped. `rows` yields uint8 [side, side, 3] in the order of `labels`.

    Memory stays flat: each row is written as it comes. Whatever fails, nothing half-written remains; a disk
    that is full or cannot be written to raises `FtError`.
    """
    numbers, titles = np.asarray(list(labels), dtype=np.int64), list(names)
    shape = (len(numbers), side, side, 3)
    place, part = folder() / key, folder() / f"{store.PART}{uuid.uuid4().hex}"
    try:
        part.mkdir(parents=True)
        _check_room(int(np.prod(shape)))
        digest = _write_images(part / "images.npy", shape, rows)
        digest.update(numbers.tobytes())
        with (part / "labels.npy").open("wb") as file:
            np.lib.format.write_array(file, numbers, allow_pickle=False)
            _flush(file)
        _write_meta(part, {"shape": list(shape), "digest": digest.hexdigest(), "names": titles})
        _put(part, place)
    except OSError as error:
        why = error.strerror or error
        raise FtError(
            f"Prepared images cannot be kept in {folder()} ({why}): free some space or mend the folder."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    split = find(key)
    if split is None:
        raise FtError(f"Prepared images in {folder()} were changed while being written: try again.")
    return split


def drop(key: str) -> None:
    """Remove the split kept under `key`, if there is one."""
    store.remove(folder() / key)


def _write_images(path: Path, shape: tuple[int, ...], rows: Iterable[np.ndarray]) -> hashlib._Hash:
    # Plain writes, not a mapped file: on a full disk a write fails cleanly, a mapped page kills the process.
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for row in rows:
            if row.shape != shape[1:] or row.dtype != np.uint8:
                raise AssertionError(f"a row must be uint8 {shape[1:]}, not {row.dtype} {row.shape}")
            data = row.tobytes()
            digest.update(data)
            file.write(data)
            count += 1
        _flush(file)
    if count != shape[0]:
        raise AssertionError(f"{count} rows came for {shape[0]} labels")
    return digest


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _write_meta(part: Path, meta: dict[str, Any]) -> None:
    body = json.dumps(meta)
    with (part / "meta.json").open("wb") as file:
        file.write(json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "body": body}).encode())
        _flush(file)


def _read_meta(place: Path) -> dict[str, Any]:
    outer = json.loads((place / "meta.json").read_bytes())
    if hashlib.sha256(outer["body"].encode()).hexdigest() != outer["sha256"]:
        raise ValueError("damaged")
    meta: dict[str, Any] = json.loads(outer["body"])
    return meta


def _put(part: Path, place: Path) -> None:
    """Rename `part` to `place`. When another process was first and its work is sound, that one stays."""
    for _ in range(5):
        try:
            part.rename(place)
        except OSError:
            if not place.exists():
                raise
            if find(place.name) is not None:
                return
            store.remove(place)
        else:
            with contextlib.suppress(OSError, AttributeError):  # a folder cannot be flushed on every system
                number = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(number)
                finally:
                    os.close(number)
            return


def _check_room(needed: int) -> None:
    free = shutil.disk_usage(folder()).free
    if free < needed + _SPARE_BYTES:
        raise FtError(
            f"The prepared images need {files.size(needed)} in {folder()} and {files.size(free)} are free: "
            "free some space, use fewer images, or set THAW_HOME to a folder on another disk."
        )


def _signature(place: Path) -> tuple[Any, ...]:
    stats = [(place / name).stat() for name in ("images.npy", "labels.npy")]
    return tuple((s.st_size, s.st_mtime_ns, s.st_ino) for s in stats)


def _digest(images: np.memmap, labels: np.ndarray) -> str:
    # Read, not looked at through the map: pages of a map would count as this process's memory.
    digest = hashlib.sha256()
    with open(str(images.filename), "rb") as file:
        file.seek(images.offset)
        while piece := file.read(2**20):
            digest.update(piece)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
