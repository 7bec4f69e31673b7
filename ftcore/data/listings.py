"""The files and folders that a folder or a zip holds, litter of operating systems left aside.

Nothing is ever unpacked or written. Knows nothing about pictures, classes and splits.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftcore.data.kinds import kind_of, strange
from ftcore.data.pictures import Stored
from ftcore.data.zips import MAX_DEPTH, MAX_FILES, SafeZip
from ftcore.errors import FtError
from ftcore.names import shown

ARCHIVES = ("ZIP", "RAR", "7z", "gzip", "bzip2", "xz", "zstd", "tar")
HEAD = 300  # bytes that tell a kind; enough for the mark of a tar
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin"})


@dataclass(frozen=True)
class Listing:
    """The files and folders of a source by their path parts, each file with where to find it and a content mark.

    `odd` are things of other kinds, such as links to nothing; `read` gives a whole file, `head` its first bytes; `notes` tell
    what was guessed of names.
    """

    files: Mapping[tuple[str, ...], tuple[str, str]]
    folders: frozenset[tuple[str, ...]]
    odd: tuple[tuple[str, ...], ...]
    read: Callable[[str], Stored | Path]
    head: Callable[[str, int], bytes]
    notes: tuple[str, ...] = ()


def of_zip(path: Path, stack: contextlib.ExitStack) -> Listing:
    """What a zip holds, open as long as `stack` is. Raises `FtError` for what is no zip, and says what it is."""
    head = _head(str(path), HEAD)
    kind = kind_of(head)
    if kind and kind != "ZIP":
        what = strange(head, path.name) or (f"is a picture ({kind})", "")
        cure = "unpack it and give the folder" if kind in ARCHIVES else "give a folder or a zip of class folders"
        raise FtError(f"'{shown(path.name)}' {what[0]}: {cure}.")
    source = SafeZip(path)
    stack.callback(source.close)
    files = {
        tuple(name.split("/")): (name, f"{record.CRC:08x} {record.file_size}")
        for name, record in source.files.items()
        if not is_litter(name.split("/"))
    }
    folders = {tuple(name.split("/")) for name in source.folders if not is_litter(name.split("/"))}
    return Listing(files, _with_parents(folders, files), (), source.stored, source.head, source.notes)


def of_files(files: Mapping[tuple[str, ...], Path]) -> Listing:
    """Files that lie anywhere, as if they lay at these paths."""
    kept = {parts: (str(path), path.name) for parts, path in files.items() if not is_litter(parts)}
    return Listing(kept, _with_parents((), kept), (), Path, _head)


def _head(path: str, size: int) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(size)
    return b""


def of_folder(path: Path) -> Listing:
    """What a folder holds, however deep. Raises `FtError` where it cannot be read or holds too much."""
    files: dict[tuple[str, ...], tuple[str, str]] = {}
    folders: set[tuple[str, ...]] = set()
    odd: list[tuple[str, ...]] = []
    try:
        _walk(path, (), files, folders, odd, frozenset())
    except OSError as error:
        raise FtError(f"The folder cannot be read ({error.strerror or error}): check '{shown(str(path))}'.") from error
    return Listing(files, _with_parents(folders, files), tuple(odd), Path, _head)


def _walk(
    place: Path,
    parts: tuple[str, ...],
    files: dict[tuple[str, ...], tuple[str, str]],
    folders: set[tuple[str, ...]],
    odd: list[tuple[str, ...]],
    above: frozenset[tuple[int, int]],
) -> None:
    """Collect plain files below `place`, and in `odd` what is none. Links are followed, but not round in circles."""
    here = place.stat()
    me = (here.st_dev, here.st_ino)
    if me in above:
        return
    if len(parts) > MAX_DEPTH:
        odd.append(parts)
        return
    folders.add(parts)
    with os.scandir(place) as entries:
        for entry in entries:
            inside = (*parts, entry.name)
            if is_litter([entry.name]):
                continue
            if _is_folder(entry):
                _walk(Path(entry.path), inside, files, folders, odd, above | {me})
                continue
            mark = _mark(entry)
            if mark:
                files[inside] = (entry.path, mark)
            else:
                odd.append(inside)
            if len(files) + len(odd) > MAX_FILES:
                raise FtError(f"The folder holds more than {MAX_FILES:,} files: use fewer images.")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):  # a link to itself
        return entry.is_dir()
    return False


def _mark(entry: os.DirEntry[str]) -> str:
    """What changes with a file's content; "" for what is no plain file, such as a link to nothing."""
    try:
        info = entry.stat()
    except OSError:
        return ""
    return f"{info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}" if stat.S_ISREG(info.st_mode) else ""


def is_litter(parts: Iterable[str]) -> bool:
    """Whether one of these names is what systems and programs leave beside a learner's own files."""
    return any(part.startswith(".") or part.casefold() in _LITTER for part in parts)


def _with_parents(folders: Iterable[tuple[str, ...]], files: Iterable[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    every = {*folders, *(parts[:-1] for parts in files)}
    return frozenset(parts[:end] for parts in every for end in range(len(parts) + 1))
