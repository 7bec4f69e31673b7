"""A learner's own pictures: a folder of class folders, or a zip of one, with or without train/, val/, test/.

Finds classes and splits by name alone and reads pixels only when asked. Nothing is ever unpacked or written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftcore.pictures import ENDINGS, KINDS, PictureError, Stored, prepare, read_picture, shown, tidy, to_rgb
from ftcore.plans import SPLITS, Item, Plan, check, in_name_order, listed, split
from ftcore.settings import FtError, Preprocess
from ftcore.zips import MAX_DEPTH, MAX_FILES, SafeZip

__all__ = ["PictureError", "open_plan", "prepare", "read_picture", "shown", "to_rgb"]

_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin"})
_OTHER_PICTURES = frozenset(
    f".{end}"
    for end in (
        *("heic", "heif", "svg", "psd", "jp2", "jxl", "ico", "tga", "pcx"),
        *("raw", "cr2", "cr3", "nef", "arw", "dng", "orf", "rw2"),
    )
)
_LAYOUT = "make one folder for each class and put its images inside"


@dataclass(frozen=True)
class Listing:
    """The files and folders of a source by their path parts, each file with where to find it and a content mark."""

    files: Mapping[tuple[str, ...], tuple[str, str]]
    folders: frozenset[tuple[str, ...]]
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def open_plan(path: Path, seed: int) -> Iterator[Plan]:
    """The plan of a folder or zip, readable while the context is open. Raises `FtError` that names what is wrong."""
    with contextlib.ExitStack() as stack:
        listing, read = _folder(path) if path.is_dir() else _zip(path, stack)
        classes, given = arrange(listing)
        check(classes, given)
        marks = sorted("/".join(parts) + "\0" + mark for parts, (_, mark) in listing.files.items())
        fingerprint = hashlib.sha256("\n".join(marks).encode("utf-8", "surrogateescape")).hexdigest()

        def row(item: Item, preprocess: Preprocess) -> np.ndarray:
            picture = read_picture(read(str(item.where)), item.name)
            return prepare(picture, preprocess, item.name)

        title = path.resolve().name if path.is_dir() else path.stem
        yield Plan(shown(title), classes, split(given, seed), fingerprint, row, notes=listing.notes)


def _zip(path: Path, stack: contextlib.ExitStack) -> tuple[Listing, Callable[[str], Stored | Path]]:
    source = SafeZip(path)
    stack.callback(source.close)
    files = {
        tuple(name.split("/")): (name, f"{record.CRC:08x} {record.file_size}")
        for name, record in source.files.items()
        if not _is_litter(name.split("/"))
    }
    folders = {tuple(name.split("/")) for name in source.folders if not _is_litter(name.split("/"))}
    return Listing(files, _with_parents(folders, files), source.notes), source.stored


def _folder(path: Path) -> tuple[Listing, Callable[[str], Stored | Path]]:
    files: dict[tuple[str, ...], tuple[str, str]] = {}
    folders: set[tuple[str, ...]] = set()
    try:
        _walk(path, (), files, folders, frozenset())
    except OSError as error:
        raise FtError(f"The folder cannot be read ({error.strerror or error}): check '{shown(str(path))}'.") from error
    return Listing(files, _with_parents(folders, files)), Path


def _walk(
    place: Path,
    parts: tuple[str, ...],
    files: dict[tuple[str, ...], tuple[str, str]],
    folders: set[tuple[str, ...]],
    above: frozenset[tuple[int, int]],
) -> None:
    """Collect plain files below `place`. Links are followed, but not round in circles."""
    here = place.stat()
    me = (here.st_dev, here.st_ino)
    if me in above or len(parts) > MAX_DEPTH:
        return
    folders.add(parts)
    with os.scandir(place) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # a link to nothing
                if _is_litter([entry.name]):
                    continue
                inside = (*parts, entry.name)
                if entry.is_dir():
                    _walk(Path(entry.path), inside, files, folders, above | {me})
                    continue
                info = entry.stat()
                if stat.S_ISREG(info.st_mode):
                    mark = f"{info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"
                    files[inside] = (entry.path, mark)
                if len(files) > MAX_FILES:
                    raise FtError(f"The folder holds more than {MAX_FILES:,} files: use fewer images.")


def _is_litter(parts: Iterable[str]) -> bool:
    return any(part.startswith(".") or part.casefold() in _LITTER for part in parts)


def _with_parents(folders: Iterable[tuple[str, ...]], files: Iterable[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    every = {*folders, *(parts[:-1] for parts in files)}
    return frozenset(parts[:end] for parts in every for end in range(len(parts) + 1))


def arrange(listing: Listing) -> tuple[tuple[str, ...], dict[str, list[Item]]]:
    """Classes in name order and the splits that the source brings (`train` alone when it brings none)."""
    pictures = _pictures(listing)
    top = _shared_top(pictures)
    inner = {parts[len(top) :]: where for parts, where in pictures.items()}
    folders = {parts[len(top) :] for parts in listing.folders if parts[: len(top)] == top and len(parts) > len(top)}
    kinds = {name: _SPLIT_NAMES.get(name.casefold()) for name in {parts[0] for parts in inner}}
    if "train" in kinds.values() and len(set(kinds.values()) - {None}) > 1:
        return _by_split(inner, folders, kinds)
    if kinds and None not in kinds.values() and len(kinds) > 1:
        raise FtError(f"There is {_in_words(kinds)} but no train/: add a folder train/ with the images to learn from.")
    return _by_class({"train": inner}, {parts[0] for parts in folders})


def _pictures(listing: Listing) -> dict[tuple[str, ...], str]:
    """Path parts -> where, of every picture. Pictures of a kind that cannot be read are named, not passed over."""
    ends = {parts: os.path.splitext(parts[-1])[1].casefold() for parts in listing.files}
    others = sorted("/".join(parts) for parts, end in ends.items() if end in _OTHER_PICTURES)
    if others:
        names = listed([f"'{shown(name)}'" for name in others])
        raise FtError(f"{_count(len(others), 'file')} of a kind that cannot be read, {names}: use {KINDS}.")
    found = {parts: where for parts, (where, _) in sorted(listing.files.items()) if ends[parts] in ENDINGS}
    if not found:
        raise FtError(f"There are no images here ({KINDS}): {_LAYOUT}.")
    return found


def _shared_top(pictures: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders that hold everything else, down to the one that holds the classes or the splits."""
    paths = [parts[:-1] for parts in pictures]
    first, last = min(paths), max(paths)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: max(shared - 1, 0)] if first == last else first[:shared]  # all in one folder: it is the only class


