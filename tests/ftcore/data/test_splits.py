"""Splits: exact sizes, no overlap, order that depends on names and seed alone."""

from __future__ import annotations

import pytest

from ftcore.data.splits import Item, by_class, check, hold_out, in_name_order, shuffled, split
from ftcore.errors import FtError


def items(*counts: int) -> list[Item]:
    return [Item(label, f"c{label}/{i}", i) for label, count in enumerate(counts) for i in range(count)]


def sizes(part: tuple[Item, ...]) -> list[int]:
    return [len(group) for group in by_class(part)]


@pytest.mark.parametrize(("count", "wanted"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (10, (6, 2, 2)), (100, (70, 15, 15))])
def test_shares_of_a_class(count: int, wanted: tuple[int, int, int]) -> None:
    parts = split({"train": items(count, 3)}, seed=0)
    assert tuple(sizes(parts[name])[0] for name in ("train", "val", "test")) == wanted


def test_splits_are_disjoint_and_whole() -> None:
    everything = items(20, 7, 3)
    parts = split({"train": everything}, seed=5)
    together = [item for part in parts.values() for item in part]
    assert sorted(together, key=lambda i: i.name) == sorted(everything, key=lambda i: i.name)
    assert all([i.label for i in part] == sorted(i.label for i in part) for part in parts.values())


def test_what_a_set_brings_is_kept() -> None:
    train, val, test = items(40, 20), items(5, 5), items(6, 6)
    both = split({"train": train, "val": val}, 0)
    assert set(both["val"]) == set(val)
    assert (sizes(both["train"]), sizes(both["test"])) == ([36, 18], [4, 2])
    other = split({"train": train, "test": test}, 0)
    assert set(other["test"]) == set(test)
    assert (sizes(other["train"]), sizes(other["val"])) == ([36, 18], [4, 2])
    whole = split({"train": train, "val": val, "test": test}, 0)
    assert [sizes(whole[name]) for name in ("train", "val", "test")] == [[40, 20], [5, 5], [6, 6]]


def test_order_comes_from_seed_and_names_alone() -> None:
    some = items(30)
    assert shuffled(some, 1) == shuffled(some[::-1], 1)
    assert shuffled(some, 1) != shuffled(some, 2)
    fewer = [item for item in shuffled(some, 1) if item != some[4]]
    assert fewer == shuffled([item for item in some if item != some[4]], 1)


def test_hold_out_takes_at_least_one() -> None:
    rest, part = hold_out(items(2, 2), [0.1])
    assert (sizes(rest), sizes(part)) == ([1, 1], [1, 1])


def test_names_in_natural_order() -> None:
    assert in_name_order(["c10", "B", "c2", "a", "Äpfel", "a"]) == ("a", "B", "c2", "c10", "Äpfel")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"train": items(2, 3)},
            "at least 3 images, so that training, validation and test get one each, .* 'a' \\(2\\):",
        ),
        ({"train": items(1, 3), "val": items(1, 1)}, "at least 2 images in train/, .* 'a' \\(1\\):"),
        (
            {"train": items(3, 3), "val": [Item(0, "x", 0)]},
            "The class 'b' has no image in val/: add some there, or take val/ out, so that images to validate are held",
        ),
    ],
)
def test_too_few_images_name_the_class(given: dict[str, list[Item]], sentence: str) -> None:
    with pytest.raises(FtError, match=sentence):
        check(("a", "b"), given)


def test_one_class_is_not_enough() -> None:
    with pytest.raises(FtError, match="only one \\('cats'\\)"):
        check(("cats",), {"train": items(9)})
