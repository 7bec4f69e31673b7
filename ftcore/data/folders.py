"""A learner's own pictures: a folder or a zip, its files told apart into pictures and others.

Looks into a file only where its ending does not say what it is, and reads pixels only when asked. Nothing is ever
unpacked or written. Knows nothing about classes and splits.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftcore.data.kinds import OTHERS, READABLE, kind_of
from ftcore.data.layouts import tables
from ftcore.data.layouts.arrange import Layout, arrange, classes_in_names
from ftcore.data.layouts.splitfolders import Parts, Source
from ftcore.data.listings import ARCHIVES, HEAD, Listing, of_folder, of_zip
from ftcore.data.pictures import ENDINGS, KINDS, prepare, read_picture
from ftcore.data.splits import Item, Plan, check, listed, split
from ftcore.errors import FtError
from ftcore.names import shown, tidy
from ftcore.preprocess import Preprocess

_OTHER_PICTURES = frozenset(
    f".{end}"
    for end in (
        *("svg", "psd", "jp2", "jxl", "ico", "tga", "pcx"),
        *("raw", "cr2", "cr3", "nef", "arw", "dng", "orf", "rw2"),
    )
)
# Endings that say enough, so that nobody looks into a hundred thousand label files.
_TEXTS = frozenset({".txt", ".csv", ".tsv", ".json", ".xml", ".md", ".yaml", ".yml", ".py", ".pyc", ".html", ".npy"})
_UNREADABLE = frozenset({"CR2", "CR3", "JPEG XL", "JPEG 2000", "PSD", "SVG"})
_TABLE_HEAD = 2**16


@dataclass(frozen=True)
class Opened:
    """A folder or zip with its classes found: nothing is drawn, checked or decoded yet.

    `unreadable` are files that look like pictures, but of a kind that cannot be read; `passed_over` all other files.
    """

    title: str
    layout: Layout
    listing: Listing
    passed_over: tuple[str, ...]
    notes: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What changes with any file of it."""
        marks = sorted("/".join(parts) + "\0" + mark for parts, (_, mark) in self.listing.files.items())
        return hashlib.sha256("\n".join(marks).encode("utf-8", "surrogateescape")).hexdigest()


@contextlib.contextmanager
def opened(
    path: Path, labels: Path | str | None = None, *, skip: Sequence[str] = (), lenient: bool = False
) -> Iterator[Opened]:
    """A folder or zip, readable while the context is open. Raises `FtError` that names what is wrong.

    `labels` is a table that says the class of each picture, wherever the pictures lie; none if empty. `skip` names
    files and folders to be left aside, by their paths or any end of those. Where it is `lenient`, pictures of a kind
    that cannot be read are told apart instead of refused.
    """
    with contextlib.ExitStack() as stack:
        table = tables.read(Path(labels)) if labels else None
        listing = of_folder(path) if path.is_dir() else of_zip(path, stack)
        if skip:
            listing = _without(listing, skip)
        table_is = {_place(Path(labels), path)} if labels else set()
        title = path.resolve().name if path.is_dir() else path.stem
        advice = functools.partial(_advice, listing, path)
        yield arranged(listing, title, advice, table, lenient=lenient, aside=table_is)


def arranged(
    listing: Listing, title: str, advice: Callable[[list[str]], str], table: tables.Labels | None = None, *,
    lenient: bool = False, aside: Collection[Parts] = (),
) -> Opened:  # fmt: skip
    """What is listed with its classes found. `advice` says how to go on with pictures in no class folder.

    Of the files `aside` nothing is said. Raises `FtError` as `opened` does.
    """
    sifted = _sift(listing, lenient=lenient)
    layout = arrange(Source(sifted.pictures, listing.folders, sifted.others, advice), table)
    over = {*sifted.others, *listing.odd, *layout.left_out} - {*aside} - sifted.unreadable
    notes = (*listing.notes, *layout.notes)
    if sifted.packed:
        names = listed(sifted.packed)
        notes += (f"Pictures packed in {names} were not looked at: unpack them first if they belong here.",)
    return Opened(shown(title), layout, listing, _paths(over), notes, _paths(sifted.unreadable))


@contextlib.contextmanager
def open_plan(path: Path, seed: int, labels: Path | str | None = None) -> Iterator[Plan]:
    """The plan of a folder or zip, readable while the context is open. Raises `FtError` that names what is wrong."""
    with opened(path, labels) as found:
        check(found.layout.classes, found.layout.given, found.layout.called)

        def row(item: Item, preprocess: Preprocess) -> np.ndarray:
            picture = read_picture(found.listing.read(str(item.where)), item.name)
            return prepare(picture, preprocess, item.name)

        splits = split(found.layout.given, seed)
        yield Plan(
            found.title, found.layout.classes, splits, found.fingerprint, row, None, found.passed_over, found.notes
        )  # fmt: skip


