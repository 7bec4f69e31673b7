"""Which folders are classes, which pictures belong to none, and what a table of labels says instead.

Everything that is left out or guessed is named. Knows nothing about zips, disks or pixels.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ftcore.data.layouts import splitnames
from ftcore.data.layouts.splitfolders import Found, Parts, Source, path_of, splits_in
from ftcore.data.layouts.tables import Labels
from ftcore.data.splits import SPLITS, Item, in_name_order, listed
from ftcore.errors import FtError
from ftcore.names import shown, tidy
from ftcore.numerals import several

_CAMERAS = frozenset(
    {"dsc", "dscn", "dscf", "pxl", "vid", "mvi", "gopr", "screenshot", "whatsapp image", "scan", "frame"}
)


@dataclass(frozen=True)
class Layout:
    """Classes in name order, the items of each split that the source brings, and that split's folder.

    `left_out` are pictures that belong to no class; `notes` are sentences about what was guessed or left out.
    """

    classes: tuple[str, ...]
    given: Mapping[str, list[Item]]
    called: Mapping[str, str]
    left_out: tuple[Parts, ...] = ()
    notes: tuple[str, ...] = ()


def arrange(source: Source, labels: Labels | None = None) -> Layout:
    """The layout of a source: by its folders, or by a table of labels. Raises `FtError`, one sentence each."""
    tree = splits_in(source, by_table=labels is not None)
    if labels is None:
        _leave_out_unlabelled(tree)
        _refuse_loose(tree)
        _look_beside(tree)
        _look_deeper(tree)
        _say_odd_classes(tree)
    else:
        _label(tree, labels)
    classes, number = _classes(tree)
    given = {
        split: [Item(number[_class(parts)], tidy("/".join(parts)), where) for parts, where in group.items()]
        for split, group in tree.groups.items()
    }
    called = {split: f"{path_of(tree.at[split])}/" for split in given}
    return Layout(classes, given, called, tuple(tree.left_out), tuple(tree.notes))


def _leave_out_unlabelled(tree: Found) -> None:
    """Take out a val or test folder without class folders beside a train folder that has them."""
    if all(len(parts) < 2 for parts in tree.groups["train"]):
        return
    for split in [name for name in tree.groups if name != "train"]:
        group = tree.groups[split]
        if all(len(parts) < 2 for parts in group):
            place = tree.at[split]
            pictures = several(len(group), "picture")
            tree.notes.append(
                f"{path_of(place)}/ holds {pictures} without class folders, which cannot be scored: left out; "
                f"a {split} split is held out of train."
            )
            _drop(tree, split)


def _drop(tree: Found, split: str) -> None:
    tree.left_out += [(*tree.at[split], *parts) for parts in tree.groups[split]]
    del tree.groups[split], tree.at[split]


def _refuse_loose(tree: Found) -> None:
    for split, group in tree.groups.items():
        loose = ["/".join(parts) for parts in group if len(parts) < 2]
        if loose:
            lie = "One image lies" if len(loose) == 1 else f"{len(loose):,} images lie"
            place = f"in {path_of(tree.at[split])}/" if tree.at[split] else "at the top"
            names = listed([f"'{shown(name)}'" for name in sorted(loose)], 3)
            cure = tree.source.advice(loose)
            if len(loose) < len(group):
                cure = f"put {'it' if len(loose) == 1 else 'them'} into a class folder or out of here"
            raise FtError(f"{lie} directly {place}, in no class folder ({names}): {cure}.")


def _look_beside(tree: Found) -> None:
    """Name the folders beside splits and classes that hold no picture; refuse an empty one beside classes."""
    filled = {parts[:end] for parts in tree.source.pictures for end in range(len(parts))}
    busy = {parts[:end] for parts in tree.source.others for end in range(len(parts))}
    classes = {_class(parts) for group in tree.groups.values() for parts in group}
    above = {place[:end] for place in tree.at.values() for end in range(len(place))}
    for folder in sorted(tree.source.folders - filled):
        name = f"{path_of(folder)}/"
        if folder[:-1] in set(tree.at.values()):
            if folder in busy:
                tree.notes.append(f"{name} holds no pictures and is no class.")
            elif not (len(tree.groups) > 1 and _class((folder[-1],)) in classes):
                raise FtError(f"The folder {name} is empty: take it out or fill it.")
        elif folder[:-1] in above and splitnames.split_of(folder[-1]) not in (None, *tree.groups):
            split = splitnames.split_of(folder[-1])
            tree.notes.append(f"{name} holds no pictures: a {split} split is held out of train.")


def _look_deeper(tree: Found) -> None:
    """Take off a register by first letter (`c/circle`); say so of any other folders inside class folders."""
    every = [parts for group in tree.groups.values() for parts in group]
    if all(len(p) > 2 and len(p[0]) == 1 and p[1].casefold().startswith(p[0].casefold()) for p in every):
        letters = listed([f"{shown(name)}/" for name in sorted({parts[0] for parts in every})])
        tree.notes.append(f"{letters} are taken as a register by first letter, and the folders inside as the classes.")
        tree.groups = {
            split: {parts[1:]: where for parts, where in group.items()} for split, group in tree.groups.items()
        }
        return
    deep = sorted({parts[:2] for parts in every if len(parts) > 2})
    if deep:
        names = listed([f"{path_of(parts)}/" for parts in deep], 3)
        inside = {name: {parts[1] for parts in deep if parts[0] == name} for name in {parts[0] for parts in every}}
        alike = len(deep) > len(inside) and len({frozenset(names) for names in inside.values()}) == 1
        cure = "; if they are, name the folders around them train/, val/ and test/" if alike else ""
        tree.notes.append(f"Folders inside class folders ({names}) are not taken as classes{cure}.")


def _say_odd_classes(tree: Found) -> None:
    """Say so where a class has a name like `train` or `images`, which are seldom classes."""
    names = in_name_order({parts[0] for group in tree.groups.values() for parts in group})
    odd = [f"'{shown(name)}'" for name in names if splitnames.says_nothing(name)]
    if odd:
        are = "is taken as a class" if len(odd) == 1 else "are taken as classes"
        tree.notes.append(f"{listed(odd)} {are}, not as a split or a folder around classes.")


def _label(tree: Found, labels: Labels) -> None:
    """Arrange by a table what folders have arranged: splits stay, and the class comes from the table."""
    whole = {split: {(*tree.at[split], *parts): parts for parts in group} for split, group in tree.groups.items()}
    given, unused = labels.assign(path for group in whole.values() for path in group)
    for split, paths in whole.items():
        known = {path: parts for path, parts in paths.items() if path in given}
        if not known and split != "train":
            tree.notes.append(f"No image in {path_of(tree.at[split])}/ is in the table {labels.name}: left out.")
        tree.left_out += sorted(paths.keys() - known.keys())
        where = tree.groups[split]
        tree.groups[split] = {(given[path], *parts): where[parts] for path, parts in known.items()}
    if labels.splits:
        _split_by(tree, labels)
    if not tree.groups.get("train"):
        names = listed([f"'{shown(name)}'" for name in unused], 3)
        raise FtError(f"None of the images to learn from is in {labels.name}, which names {names}: check its names.")
    tree.groups = {split: group for split, group in tree.groups.items() if group}
    if tree.left_out:
        are = "image is" if len(tree.left_out) == 1 else "images are"
        tree.notes.append(f"{len(tree.left_out):,} {are} not in the table {labels.name}.")
    if unused:
        names = listed([shown(name) for name in unused])
        are = (
            "1 of the names in the table {} is no image"
            if len(unused) == 1
            else "{1:,} names in the table {0} are no images"
        )
        tree.notes.append(f"{are.format(labels.name, len(unused))} here: {names}.")
    if labels.blank:
        lines = "1 line of the table {} names" if labels.blank == 1 else "{1:,} lines of the table {0} name"
        tree.notes.append(f"{lines.format(labels.name, labels.blank)} no file or no class.")


def _split_by(tree: Found, labels: Labels) -> None:
    """Splits as the table says them, whatever folders say."""
    groups: dict[str, dict[Parts, str]] = {}
    for split, group in tree.groups.items():
        for (name, *parts), where in group.items():
            path = (*tree.at[split], *parts)
            groups.setdefault(labels.split_of(path) or split, {})[(name, *path)] = where
    tree.groups = {split: groups[split] for split in SPLITS if split in groups}
    tree.at = {split: (split,) for split in tree.groups}


def _class(parts: Parts) -> str:
    """What a class is told apart by: its folder's name in composed Unicode, without blanks around it."""
    return unicodedata.normalize("NFC", parts[0]).strip() or parts[0]


