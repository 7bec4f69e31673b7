"""Whether a folder's name says train, validation or test, however people write it.

Knows names alone: nothing about what lies in the folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validate", "validation"), "val"),
    **dict.fromkeys(("dev", "devel", "development", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_AROUND = frozenset(
    {"set", "sets", "data", "dataset", "datasets", "seg", "split", "splits", "part", "folder", "dir", "sample", "samples"}
    | {"image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos", "jpg", "jpeg", "png"}
)  # fmt: skip
_GLUED = re.compile(f"({'|'.join(_AROUND)})?({'|'.join(_WORDS)})({'|'.join(_AROUND)})?")


def _read(name: str) -> tuple[str | None, tuple[str, ...]]:
    """The split that a name speaks of, and the words in it that say something else."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    splits, rest = [], []
    for word in filter(None, re.split(r"[\W\d_]+", apart)):
        glued = _GLUED.fullmatch(word)
        if glued:
            splits.append(_WORDS[glued[2]])
        elif word not in _AROUND:
            rest.append(word)
    return (splits[0], tuple(rest)) if len(set(splits)) == 1 else (None, (*splits, *rest))


def split_of(name: str) -> str | None:
    """The split whose name this is, as in `Training`, `test1`, `seg_val` or `dev-set`; None for any other name."""
    split, rest = _read(name)
    return None if rest else split


def says_nothing(name: str) -> bool:
    """Whether a folder's name says nothing of what is in it: a split, or words such as `images` and `data`."""
    return any(char.isalpha() for char in name) and not _read(name)[1]


def splits_of(names: Iterable[str]) -> dict[str, str | None]:
    """What each of several folders side by side is; `flowers_train` and `flowers_test` are splits together."""
    read = {name: _read(name) for name in names}
    of_one_thing = {rest for split, rest in read.values() if split}
    kinds = {split for split, _ in read.values()}
    together = len(of_one_thing) == 1 and "train" in kinds and len(kinds - {None}) > 1
    return {name: split if not rest or together else None for name, (split, rest) in read.items()}


def one_thing_twice(names: Iterable[str]) -> list[str]:
    """Names such as `train_cat` and `test_cat` among others: one thing in two splits, not two classes."""
    read = {name: _read(name) for name in names}
    train = {rest for split, rest in read.values() if split == "train" and rest}
    other = {rest for split, rest in read.values() if split in ("val", "test")}
    return sorted(name for name, (split, rest) in read.items() if split and rest in train & other)
