"""Names of folders: which say a split, which say nothing, and which only look so."""

from __future__ import annotations

import pytest

from ftcore.data.layouts.splitnames import one_thing_twice, says_nothing, split_of, splits_of

WORDS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validate", "validation", "dev", "devel", "development", "eval", "evaluation"),
    "test": ("test", "testing", "tst"),
}
WAYS = (
    "{}", "{}_set", "{}set", "{}-data", "{} images", "seg_{}", "images_{}", "img-{}", "{}1", "{}_2", "01_{}", "{}.jpg",
    "{}_set_2023", "dataset-{}-split",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("split", "word"), [(split, word) for split, words in WORDS.items() for word in words])
def test_every_word_in_every_dress_and_case(split: str, word: str, way: str) -> None:
    name = way.format(word)
    assert [split_of(n) for n in (name, name.upper(), name.title(), way.format(word.title()))] == [split] * 4


def test_words_run_together_with_capitals() -> None:
    assert [split_of(n) for n in ("TrainSet", "testData", "ValImages")] == ["train", "test", "val"]


@pytest.mark.parametrize(
    "name",
    [
        "cat", "trains", "trainer", "train_station", "test tube", "crash_test", "valley", "deviled", "evaluated", "tester",
        "trainval", "train_val", "train_test", "contest", "invalid", "detest", "1", "", "_", "猫", "images", "latest", "prüftest",
    ],
)  # fmt: skip
def test_other_names_are_no_splits(name: str) -> None:
    assert split_of(name) is None


def test_names_that_say_nothing() -> None:
    assert all(says_nothing(name) for name in ("train", "Images", "data", "img_png", "Test1", "photos 2023"))
    assert not any(says_nothing(name) for name in ("cat", "1", "2023", "", "train_cat", "image_of_cat"))


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("flowers_train", "flowers_test"), ("train", "test")),
        (("cats-vs-dogs training", "cats-vs-dogs validation"), ("train", "val")),
        (("train_station", "test_tube"), (None, None)),
        (("crash_test", "bullet_train"), (None, None)),
        (("train", "crash_test"), ("train", None)),
        (("train", "bus"), ("train", None)),
        (("x_test", "x_val"), (None, None)),
    ],
)
def test_splits_side_by_side(names: tuple[str, ...], wanted: tuple[str | None, ...]) -> None:
    assert tuple(splits_of(names).values()) == wanted


def test_one_class_in_two_splits() -> None:
    assert one_thing_twice(("train_cat", "test_cat", "train_dog", "val_dog", "x")) == [
        "test_cat", "train_cat", "train_dog", "val_dog",
    ]  # fmt: skip
    assert one_thing_twice(("train_station", "test_tube", "train", "test")) == []