def _by_split(
    inner: Mapping[tuple[str, ...], str], folders: set[tuple[str, ...]], kinds: Mapping[str, str | None]
) -> tuple[tuple[str, ...], dict[str, list[Item]]]:
    strange = sorted(name for name, kind in kinds.items() if kind is None)
    if strange:
        names = listed([f"'{shown(name)}'" for name in strange])
        raise FtError(
            f"Images lie beside {_in_words(kinds)}, in {names}: move them into these folders or take them out."
        )
    if len(set(kinds.values())) < len(kinds):
        raise FtError(f"Two folders stand for one split ({_in_words(kinds)}): keep one of them.")
    groups: dict[str, dict[tuple[str, ...], str]] = {}
    for parts, where in inner.items():
        groups.setdefault(str(kinds[parts[0]]), {})[parts[1:]] = where
    inside = {parts[1] for parts in folders if len(parts) > 1 and kinds.get(parts[0])}
    return _by_class({name: groups[name] for name in SPLITS if name in groups}, inside)


def _by_class(
    groups: Mapping[str, Mapping[tuple[str, ...], str]], names: set[str]
) -> tuple[tuple[str, ...], dict[str, list[Item]]]:
    loose = sorted("/".join(parts) for group in groups.values() for parts in group if len(parts) < 2)
    if loose:
        examples = listed([f"'{shown(name)}'" for name in loose], 3)
        raise FtError(f"{_count(len(loose), 'image')} in no class folder, {examples}: {_LAYOUT}.")
    classes = in_name_order({tidy(name) for name in names} | {tidy(p[0]) for group in groups.values() for p in group})
    number = {name: i for i, name in enumerate(classes)}
    given = {
        kind: [Item(number[tidy(parts[0])], tidy("/".join(parts)), where) for parts, where in group.items()]
        for kind, group in groups.items()
    }
    return classes, given


def _in_words(kinds: Mapping[str, str | None]) -> str:
    return " and ".join(f"{shown(name)}/" for name, kind in sorted(kinds.items()) if kind)


def _count(number: int, what: str) -> str:
    return f"One {what} is" if number == 1 else f"{number} {what}s are"
