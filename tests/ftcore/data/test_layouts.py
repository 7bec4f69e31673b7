"""What is found in the layouts that people bring: classes, counts, what is left out, and the sentence if refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from ftcore.data import sets
from ftcore.data.layouts.arrange import classes_in_names
from ftcore.errors import FtError

AB = ("a", "b")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (9, 99, 7)).save(out, "PNG")
    return out.getvalue()


def tree(root: Path, names: Iterable[str]) -> Path:
    """Pictures, texts for names with other endings, and empty folders for names that end in a slash."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(picture() if name.endswith((".png", ".jpg")) else b"text")
    return root


def zipped(folder: Path) -> Path:
    target = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(target, "w") as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, path.relative_to(folder))
    return target


def each(*groups: str, count: int = 6) -> list[str]:
    return [f"{group}/{number}.png" for group in groups for number in range(count)]


def splits(train: str, **others: str) -> list[str]:
    """Six pictures of a and of b below the folder `train`, three below each other folder."""
    return [*each(f"{train}/a", f"{train}/b"), *each(*(f"{o}/{c}" for o in others.values() for c in AB), count=3)]


HELD_TEST, HELD_VAL, ALL_GIVEN, FLAT = (10, 6, 2), (10, 2, 6), (12, 6, 6), (8, 2, 2)
FOUND = {
    "flat": (each("a", "b"), AB, FLAT),
    "train val test": (splits("train", v="val", t="test"), AB, ALL_GIVEN),
    "Training Testing": (splits("Training", t="Testing"), AB, HELD_VAL),
    "training validation testing": (splits("training", v="validation", t="testing"), AB, ALL_GIVEN),
    "train dev": (splits("train", v="dev"), AB, HELD_TEST),
    "train eval": (splits("train", v="eval"), AB, HELD_TEST),
    "TRAIN VALID": (splits("TRAIN", v="VALID"), AB, HELD_TEST),
    "training_set test_set": (splits("training_set", t="test_set"), AB, HELD_VAL),
    "train test1": (splits("train", t="test1"), AB, HELD_VAL),
    "trn tst": (splits("trn", t="tst"), AB, HELD_VAL),
    "images/train images/val": (splits("images/train", v="images/val"), AB, HELD_TEST),
    "train/images val/images": (splits("train/images", v="val/images"), AB, HELD_TEST),
    "seg_train/seg_train": (splits("seg_train/seg_train", t="seg_test/seg_test"), AB, HELD_VAL),
    "train/train val": (splits("train/train", v="val"), AB, HELD_TEST),
    "x_train x_test": (splits("flowers_train", t="flowers_test"), AB, HELD_VAL),
    "only train": (each("train/a", "train/b"), AB, FLAT),
    "only test": (each("test/a", "test/b"), AB, FLAT),
    "blank after a name": ([*each("train/a", "train/b"), *each("val/a ", "val/b", count=3)], AB, HELD_TEST),
    "composed or not": (
        [*each("train/caf\u00e9", "train/b"), *each("val/cafe\u0301", "val/b", count=3)], ("b", "caf\u00e9"), HELD_TEST,
    ),
    "numbers": (each("1", "2", "10"), ("1", "2", "10"), (12, 3, 3)),
    "station and tube": (each("train_station", "test_tube"), ("test_tube", "train_station"), FLAT),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_layouts_that_need_no_word(tmp_path: Path, case: str, pack: Callable[[Path], Path]) -> None:
    given, classes, counts = FOUND[case]
    found = sets.summary(str(pack(tree(tmp_path / "set", given))))
    assert (found.classes, tuple(found.counts.values())) == (classes, counts)
    assert (found.passed_over, found.notes) == ((), ())


SAID = {
    "unlabelled test": (
        [*each("train/a", "train/b"), *each("test", count=4)], AB, FLAT,
        "test/ holds 4 pictures without class folders, which cannot be scored: left out; a test split is held out of",
    ),
    "unlabelled val": (
        [*each("train/a", "train/b"), *each("Valid", count=1)], AB, FLAT,
        "Valid/ holds 1 picture without class folders, which cannot be scored: left out; a val split is held out of",
    ),
    "unlabelled nested test": (
        [*each("seg_train/seg_train/a", "seg_train/seg_train/b"), *each("seg_test/seg_test", count=4)], AB, FLAT,
        "seg_test/seg_test/ holds 4 pictures without class folders",
    ),
    "empty test": ([*splits("train", v="val"), "test/"], AB, HELD_TEST, "test/ holds no pictures: a test split is held"),
    "class train": (each("bus", "train"), ("bus", "train"), FLAT, "'train' is taken as a class, not as a split"),
    "masks": (each("images", "masks"), ("images", "masks"), FLAT, "'images' is taken as a class, not as"),
    "register": (
        each("c/circle", "c/cross", "s/square"), ("circle", "cross", "square"), (12, 3, 3),
        "c/, s/ are taken as a register by first letter",
    ),
    "years": (
        each("a/2023/deep", "b/2023"), AB, FLAT, r"class folders \(a/2023/, b/2023/\) are not taken as classes\.",
    ),
    "other tongue": (
        each("lernen/a", "lernen/b", "pruefen/a", "pruefen/b"), ("lernen", "pruefen"), (16, 4, 4),
        "are not taken as classes; if they are, name the folders around them train/, val/ and test/",
    ),
    "splits inside": (
        [*each("a/train", "b/train"), *each("a/test", "b/test", count=3)], AB, HELD_VAL,
        "test/ and train/ inside the class folders are taken as splits",
    ),
    "two cases": (each("a", "A", "b"), ("A", "a", "b"), (12, 3, 3), "'A' and 'a' differ only in case and are taken as two"),
    "texts beside": ([*each("a", "b"), "labels/0.txt"], AB, FLAT, "labels/ holds no pictures and is no class"),
    "texts in a split": (
        [*splits("train", v="val"), "train/labels/0.txt"], AB, HELD_TEST, "train/labels/ holds no pictures and is no class",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_layouts_that_are_read_with_a_word(tmp_path: Path, case: str, pack: Callable[[Path], Path]) -> None:
    given, classes, counts, note = SAID[case]
    found = sets.summary(str(pack(tree(tmp_path / "set", given))))
    assert (found.classes, tuple(found.counts.values())) == (classes, counts)
    (said,) = found.notes
    assert re.search(note, said)
    learned = sum(found.counts.values())
    assert len(found.passed_over) == len([name for name in given if not name.endswith("/")]) - learned


REFUSED = {
    "loose in train": (each("train"), r"^6 images lie directly in train/, .*: put them in one folder for each class\.$"),
    "loose in both": (each("train", "test1"), "^6 images lie directly in train/, in no class folder"),
    "loose in train/images": (each("train/images", "val/images"), "^6 images lie directly in train/images/"),
    "one loose in val": ([*splits("train", v="val"), "val/x.png"], r"^One image lies directly in val/, .*\('x.png'\): put it"),
    "names": (
        [f"train/{c}.{i}.jpg" for c in ("cat", "dog") for i in range(3)],
        r"their names seem to say the class \(cat, dog\), so put them in one folder for each class, or write a table",
    ),
    "one name": ([f"circle_{i:03}.jpg" for i in range(6)], r"lie directly at the top, .* put them in one folder for each"),
    "beside splits": ([*splits("train", v="val"), *each("cats")], "beside train/ and val/, in 'cats': move them into"),
    "two trains": (each("train1/a", "train2/a"), r"^2 folders stand for one split \(train1/ and train2/\): put them"),
    "no train": (each("val/a", "test/a"), "There is test/ and val/ but no train/"),
    "test beside classes": (each("a", "b", "test"), "^test/ looks like a split but lies beside a/, b/: .*rename it if it is"),
    "train holds folders": (each("train/a", "train/b", "more/a"), "^train/ looks like a split but lies beside more/"),
    "train_a test_a": (each("train_a", "train_b", "test_a"), "^test_a/, train_a/ look like one class in two splits"),
    "one class": (each("a"), r"only one \('a'\): add a folder for another"),
    "empty": ([*each("a", "b"), "new folder/"], "^The folder new folder/ is empty: take it out or fill it"),
    "empty in train": ([*splits("train", v="val"), "train/c/"], "^The folder train/c/ is empty: take it out or fill it"),
    "empty in val": (
        [*splits("train", v="valid"), *each("train/c"), "valid/c/"], "'c' has no image in valid/: add some there, or take valid/",
    ),
    "val lacks": ([*splits("train", v="val"), *each("train/c")], "^The class 'c' has no image in val/: add some there, or"),
    "val has more": ([*splits("train", v="val"), *each("val/c")], "^The class 'c' has no image in train/: add some there, or"),
    "case": (
        [*each("train/Circle", "train/b"), *each("val/circle", "val/b")],
        "^The classes 'Circle' and 'circle' differ only in case: give the folders of one class the same name",
    ),
    "one image": ([*each("a"), "b/0.png"], r"at least 3 images, so that .* 'b' \(1\): add some"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_layouts_that_are_refused(tmp_path: Path, case: str, pack: Callable[[Path], Path]) -> None:
    given, sentence = REFUSED[case]
    with pytest.raises(FtError, match=sentence) as error:
        sets.summary(str(pack(tree(tmp_path / "set", given))))
    assert "\n" not in str(error.value)


def test_folders_whose_names_are_no_text_are_not_thrown_together(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", each("ma\udcf1", "b"))
    assert sets.summary(str(folder)).classes == ("b", "ma?")
    with pytest.raises(FtError, match=r"Two class folders are both shown as 'ma\?'"):
        sets.summary(str(tree(folder, each("ma\udcf2"))))


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"), ("cat", "dog")),
        (("cat_1.png", "cat_2.png", "Dog (1).png", "Dog (2).png"), ("cat", "Dog")),
        (("great white 1.jpg", "great white 2.jpg", "猫1.jpg", "猫2.jpg"), ("great white", "猫")),
        (("cat1.jpg", "cat2.jpg"), ()),
        (("IMG_1.jpg", "IMG_2.jpg", "DSC_1.jpg", "DSC_2.jpg"), ()),
        (("a1.jpg", "b2.jpg", "c3.jpg"), ()),
        (("cat1.jpg", "cat2.jpg", "dog1.jpg", "dog2.jpg", "cover.jpg"), ()),
        ((), ()),
    ],
)
def test_classes_in_file_names(names: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    assert classes_in_names(names) == wanted
