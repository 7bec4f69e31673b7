"""One folder that files are written into piece by piece, within its limits and the disk's.

Everything here may be called from several threads at once. Knows nothing about requests.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ftcore import files
from ftcore.errors import FtError, why

SPARE = 64 * 2**20  # bytes that stay free on the disk, for runs that go on meanwhile
STALE = 3600.0  # seconds without a piece after which a file is given up: the browser is gone


class Refused(FtError):
    """What is not taken, and why; `status` is HTTP's number, `more` what the browser's program goes by."""

    def __init__(self, status: int, message: str, **more: int) -> None:
        super().__init__(message)
        self.status, self.more = status, more


class Head(NamedTuple):
    """What is said of a piece: the file's number, name and whole size, and where in it the piece begins."""

    number: int
    name: str
    size: int
    offset: int


@dataclass
class _File:
    """A file as far as it has come. Its lock is held while it is written."""

    name: str
    size: int
    there: int = 0
    whole: bool = False
    gone: bool = False
    touched: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Place:
    """A folder with its limits, and what has come so far. Its lock is never held while a file is written."""

    def __init__(self, folder: Path, most_bytes: int, most_files: int) -> None:
        self.folder, self._lock = folder, threading.Lock()
        self._files: dict[int, _File] = {}
        self._given_up: list[range] = []
        self._whole = (0, 0)  # bytes and files that were whole when the folder was last looked through
        self._since: set[int] = set()  # the numbers of those, as far as they came to this place
        self.limit(most_bytes, most_files)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.part"):
                path.unlink(missing_ok=True)
            numbers = [int(path.stem) for path in folder.iterdir() if path.stem.isdecimal()]
        except OSError as error:
            raise FtError(f"Files cannot be kept in {folder} ({why(error)}): mend or free that folder.") from error
        self._next = max(numbers, default=-1) + 1
        self._look()

    def limit(self, most_bytes: int, most_files: int) -> None:
        """Set how much the folder may hold."""
        self._most_bytes, self._most_files = most_bytes, most_files

    def room(self) -> tuple[int, int]:
        """Bytes and files that still go into it: no more than its limits and the free disk allow."""
        self._clear()
        with self._lock:
            self._look()
            count, number = self._held()
            on_disk = max(0, self._free() - self._coming())
            return max(0, min(self._most_bytes - count, on_disk)), max(0, self._most_files - number)

    def announce(self, count: int, total: int) -> int:
        """Numbers for `count` files of `total` bytes; gives the first. Refused where they cannot all come in."""
        self._clear()
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._look()
            self._check(count, total)
            first, self._next = self._next, self._next + count
            return first

    def take(self, head: Head, body: bytes) -> int:
        """Write a piece; gives how many bytes of the file are there now. The same piece may come again."""
        file = self._file(head)
        with file.lock:
            if file.gone:
                raise Refused(410, "This was cancelled: choose the files again.")
            end = head.offset + len(body)
            if end > file.size or (not body and file.size):
                raise Refused(400, "A file has changed while it was sent: choose it again.")
            if head.offset != file.there and end > file.there:
                raise Refused(409, "A piece of a file is missing: try again.", offset=file.there)
            if head.offset == file.there and not file.whole:
                self._write(head.number, file, head.offset, body)
            return file.there

    def cancel(self, numbers: range | None = None) -> None:
        """Remove what is unfinished of these files, or of all; nothing more is taken for them."""
        with self._lock:
            numbers = range(self._next) if numbers is None else numbers
            self._given_up = [r for r in self._given_up if r.start not in numbers] + [numbers]
            open_ = [(number, file) for number, file in self._files.items() if number in numbers]
        self._give_up(open_)

    def _clear(self) -> None:
        """Give up what has not gone on for long; where it goes on after all, it begins anew."""
        with self._lock:
            old = time.monotonic() - STALE
            some = [(number, file) for number, file in self._files.items() if file.touched < old]
        self._give_up(some)

    def _give_up(self, some: list[tuple[int, _File]]) -> None:
        for number, file in some:
            with file.lock:
                if not file.whole:
                    self._drop(number, file)

    def _file(self, head: Head) -> _File:
        """The file that a piece belongs to; for its first piece, if there is room for the whole file."""
        with self._lock:
            file = self._files.get(head.number)
            if file is not None:
                if (file.name, file.size) != (head.name, head.size):
                    raise Refused(400, "Two files came under one number: reload the page and choose them again.")
                return file
            if any(head.number in numbers for numbers in self._given_up):
                raise Refused(410, "This was cancelled: choose the files again.")
            if (self.folder / f"{head.number}.json").exists():
                raise Refused(400, "Two files came under one number: reload the page and choose them again.")
            if head.offset:
                raise Refused(409, "A piece of a file is missing: try again.", offset=0)
            self._check(1, head.size)
            self._next = max(self._next, head.number + 1)
            return self._files.setdefault(head.number, _File(head.name, head.size))

    def _write(self, number: int, file: _File, offset: int, body: bytes) -> None:
        part = self.folder / f"{number}.part"
        try:
            with part.open("r+b" if offset else "wb") as out:
                out.seek(offset)
                out.write(body)
                file.there, file.touched = offset + len(body), time.monotonic()
                if file.there == file.size:
                    out.flush()
                    os.fsync(out.fileno())
            if file.there == file.size:
                os.replace(part, part.with_suffix(".data"))
                with files.whole(part.with_suffix(".json")) as out:
                    out.write(json.dumps({"name": file.name, "size": file.size}).encode())
                file.whole = True
        except OSError as error:
            self._drop(number, file)
            if error.errno in files.FULL:
                raise Refused(507, "The disk is full: free some space on it, then try again.") from error
            raise Refused(500, f"A file could not be written ({why(error)}): mend the disk, then try again.") from error

    def _drop(self, number: int, file: _File) -> None:
        file.gone = True
        with contextlib.suppress(OSError):
            for ending in (".part", ".data"):
                (self.folder / f"{number}{ending}").unlink(missing_ok=True)
        with self._lock:
            self._files.pop(number, None)

    def _look(self) -> None:
        """Count what lies whole in the folder: others take files out of it."""
        count = number = 0
        self._since = {n for n, file in self._files.items() if file.whole}  # first, so that none is in neither sum
        with contextlib.suppress(OSError):
            for path in self.folder.glob("*.json"):
                with contextlib.suppress(OSError):
                    count, number = count + path.with_suffix(".data").stat().st_size, number + 1
        self._whole = (count, number)

    def _held(self) -> tuple[int, int]:
        """Bytes and files that are there, or have begun to come."""
        since = [file.size for number, file in self._files.items() if number not in self._since]
        return self._whole[0] + sum(since), self._whole[1] + len(since)

    def _coming(self) -> int:
        return sum(file.size - file.there for file in self._files.values() if not file.whole)

    def _free(self) -> int:
        try:
            return max(0, shutil.disk_usage(self.folder).free - SPARE)
        except OSError as error:
            raise Refused(500, f"The folder for files cannot be read ({why(error)}): reload the page.") from error

    def _check(self, count: int, total: int) -> None:
        held, number = self._held()
        if number + count > self._most_files:
            places = max(0, self._most_files - number)
            raise Refused(413, f"There is room for {places:,} more of at most {self._most_files:,} files: send fewer.")
        if held + total > self._most_bytes:
            left, most = files.size(max(0, self._most_bytes - held)), files.size(self._most_bytes)
            raise Refused(
                413, f"These are {files.size(total)}, and {left} of {most} are left: send fewer or smaller files."
            )
        free = max(0, self._free() - self._coming())
        if total > free:
            raise Refused(
                507,
                f"These are {files.size(total)}, and {files.size(free)} are free on the server's disk: "
                "free some space there, or send fewer files.",
            )
