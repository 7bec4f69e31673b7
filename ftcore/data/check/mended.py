"""A set as it is after mending: files left out, classes merged, and splits that tear no copies apart.

No file of it is changed: what comes out is a table of files, classes and splits, which `train --labels` takes.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftcore import files
from ftcore.data import folders
from ftcore.data.check import findings, looks
from ftcore.data.check.findings import Finding, Picture
from ftcore.data.layouts import tables
from ftcore.data.layouts.arrange import Layout
from ftcore.data.splits import SPLITS, TEST_SHARE, VAL_SHARE, Item, in_name_order, listed, shuffled, split
from ftcore.errors import FtError
from ftcore.names import shown, tidy


@dataclass(frozen=True)
class Examined:
    """A set looked at: its pictures with class and split, what should be mended, and the pictures that belong together.

    `given` says whether the set brings its splits; else they are drawn. `notes` tell what was guessed of it.
    """

    title: str
    pictures: tuple[Picture, ...]
    findings: tuple[Finding, ...]
    together: tuple[tuple[int, ...], ...]
    given: bool
    notes: tuple[str, ...]
    passed_over: tuple[str, ...]


def examine(
    path: Path,
    labels: Path | str | None = None,
    *,
    skip: Sequence[str] = (),
    merge: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Examined:
    """Look at every picture of a folder or zip, after leaving out and merging; splits as `train` has them with `seed`.

    Raises `FtError` for what is no set of pictures, and for names that are not there.
    """
    with folders.opened(path, labels, skip=skip, lenient=True) as found:
        layout = merged(found.layout, merge)
        places = {where: tidy("/".join(parts)) for parts, (where, _) in found.listing.files.items()}
        splits = split(layout.given, seed)
        items = [(name, item) for name in SPLITS for item in splits[name]]
        paths = [places[str(item.where)] for _, item in items]
        seen = looks.look_at(
            [(at, found.listing.read(str(item.where))) for at, (_, item) in zip(paths, items, strict=True)], progress
        )
    pictures = [
        Picture(at, layout.classes[item.label], name, look)
        for at, (name, item), look in zip(paths, items, seen, strict=True)
    ]
    near = looks.alike(seen)
    held = tuple(map(tuple, findings.together(pictures, near)))
    unknown = looks.Look(wrong="is of a kind that cannot be read")
    pictures += [Picture(name, "", "train", unknown) for name in found.unreadable]
    return Examined(
        found.title, tuple(pictures), tuple(findings.find(pictures, near)), held, len(layout.given) > 1, found.notes,
        found.passed_over,
    )  # fmt: skip


def merged(layout: Layout, merge: Sequence[tuple[str, str]]) -> Layout:
    """The layout with classes taken together, one (old, new) after another. Raises `FtError` for a class that is not."""
    names = dict(enumerate(layout.classes))
    for old, new in merge:
        if old not in names.values():
            known = listed([f"'{shown(name)}'" for name in in_name_order(names.values())], 10)
            raise FtError(f"There is no class '{shown(old)}' to merge: the classes are {known}.")
        if not tidy(new).strip():
            raise FtError(f"Say the name of the class that '{shown(old)}' becomes, as in {shown(old)}=NEW.")
        names = {at: tidy(new).strip() if name == old else name for at, name in names.items()}
    classes = in_name_order(names.values())
    number = {at: classes.index(name) for at, name in names.items()}
    given = {
        name: [dataclasses.replace(item, label=number[item.label]) for item in items]
        for name, items in layout.given.items()
    }
    return dataclasses.replace(layout, classes=classes, given=given)


SHARES = {"val": VAL_SHARE, "test": TEST_SHARE}


def sides(
    pictures: Sequence[Picture], together: Sequence[Sequence[int]], seed: int, *,
    given: bool = False, shares: Mapping[str, float] = SHARES,
) -> list[str]:  # fmt: skip
    """The split of each picture, none of those that belong `together` torn apart.

    Splits that the set brings (`given`) stay, but for groups across them, which go to the side that is learned from.
    Otherwise they are drawn class by class in the shares of `splits.split`, groups as a whole.
    """
    if not given:
        return _drawn(pictures, together, seed, shares)
    placed = [one.split for one in pictures]
    for group in together:
        if len({placed[at] for at in group}) > 1:
            for at in group:
                placed[at] = "train"
    return placed


def _drawn(
    pictures: Sequence[Picture], held: Sequence[Sequence[int]], seed: int, shares: Mapping[str, float]
) -> list[str]:  # fmt: skip
    classes = in_name_order({one.label for one in pictures})
    items = [Item(classes.index(one.label), one.path, at) for at, one in enumerate(pictures) if not one.look.wrong]
    group_of = {at: group for group in held for at in group}
    counts, placed = Counter(item.label for item in items), ["train"] * len(pictures)
    wanted = {(name, at): max(1, int(n * share + 0.5)) for name, share in shares.items() for at, n in counts.items()}
    done: set[int] = set()
    for item in shuffled(items, seed):
        if int(item.where) in done:
            continue
        group = group_of.get(int(item.where), (int(item.where),))
        side = next((name for name in shares if wanted[name, item.label] > 0), "train")
        if 2 * len(group) > counts[item.label]:
            side = "train"  # half of a class in one group is nothing to measure by
        for at in group:
            placed[at] = side
            if side != "train":
                wanted[side, classes.index(pictures[at].label)] -= 1
        done.update(group)
    return placed


def write_table(examined: Examined, file: Path, seed: int) -> int:
    """Write files, classes and splits of what can be used as CSV, for `--labels`; how many lines.

    Raises `FtError` where the file is there already, and for a name that no table can hold.
    """
    if file.exists():
        raise FtError(f"{shown(str(file))} is there already: name another file for the table.")
    placed = sides(examined.pictures, examined.together, seed, given=examined.given)
    rows = sorted(
        (one.path, one.label, side) for one, side in zip(examined.pictures, placed, strict=True) if not one.look.wrong
    )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("file", "label", "split"), *rows])
    with files.whole(file) as out:
        out.write(text.getvalue().encode("utf-8"))
    known = tables.read(file)
    odd = [path for path, label, _ in rows if known.rows.get(tables.key_of(path)) != label]
    if odd:
        file.unlink()
        raise FtError(f"No table can name '{shown(odd[0])}': give it a plainer name.")
    return len(rows)