def _classes(tree: Found) -> tuple[tuple[str, ...], dict[str, int]]:
    """Class names fit to be shown, in name order, and the number of each. Doubtful pairs are refused or said."""
    inside = {split: {_class(parts) for parts in group} for split, group in tree.groups.items()}
    every = set().union(*inside.values())
    names = {key: tidy(key) for key in every}
    if len(set(names.values())) < len(names):
        same = next(name for name in sorted(names.values()) if list(names.values()).count(name) > 1)
        raise FtError(
            f"Two class folders are both shown as '{same}', since their names are no proper text: rename them."
        )
    for pair in _same_but_for_case(every):
        words = " and ".join(f"'{shown(name)}'" for name in sorted(pair))
        if any(0 < len(pair & there) < len(pair) for there in map(set, inside.values())):
            raise FtError(f"The classes {words} differ only in case: give the folders of one class the same name.")
        tree.notes.append(f"{words} differ only in case and are taken as two classes.")
    classes = in_name_order(names.values())
    number = {name: i for i, name in enumerate(classes)}
    return classes, {key: number[name] for key, name in names.items()}


def _same_but_for_case(names: Iterable[str]) -> list[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(name.casefold(), set()).add(name)
    return [frozenset(group) for _, group in sorted(groups.items()) if len(group) > 1]


def classes_in_names(names: Iterable[str]) -> tuple[str, ...]:
    """Classes that file names seem to begin with, as in `cat.0.jpg` and `dog_1.jpg`; none where they do not."""
    begins = [re.match(r"([^\W\d_]+(?:[ _-][^\W\d_]+)*)[ ._-]*\(?\d+\)?\.\w+$", name) for name in names]
    labels = [begin[1] for begin in begins if begin]
    kinds = in_name_order(labels)
    by_camera = any(kind.casefold() in _CAMERAS or splitnames.says_nothing(kind) for kind in kinds)
    return kinds if len(labels) == len(begins) and 2 <= len(kinds) <= len(labels) / 2 and not by_camera else ()
