"""A table that says which picture is of which class: `file,label` in CSV, or one column of 0 and 1 for each class.

A column `split` beside a label may say train, val or test.

A name in it is only ever compared with names that are there, so it reaches nothing else. Knows nothing about
folders, zips or pixels.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ftcore.data.layouts import splitnames
from ftcore.data.splits import listed
from ftcore.errors import FtError
from ftcore.names import shown, tidy

MAX_BYTES = 32 * 2**20
MAX_ROWS = 200_000
_FILE = ("file", "filename", "filepath", "image", "imagename", "imagepath", "imagefile", "img", "path", "imageid", "id")
_LABEL = ("label", "labels", "class", "classname", "labelname", "category", "species", "breed", "target")
_SPLIT = ("split", "subset", "partition")
_HOW = "its first line must name the columns, as in file,label"


@dataclass(frozen=True)
class Labels:
    """Class names by file name, as a table gives them; `blank` counts its lines without a file or a class.

    `splits` are those of the same files, where the table says them.
    """

    name: str
    rows: dict[str, str]
    blank: int = 0
    splits: Mapping[str, str] = field(default_factory=dict)

    def assign(self, pictures: Iterable[tuple[str, ...]]) -> tuple[dict[tuple[str, ...], str], list[str]]:
        """The class of each picture that the table speaks of, by its path parts, and the names that are none of them.

        A name may be a picture's path or any end of it, with or without the file's ending. Raises `FtError` for a
        name that two pictures answer to.
        """
        classes: dict[str, tuple[str, ...]] = {}
        for parts in pictures:
            key = next((key for key in _keys(parts) if key in self.rows), None)
            if key is not None and classes.setdefault(key, parts) != parts:
                both = " or ".join(f"'{shown('/'.join(p))}'" for p in (classes[key], parts))
                raise FtError(f"'{shown(key)}' in {self.name} may be {both}: write it there with its folder.")
        return {parts: self.rows[key] for key, parts in classes.items()}, [
            key for key in self.rows if key not in classes
        ]

    def split_of(self, parts: tuple[str, ...]) -> str | None:
        """The split that the table says for a picture of it."""
        return next((self.splits[key] for key in _keys(parts) if key in self.splits), None)


def _keys(parts: tuple[str, ...]) -> Iterator[str]:
    """A picture's path and ever shorter ends of it, each with and without its ending, in composed Unicode."""
    for start in range(len(parts)):
        key = unicodedata.normalize("NFC", "/".join(parts[start:]))
        yield key
        if "." in parts[-1]:
            yield key.rpartition(".")[0]