def _paths(files: Iterable[Parts]) -> tuple[str, ...]:
    return tuple(tidy("/".join(parts)) for parts in sorted(files))


def _without(listing: Listing, skip: Sequence[str]) -> Listing:
    """The listing without these files, and without all that lies in such folders. Raises `FtError` for another name."""
    files, unknown = tables.Labels("--skip", dict.fromkeys(map(tables.key_of, skip), "skip")).assign(
        sorted(listing.files)
    )
    named = {name: tuple(name.rstrip("/").split("/")) for name in unknown}
    gone = {parts for parts in listing.folders if any(parts[-len(name) :] == name for name in named.values())}
    strange = [name for name, parts in named.items() if not any(one[-len(parts) :] == parts for one in gone)]
    if strange:
        names = listed([f"'{shown(name)}'" for name in strange], 3)
        raise FtError(f"No file or folder here is called {names}: say the path as it is listed.")

    def stays(parts: Parts) -> bool:
        return parts not in files and not any(parts[:end] in gone for end in range(len(parts) + 1))

    left = {parts: found for parts, found in listing.files.items() if stays(parts)}
    return dataclasses.replace(listing, files=left, folders=frozenset(filter(stays, listing.folders)))


def _place(file: Path, folder: Path) -> tuple[str, ...]:
    """Where a file lies in a folder, by path parts; no place at all where it lies elsewhere."""
    with contextlib.suppress(ValueError, OSError):
        return file.resolve().relative_to(folder.resolve()).parts
    return ()


@dataclass(frozen=True)
class _Sifted:
    """Pictures by path parts with where to find them, all other files, and which of those are archives."""

    pictures: Mapping[Parts, str]
    others: frozenset[Parts]
    packed: tuple[str, ...]
    unreadable: frozenset[Parts]


def _sift(listing: Listing, *, lenient: bool) -> _Sifted:
    """The files by what they are. Raises `FtError` where there are no pictures, and for unreadable ones if not lenient."""
    pictures: dict[Parts, str] = {}
    others: dict[Parts, str | None] = {}
    for parts, (where, _) in sorted(listing.files.items()):
        end = _end(parts)
        kind = None if end in ENDINGS or end in _TEXTS else kind_of(listing.head(where, HEAD))
        if end in ENDINGS or (kind in READABLE and (kind != "TIFF" or end not in _OTHER_PICTURES)):
            pictures[parts] = where  # a camera's raw photo is a TIFF by its first bytes
        else:
            others[parts] = "unreadable" if end in _OTHER_PICTURES or kind in _UNREADABLE else kind
    unreadable = [parts for parts, kind in others.items() if kind == "unreadable"]
    if unreadable and not (lenient and pictures):
        are = "One file is" if len(unreadable) == 1 else f"{len(unreadable):,} files are"
        raise FtError(f"{are} of a kind that cannot be read, {listed(_named(unreadable))}: use {KINDS}.")
    packed = _named(parts for parts, kind in others.items() if kind in ARCHIVES and _end(parts) in OTHERS[kind].endings)
    if not pictures:
        if packed:
            raise FtError(f"There are no images here, only packed ones in {listed(packed)}: unpack them first.")
        raise FtError(f"There are no images here ({KINDS}): make one folder for each class and put its images inside.")
    return _Sifted(pictures, frozenset(others), tuple(packed), frozenset(unreadable))


def _end(parts: Parts) -> str:
    return os.path.splitext(parts[-1])[1].casefold()


def _named(files: Iterable[Parts]) -> list[str]:
    return [f"'{shown('/'.join(parts))}'" for parts in files]


def _advice(listing: Listing, path: Path, loose: list[str]) -> str:
    """How to go on with pictures in no class folder: a table beside them or their names may say the classes."""
    plainly = "put them in one folder for each class"
    for parts, (where, _) in sorted(listing.files.items()):
        if not parts[-1].casefold().endswith((".csv", ".tsv")):
            continue
        kind = tables.describe(listing.head(where, _TABLE_HEAD))
        name = shown("/".join(parts))
        how = f'add --labels "{shown(str(path.joinpath(*parts)), 200)}"'
        if not path.is_dir():
            how = f'take {name} out of the zip and add --labels "{shown(parts[-1])}"'
        if kind == "label":
            return f"{name} seems to say their classes, so {how}, or {plainly}"
        if kind:
            only = "each has one class only, since several for one picture (multi-label) cannot be learned"
            return f"{name} seems to mark their classes with 0 and 1, so {how} if {only}; or {plainly}"
    classes = [shown(name, 40) for name in classes_in_names(loose)]
    if classes:
        table = "or write a table with the columns file and label and add --labels TABLE"
        return f"their names seem to say the class ({listed(classes)}), so {plainly}, {table}"
    return plainly
