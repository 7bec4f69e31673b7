"""Which folders of a tree are its splits, and where in it the classes begin.

Nothing that looks like a split becomes a class in silence. Knows nothing about zips, disks or pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ftcore.data.layouts import splitnames
from ftcore.data.splits import SPLITS, listed
from ftcore.errors import FtError
from ftcore.names import shown

Parts = tuple[str, ...]
Group = Mapping[Parts, str]


@dataclass(frozen=True)
class Source:
    """Pictures by their path parts with where to find them, and the parts of every folder and every other file.

    `advice` is how to go on with pictures in no class folder, given their names.
    """

    pictures: Group
    folders: frozenset[Parts]
    others: frozenset[Parts]
    advice: Callable[[list[str]], str]


@dataclass
class Found:
    """What is known of a source so far: the pictures of each split below its folder `at`."""

    source: Source
    groups: dict[str, Group]
    at: dict[str, Parts]
    left_out: list[Parts] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def splits_in(source: Source, *, by_table: bool) -> Found:
    """The splits that the folders below the shared top stand for; all is `train` where they stand for none."""
    top = _shared_top(source.pictures)
    inner = {parts[len(top) :]: where for parts, where in source.pictures.items()}
    kinds = splitnames.splits_of({parts[0] for parts in inner if len(parts) > 1})
    splits = {kind for kind in kinds.values() if kind}
    if "train" in splits and len(splits) > 1:
        return _by_split(source, top, inner, kinds)
    if len(kinds) > 1 and all(kinds.values()):
        _refuse_twice(kinds)
        raise FtError(f"There is {_in_words(kinds)} but no train/: add a folder train/ with the images to learn from.")
    if by_table:
        return Found(source, {"train": inner}, {"train": top})
    turned = _turned(inner)
    if turned:
        note = f"{_in_words({name: name for name in turned})} inside the class folders are taken as splits."
        return Found(source, turned, {split: (*top, split) for split in turned}, [], [note])
    _refuse_lookalikes(kinds, inner)
    return Found(source, {"train": inner}, {"train": top})


def _shared_top(pictures: Iterable[Parts]) -> Parts:
    """The folders that hold everything else, down to the one that holds the classes or the splits."""
    # In sorted order the first and the last differ earlier than any other two, so what these share all share.
    paths = [parts[:-1] for parts in pictures]
    first, last = min(paths), max(paths)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    only_class = first == last and shared and not splitnames.says_nothing(first[-1])
    return first[: shared - 1] if only_class else first[:shared]


def _by_split(source: Source, top: Parts, inner: Group, kinds: Mapping[str, str | None]) -> Found:
    strange = sorted({parts[0] for parts in inner if not kinds.get(parts[0])})
    if strange:
        names = listed([f"'{shown(name)}'" for name in strange])
        raise FtError(
            f"Images lie beside {_in_words(kinds)}, in {names}: move them into these folders or take them out."
        )
    _refuse_twice(kinds)
    folders = {str(kind): name for name, kind in kinds.items()}
    tree = Found(source, {}, {})
    for split in (name for name in SPLITS if name in folders):
        group = {parts[1:]: where for parts, where in inner.items() if parts[0] == folders[split]}
        wrapped = _wrappers(group)
        tree.groups[split] = {parts[len(wrapped) :]: where for parts, where in group.items()}
        tree.at[split] = (*top, folders[split], *wrapped)
    return tree


def _refuse_twice(kinds: Mapping[str, str | None]) -> None:
    for split in SPLITS:
        same = {name: kind for name, kind in kinds.items() if kind == split}
        if len(same) > 1:
            raise FtError(
                f"{len(same)} folders stand for one split ({_in_words(same)}): put them into one, or keep one."
            )


def _turned(inner: Group) -> dict[str, Group]:
    """The splits of a source that has them inside its classes, as in `cat/train/1.jpg`; empty for any other."""
    groups: dict[str, dict[Parts, str]] = {}
    for parts, where in inner.items():
        split = splitnames.split_of(parts[1]) if len(parts) > 2 else None
        if split is None:
            return {}
        groups.setdefault(split, {})[(parts[0], *parts[2:])] = where
    return {name: groups[name] for name in SPLITS if name in groups} if "train" in groups and len(groups) > 1 else {}


def _wrappers(group: Group) -> Parts:
    """Folders inside a split that hold all of it and say nothing, as in `train/train/` or `train/images/`."""
    first = next(iter(group))
    length = 0
    while length < len(first) - 1 and splitnames.says_nothing(first[length]):
        if any(len(parts) < length + 2 or parts[length] != first[length] for parts in group):
            break
        length += 1
    return first[:length]


def _refuse_lookalikes(kinds: Mapping[str, str | None], inner: Group) -> None:
    """Refuse folders that look like splits beside others that do not, but for a plain class `train`."""
    twice = splitnames.one_thing_twice(kinds)
    if twice:
        names = listed([f"{shown(name)}/" for name in twice])
        raise FtError(
            f"{names} look like one class in two splits: make train/ and test/ with the class folders inside."
        )
    alike = [name for name, kind in sorted(kinds.items()) if kind]
    beside = listed([f"{shown(name)}/" for name, kind in sorted(kinds.items()) if not kind], 3)
    inside = {name: sorted({p[1] for p in inner if p[0] == name and len(p) > 2}) for name in alike}
    for name in alike:
        if inside[name] or kinds[name] != "train":
            raise FtError(
                f"{shown(name)}/ looks like a split but lies beside {beside}: name the others train/, val/ or test/ too, "
                "put the class folders into train/, or rename it if it is a class."
            )


def _in_words(kinds: Mapping[str, str | None]) -> str:
    return " and ".join(f"{shown(name)}/" for name, kind in sorted(kinds.items()) if kind)


def path_of(parts: Parts) -> str:
    """Path parts as one path, fit for a sentence."""
    return shown("/".join(parts))
