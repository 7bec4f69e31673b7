"""Files that are whole or absent: written under another name, flushed to disk, then renamed; and how damage is met.

Knows nothing about what is in them. A disk that is full shows as an `OSError` with one of the numbers in `FULL`.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import tomllib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
SEAL = b"THAWcrc1"
_CHUNK = 1 << 20
_T = TypeVar("_T")


@contextlib.contextmanager
def whole(path: Path, *, flush: bool = True) -> Iterator[IO[bytes]]:
    """A new file to write bytes into, which takes the place of `path` at the end of the `with`.

    Whatever goes wrong, `path` stays as it was and nothing is left beside it. One writer at a time per process.
    A folder that stands in its place is put aside.
    Without `flush` a power cut may leave it damaged, which suits what is soon replaced.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        file = part.open("wb")
        try:
            yield file
            if flush:
                file.flush()
                os.fsync(file.fileno())
        finally:
            file.close()
        if path.is_dir():
            _set_aside(path)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


class _Summed:
    """Passes bytes on to a file and sums them up."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.crc = file, 0

    def write(self, data: bytes) -> int:
        self.crc = zlib.crc32(data, self.crc)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


@contextlib.contextmanager
def sealed(path: Path, aside: Path | None = None) -> Iterator[_Summed]:
    """Like `whole`, for bytes written in order: `SEAL` and their CRC-32 (4 bytes, little-endian) follow at the end.

    With `aside` the file that was there so far takes that name once the new one is written.
    """
    with whole(path) as file:
        summed = _Summed(file)
        yield summed
        file.write(SEAL + summed.crc.to_bytes(4, "little"))
        if aside and path.is_file():
            os.replace(path, aside)


def check_seal(path: Path) -> None:
    """Raise `ValueError` unless the bytes are those that were sealed. A file without a seal, an older one, passes."""
    with path.open("rb") as file:
        left, crc = max(0, file.seek(0, os.SEEK_END) - len(SEAL) - 4), 0
        file.seek(left)
        end = file.read()
        if not end.startswith(SEAL):
            return
        file.seek(0)
        while left and (data := file.read(min(left, _CHUNK))):
            crc, left = zlib.crc32(data, crc), left - len(data)
    if crc.to_bytes(4, "little") != end[len(SEAL) :]:
        raise ValueError("its checksum differs")


def derived(read: Callable[[], _T], damaged: Callable[[], object] | None = None) -> _T | None:
    """What `read` makes of a file that can be made anew; None when it is absent or wrong in any way.

    `damaged` is called when its content is wrong, but not for an error of the system, which may pass.
    """
    try:
        return read()
    except OSError:
        return None
    except Exception:  # noqa: BLE001 - json, numpy, torch and their parsers raise all kinds on damaged bytes
        if damaged:
            damaged()
        return None


def own(path: Path, parse: Callable[[bytes], _T]) -> _T | None:
    """What `parse` makes of someone's own file; None when it is absent, or wrong and therefore put aside.

    An `OSError`, which may pass, is raised: the file may be sound and must not be replaced.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse(data)
    except Exception:  # noqa: BLE001 - as above; nothing is lost, the file stays under another name
        _set_aside(path)
        return None


def _set_aside(path: Path) -> None:
    """Rename to `.damaged`, or to the first of `.damaged-2`, `.damaged-3`, ... that is free."""
    ending, number = ".damaged", 1
    while path.with_suffix(ending).exists():
        number += 1
        ending = f".damaged-{number}"
    os.replace(path, path.with_suffix(ending))


def size(count: float) -> str:
    """A number of bytes as people say it: 16384 -> '16 kB', 67190864 -> '64.1 MB'; a kB is 1,024 bytes."""
    for limit, unit in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        value = count / limit
        if value >= 0.9995:  # what would round to 1024 of the smaller unit
            return f"{value:.1f} {unit}" if value < 99.5 and value != round(value) else f"{value:.0f} {unit}"
    return f"{count:.0f} bytes"


ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def version() -> str:
    """This program's version, which stands in pyproject.toml alone: nothing of it is installed."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def home() -> Path:
    """The folder for runs, caches and prepared images: `$THAW_HOME`, or `.thaw` beside the app."""
    return Path(os.environ.get("THAW_HOME") or ROOT / ".thaw").absolute()
