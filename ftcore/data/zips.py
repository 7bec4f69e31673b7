"""A zip from a stranger, read without ever unpacking it to disk.

Everything the zip says about itself is checked before anything is read, and held to while reading. Knows
nothing about classes or pictures.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

from ftcore.data.pictures import MAX_BYTES, PictureError, Stored
from ftcore.data.zipnames import true_names
from ftcore.errors import FtError
from ftcore.names import shown

MAX_FILES = 100_000
MAX_UNPACKED = 8 * 2**30
MAX_RATIO = 200
RATIO_FROM = 32 * 2**20  # bytes unpacked; white pages shrink more than 200 times, and so much can be held anyway
MAX_NAME = 1000
MAX_DEPTH = 16
_PIECE = 2**20
_MAX_READ = 24 * 2**20  # the list of contents is read in one piece
_REPACK = "pack the folder anew"
_ENCRYPTED_FLAGS = 0x2041


class SafeZip:
    """An open zip whose list of contents has been checked.

    `files` maps each file's name to its record, `folders` holds the folders it lists, `notes` are sentences about
    names that were guessed or are doubtful. Raises `FtError`, one sentence each, for what is no zip, damaged,
    encrypted, too much, or names places outside itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, zipfile.ZipInfo] = {}
        self.folders: set[str] = set()
        self.notes: tuple[str, ...] = ()
        try:
            self._file = _Sparing(path)
        except OSError as error:
            raise FtError(
                f"'{shown(path.name)}' cannot be opened ({shown(error.strerror or str(error))}): check the file."
            ) from error
        try:
            self._zip = self._open()
            self._take_in()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._file)
        except FtError:
            raise
        except Exception as error:  # damaged lists raise BadZipFile, but struct.error, ValueError and others too
            self._file.seek(0)
            if self._file.read(2) == b"PK":
                raise FtError(
                    f"'{shown(self.path.name)}' is a damaged or incomplete zip: copy or pack it again."
                ) from error
            raise FtError(f"'{shown(self.path.name)}' is not a zip: pack a folder of class folders as .zip.") from error

    def _take_in(self) -> None:
        records = self._zip.infolist()
        if len(records) > MAX_FILES:
            raise FtError(f"The zip holds {len(records):,} files and the limit is {MAX_FILES:,}: use fewer images.")
        names, self.notes = true_names(records)
        unpacked = 0
        for record, name in zip(records, names, strict=True):
            _check_name(name)
            _check_kind(record, name)
            unpacked += record.file_size
            if name.endswith("/"):
                self.folders.add(name.rstrip("/"))
            elif name in self.files:
                raise FtError(f"The zip holds two files of the name '{shown(name)}': {_REPACK}.")
            else:
                self.files[name] = record
        if unpacked > MAX_UNPACKED:
            gigabytes, limit = unpacked / 2**30, MAX_UNPACKED / 2**30
            raise FtError(
                f"The zip would unpack to {gigabytes:.1f} GB and the limit is {limit:g} GB: use fewer images."
            )

    def read(self, name: str) -> bytes:
        """The bytes of one file; never more than its record promised. Raises `PictureError`. Safe in threads."""
        record = self.files[name]
        if record.file_size > MAX_BYTES:
            raise PictureError(name, f"is larger than {MAX_BYTES // 2**20} MB", "make it smaller")
        try:
            with self._zip.open(record) as file:
                data = b"".join(iter(lambda: file.read(_PIECE), b""))
        except (
            OSError,
            EOFError,
            ValueError,
            RuntimeError,
            NotImplementedError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise PictureError(name, "is damaged inside the zip", _REPACK) from error
        if len(data) != record.file_size:
            raise PictureError(name, "is not as long as the zip says", _REPACK)
        return data

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of one file, none where they cannot be read."""
        try:
            with self._zip.open(self.files[name]) as file:
                return file.read(size)
        except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
            return b""

    def stored(self, name: str) -> Stored:
        """One file, to be read when there is room for it."""
        return Stored(self.files[name].file_size, lambda: self.read(name))

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()


class _Sparing(io.FileIO):
    """A file that refuses to be read in one huge piece, whatever length a zip's own fields ask for."""

    def read(self, size: int | None = -1, /) -> Any:
        if size is not None and size > _MAX_READ:
            raise FtError(f"The zip's list of contents is larger than {_MAX_READ // 2**20} MB: use fewer images.")
        return super().read(-1 if size is None else size)


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME:
        raise FtError(f"The zip holds a name of {len(name):,} characters and the limit is {MAX_NAME:,}: {_REPACK}.")
    parts = name.rstrip("/").split("/")
    if len(parts) > MAX_DEPTH:
        raise FtError(
            f"The zip holds '{shown(name)}', {len(parts)} folders deep, and the limit is {MAX_DEPTH}: {_REPACK}."
        )
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        raise FtError(f"The zip names a place outside itself, '{shown(name)}': {_REPACK}.")
    if "\0" in name or any(part in ("", ".") for part in parts):
        raise FtError(f"The zip holds a file with the broken name '{shown(name)}': {_REPACK}.")


def _check_kind(record: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(record.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "something that is no plain file"
        raise FtError(f"The zip holds {what}, '{shown(name)}': {_REPACK} with the pictures themselves.")
    if record.flag_bits & _ENCRYPTED_FLAGS:
        raise FtError(f"The zip is encrypted ('{shown(name)}'): {_REPACK} without a password.")
    # Other methods may unpack without limit in one step; these two give bytes piece by piece.
    if record.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FtError(f"'{shown(name)}' is packed in an unusual way: {_REPACK} as an ordinary zip (deflate).")
    if record.file_size > RATIO_FROM and record.file_size > MAX_RATIO * max(record.compress_size, 1):
        raise FtError(f"'{shown(name)}' would unpack to more than {MAX_RATIO} times its size: leave it out of the zip.")