def key_of(name: str) -> str:
    """A file's name or path as it is compared with others: composed Unicode, slashes between."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).removeprefix("./")


def read(path: Path) -> Labels:
    """The table in a file. Raises `FtError`, one sentence, for what is no table of files and classes."""
    name = f"'{shown(path.name)}'"
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FtError(f"{name} is no file: give a CSV table with the columns file and label.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such file"
        raise FtError(f"The table {name} cannot be read ({why}): give the path of a CSV file.") from error
    if len(data) > MAX_BYTES:
        raise FtError(f"The table {name} is larger than {MAX_BYTES // 2**20} MB: leave other columns out.")
    header, rows = _parse(data, name)
    columns = _columns(header)
    if columns is None:
        raise FtError(f"{name} does not say which column is the file and which the class: {_HOW}.")
    labels = _gather(name, header, columns, rows)
    return dataclasses.replace(labels, splits=_splits(name, header, columns, rows, labels))


def describe(head: bytes) -> str | None:
    """What the beginning of a file looks like: a table of one "label" per file, of "0 and 1", or None."""
    try:
        columns = _columns(_parse(head[: head.rfind(b"\n") + 1] or head, "")[0])
    except FtError:
        return None
    return None if columns is None else "label" if len(columns[1]) == 1 else "0 and 1"


def _parse(data: bytes, name: str) -> tuple[list[str], list[list[str]]]:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FtError(f"The table {name} is not in UTF-8: save it as 'CSV UTF-8'.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        if "\0" in text:
            raise csv.Error("it holds a NUL byte")
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
        rows = [row for row in lines if any(row)]
    except csv.Error as error:
        raise FtError(f"{name} is not a CSV table ({error}): save it again as CSV.") from error
    if len(rows) < 1:
        raise FtError(f"The table {name} is empty: {_HOW}.")
    if len(rows) > MAX_ROWS:
        raise FtError(f"The table {name} has more than {MAX_ROWS:,} lines: leave lines out.")
    return rows[0], rows[1:]


def _columns(header: Sequence[str]) -> tuple[int, list[int]] | None:
    """Where the file stands, and the class: one column, or many of 0 and 1."""
    names = _plain(header)
    file = next((names.index(word) for word in _FILE if word in names), None)
    label = next((names.index(word) for word in _LABEL if word in names), None)
    if file is None:
        return None
    if label is not None:
        return file, [label]
    classes = [i for i, column in enumerate(header) if i != file and column.strip()]
    return (file, classes) if len(classes) > 1 and names[file] != "id" else None


def _plain(header: Sequence[str]) -> list[str]:
    """The names of the columns without what is no letter or digit in them."""
    return [re.sub(r"[\W_]+", "", column.casefold()) for column in header]


def _gather(name: str, header: Sequence[str], columns: tuple[int, list[int]], rows: Iterable[list[str]]) -> Labels:
    file, classes = columns
    labels: dict[str, str] = {}
    blank = 0
    for row in rows:
        cells = {i: row[i].strip() if i < len(row) else "" for i in (file, *classes)}
        key = key_of(cells[file])
        label = tidy(cells[classes[0]] if len(classes) == 1 else _marked(name, key, header, cells, classes))
        if not key or not label:
            blank += 1
        elif labels.setdefault(key, label) != label:
            both = f"'{shown(labels[key])}' and as '{shown(label)}'"
            raise FtError(f"'{shown(key)}' stands in {name} twice, as {both}: keep one of the lines.")
    if not labels:
        raise FtError(f"The table {name} has no line with a file and a class: add one for each image.")
    return Labels(name, labels, blank)


def _splits(
    name: str, header: Sequence[str], columns: tuple[int, list[int]], rows: Iterable[list[str]], labels: Labels
) -> dict[str, str]:  # fmt: skip
    """The split of each file, where a column says it for all of them; beside a label only."""
    at = next((i for i, column in enumerate(_plain(header)) if column in _SPLIT), None)
    if at is None or len(columns[1]) > 1:
        return {}
    said: dict[str, str] = {}
    for row in rows:
        file, word = (row[i].strip() if i < len(row) else "" for i in (columns[0], at))
        key = key_of(file)
        if key in labels.rows and said.setdefault(key, word) != word:
            raise FtError(f"'{shown(key)}' stands in {name} twice, in two splits: keep one of the lines.")
    if not any(said.values()):
        return {}
    splits = {key: splitnames.split_of(word) for key, word in said.items()}
    odd = next((key for key, split in splits.items() if split is None), None)
    if odd is not None:
        raise FtError(
            f"{name} says the split '{shown(said[odd])}' of '{shown(odd)}': say train, val or test, or take the column out."
        )
    return {key: split for key, split in splits.items() if split}


def _marked(name: str, key: str, header: Sequence[str], cells: dict[int, str], classes: Sequence[int]) -> str:
    """The one class that a line of 0 and 1 marks, "" where it marks none."""
    if any(cells[i] not in ("", "0", "1", "0.0", "1.0") for i in classes):
        raise FtError(f"{name} does not say which column is the class: call that one label.")
    marked = [header[i].strip() for i in classes if cells[i] in ("1", "1.0")]
    if len(marked) > 1:
        several = listed([f"'{shown(label)}'" for label in marked], 3)
        raise FtError(
            f"'{shown(key)}' has {len(marked)} classes in {name} ({several}), and several for one picture (multi-label) "
            "cannot be learned here: keep pictures with one class each."
        )
    return marked[0] if marked else ""
